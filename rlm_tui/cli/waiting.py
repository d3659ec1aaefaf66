"""What `run` says while nothing happens: that it goes on, and what it waits for."""

from __future__ import annotations

import time
from collections.abc import Callable

from rlm_tui.session.base import Batch
from rlm_tui.text import short_seconds

_FIRST_S = 15.0


class Waits:
    """Finds words when no event has come for 15 seconds, then for 30, 60 and so on."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._begin()

    def _begin(self) -> None:
        self._since, self._due_s, self._words = self._clock(), _FIRST_S, ""

    def words(self, batch: Batch, doing: str = "running") -> str:
        """Take what has been drained; what is waited for and how long, where that is due, else "".

        `doing` is what goes on where nothing says what it waits for.
        """
        if batch.events:
            self._begin()
        for delta in batch.deltas:
            if delta.stream == "waiting":
                self._words = delta.text
        passed = self._clock() - self._since
        if passed < self._due_s:
            return ""
        self._due_s *= 2
        return f"  {self._words or doing} ({short_seconds(passed)} so far)"
