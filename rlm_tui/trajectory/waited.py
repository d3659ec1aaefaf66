"""How long nodes waited for a person, summed up once for the holds that are over: a run may have ten thousand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Self

from rlm_tui.trajectory.nodes import Hold


class Waited:
    """Seconds by node id, and until when each has waited; `count` holds from the first on are in it."""

    def __init__(self) -> None:
        self.count = 0
        self.seconds: dict[str, float] = {}
        self.ends: dict[str, float] = {}
        self._since = 0

    def until(self, seq: int, holds: list[Hold], add: Callable[[Waited, Hold], None]) -> Waited:
        """A copy with the holds that are over by an event, as far as all before them are too; to be added to."""
        if seq < self._since:  # a moment before the sum: begin anew
            return Waited()
        while self.count < len(holds) and 0 < (holds[self.count].released or 0) <= seq:
            add(self, holds[self.count])
            self._since = max(self._since, holds[self.count].released or 0)
            self.count += 1
        return self._copy()

    def _copy(self) -> Self:
        copy = type(self)()
        copy.count, copy.seconds, copy.ends = self.count, dict(self.seconds), dict(self.ends)
        return copy
