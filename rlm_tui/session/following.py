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
        self._log = log
        self._followed = Trajectory()
        self._is_following = False
        self._catching_up: asyncio.Task[None] | None = None

    def take(self, event: ev.TraceEvent) -> None:
        """Take in a new event of the log, if somebody follows it."""
        if self._is_following:
            self._followed.fold(event)

    def begin(self) -> None:
        """Follow the log from now on, what it holds already included."""
        if not self._is_following and self._catching_up is None:
            self._catching_up = asyncio.get_running_loop().create_task(self._catch_up())

    def rest(self) -> None:
        """Follow no more."""
        self._is_following = False

    async def moment(self) -> Moment:
        """The run as it stands; waits, without stopping the loop, where much of it has to be read first."""
        while not self._is_following:
            self.begin()
            if self._catching_up is not None:  # several may wait for it, and one that is cancelled ends it for none
                await asyncio.shield(self._catching_up)
        return Moment(self._followed.now(), self._log)

    async def _catch_up(self) -> None:
        try:
            while (last := len(self._log)) - self._followed.last > _AT_ONCE:
                await asyncio.to_thread(self._fold, last)
            self._fold(last)
            self._is_following = True
        finally:
            self._catching_up = None

    def _fold(self, last: int) -> None:
        for seq in range(self._followed.last + 1, last + 1):
            self._followed.fold(self._log.event(seq))
