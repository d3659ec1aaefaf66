"""The lines of a run whose trace file may refuse some for a while: those wait in memory and are tried again."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path

from rlm_tui.errors import TraceError
from rlm_tui.text import plural
from rlm_tui.trace.store import TraceStore


class SpillingLines:
    """A store, followed by what it has not taken yet, in order.

    `on_trouble` is called with the reason when lines begin to wait, `on_whole` when none waits any more; `later` calls
    back after a while, in the thread that appends. Any thread may read.
    """

    def __init__(
        self,
        stored: TraceStore,
        *,
        on_trouble: Callable[[TraceError], object],
        on_whole: Callable[[], object],
        later: Callable[[Callable[[], None]], object],
    ) -> None:
        self._stored = stored
        self._on_trouble = on_trouble
        self._on_whole = on_whole
        self._later = later
        self._is_due = False
        self._waiting: deque[bytes] = deque()
        self._moving = threading.Lock()

    @property
    def path(self) -> Path | None:
        """The trace file; None once it was deleted or moved."""
        return None if self._stored.left else self._stored.path

    @property
    def waiting(self) -> int:
        """How many records are in memory only."""
        return len(self._waiting)

    @property
    def lacking(self) -> str:
        """What the file lacks, or that it is not in its place, as a sentence; "" when all is in it and it is there."""
        if self._waiting:
            return f"{plural(self.waiting, 'event')} could not be written to the trace {self._stored.path}."
        return self._stored.whereabouts

    @property
    def is_kept(self) -> bool:
        """Whether all of it outlives this process."""
        return not self._waiting and self._stored.left != "deleted"

    def append(self, line: bytes) -> None:
        """Keep one record, in the file if it takes everything up to it."""
        if self._waiting:
            self._waiting.append(line)
            self.catch_up()
            return
        try:
            self._stored.append(line)
        except TraceError as error:
            self._waiting.append(line)
            self._try_later()
            self._on_trouble(error)

    def catch_up(self) -> None:
        """Write what waits, as far as it can be written."""
        if self._waiting and self._drain():
            self._on_whole()

    def read(self, index: int) -> bytes:
        """The record at an index, from the file or from memory."""
        with self._moving:
            count = len(self._stored)
            if index >= count:
                return self._waiting[index - count]
        return self._stored.read(index)

    def sync(self) -> None:
        """Bring what is in the file to the disk; blocks for as long as the disk takes."""
        self._stored.sync()

    def close(self) -> None:
        """Try once more, then release the file; nothing is told or tried any more."""
        self._drain()
        self._stored.close()

    def __len__(self) -> int:
        if not self._waiting:  # for all of a run on a good disk
            return len(self._stored)
        with self._moving:
            return len(self._stored) + len(self._waiting)

    def _try_later(self) -> None:
        if not self._is_due:
            self._is_due = True
            self._later(self._try_again)

    def _try_again(self) -> None:
        """What waits is written once there is room, also where nothing more happens that is to be written."""
        self._is_due = False
        self.catch_up()
        if self._waiting:
            self._try_later()

    def _drain(self) -> bool:
        """Move what waits into the file; whether nothing waits any more."""
        while self._waiting:
            with self._moving:
                try:
                    self._stored.append(self._waiting[0])
                except TraceError:
                    return False
                self._waiting.popleft()
        return True
