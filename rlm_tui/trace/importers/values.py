"""The REPL's variables as a log repeats them after every block: only what changed is looked at."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final, TypeAlias

import msgspec

from rlm_tui import events as ev
from rlm_tui.errors import TraceError
from rlm_tui.trace.importers.base import decode

Digest: TypeAlias = bytes
Values: TypeAlias = dict[str, msgspec.Raw]
_PREVIEW: Final = 120
_SMALL: Final = 1 << 16  # bytes of JSON that are decoded for a preview
_TYPES: Final = {b"{": "dict", b"[": "list", b"t": "bool", b"f": "bool", b"n": "NoneType"}


def digest(raw: msgspec.Raw) -> Digest:
    """What equal JSON has in common."""
    return hashlib.blake2b(memoryview(raw), digest_size=16).digest()


class Namespace:
    """The variables of one REPL by what they looked like last."""

    def __init__(self) -> None:
        self._seen: dict[str, Digest] = {}
        self._known: dict[Digest, tuple[str, int | None, str]] = {}

    def changes(self, values: Values) -> tuple[ev.VarChange, ...]:
        """What is new, different or gone since the last call."""
        now = {name: digest(raw) for name, raw in values.items()}
        gone = [ev.VarChange(name, "removed") for name in self._seen if name not in now]
        fresh = [name for name, key in now.items() if self._seen.get(name) != key]
        found = [self._changed(name, values[name], now[name]) for name in fresh]
        self._seen = now
        # Two names of one value are looked at once; what no name has any more is forgotten.
        self._known = {key: self._known[key] for key in now.values() if key in self._known}
        return (*found, *gone)

    def _changed(self, name: str, raw: msgspec.Raw, key: Digest) -> ev.VarChange:
        if key not in self._known:
            self._known[key] = describe(raw)
        return ev.VarChange(name[:200], "changed" if name in self._seen else "added", *self._known[key])


def describe(raw: msgspec.Raw) -> tuple[str, int | None, str]:
    """Type, `len()` and a short preview of a value; a string that may be the repr of an object has no type."""
    first = bytes(memoryview(raw)[:1])
    if first == b'"':
        return _text(str(decode(raw, str)))
    kind = _TYPES.get(first, "")
    try:
        if kind == "list":
            items = decode(raw, list[msgspec.Raw])
            return kind, len(items), _clipped("[" + _listed(_brief(item) for item in items[:8]) + _more(items, 8, "]"))
        if kind == "dict":
            pairs = decode(raw, dict[str, msgspec.Raw])
            shown = _listed(f"{name!r}: {_brief(pairs[name])}" for name in list(pairs)[:6])
            return kind, len(pairs), _clipped("{" + shown + _more(pairs, 6, "}"))
    except TraceError:
        return kind, None, _brief(raw)
    number = bytes(memoryview(raw)[:400]).decode("utf-8", "replace")
    return kind or ("float" if set(number) & set(".eE") else "int"), None, _brief(raw)


def _text(text: str) -> tuple[str, int | None, str]:
    if text.startswith("<") and text.endswith(">") and len(text) < 400:
        return "", None, _clipped(text)
    return "str", len(text), _clipped(repr(text[:_PREVIEW]))


def _brief(raw: msgspec.Raw) -> str:
    view = memoryview(raw)
    if len(view) > _SMALL:
        return bytes(view[:_PREVIEW]).decode("utf-8", "replace")
    try:
        return repr(decode(raw, None if bytes(view[:1]) == b"n" else object))[:_PREVIEW]
    except TraceError:
        return bytes(view[:_PREVIEW]).decode("utf-8", "replace")


def _listed(parts: Iterable[str]) -> str:
    return ", ".join(parts)


def _more(items: list[msgspec.Raw] | Values, shown: int, end: str) -> str:
    return (", …" if len(items) > shown else "") + end


def _clipped(text: str) -> str:
    return text if len(text) <= _PREVIEW else text[: _PREVIEW - 1] + "…"
