"""Called back to a window without focus: for a hold, an answer and a failure, once each; never for progress."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.events import AppBlur, AppFocus

from rlm_tui import config
from rlm_tui.session import commands as cmd
from rlm_tui.session.base import Session
from rlm_tui.ui.attention import Attention, How
from tests.driving import block, live
from tests.states import STATES
from tests.trajectories import RUNS, StillSession
from tests.ui_kit import on_screen

KEEP, BACK, BELL = "\x1b[22;0t", "\x1b[23;0t", "\x07"


@pytest.fixture(autouse=True)
def plain_terminal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RLM_TUI_HOME", str(tmp_path))
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("TERM_PROGRAM", raising=False)


def written_for(*states: Session, how: How = "bell", has_focus: bool = False) -> list[str]:
    """What is written while a session goes through states."""
    written: list[str] = []
    attention = Attention(written.append)
    for session in states:
        attention.look(session, how, has_focus=has_focus)
    return written


def test_a_hold_sets_title_and_bell_once() -> None:
    held = STATES["held"]()
    assert written_for(STATES["running"](), held, held) == [
        f"{KEEP}\x1b]0;‖ held: code of iteration 3, not run yet · rlm-tui{BELL}{BELL}"
    ]


@pytest.mark.parametrize(("state", "words"), [("finished", "✓ answered"), ("failed", "✗ failed")])
def test_an_answer_and_a_failure_call(state: str, words: str) -> None:
    [said] = written_for(STATES["running"](), STATES[state]())
    assert words in said
    assert said.endswith(BELL + BELL)


def test_progress_calls_nobody() -> None:
    assert written_for(STATES["asked"](), STATES["running"](), STATES["running"]()) == []


def test_a_recorded_run_calls_nobody() -> None:
    assert written_for(STATES["batched"]()) == []


def test_with_focus_nobody_is_called_not_even_later_for_what_was_seen() -> None:
    held = STATES["held"]()
    assert written_for(held, has_focus=True) == []
    written: list[str] = []
    attention = Attention(written.append)
    attention.look(held, "bell", has_focus=True)
    attention.look(held, "bell", has_focus=False)
    assert written == []


def test_who_comes_back_finds_the_old_title_once() -> None:
    written: list[str] = []
    attention = Attention(written.append)
    attention.look(STATES["held"](), "bell", has_focus=False)
    attention.clear()
    attention.clear()
    assert written[1:] == [BACK]


def test_one_setting_makes_it_quiet_or_none() -> None:
    held = STATES["held"]()
    assert written_for(held, how="title") == [f"{KEEP}\x1b]0;‖ held: code of iteration 3, not run yet · rlm-tui{BELL}"]
    assert written_for(held, how="off") == []
    assert config.BY_NAME["attention"].choices == ("bell", "title", "off")


@pytest.mark.parametrize(("name", "value"), [("TERM_PROGRAM", "WezTerm"), ("TERM", "xterm-kitty")])
def test_a_terminal_that_notifies_is_asked_to(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    [said] = written_for(STATES["held"]())
    assert said.endswith("\x1b]9;rlm-tui: ‖ held: code of iteration 3, not run yet\x07")


def test_a_title_from_outside_brings_no_escape_with_it() -> None:
    session = StillSession(RUNS["clean"](), None, "finished", title="x\x1b]0;owned\x07\x9c.pdf")
    [said] = written_for(session)
    assert said.count("\x1b") == 2
    assert "\x9c" not in said


async def test_the_app_calls_while_its_window_has_no_focus_and_stops_when_it_has(tmp_path: Path) -> None:
    written: list[str] = []
    with live(tmp_path, [block("print(1)"), "FINAL(1)"], step=True) as driver:
        driver.start()
        async with on_screen(driver.session, settings=config.load()) as hand:
            hand.app.attention = Attention(written.append)
            await hand.held("before_code")
            hand.app.post_message(AppBlur())
            await hand.until(lambda: not hand.app.app_focus)
            driver.session.send(cmd.Run(driver.session.trajectory.now().holds()[0].id))
            await hand.until(lambda: len(written) == 1)
            assert "held" in written[0]
            hand.app.post_message(AppFocus())
            await hand.until(lambda: written[1:] == [BACK])
            driver.session.send(cmd.Resume())
            await hand.until(lambda: "ANSWERED" in hand.bar("Header"))
    assert len(written) == 2
