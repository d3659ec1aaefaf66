"""Keys that come in one piece act as the same keys do that are pressed one by one: in order, and where they belong."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from textual.events import Key, Paste

from rlm_tui.ui.early import InOrder, Typed
from tests.states import document, held
from tests.terminal import Terminal, python
from tests.trajectories import RUNS, StillSession
from tests.ui_kit import Hand, on_screen

SIGNS = {"full_stop": ".", "comma": ",", "slash": "/", "colon": ":", "semicolon": ";", "left_curly_bracket": "{"}
PANES = "tab", *"123456zn0", "escape"
WALK = "full_stop", "comma", "home", "end", "G", "F", "m", *PANES
TREE = "left_curly_bracket", *"jkhl", "enter", *PANES


def at_once(hand: Hand, *keys: str | Paste) -> None:
    """What a slow line delivers in one piece."""
    for key in keys:
        event = key if isinstance(key, Paste) else Key(key, SIGNS.get(key, key if len(key) == 1 else None))
        hand.app.post_message(event)


async def settled(hand: Hand) -> None:
    """All that was typed has been taken in and drawn."""
    await hand.until(lambda: not hand.app._typed.is_busy)
    await hand._drawn()


async def looked_at(keys: list[str], *, is_slow: bool) -> tuple[object, ...]:
    """Where one is after keys in a recorded run."""
    session = StillSession(RUNS["edited"](), document(), "replay")
    async with on_screen(session) as hand:
        await hand.press("2")
        if is_slow:
            for key in keys:
                await hand.press(key)
        else:
            at_once(hand, *keys)
            await settled(hand)
        ui = hand.app.ui
        where = session.view.seq, ui.selection, ui.pinned, *ui.recent, ui.zoomed, type(hand.app.screen)
        return *where, ui.typing, *session.notebook.marks, hand.app._exit


@pytest.mark.parametrize("keys", [random.Random(seed).choices((WALK, TREE)[seed % 2], k=12) for seed in range(8)])
async def test_keys_in_one_piece_lead_where_they_lead_one_by_one(keys: list[str]) -> None:
    assert await looked_at(keys, is_slow=False) == await looked_at(keys, is_slow=True)


@pytest.mark.parametrize("last", ["home", "end", "G"])
async def test_a_key_of_the_app_overtakes_no_other(last: str) -> None:
    session = StillSession(RUNS["edited"](), document(), "replay")
    async with on_screen(session) as hand:
        await hand.press("2", "home", "full_stop", "full_stop")
        at_once(hand, "comma", last)
        await settled(hand)
        assert session.view.step_number() == (1 if last == "home" else len(session.trajectory.steps))


async def test_what_follows_a_key_that_opens_a_prompt_is_its_text_and_no_key() -> None:
    async with on_screen(held()) as hand:
        at_once(hand, "semicolon", *"max", Paste(" and I"), *"ran")
        await settled(hand)
        assert " max and Iran" in hand.screen()
        at_once(hand, "escape", "slash", *"total", "escape", "colon", *"zoom", "enter")
        await hand.until(lambda: hand.app.ui.zoomed)
        assert hand.app.session.notebook.marks == []
        assert [type(command).__name__ for command in hand.app.session.sent] == []


def test_a_terminal_that_sends_many_keys_at_once_is_understood(tmp_path: Path) -> None:
    with Terminal(python("replay", "sample:batch"), env={"RLM_TUI_HOME": str(tmp_path)}) as terminal:
        terminal.wait("Enter goes to")
        terminal.press("\x1b[27u;mark me\r/number")
        terminal.wait("/ number", "document 8")


async def test_a_key_that_had_to_wait_is_judged_by_the_moment_in_which_it_was_pressed() -> None:
    judged: list[tuple[str, float]] = []

    async def act(typed: Typed, pressed_at: float) -> None:
        assert isinstance(typed, Key)
        judged.append((typed.key, pressed_at))

    async with on_screen(held()) as hand:
        keys = InOrder(hand.app, act)
        await keys.take(Key("a", "a"), 1.0, is_up=False, is_urgent=False)
        await keys.take(Key("b", "b"), 2.0, is_up=False, is_urgent=False)
        await keys.open()
        await hand.until(lambda: judged == [("a", 1.0), ("b", 2.0)])
