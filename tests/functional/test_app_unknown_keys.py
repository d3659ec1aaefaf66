"""No key is silent: what it cannot do, or that it means nothing, stands in the bar."""

from __future__ import annotations

import pytest

from rlm_tui.ui.state import PANES
from tests.states import STATES, still
from tests.trajectories import RUNS, StillSession
from tests.ui_kit import on_screen

PLACES = ["held", "edited", "failed", "running", "finished", "looking_back", "clean"]
FREE = ("e", "E", "d", "p", "Z", "at", "number_sign", "minus", "9", "f2", "f12", "delete", "ctrl+e")
"""Some of the keys that are nobody's."""


def state(name: str) -> StillSession:
    return STATES[name]() if name in STATES else still(RUNS[name](), "replay")


@pytest.mark.parametrize("name", PLACES)
async def test_a_key_that_means_nothing_says_so(name: str) -> None:
    async with on_screen(state(name), (100, 30)) as hand:
        for pane in PANES:
            hand.app.main.enter(pane)
            for key in FREE:
                hand.app.ui.notice = ""
                await hand.pilot.press(key)
                assert " means nothing here; ? lists the keys that act." in hand.app.ui.notice, (pane, key)


async def test_what_is_typed_is_no_key_that_means_nothing() -> None:
    async with on_screen(state("held")) as hand:
        for opening in ("t", "slash", "greater_than_sign", "i"):
            await hand.press(opening)
            await hand.type("eEd")
            assert "means nothing" not in hand.bar("GateBar"), opening
            await hand.press("escape")


async def test_over_the_panes_a_key_that_means_nothing_says_so_too() -> None:
    async with on_screen(state("clean")) as hand:
        await hand.press("0", "Z")
        assert "Z means nothing here" in hand.screen()


async def test_esc_enter_and_the_folds_of_the_tree_say_when_there_is_nothing() -> None:
    async with on_screen(state("clean"), (100, 30)) as hand:
        await hand.press("escape")
        assert "There is nothing to leave." in hand.bar("GateBar")
        await hand.press("2", "g", "enter")
        assert "There is nothing to open on this row" in hand.bar("GateBar")
        await hand.press("1", "g", "h", "h")
        assert "This is the root; nothing holds it." in hand.bar("GateBar")
        await hand.press("l", "l", "l", "l", "l")
        assert "There is nothing below this node." in hand.bar("GateBar")


async def test_enter_on_what_holds_nothing_in_the_tree_leads_to_step() -> None:
    async with on_screen(state("clean"), (80, 24)) as hand:
        await hand.press("1", "g", "l", "l", "l", "l", "l")
        leaf = hand.app.ui.selection
        await hand.press("enter")
        await hand.until(lambda: hand.app.main.on_screen == ["step"])
        assert hand.app.ui.selection == leaf
