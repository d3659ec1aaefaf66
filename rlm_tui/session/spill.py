"""Lines that go on in memory when the trace file can no longer be written; nothing already there is lost."""

from __future__ import annotations

from rlm_tui.trace.store import MemoryLines, TraceStore


class SpilledLines:
    """The lines of a store that failed, followed by those kept in memory since."""

    def __init__(self, stored: TraceStore) -> None:
        self._stored = stored
        self._count = len(stored)
        self._rest = MemoryLines()

    def append(self, line: bytes) -> None:
        """Keep one record in memory."""
        self._rest.append(line)

    def read(self, index: int) -> bytes:
        """The record at an index, from the file or from memory."""
        return self._stored.read(index) if index < self._count else self._rest.read(index - self._count)

    def close(self) -> None:
        """Release the file that failed."""
        self._stored.close()

    def __len__(self) -> int:
        return self._count + len(self._rest)
