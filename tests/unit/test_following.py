"""The run as breakpoints see it: whole at every moment, and the loop goes on while its past is read."""

from __future__ import annotations

import asyncio
import threading

import pytest

from rlm_tui import events as ev
from rlm_tui.filter import Moment
from rlm_tui.session.following import Follower
from rlm_tui.session.log import EventLog
from rlm_tui.trace.store import MemoryLines
from rlm_tui.trajectory import Trajectory
from tests.seen import snapshot


class SlowLog(EventLog):
    """A log whose first event can be read only when the loop has gone on meanwhile."""

    def __init__(self) -> None:
        super().__init__(MemoryLines())
        self.is_asked, self.may_go = threading.Event(), threading.Event()

    def event(self, seq: int) -> ev.TraceEvent:
        self.is_asked.set()
        assert self.may_go.wait(20), "the loop stood still while the log was read"
        return super().event(seq)


def fill(log: EventLog, count: int) -> None:
    for number in range(count):
        log.emit(ev.NodeOpened(node=f"n{len(log)}-{number}", type="rlm"))


def seen(moment: Moment) -> object:
    return snapshot(moment.view)


def whole(log: EventLog) -> object:
    return snapshot(Trajectory([log.event(seq) for seq in range(1, len(log) + 1)]).now())


@pytest.mark.parametrize("is_needed", [False, True])
@pytest.mark.parametrize("count", [0, 3, 400])
async def test_a_moment_is_the_fold_of_all_that_happened_whenever_it_is_asked_for(count: int, is_needed: bool) -> None:
    log = EventLog(MemoryLines())
    follower = Follower(log)
    follower.is_needed = is_needed
    log.on_event = follower.take
    fill(log, count)
    assert seen(await follower.moment()) == whole(log)
    fill(log, 5)
    assert seen(await follower.moment()) == whole(log)
    follower.is_needed = not is_needed
    fill(log, count)
    assert seen(await follower.moment()) == whole(log)


async def test_the_loop_goes_on_while_a_long_past_is_read_and_what_happens_meanwhile_is_in_it() -> None:
    log = SlowLog()
    follower = Follower(log)
    log.on_event = follower.take
    fill(log, 400)
    asked = [asyncio.create_task(follower.moment()) for _ in range(3)]
    await asyncio.to_thread(log.is_asked.wait)
    fill(log, 7)
    asked[0].cancel()
    log.may_go.set()
    first, *others = await asyncio.gather(*asked, return_exceptions=True)
    assert isinstance(first, asyncio.CancelledError)
    for moment in others:
        assert isinstance(moment, Moment)
        assert seen(moment) == whole(log)


async def test_nobody_who_needs_it_costs_nothing_also_while_the_past_is_read() -> None:
    log = SlowLog()
    follower = Follower(log)
    log.on_event = follower.take
    fill(log, 3)
    assert follower._followed.last == 0
    follower.is_needed = True
    fill(log, 400)
    asked = asyncio.create_task(follower.moment())
    await asyncio.to_thread(log.is_asked.wait)
    follower.is_needed = False
    log.may_go.set()
    await asked
    fill(log, 5)
    assert follower._followed.last == 403
