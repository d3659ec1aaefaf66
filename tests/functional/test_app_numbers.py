"""The holds at which a number is held, a large batch and a limit: what the screen and the lines say and do."""

from __future__ import annotations

from pathlib import Path

import pytest

from rlm_tui import events as ev
from rlm_tui.events import Limits
from rlm_tui.resources import sample
from rlm_tui.session import commands as cmd
from rlm_tui.ui.editing import Edited
from tests.driving import block, live, script
from tests.functional.test_app_gate import all_of
from tests.functional.test_plain import piped
from tests.ui_kit import Hand, on_screen

BATCH = block("answers = llm_query_batched([f'q{i}' for i in range(30)])")
YES = {".": "yes"}
SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 36)])


async def type_number(hand: Hand, number: str) -> None:
    """Open the editor, type a number in place of what stands there, and leave."""
    await hand.press("i")
    await hand.until(lambda: hand.app.ui.editing)
    await hand.type(number)
    await hand.pilot.press("escape")
    await hand.pilot.pause()


@SIZES
async def test_a_large_batch_says_what_it_takes_and_fewer_can_be_asked(tmp_path: Path, size: tuple[int, int]) -> None:
    with live(tmp_path, [BATCH, "FINAL(done)"], sub=YES) as driver:
        driver.send(cmd.Start("What?"))
        async with on_screen(driver.session, size) as hand:
            await hand.held("before_batch")
            assert "A batch of 30 sub-calls, ≈30 tokens to send: a asks all, i fewer, x none." in hand.bar("GateBar")
            assert "a ask" in hand.bar("GateBar")
            assert "write" not in hand.bar("GateBar")
            assert "batch of iteration 1, " in hand.bar("Header")
            assert "CALLS    ‖ held" in hand.screen()
            assert "OUTPUT   ‖ the block waits for what is held" in hand.screen()
            await type_number(hand, "5")
            await hand.until(lambda: "✎ edited from 30" in hand.screen())
            assert "The first 5 of it: a asks them, x none." in hand.bar("GateBar")
            await hand.press("a")
            await hand.until(lambda: hand.app.session.phase == "finished")
            assert len(all_of(hand, ev.SubcallRequested)) == 5


async def test_what_is_no_number_is_said_and_changes_nothing(tmp_path: Path) -> None:
    with live(tmp_path, [BATCH, "FINAL(done)"], sub=YES) as driver:
        driver.send(cmd.Start("What?"))
        async with on_screen(driver.session) as hand:
            await hand.held("before_batch")
            await type_number(hand, "few")
            assert "few is no number of sub-calls, as 1200 or 1.2k is; it stays 30." in hand.bar("GateBar")
            assert not all_of(hand, ev.Edited)
            await hand.press("a")
            assert "Nothing goes on without the edit that was refused" in hand.bar("GateBar")
            assert not all_of(hand, ev.SubcallRequested)
            await hand.press("a")
            await hand.until(lambda: len(all_of(hand, ev.SubcallRequested)) == 30)


@pytest.mark.parametrize("key", ["f5", "f10", "f11", "shift+f11"])
async def test_nothing_is_asked_with_a_number_that_is_none(tmp_path: Path, key: str) -> None:
    with live(tmp_path, [BATCH, "FINAL(done)"], sub=YES) as driver:
        driver.send(cmd.Start("What?"))
        async with on_screen(driver.session) as hand:
            await hand.held("before_batch")
            await hand.press("i")
            await hand.until(lambda: hand.app.ui.editing)
            await hand.type("5o")
            await hand.press(key)
            assert "5o is no number of sub-calls, as 1200 or 1.2k is; it stays 30." in hand.bar("GateBar")
            assert hand.app.ui.editing
            await hand.pilot.press("backspace")
            await hand.press("f5")
            await hand.until(lambda: hand.app.session.phase == "finished")
            assert [driver.session.log.text(edited.after) for edited in all_of(hand, ev.Edited)] == ["5"]
            assert len(all_of(hand, ev.SubcallRequested)) == 5


