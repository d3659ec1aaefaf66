"""The moment at which the seconds of a run are used up: whatever is under way then is ended, not waited for.

A block is interrupted as by its own timeout, so that its variables are kept, and with it its host calls and child RLMs;
a request is cut, and what had come of it counts. One last turn may follow, which has a time of its own; it does not
where the root LM itself was what took the time, as it would only take more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

from rlm_tui.engine.budget import Budget
from rlm_tui.trajectory.limits import amount

End: TypeAlias = Callable[[str], object]
"""Ends something that is under way; is told why, as the beginning of a sentence."""
_LAST_SHARE, _LAST_LEAST_S = 0.1, 5.0
"""What the one last turn may take: a share of the limit, and at least so many seconds."""


class Deadline:
    """Watches the clock for one RLM; what is under way in it says here how it is ended."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._under_way: dict[object, End] = {}
        self._task: asyncio.Task[None] | None = None
        self._why = ""

    @property
    def is_over(self) -> bool:
        """Whether the time is up: what begins now is ended at once."""
        return bool(self._why)

    @contextmanager
    def ends(self, end: End) -> Iterator[None]:
        """While this lasts, the end of the time ends it."""
        key = object()
        self._under_way[key] = end
        try:
            if self._why:
                end(self._why)
            yield
        finally:
            del self._under_way[key]

    def start(self, raised: Callable[[float, float], Awaitable[bool]]) -> None:
        """Watch from now on; at the limit `raised(value, cap)` tells whether a person grants more."""
        if self._budget.limits.seconds is not None:
            self._task = asyncio.create_task(self._watch(raised))

    async def _watch(self, raised: Callable[[float, float], Awaitable[bool]]) -> None:
        budget = self._budget
        while (cap := budget.limits.seconds) is not None:
            await budget.until(cap)
            if budget.seconds >= cap and not await raised(budget.seconds, cap):
                self._end(f"The limit of {amount('seconds', cap)} for this run was reached")
                return

    def _end(self, why: str) -> None:
        self._why = why
        for end in list(self._under_way.values()):
            end(why)

    async def allow_last_turn(self) -> None:
        """Give one more turn a time of its own, at whose end all is ended again."""
        allowed = max(_LAST_LEAST_S, _LAST_SHARE * (self._budget.limits.seconds or 0.0))
        await self.close()
        self._task = asyncio.create_task(self._watch_last(allowed))

    async def _watch_last(self, allowed: float) -> None:
        await self._budget.until(self._budget.seconds + allowed)
        self._end(f"The {amount('seconds', allowed)} of the last turn were used up")

    async def close(self) -> None:
        """Stop watching: what a person does after the run has no end."""
        task, self._task, self._why = self._task, None, ""
        if task is not None:
            await settled(task)


async def settled(task: asyncio.Task[Any]) -> None:
    """Wait until a task that is cancelled here is really over, so that nothing outlives the run."""
    if not task.done():
        task.cancel()
        await asyncio.wait([task])
