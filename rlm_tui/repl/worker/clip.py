"""Output of any length in bounded memory: its head, its tail, and how much is missing between."""

from __future__ import annotations

from collections import deque


class Clip:
    """Keeps the first and the last `keep` characters of what is added."""

    __slots__ = ("_head", "_skip", "_tail", "_tail_chars", "dropped", "keep", "room")

    def __init__(self, keep: int) -> None:
        self.keep = keep
        self.room = keep
        self.dropped = 0
        self._head: list[str] = []
        self._tail: deque[str] = deque()
        self._tail_chars = 0
        self._skip = 0  # characters of the first piece of the tail that are dropped: to cut it each time would copy it

    def add(self, text: str) -> str:
        """Take in a text; returns the part of it that belongs to the head."""
        head = text[: self.room]
        self.room -= len(head)
        self._head.append(head)
        if len(head) < len(text):
            self._add_tail(text[len(head) :])
        return head

    def _add_tail(self, text: str) -> None:
        kept = text[-self.keep :]
        self.dropped += len(text) - len(kept)
        self._tail.append(kept)
        self._tail_chars += len(kept)
        while self._tail_chars > self.keep:
            left = len(self._tail[0]) - self._skip
            excess = min(self._tail_chars - self.keep, left)
            self.dropped += excess
            self._tail_chars -= excess
            self._skip += excess
            if excess == left:
                self._tail.popleft()
                self._skip = 0
        if len(self._tail) > 4096:
            self._tail, self._skip = deque([self._kept()]), 0

    def _kept(self) -> str:
        return "".join(self._tail)[self._skip :]

    def rest(self) -> str:
        """What follows the head: the tail, behind a line that counts what is missing."""
        gap = f"\n… {self.dropped:,} characters of output dropped here …\n" if self.dropped else ""
        return gap + self._kept()

    def text(self) -> str:
        """All that is kept."""
        return "".join(self._head) + self.rest()
