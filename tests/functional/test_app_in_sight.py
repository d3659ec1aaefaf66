"""What a person has done or asked for is in sight on a small terminal, and no sentence outlives what it speaks of."""

from __future__ import annotations

from pathlib import Path

import pytest

from rlm_tui import config
from rlm_tui import events as ev
from rlm_tui.cli import trace as trace_command
from rlm_tui.resources import sample
from rlm_tui.session import commands as cmd
from rlm_tui.session.replay import ReplaySession
from rlm_tui.trace.summary import summarize
from rlm_tui.ui.opening import First
from rlm_tui.ui.selecting import run_time
from rlm_tui.ui.state import Pane
from rlm_tui.ui.widgets.bar import Bar
from rlm_tui.ui.widgets.lines_view import LinesView
from tests.driving import block, live
from tests.states import STATES
from tests.ui_kit import Hand, on_screen

SMALL = (80, 24)
LONG = "\n".join(f"value_{number} = {number}" for number in range(30))
ROOT = [block(LONG), "FINAL(3)"]


def finished(hand: Hand) -> bool:
    return hand.app.session.phase == "finished"


async def inject(hand: Hand, code: str) -> None:
    await hand.press("I")
    await hand.type(code)
    await hand.press("enter")


async def test_what_an_injected_block_printed_is_in_sight_and_said(tmp_path: Path) -> None:
    with live(tmp_path, ROOT) as driver:
        driver.send(cmd.Start("What?", step=True))
        async with on_screen(driver.session, SMALL) as hand:
            await hand.held("before_code")
            await inject(hand, "print(40+2)")
            await hand.until(lambda: "Your block printed: 42" in hand.bar("GateBar"))
            await hand.until(lambda: "the model is told with its next message" in hand.screen())
            rows = [row.strip(" ▁▂▃▄▅▆▇█") for row in hand.screen().split("\n")]  # the bar that scrolls may begin there
            assert "42" in rows
            await inject(hand, "nothing=0")
            await hand.until(lambda: "Your block ran; it printed nothing." in hand.bar("GateBar"))
            await inject(hand, "missing")
            await hand.until(lambda: "Your block raised NameError: name" in hand.bar("GateBar"))


async def test_walking_on_brings_what_a_step_added_into_sight(tmp_path: Path) -> None:
    with live(tmp_path, [block(f"{LONG}\nprint('here it is')"), "FINAL(3)"]) as driver:
        driver.send(cmd.Start("What?", step=True))
        driver.send(cmd.Run(driver.hold("before_code").id))
        driver.hold("after_code")
        driver.send(cmd.Resume())
        driver.end()
        async with on_screen(driver.session, SMALL) as hand:
            await hand.until(lambda: finished(hand))
            await hand.press("home")
            await hand.press("full_stop")
            await hand.until(lambda: "held, not run yet" in hand.screen())
            assert "OUTPUT" not in hand.screen()
            await hand.press("full_stop")
            await hand.until(lambda: "OUTPUT" in hand.screen())
            assert "here it is" in hand.screen()


async def test_a_sentence_ends_with_the_hold_it_speaks_of(tmp_path: Path) -> None:
    with live(tmp_path, ROOT) as driver:
        driver.send(cmd.Start("What?", step=True))
        async with on_screen(driver.session) as hand:
            await hand.held("before_code")
            await inject(hand, "print(40+2)")
            await hand.until(lambda: "Your block printed" in hand.bar("GateBar"))
            await hand.press("c")
            await hand.until(lambda: finished(hand) and "The answer is there" in hand.bar("GateBar"))


async def test_the_clock_stands_with_the_run_and_leaves_out_what_was_held(tmp_path: Path) -> None:
    with live(tmp_path, ROOT) as driver:
        driver.send(cmd.Start("What?", step=True))
        async with on_screen(driver.session) as hand:
            await hand.held("before_code")
            session = hand.app.session
            before, begun = run_time(session), session.now
            await hand.until(lambda: session.now > begun + 0.3)
            assert run_time(session) == pytest.approx(before)
            await hand.press("c")
            await hand.until(lambda: finished(hand))
            over, begun = run_time(session), session.now
            await hand.until(lambda: session.now > begun + 0.1)
            assert run_time(session) == over
            view = session.view
            assert view.root is not None
            assert over == view.took(view.root) - view.waited(view.root)  # type: ignore[operator]


