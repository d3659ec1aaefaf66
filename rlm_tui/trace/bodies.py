"""Long texts, written once: an event is kept with references in the place of texts that may repeat."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from typing import Any, Final, TypeVar, get_args

import msgspec

from rlm_tui import events as ev
from rlm_tui.text import scrub

LONG: Final = 512  # characters; a shorter text stands in its event
_S = TypeVar("_S", bound=msgspec.Struct)


class Bodies:
    """Knows which texts have been stored; `write` keeps a `body.stored` event and gives its seq."""

    def __init__(self, write: Callable[[ev.BodyStored], int]) -> None:
        self._write = write
        self._seqs: dict[bytes, int] = {}

    def interned(self, event: _S) -> _S:
        """The event, or a value in one, with lone surrogates replaced and its long texts referred to."""
        changes: dict[str, Any] = {}
        for name in text_fields(type(event)):
            value = getattr(event, name)
            stored = self._stored(value)
            if stored is not value:
                changes[name] = stored
        return msgspec.structs.replace(event, **changes) if changes else event

    def body(self, text: str) -> ev.BodyRef:
        """The reference to a text, which is stored first if it is new."""
        clean, _ = scrub(text)
        key = hashlib.blake2b(clean.encode(), digest_size=16).digest()
        if key not in self._seqs:
            self._seqs[key] = self._write(ev.BodyStored(text=clean))
        return ev.BodyRef(self._seqs[key])

    def _stored(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.body(value) if len(value) >= LONG else scrub(value)[0]
        if isinstance(value, tuple) and value:
            items = tuple(self._stored(item) for item in value)
            return items if any(a is not b for a, b in zip(items, value, strict=True)) else value
        if isinstance(value, msgspec.Struct) and not isinstance(value, ev.BodyRef):
            return self.interned(value)
        return value


@cache
def text_fields(kind: type[msgspec.Struct]) -> tuple[str, ...]:
    """The fields of an event kind, or of a value in one, that hold a `Text`, alone or within."""
    return tuple(field.name for field in msgspec.structs.fields(kind) if _holds_text(field.type))


def _holds_text(hint: Any) -> bool:
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return hint is ev.BodyRef or bool(text_fields(hint))
    return any(map(_holds_text, get_args(hint)))
