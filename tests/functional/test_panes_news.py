"""What a step has added is in sight, unless the person reads somewhere else."""

from __future__ import annotations

import pytest

from rlm_tui import events as ev
from rlm_tui.ui.widgets.lines_view import LinesView
from rlm_tui.ui.widgets.step import StepPane
from tests.trajectories import Recorder, StillSession, peeked
from tests.ui_kit import Hand, on_screen


def lines_of(hand: Hand) -> LinesView:
    pane = hand.app.main.pane("step")
    assert isinstance(pane, StepPane)
    return pane.lines


@pytest.mark.parametrize("is_read", [False, True])
async def test_an_output_below_the_fold_comes_up_by_itself(is_read: bool) -> None:
    run = peeked()
    turn = run.iteration(2)
    node = run.begin_block(turn, "\n".join(f"x = {number}" for number in range(30)), 2)
    session = StillSession(run, None, "running")
    async with on_screen(session, (80, 24)) as hand:
        assert "CODE " in hand.screen()
        if is_read:
            await hand.press("2", "g", "space", "k")
        top = lines_of(hand).top
        run.emit(ev.CodeFinished(node=node, status="ok", stdout="what came of it\n"))
        hand.app.redraw()
        await hand.pilot.pause()
        assert ("what came of it" in hand.screen()) != is_read
        assert (lines_of(hand).top == top) == is_read


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
        named(run, ["v1"], "changed")
        hand.app.redraw()
        await hand.pilot.pause()
        assert pane.top == (top if is_read else 0)
