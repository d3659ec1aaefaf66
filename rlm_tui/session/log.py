"""The one event log: stamps events, writes long texts once, and gives any event back by its seq."""

from __future__ import annotations

import sys
import threading
from collections import OrderedDict
from collections.abc import Callable

import msgspec

from rlm_tui import events as ev
from rlm_tui.errors import TraceError
from rlm_tui.trace.bodies import Bodies
from rlm_tui.trace.codec import decode, encode
from rlm_tui.trace.reading import stored_text
from rlm_tui.trace.store import Lines

_CACHED = 256
_CACHED_BYTES = 64 << 20


class Log:
    """Gives any event back by its seq, from wherever `fetch` finds it.

    The last few hundred looked at are kept, fewer where their texts are long, and at least the last.
    """

    def __init__(self, fetch: Callable[[int], ev.TraceEvent]) -> None:
        self.on_lost: Callable[[TraceError], None] | None = None
        """Told why an event cannot be had any more, in whose place then one of no kind stands; None: that is raised."""
        self._fetch = fetch
        self._cache: OrderedDict[int, ev.TraceEvent] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def event(self, seq: int) -> ev.TraceEvent:
        """The event with this seq; TraceError when there is none."""
        try:
            return self._event(seq)
        except TraceError as error:
            if self.on_lost is None:
                raise
            self.on_lost(error)
            return ev.Unknown(seq=seq, name="lost")

    def text(self, text: ev.Text | None) -> str:
        """The text itself, also where it stands in a `body.stored` event, or why it is lost; None is empty."""
        try:
            return stored_text(self._event(text.body), text) if isinstance(text, ev.BodyRef) else text or ""
        except TraceError as error:
            if self.on_lost is None:
                raise
            self.on_lost(error)
            return f"[this text is lost: {error}]"

    def _event(self, seq: int) -> ev.TraceEvent:
        with self._lock:
            found = self._cache.get(seq)
            if found is not None:
                self._cache.move_to_end(seq)
                return found
        event = self._fetch(seq)
        with self._lock:
            if seq not in self._cache:  # another thread may have been faster
                self._cache[seq] = event
                self._bytes += _weight(event)
            while len(self._cache) > 1 and (len(self._cache) > _CACHED or self._bytes > _CACHED_BYTES):
                self._bytes -= _weight(self._cache.popitem(last=False)[1])
        return event


class EventLog(Log):
    """Appends on the engine's thread, reads on any; `on_event` is called with every stamped event."""

    def __init__(self, lines: Lines, clock: Callable[[], float] = lambda: 0.0) -> None:
        super().__init__(lambda seq: decode(self._line(seq)))
        self.lines = lines
        self.clock = clock
        self.on_event: Callable[[ev.TraceEvent], None] = lambda _event: None
        self._bodies = Bodies(self._write)

    def __len__(self) -> int:
        return len(self.lines)

    def emit(self, event: ev.TraceEvent) -> int:
        """Stamp and store one event; returns its seq. Long texts go ahead of it as `body.stored`."""
        return self._write(self._bodies.interned(event))

    def _write(self, event: ev.TraceEvent) -> int:
        seq = len(self.lines) + 1
        stamped = msgspec.structs.replace(event, seq=seq, t=round(self.clock(), 6))
        self.lines.append(encode(stamped))
        self.on_event(stamped)
        return seq

    def _line(self, seq: int) -> bytes:
        if not 1 <= seq <= len(self.lines):
            raise TraceError(f"The trace has no event {seq}; it has {len(self.lines)}.")
        return self.lines.read(seq - 1)


def _weight(value: object) -> int:
    """The bytes that the texts of an event, or of a value in one, take in memory."""
    if isinstance(value, str):
        return sys.getsizeof(value)
    if isinstance(value, msgspec.Struct):
        return sum(_weight(getattr(value, name)) for name in value.__struct_fields__)
    return sum(map(_weight, value)) if isinstance(value, tuple) else 0