async def test_q_on_the_summary_of_a_run_does_what_the_footer_says() -> None:
    async with on_screen(STATES["held"]()) as hand:
        await hand.press("0")
        await hand.until(lambda: "COST" in hand.screen())
        assert "q back" in hand.app.screen.query_one("Footer", Bar).rows[0]
        await hand.press("q")
        assert hand.app.screen is hand.app.main
    async with on_screen(STATES["batched"](), first=First("summary")) as hand:
        await hand.until(lambda: "COST" in hand.screen())
        assert "q quit" in hand.app.screen.query_one("Footer", Bar).rows[0]


async def test_a_dialog_over_the_panes_shows_no_key_of_theirs_and_says_when_one_types() -> None:
    async with on_screen(STATES["held"]()) as hand:
        await hand.press("b")
        await hand.until(lambda: "TYPING" in hand.screen().split("\n")[-1])
        assert hand.bar("Footer").strip() == ""
        assert hand.bar("GateBar").split("\n")[-1].strip() == ""
        await hand.press("escape")
        await hand.until(lambda: "KEYS" in hand.screen().split("\n")[-1])


async def test_a_letter_of_the_copy_menu_that_copies_nothing_says_why() -> None:
    async with on_screen(STATES["held"](), SMALL) as hand:
        await hand.press("y")
        await hand.press("t")
        assert "The response came without a reasoning." in hand.screen()
        await hand.press("z")
        assert "z copies nothing." in hand.screen()
        await hand.press("escape")
        assert hand.app.screen is hand.app.main


async def test_end_and_home_move_the_selection_of_the_settings() -> None:
    async with on_screen(STATES["held"](), SMALL) as hand:
        await hand.press("equals_sign")
        await hand.until(lambda: "max_tokens" in hand.screen())
        about = hand.app.screen.query_one("#settings-about", Bar)
        await hand.press("end")
        assert "background" in about.rows[0]
        await hand.press("home")
        assert "root LM" in about.rows[0]
        await hand.press("pagedown")
        assert about.rows[0].strip()


async def test_the_summary_tells_of_a_block_of_ones_own_and_trace_info_the_same_time(tmp_path: Path) -> None:
    with live(tmp_path, ROOT) as driver:
        driver.send(cmd.Start("What?", step=True))
        async with on_screen(driver.session) as hand:
            await hand.held("before_code")
            begun = hand.app.session.now
            await inject(hand, "print(40+2)")
            await hand.until(lambda: bool(hand.app.session.trajectory.now().count(ev.CodeFinished)))
            await hand.until(lambda: hand.app.session.now > begun + 1.2)
            await hand.press("c")
            await hand.until(lambda: finished(hand))
            await hand.press("0")
            await hand.until(lambda: "BY HAND" in hand.screen())
            assert "injected a block in iteration 1: print(40+2)" in hand.screen()
            path = Path(hand.app.session.trace_path)
            time = next(row for row in hand.screen().split("\n") if "held for a person" in row)
        driver.session.close()
        told = dict(trace_command._lines(summarize(path)))
        assert told["time"] in " ".join(time.split())


def in_sight(view: LinesView) -> bool:
    return view.top <= view.cursor < view.top + view.page


@pytest.mark.parametrize("size", [(80, 24), (100, 30), (120, 36), (200, 60)])
async def test_what_comes_up_below_leaves_the_selected_row_in_sight(size: tuple[int, int]) -> None:
    session = ReplaySession(sample("misbehaves"))
    session.read_whole()
    async with on_screen(session, size) as hand:
        calls = hand.app.main.pane("calls")
        await hand.press("1")
        await hand.until(lambda: calls.has_focus and calls.page > 1)
        await hand.press("g", *["j"] * (calls.page - 1))
        chosen = calls.cursor_key
        for change in (lambda: hand.press("f"), lambda: hand.press("escape"), lambda: hand.press("b")):
            await change()
            assert in_sight(calls)
        hand.app.say("what went wrong is told in full, " * 12)
        await hand.until(lambda: len(hand.app.main.query_one("GateBar", Bar).rows) > 2)
        await hand.until(lambda: in_sight(calls))
        assert calls.cursor_key == chosen
        session.close()