async def test_a_number_of_an_editor_of_one_s_own_is_looked_at_too(tmp_path: Path) -> None:
    with live(tmp_path, [BATCH, "FINAL(done)"], sub=YES) as driver:
        driver.send(cmd.Start("What?"))
        async with on_screen(driver.session) as hand:
            await hand.held("before_batch")
            hold = hand.app.session.trajectory.now().holds()[0]
            hand.app.controllers.take._take(hold, "30", Edited(""), ".txt")
            assert "Nothing is no number of sub-calls, as 1200 or 1.2k is; it stays 30." in hand.bar("GateBar")
            await hand.press("a")
            assert "Nothing goes on without the edit that was refused" in hand.bar("GateBar")
            assert not all_of(hand, ev.SubcallRequested)


async def test_an_edit_that_took_the_place_of_a_refused_one_runs_at_once(tmp_path: Path) -> None:
    with live(tmp_path, [BATCH, "FINAL(done)"], sub=YES) as driver:
        driver.send(cmd.Start("What?"))
        async with on_screen(driver.session) as hand:
            await hand.held("before_batch")
            hold = hand.app.session.trajectory.now().holds()[0]
            hand.app.controllers.take._take(hold, "30", Edited("few"), ".txt")
            assert "few is no number of sub-calls, as 1200 or 1.2k is; it stays 30." in hand.bar("GateBar")
            hand.app.controllers.take._take(hold, "30", Edited("5"), ".txt")
            await hand.until(lambda: "✎ edited from 30" in hand.screen())
            await hand.press("a")
            await hand.until(lambda: len(all_of(hand, ev.SubcallRequested)) == 5)


async def test_a_number_that_the_editor_left_as_it_was_ends_the_refused_edit(tmp_path: Path) -> None:
    with live(tmp_path, [BATCH, "FINAL(done)"], sub=YES) as driver:
        driver.send(cmd.Start("What?"))
        async with on_screen(driver.session) as hand:
            await hand.held("before_batch")
            hold = hand.app.session.trajectory.now().holds()[0]
            hand.app.controllers.take._take(hold, "30", Edited("few"), ".txt")
            hand.app.controllers.take._take(hold, "30", Edited("30"), ".txt")
            assert "The editor changed nothing." in hand.bar("GateBar")
            await hand.press("a")
            await hand.until(lambda: len(all_of(hand, ev.SubcallRequested)) == 30)


@SIZES
async def test_a_limit_is_raised_in_place(tmp_path: Path, size: tuple[int, int]) -> None:
    with live(tmp_path, [block("1"), block("2"), "FINAL(done)"], limits=Limits(iterations=1)) as driver:
        driver.send(cmd.Start("What?"))
        async with on_screen(driver.session, size) as hand:
            await hand.held("at_limit")
            bar = hand.bar("GateBar")
            assert "was reached: i raises it, a answers now." in bar
            assert "a answer now" in bar
            assert "i raise it" in bar
            assert "x skip" not in bar
            assert "limit reached in iteration 1" in hand.bar("Header")
            await type_number(hand, "7")
            await hand.until(lambda: "The limit is 7 once a says so." in hand.bar("GateBar"))
            assert "a run on" in hand.bar("GateBar")
            await hand.press("a")
            await hand.until(lambda: hand.app.session.phase == "finished")
            assert not all_of(hand, ev.LimitHit)
            await hand.until(lambda: "it 3/7" in hand.bar("Header"))
            assert "LIMITS   7 iterations" in hand.screen()


