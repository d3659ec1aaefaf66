"""The run as breakpoints see it: folded as events arrive while one is on; its past is read beside the loop."""

from __future__ import annotations

import asyncio

from rlm_tui import events as ev
from rlm_tui.filter import Moment
from rlm_tui.session.log import EventLog
from rlm_tui.trajectory import Trajectory

_AT_ONCE = 100  # so many events are read and folded in about two milliseconds; more would be felt


class Follower:
    """A fold of the log on the engine's loop, which costs nothing while nobody needs it.

    The front end's own trajectory belongs to its thread and is as old as the last drain, so the gate cannot ask it.
    """

    def __init__(self, log: EventLog) -> None:
        self.is_needed = False
        """Whether events are folded as they come; what came before is read when `moment` is asked for."""
        self._log = log
        self._followed = Trajectory()
        self._catching_up: asyncio.Task[None] | None = None

    def take(self, event: ev.TraceEvent) -> None:
        """Take in a new event of the log, if somebody needs it and nothing before it is still to be read."""
        if self.is_needed and self._catching_up is None and event.seq == self._followed.last + 1:
            self._followed.fold(event)

    async def moment(self) -> Moment:
        """The run as it stands; waits, without stopping the loop, where much of it has to be read first."""
        while self._followed.last < len(self._log):
            if self._catching_up is None:
                self._catching_up = asyncio.create_task(self._catch_up())
            await asyncio.shield(self._catching_up)  # who waits may be cancelled, and others wait, too
        return Moment(self._followed.now(), self._log)

    async def _catch_up(self) -> None:
        try:
            while (last := len(self._log)) - self._followed.last > _AT_ONCE:
                await asyncio.to_thread(self._fold, last)
            self._fold(last)
        finally:
            self._catching_up = None

    def _fold(self, last: int) -> None:
        for seq in range(self._followed.last + 1, last + 1):
            self._followed.fold(self._log.event(seq))
