"""Lines that wait in memory while the trace file cannot be written; they go into it as soon as it can be again."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from rlm_tui.errors import TraceError
from rlm_tui.trace.store import TraceStore


class SpilledLines:
    """The lines of a store that failed, followed by those that wait; `on_whole` is called when none waits any more.

    Appended to by one thread, read by any.
    """

    def __init__(self, stored: TraceStore, on_whole: Callable[[], None] = lambda: None) -> None:
        self.stored = stored
        self._on_whole = on_whole
        self._waiting: deque[bytes] = deque()
        self._lock = threading.Lock()

    def append(self, line: bytes) -> None:
        """Keep one record, in the file if it takes everything up to it."""
        with self._lock:
            self._waiting.append(line)
        self.catch_up()

    def catch_up(self) -> None:
        """Write what waits, in order, as far as it can be written."""
        while self._waiting:
            with self._lock:
                try:
                    self.stored.append(self._waiting[0])
                except TraceError:
                    return
                self._waiting.popleft()
        self._on_whole()

    def read(self, index: int) -> bytes:
        """The record at an index, from the file or from memory."""
        with self._lock:
            count = len(self.stored)
            return self.stored.read(index) if index < count else self._waiting[index - count]

    @property
    def waiting(self) -> int:
        """How many records are in memory only."""
        return len(self._waiting)

    def close(self) -> None:
        """Try once more, then release the file."""
        self.catch_up()
        self.stored.close()

    def __len__(self) -> int:
        with self._lock:
            return len(self.stored) + len(self._waiting)