async def test_a_limit_of_sub_calls_says_what_becomes_of_the_rest(tmp_path: Path) -> None:
    root = [block("print(llm_query_batched(['a'] * 3))"), "FINAL(done)"]
    with live(tmp_path, root, sub=YES, limits=Limits(subcalls=1)) as driver:
        driver.send(cmd.Start("What?"))
        async with on_screen(driver.session) as hand:
            await hand.held("at_limit")
            assert "a goes on without. The calls over it become error texts" in hand.bar("GateBar")
            assert "a go on without" in hand.bar("GateBar")
            assert "PROMPT   ‖ waits for you" in hand.screen()


def test_in_lines_the_number_is_told_and_edited(tmp_path: Path) -> None:
    spec = script(tmp_path, [BATCH, block("2"), "FINAL(done)"], YES)
    words = ("open", str(sample("staff")), "-q", "Who?", "-m", spec, "--plain", "--max-iterations", "1")
    done = piped(tmp_path, "run\nedit few\nanswer none\nedit 5\nrun\nedit 9\nrun\n", *words)
    said = done.stdout
    assert "A batch of 30 sub-calls, ≈30 tokens to send: a asks all, i fewer, x none." in said
    assert "note: few is no number of sub-calls, as 1200 or 1.2k is; it stays 30." in said
    assert "note: There is no answer to give here; edit what is held instead." in said
    assert "The limit of 1 iteration was reached: i raises it, a answers now." in said
    assert "You raised the limit of iterations from 1 to 9." in said
    assert "ended: answered" in said
    assert done.returncode == 0


def test_in_lines_nothing_runs_without_the_edit_that_was_refused(tmp_path: Path) -> None:
    spec = script(tmp_path, [BATCH, "FINAL(done)"], YES)
    words = ("open", str(sample("staff")), "-q", "Who?", "-m", spec, "--plain", "--no-trace")
    for release in ("run", "go on", "step"):
        done = piped(tmp_path, f"run\nedit few\n{release}\n", *words)
        assert "note: few is no number of sub-calls, as 1200 or 1.2k is; it stays 30." in done.stdout
        assert "note: Nothing goes on without the edit that was refused" in done.stdout
        assert "sub-answer" not in done.stdout
        assert done.returncode == 2
    done = piped(tmp_path, "run\nrun 5\nedit 5 prompts\nrun\n", *words)
    assert "note: nothing can stand behind this; edit 5 changes what is held." in done.stdout
    assert "calls (– tok): 5 sub-calls" in done.stdout
    for typed in ("run\nedit few\nrun\nrun\n", "run\nedit few\nedit 5\nrun\n"):
        done = piped(tmp_path, typed, *words)
        assert "ended: answered" in done.stdout
        assert done.returncode == 0


async def test_the_conversation_and_the_repl_are_forgotten_after_a_question(tmp_path: Path) -> None:
    with live(tmp_path, [block("x = 1"), "FINAL(1)", "FINAL(2)"]) as driver:
        async with on_screen(driver.session) as hand:
            hand.app.perform("gate.reset")
            assert "There is nothing to forget" in hand.bar("GateBar")
            driver.send(cmd.Start("What?"))
            await hand.until(lambda: hand.app.session.phase == "finished")
            hand.app.perform("gate.reset")
            await hand.until(lambda: "Forget the conversation" in hand.screen())
            await hand.press("n")
            assert not all_of(hand, ev.Reset)
            hand.app.perform("gate.reset")
            await hand.until(lambda: "Forget the conversation" in hand.screen())
            await hand.press("y")
            await hand.until(lambda: bool(all_of(hand, ev.Reset)))


def test_in_lines_it_is_forgotten_after_yes(tmp_path: Path) -> None:
    words = ("open", str(sample("staff")), "-q", "Who is Xaver?", "-m", "offline", "--plain", "--no-trace")
    done = piped(tmp_path, "forget\nyes\nask And Ines?\n", *words)
    assert "the next question begins anew" in done.stdout
    assert done.stdout.index("begins anew") < done.stdout.index("question: And Ines?")
    assert done.stdout.count("ended: ") == 2
