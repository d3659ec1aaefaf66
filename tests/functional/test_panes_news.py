"""What a step has added is in sight, unless the person reads somewhere else."""

from __future__ import annotations

import pytest

from rlm_tui import events as ev
from rlm_tui.resources import sample
from rlm_tui.session.replay import ReplaySession
from rlm_tui.ui.widgets.lines_view import LinesView
from rlm_tui.ui.widgets.step import StepPane
from tests.trajectories import Recorder, StillSession, peeked
from tests.ui_kit import Hand, on_screen


def lines_of(hand: Hand) -> LinesView:
    pane = hand.app.main.pane("step")
    assert isinstance(pane, StepPane)
    return pane.lines


async def at_step(hand: Hand, number: int) -> None:
    session = hand.app.session
    hand.app.controllers.walk.to(session.trajectory.steps[number - 1].seq, "")
    hand.app.tick()
    hand.app.redraw()
    await hand.pilot.pause()


@pytest.mark.parametrize("is_read", [False, True])
async def test_an_output_below_the_fold_comes_up_by_itself(is_read: bool) -> None:
    session = ReplaySession(sample("misbehaves"))
    try:
        session.read_whole()
        async with on_screen(session, (80, 24)) as hand:
            await at_step(hand, 10)
            assert "CODE     ‖ held" in hand.screen()
            if is_read:
                await hand.press("2", "g")
                assert lines_of(hand).top == 0
            await at_step(hand, 11)
            assert ("OUTPUT   " in hand.screen()) != is_read
            assert (lines_of(hand).top == 0) == is_read
            await at_step(hand, 13)
            assert "SAYS" in hand.screen(), "another iteration begins at its top"
    finally:
        session.close()


def with_variables(count: int) -> Recorder:
    run = peeked()
    named(run, [f"v{number}" for number in range(count)], "added")
    return run


def named(run: Recorder, names: list[str], how: ev.Change) -> None:
    node = run.open(f"1.1.x{run.trajectory.last}", "code", "1.1")
    run.emit(ev.CodeStarted(node=node, code="x", number=7))
    changes = tuple(ev.VarChange(name, how, "int", None, "1") for name in names)
    run.emit(ev.CodeFinished(node=node, status="ok", changes=changes))
    run.close(node)


@pytest.mark.parametrize("is_read", [False, True])
async def test_what_a_block_changed_is_in_sight_in_vars(is_read: bool) -> None:
    run = with_variables(60)
    session = StillSession(run, None, "running")
    async with on_screen(session) as hand:
        pane = hand.app.main.pane("vars")
        top = pane.top
        if is_read:
            await hand.press("6", "pagedown")
            top = pane.top
        named(run, ["v50", "v55"], "changed")
        hand.app.redraw()
        await hand.pilot.pause()
        assert "2 changed" in hand.screen()
        assert ("~ v50" in hand.screen()) != is_read
        assert not is_read or pane.top == top
        named(run, ["v52"], "changed")
        before = pane.top
        hand.app.redraw()
        await hand.pilot.pause()
        assert pane.top == before, "what is in sight moves nothing"