@pytest.mark.parametrize("size", [(80, 24), (100, 30), (120, 36)])
async def test_the_setting_that_is_typed_stays_in_sight(size: tuple[int, int]) -> None:
    async with on_screen(STATES["held"](), size, settings=config.load({})) as hand:
        await hand.press("equals_sign")
        await hand.until(lambda: "max_tokens" in hand.screen())
        rows = hand.app.screen.query_one("#settings-rows", LinesView)
        heights = set()
        while rows.cursor < len(rows.rows) - 1:
            await hand.press("down")
            heights.add(rows.page)
            assert in_sight(rows)
        assert len(heights) == 1
        await hand.press("enter")
        await hand.until(lambda: rows.page not in heights)
        await hand.until(lambda: in_sight(rows))


@pytest.mark.parametrize("size", [(60, 16), (80, 24), (100, 30), (200, 60)])
async def test_the_box_of_breakpoints_cuts_nothing(size: tuple[int, int]) -> None:
    async with on_screen(STATES["held"](), size) as hand:
        await hand.press("b")
        await hand.until(lambda: "llm_query #3" in hand.screen())
        bars = hand.app.screen.query("#breakpoints Bar").results(Bar)
        assert not any("…" in row for bar in bars for row in bar.rows)
        await hand.press("escape")
        await hand.until(lambda: "Esc back" in hand.screen())


async def test_a_second_answer_is_selected_with_what_stands_below_it(tmp_path: Path) -> None:
    first = [block(f"print({number})") for number in range(6)]
    with live(tmp_path, [*first, "FINAL(1)", block("print(2)"), "FINAL(2)"]) as driver:
        driver.send(cmd.Start("What?"))
        async with on_screen(driver.session, SMALL) as hand:
            await hand.until(lambda: finished(hand))
            driver.send(cmd.Start("And what then?"))
            await hand.until(lambda: len(hand.app.session.view.roots) == 2 and finished(hand))
            await hand.press("1")
            calls = hand.app.main.pane("calls")
            await hand.until(lambda: calls.has_focus and calls.cursor_key == "2")
            assert in_sight(calls)
            assert calls.cursor + 2 < calls.top + calls.page


async def test_a_row_below_a_colon_is_indented_and_a_block_without_one_does_not_run(tmp_path: Path) -> None:
    with live(tmp_path, ROOT) as driver:
        driver.send(cmd.Start("What?", step=True))
        async with on_screen(driver.session, SMALL) as hand:
            await hand.held("before_code")
            await inject(hand, "for i in range(2):")
            await hand.press("enter")
            await inject_rest(hand, "print(i, 'of two')")
            await hand.press("enter")
            await hand.until(lambda: "Your block printed 2 lines, the first: 0 of two" in hand.bar("GateBar"))
            (seq,) = driver.session.view.tree.counts["CodeStarted"]
            assert driver.session.log.event(seq).code == "for i in range(2):\n    \n    print(i, 'of two')"


async def inject_rest(hand: Hand, code: str) -> None:
    await hand.type(code)
    await hand.press("enter")


@pytest.mark.parametrize("pane", ["step", "calls", "vars"])
@pytest.mark.parametrize("size", [SMALL, (120, 36)])
async def test_leaving_the_prompt_of_the_repl_leads_back_to_the_pane_as_it_was(
    size: tuple[int, int], pane: Pane
) -> None:
    async with on_screen(STATES["held"](), size) as hand:
        hand.app.perform(f"pane.{pane}")
        await hand.until(lambda: pane in hand.app.main.on_screen)
        shown = hand.app.main.frame.panes[pane].region
        before = [row[shown.x : shown.right] for row in hand.screen().split("\n")[shown.y : shown.bottom]]
        await hand.press("greater_than_sign")
        await hand.until(lambda: hand.app.ui.pane == "repl")
        await hand.press("escape")
        await hand.until(lambda: hand.app.ui.pane == pane)
        await hand.until(
            lambda: [row[shown.x : shown.right] for row in hand.screen().split("\n")[shown.y : shown.bottom]] == before
        )
