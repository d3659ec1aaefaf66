"""How long a node waited for a person, summed up as it happens: what it was by any moment is one search."""

from __future__ import annotations

from array import array
from bisect import bisect_right


class Waited:
    """The stretches of time in which a node waited, itself or below it.

    What waits at once counts once, and while a block of the person's own or a sub-call works nothing above it waits.
    """

    __slots__ = ("_holds", "_sums", "_turns", "_working")

    def __init__(self) -> None:
        self._holds = self._working = 0
        self._turns = array("d")
        """When it began to wait, when it ended, when it began again, and so on."""
        self._sums = array("d")
        """Seconds that it had waited by each of these."""

    def add(self, t: float, *, holds: int = 0, working: int = 0) -> None:
        """So many more holds (fewer where negative) and more that work from a moment on."""
        self._holds += holds
        self._working += working
        if (self._holds > 0 and self._working == 0) != bool(len(self._turns) % 2):
            at = max(t, self._turns[-1]) if self._turns else t
            self._sums.append(self.until(at))
            self._turns.append(at)

    def until(self, t: float) -> float:
        """Seconds waited by a moment."""
        count = bisect_right(self._turns, t)
        return self._sums[count - 1] + (t - self._turns[count - 1]) * (count % 2) if count else 0.0
