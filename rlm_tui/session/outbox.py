"""What other threads have for the front end, taken all at once; pieces of one text are joined while they wait."""

from __future__ import annotations

import threading

from rlm_tui.events import TraceEvent
from rlm_tui.session.base import Delta, Stream


class Outbox:
    """A thread-safe tray of events, transient text and messages."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._events: list[TraceEvent] = []
        self._deltas: dict[tuple[str, Stream], list[str]] = {}
        self._messages: list[str] = []
        self._changed = True

    def event(self, event: TraceEvent) -> None:
        """Add a stamped event."""
        with self._lock:
            self._events.append(event)
        if not self._wake.is_set():  # to set it once more would take longer than all the rest
            self._wake.set()

    def delta(self, node: str, stream: Stream, text: str) -> None:
        """Add a piece of transient text."""
        with self._lock:
            pieces = self._deltas.setdefault((node, stream), [])
            if stream == "waiting":
                pieces.clear()
            pieces.append(text)
        self._wake.set()

    def message(self, text: str) -> None:
        """Add a sentence for the person."""
        with self._lock:
            self._messages.append(text)
        self._wake.set()

    def change(self) -> None:
        """Say that something that is shown may differ."""
        with self._lock:
            self._changed = True
        self._wake.set()

    def take(self) -> tuple[tuple[TraceEvent, ...], tuple[Delta, ...], tuple[str, ...], bool]:
        """Empty the tray: events, deltas, messages, and whether anything else changed."""
        with self._lock:
            taken = (
                tuple(self._events),
                tuple(Delta(node, stream, "".join(parts)) for (node, stream), parts in self._deltas.items()),
                tuple(self._messages),
                self._changed,
            )
            self._events, self._deltas, self._messages, self._changed = [], {}, [], False
            self._wake.clear()
        return taken

    def wait(self, timeout_s: float) -> None:
        """Block until there is something to take, or for `timeout_s` seconds."""
        self._wake.wait(timeout_s)
