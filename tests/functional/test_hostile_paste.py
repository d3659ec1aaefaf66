"""Whatever is pasted wherever one types is drawn as harmless characters, and stays what it is until it is sent."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual import events
from textual.widgets import Input, TextArea

from rlm_tui.text import safe
from rlm_tui.ui.opening import First
from rlm_tui.ui.screens.start import StartScreen
from tests.driving import live
from tests.states import STATES, still
from tests.trajectories import StillSession, peeked
from tests.ui_kit import Hand, on_screen

HOSTILE = "a\x1b[31mb\x07c\x9bd\u202ee\u2066f\u200bg\x00h\x7fi[red]j[/]\U000e0041k"
WAYS = {
    "tell": ("held", "t"),
    "inject": ("held", "I"),
    "answer": ("offered", "w"),
    "ask": ("finished", "A"),
    "note": ("held", "semicolon"),
    "filter": ("held", "f"),
    "search": ("held", "slash"),
    "palette": ("held", "colon"),
    "REPL": ("held", "greater_than_sign"),
    "editor": ("held", "i"),
    "breakpoint": ("held", "b"),
    "filter of the settings": ("held", "equals_sign", "slash"),
    "filter of the runs": ("held", "R", "slash"),
}


def state(name: str) -> StillSession:
    """A session, also one in which a final answer is held."""
    if name != "offered":
        return STATES[name]()
    run = peeked()
    run.hold("1.1", "before_final", "42")
    return still(run, "held")


def stands_in(box: object) -> str:
    return box.value if isinstance(box, Input) else box.text if isinstance(box, TextArea) else ""


async def paste(hand: Hand) -> None:
    """Paste into what one types in, and look at the screen."""
    await hand.until(lambda: isinstance(hand.app.focused, Input | TextArea))
    hand.app.post_message(events.Paste(HOSTILE))
    await hand.until(lambda: HOSTILE in stands_in(hand.app.focused))
    await hand.until(lambda: safe(HOSTILE) in hand.screen())
    for row in hand.screen().split("\n"):
        assert row == safe(row)


@pytest.mark.parametrize("way", WAYS)
async def test_what_is_pasted_stays_what_it_is_and_is_drawn_safely(
    way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RLM_TUI_HOME", str(tmp_path))
    name, *keys = WAYS[way]
    async with on_screen(state(name)) as hand:
        for key in keys:
            before = hand.app.screen
            await hand.press(key)
            await hand.until(lambda before=before: hand.app.screen is not before or hand.app.ui.typing)  # type: ignore[misc]
        await paste(hand)


async def test_what_is_pasted_as_the_value_of_a_setting_is_drawn_safely(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RLM_TUI_HOME", str(tmp_path))
    async with on_screen(STATES["held"]()) as hand:
        await hand.press("equals_sign")
        await hand.until(lambda: "Settings" in hand.screen())
        await hand.press("enter")
        await paste(hand)
        await hand.press("enter")
        for row in hand.screen().split("\n"):
            assert row == safe(row), "nor in what is said of it"


@pytest.mark.parametrize("is_name", [False, True])
async def test_what_is_pasted_as_question_or_model_is_drawn_safely(tmp_path: Path, is_name: bool) -> None:
    with live(tmp_path, ["FINAL(1)"], model="") as driver:
        async with on_screen(driver.session, first=First("start", "", driver.session.setup)) as hand:
            await hand.until(lambda: isinstance(hand.app.screen, StartScreen))
            if is_name:
                screen = hand.app.screen
                assert isinstance(screen, StartScreen)
                screen._spell("")
            await paste(hand)
            await hand.press("enter")
            for row in hand.screen().split("\n"):
                assert row == safe(row), "nor in what is said of it"
