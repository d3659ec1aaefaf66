"""The one event log: stamps events, writes long texts once, and gives any event back by its seq."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

import msgspec

from rlm_tui import events as ev
from rlm_tui.errors import TraceError
from rlm_tui.text import scrub
from rlm_tui.trace.codec import decode, encode
from rlm_tui.trace.reader import stored_text
from rlm_tui.trace.store import Lines

_LONG = 512
_CACHED = 256
_E = TypeVar("_E", bound=ev.TraceEvent)


class Log:
    """Gives any event back by its seq, from wherever `fetch` finds it; the last few hundred looked at are kept."""

    def __init__(self, fetch: Callable[[int], ev.TraceEvent]) -> None:
        self._fetch = fetch
        self._cache: OrderedDict[int, ev.TraceEvent] = OrderedDict()
        self._lock = threading.Lock()

    def event(self, seq: int) -> ev.TraceEvent:
        """The event with this seq; TraceError when there is none."""
        with self._lock:
            found = self._cache.get(seq)
            if found is not None:
                self._cache.move_to_end(seq)
                return found
        event = self._fetch(seq)
        with self._lock:
            self._cache[seq] = event
            while len(self._cache) > _CACHED:
                self._cache.popitem(last=False)
        return event

    def text(self, text: ev.Text | None) -> str:
        """The text itself, also where it stands in a `body.stored` event; None is empty."""
        return stored_text(self.event(text.body), text) if isinstance(text, ev.BodyRef) else text or ""


class EventLog(Log):
    """Appends on the engine's thread, reads on any; `on_event` is called with every stamped event."""

    def __init__(self, lines: Lines, clock: Callable[[], float] = lambda: 0.0) -> None:
        super().__init__(lambda seq: decode(self._line(seq)))
        self.lines = lines
        self.clock = clock
        self.on_event: Callable[[ev.TraceEvent], None] = lambda _event: None
        self.on_trouble: Callable[[TraceError], Lines] = _raise
        self._bodies: dict[bytes, int] = {}

    def __len__(self) -> int:
        return len(self.lines)

    def emit(self, event: ev.TraceEvent) -> int:
        """Stamp and store one event; returns its seq. Long texts go ahead of it as `body.stored`."""
        stored = self._interned(event)
        return self._write(stored)

    def _write(self, event: _E) -> int:
        seq = len(self.lines) + 1
        stamped = msgspec.structs.replace(event, seq=seq, t=round(self.clock(), 6))
        line = encode(stamped)
        try:
            self.lines.append(line)
        except TraceError as error:
            self.lines = self.on_trouble(error)
            self.lines.append(line)
        self.on_event(stamped)
        return seq

    def _interned(self, event: _E) -> _E:
        changes: dict[str, Any] = {}
        for name in _text_fields(type(event)):
            value = getattr(event, name)
            stored = self._stored(value)
            if stored is not value:
                changes[name] = stored
        return msgspec.structs.replace(event, **changes) if changes else event

    def _stored(self, value: Any) -> Any:
        """The value with lone surrogates replaced and long texts referred to."""
        if isinstance(value, str):
            return self._body(value) if len(value) >= _LONG else scrub(value)[0]
        if isinstance(value, tuple) and value:
            items = tuple(self._stored(item) for item in value)
            return items if any(a is not b for a, b in zip(items, value, strict=True)) else value
        if isinstance(value, ev.StoredMessage):
            content = self._stored(value.content)
            return value if content is value.content else ev.StoredMessage(value.role, content)
        return value

    def _body(self, text: str) -> ev.BodyRef:
        clean, _ = scrub(text)
        key = hashlib.blake2b(clean.encode(), digest_size=16).digest()
        if key not in self._bodies:
            self._bodies[key] = self._write(ev.BodyStored(text=clean))
        return ev.BodyRef(self._bodies[key])

    def _line(self, seq: int) -> bytes:
        if not 1 <= seq <= len(self.lines):
            raise TraceError(f"The trace has no event {seq}; it has {len(self.lines)}.")
        return self.lines.read(seq - 1)


@cache
def _text_fields(kind: type[ev.TraceEvent]) -> tuple[str, ...]:
    """The fields of an event kind that hold a `Text`, alone or within."""
    holders = (ev.BodyRef, ev.StoredMessage)
    return tuple(
        field.name for field in msgspec.structs.fields(kind) if any(h.__name__ in str(field.type) for h in holders)
    )


def _raise(error: TraceError) -> Lines:
    raise error
