"""The keys at the gate, on a real session with a scripted model."""

import re
import tempfile
from pathlib import Path

import pytest

from rlm_tui import events as ev
from rlm_tui.files import read_bytes
from rlm_tui.resources import sample
from rlm_tui.session import commands as cmd
from rlm_tui.trajectory import Hold
from rlm_tui.ui.widgets.prompt import PromptEditor
from tests.driving import Driver, block, live, script
from tests.functional.test_plain import piped
from tests.ui_kit import Hand, on_screen

ROOT = [block("x = 1"), block("y = 2"), "FINAL(3)"]


def all_of(hand: Hand, kind: type[ev.TraceEvent]) -> list[ev.TraceEvent]:
    """Every event of a kind that the screen has been told of."""
    return [hand.app.session.log.event(seq) for seq in hand.app.session.trajectory.counts.get(kind.__name__, [])]


def held(driver: Driver) -> Driver:
    """A session that will hold at every block."""
    driver.send(cmd.Start("What?", step=True))
    return driver


async def test_a_hold_is_named_and_offers_what_can_be_done(tmp_path: Path) -> None:
    with live(tmp_path, ROOT) as driver:
        async with on_screen(held(driver).session) as hand:
            await hand.held("before_code")
            assert "‖ HELD  code of iteration 1, not run yet" in hand.bar("Header")
            sentence, verbs = hand.bar("GateBar").split("\n")
            assert sentence.strip().startswith("The code waits. Nothing runs and nothing is spent")
            assert "a run" in verbs
            assert "i edit" in verbs
            assert "I inject" in verbs
            assert verbs.rstrip().endswith("KEYS")
            assert "document.txt" in hand.bar("QuestionBar")


async def test_a_key_right_after_the_hold_does_nothing(tmp_path: Path) -> None:
    with live(tmp_path, ROOT) as driver:
        async with on_screen(held(driver).session) as hand:
            await hand.held("before_code")
            await hand.pilot.press("a")
            assert "Too soon after the hold; press it again." in hand.bar("GateBar")
            assert not all_of(hand, ev.Released)
            await hand.press("a")
            await hand.held("after_code")
            assert len(all_of(hand, ev.Released)) == 1


async def test_typing_in_a_prompt_never_answers_the_hold(tmp_path: Path) -> None:
    with live(tmp_path, ROOT) as driver:
        async with on_screen(held(driver).session) as hand:
            await hand.held("before_code")
            await hand.press("t")
            assert "TYPING" in hand.bar("GateBar")
            await hand.type("axc")
            await hand.pilot.press("enter")
            await hand.until(lambda: bool(all_of(hand, ev.Told)))
            told = all_of(hand, ev.Told)[0]
            assert isinstance(told, ev.Told)
            assert told.text == "axc"
            assert not all_of(hand, ev.Released)
            assert "KEYS" in hand.bar("GateBar")


async def test_an_edit_is_kept_by_esc_and_runs_when_told_so(tmp_path: Path) -> None:
    with live(tmp_path, ROOT) as driver:
        async with on_screen(held(driver).session) as hand:
            await hand.held("before_code")
            await hand.press("i")
            assert "TYPING" in hand.bar("GateBar")
            await hand.type("z")
            await hand.pilot.press("escape")
            await hand.until(lambda: bool(all_of(hand, ev.Edited)))
            assert "KEYS" in hand.bar("GateBar")
            sentence, keys = hand.bar("GateBar").split("\n")
            assert "The code waits, edited by you; V puts the original back." in sentence
            await hand.press("V")
            await hand.until(lambda: len(all_of(hand, ev.Edited)) == 2)
            assert keys == hand.bar("GateBar").split("\n")[1], "the same keys in the same places"
            await hand.press("a")
            await hand.held("after_code")
            started = all_of(hand, ev.CodeStarted)[0]
            assert isinstance(started, ev.CodeStarted)
            assert started.code == "x = 1"


async def test_f10_runs_what_stands_in_the_editor(tmp_path: Path) -> None:
    with live(tmp_path, ROOT) as driver:
        async with on_screen(held(driver).session) as hand:
            await hand.held("before_code")
            await hand.press("i")
            await hand.type("y=")
            await hand.press("f10")
            await hand.held("after_code")
            started = all_of(hand, ev.CodeStarted)[0]
            assert isinstance(started, ev.CodeStarted)
            assert started.code == "y=x = 1"


async def test_a_block_of_ones_own_runs_in_the_same_repl(tmp_path: Path) -> None:
    with live(tmp_path, ROOT) as driver:
        async with on_screen(held(driver).session) as hand:
            await hand.held("before_code")
            await hand.press("I")
            await hand.type("mine = 5")
            await hand.pilot.press("enter")
            await hand.until(lambda: "mine" in hand.app.session.trajectory.variables.get("", {}))
            started = all_of(hand, ev.CodeStarted)[0]
            assert isinstance(started, ev.CodeStarted)
            assert started.by == "user"


async def test_behind_the_end_the_gate_keys_say_so_and_g_goes_there(tmp_path: Path) -> None:
    with live(tmp_path, ROOT) as driver:
        async with on_screen(held(driver).session) as hand:
            await hand.held("before_code")
            await hand.press("s")
            await hand.held("after_code")
            await hand.press("comma")
            await hand.until(lambda: not hand.app.session.following)
            assert "You look back; held now: output of iteration 1, unseen; G goes there." in hand.bar("GateBar")
            assert "a show it" not in hand.bar("GateBar")
            await hand.press("a")
            assert "G goes to the newest moment" in hand.bar("GateBar")
            assert len(all_of(hand, ev.Released)) == 1
            await hand.press("G")
            await hand.until(lambda: hand.app.session.following)


async def test_words_and_a_block_of_ones_own_go_out_while_one_looks_back(tmp_path: Path) -> None:
    with live(tmp_path, ROOT) as driver:
        async with on_screen(held(driver).session, (80, 24)) as hand:
            await hand.held("before_code")
            await hand.press("a")
            await hand.held("after_code")
            await hand.press("comma", "t")
            await hand.type("abc")
            assert "TYPING" in hand.bar("GateBar")
            await hand.pilot.press("enter")
            await hand.until(lambda: bool(all_of(hand, ev.Told)))
            await hand.press("I")
            await hand.type("print(x)")
            await hand.pilot.press("enter")
            await hand.until(lambda: "Your block printed: 1" in hand.bar("GateBar"))
            await hand.press("4")
            await hand.press("greater_than_sign")
            await hand.type("print(7)")
            await hand.pilot.press("enter")
            await hand.until(lambda: "Your block printed: 7" in hand.bar("GateBar"))
            assert not hand.app.session.following, "one still looks back"
            assert len(all_of(hand, ev.Released)) == 1


async def test_what_runs_can_be_stopped_while_one_looks_back(tmp_path: Path) -> None:
    with live(tmp_path, [block("x = 1"), block("while True: pass"), "FINAL_VAR(x)"]) as driver:
        driver.send(cmd.Start("What?"))
        async with on_screen(driver.session) as hand:
            await hand.until(lambda: len(all_of(hand, ev.CodeStarted)) == 2)
            await hand.press("comma")
            await hand.until(lambda: not hand.app.session.following)
            await hand.press("K")
            ended = "interrupted"
            await hand.until(lambda: ended in [getattr(e, "status", "") for e in all_of(hand, ev.CodeFinished)])


def test_in_lines_words_and_blocks_go_out_while_one_looks_back(tmp_path: Path) -> None:
    spec = script(tmp_path, ROOT)
    words = ("open", str(sample("staff")), "-q", "Who?", "-m", spec, "--step", "--plain")
    said = piped(tmp_path, "run\n,\nt be careful\nI print(x + 40)\n> print(x + 50)\nG\ngo on\n", *words).stdout
    assert "You look back; held now: output of iteration 1, unseen; G goes there." in said
    assert "told" in said
    assert "be careful" in said
    assert "41" in said
    assert "51" in said


async def test_esc_leaves_the_prompt_of_the_repl_for_the_pane_one_came_from(tmp_path: Path) -> None:
    with live(tmp_path, ROOT) as driver:
        async with on_screen(held(driver).session, (80, 24)) as hand:
            await hand.held("before_code")
            for pane, leave in (("step", "escape"), ("chat", "escape"), ("repl", "escape"), ("step", "click")):
                hand.app.main.enter(pane)
                await hand.press("greater_than_sign")
                assert hand.app.main.on_screen == ["repl"]
                if leave == "click":
                    hand.app.perform("app.back")
                else:
                    await hand.press("escape")
                await hand.until(lambda shown=pane: hand.app.main.on_screen == [shown])
                assert "KEYS" in hand.bar("GateBar")


async def test_go_on_leads_to_the_answer_and_q_quits(tmp_path: Path) -> None:
    with live(tmp_path, ROOT) as driver:
        async with on_screen(held(driver).session) as hand:
            await hand.held("before_code")
            await hand.press("f5")
            await hand.until(lambda: "ANSWERED" in hand.bar("Header"))
            assert "✓ ANSWERED  3" in hand.bar("Header")
            root = hand.app.session.view.root
            assert root is not None
            assert hand.app.ui.selection == root.id
            await hand.press("q")
            await hand.until(lambda: hand.app.return_value == 0)


async def test_quitting_a_run_asks_with_another_key(tmp_path: Path) -> None:
    with live(tmp_path, ROOT) as driver:
        async with on_screen(held(driver).session) as hand:
            await hand.held("before_code")
            await hand.press("q")
            assert hand.app.screen is not hand.app.main
            await hand.press("q")
            assert hand.app.screen is hand.app.main
            assert hand.app.return_value is None
            await hand.press("ctrl+q")
            await hand.press("y")
            await hand.until(lambda: hand.app.return_value == 0)


async def test_ctrl_c_without_anything_to_stop_says_how_to_quit(tmp_path: Path) -> None:
    with live(tmp_path, ROOT) as driver:
        async with on_screen(held(driver).session) as hand:
            await hand.held("before_code")
            await hand.press("ctrl+c")
            assert "Ctrl+Q quits" in hand.bar("GateBar")


async def test_ctrl_c_interrupts_a_running_block(tmp_path: Path) -> None:
    with live(tmp_path, [block("while True: pass"), "FINAL(1)"]) as driver:
        driver.send(cmd.Start("What?"))
        async with on_screen(driver.session) as hand:
            await hand.until(lambda: "block 1 runs" in hand.bar("Header"))
            await hand.press("ctrl+c")
            await hand.until(lambda: bool(all_of(hand, ev.CodeFinished)))
            finished = all_of(hand, ev.CodeFinished)[0]
            assert isinstance(finished, ev.CodeFinished)
            assert finished.status == "interrupted"


async def test_the_palette_runs_what_it_names(tmp_path: Path) -> None:
    with live(tmp_path, ROOT) as driver:
        async with on_screen(held(driver).session) as hand:
            await hand.held("before_code")
            await hand.press("colon")
            await hand.until(lambda: hand.app.screen is not hand.app.main)
            await hand.type("as it is")
            await hand.until(lambda: "Run what is held as it is" in hand.screen())
            await hand.pilot.press("enter")
            await hand.pilot.press("enter")
            await hand.held("after_code")
            assert hand.app.screen is hand.app.main


async def test_the_palette_finds_an_action_first_by_its_name(tmp_path: Path) -> None:
    with live(tmp_path, [{"text": "a text that takes its time", "delay_s": 600}]) as driver:
        async with on_screen(driver.start().session) as hand:
            await hand.until(lambda: "RUNNING" in hand.bar("Header"))
            await hand.press("colon")
            await hand.until(lambda: hand.app.screen is not hand.app.main)
            await hand.type("stop the run")
            await hand.until(lambda: "End the run; what was found so far is kept" in hand.screen())
            await hand.pilot.press("enter")
            await hand.pilot.press("enter")
            await hand.until(lambda: "Stop the run? What it found so far is kept." in hand.screen())


async def test_a_node_that_a_person_selects_stays_selected_until_they_walk(tmp_path: Path) -> None:
    with live(tmp_path, ROOT) as driver:
        async with on_screen(held(driver).session) as hand:
            await hand.held("before_code")
            held_at = hand.app.ui.selection
            await hand.press("1", "k")
            chosen = hand.app.ui.selection
            assert chosen != held_at
            hand.app.redraw()
            assert hand.app.ui.selection == chosen
            assert "Held elsewhere: code of iteration 1, not run yet; G goes there." in hand.bar("GateBar")
            await hand.press("G")
            assert hand.app.ui.selection == held_at
            await hand.press("a")
            await hand.held("after_code")
            assert hand.app.ui.selection == held_at


AT_THE_HELD = ["run", "edit", "skip", "retry", "go_on", "step", "into", "out", "turn", "original", "answer"]


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 60)], ids=str)
async def test_nothing_acts_on_what_is_held_while_another_node_is_shown(tmp_path: Path, size: tuple[int, int]) -> None:
    with live(tmp_path, ROOT) as driver:
        async with on_screen(held(driver).session, size) as hand:
            await hand.held("before_code")
            await hand.press("a")
            await hand.held("after_code")
            assert "r run again" in hand.bar("GateBar"), "no LM is asked for an output"
            await hand.press("i", "q", "escape")
            await hand.until(lambda: bool(all_of(hand, ev.Edited)))
            before = hand.app.session.trajectory.last
            await hand.press("1", "g")
            assert "a show it" not in hand.bar("GateBar")
            assert "G what is held" in hand.bar("GateBar")
            for name in AT_THE_HELD:
                hand.app.perform(f"gate.{name}")
                await hand.pilot.pause()
                assert "G goes to it: output of iteration 1." in hand.bar("GateBar") or name in ("retry", "answer")
            hand.app.perform("take.editor")
            await hand.press("o", "a")
            assert "G goes to it: output of iteration 1." in hand.bar("GateBar")
            assert hand.app.session.trajectory.last == before
            assert not hand.app.ui.editing
            await hand.press("G")
            assert "step" in hand.app.main.frame.on_screen
            assert "held before the model sees it" in hand.screen()
            await hand.press("t")
            assert "TYPING" in hand.bar("GateBar"), "words to the model need no hold in sight"


async def test_what_is_held_while_a_person_types_comes_up_once_they_have_done(tmp_path: Path) -> None:
    with live(tmp_path, ROOT) as driver:
        async with on_screen(held(driver).session, (80, 24)) as hand:
            await hand.held("before_code")
            await hand.press("3")
            await hand.press("t")
            assert hand.app.ui.typing
            driver.send(cmd.Run(1))
            await hand.held("after_code")
            assert hand.app.main.frame.on_screen == ["chat"]
            await hand.press("escape")
            await hand.until(lambda: hand.app.main.frame.on_screen == ["step"])


def test_in_lines_what_was_said_last_is_what_a_command_acts_on(tmp_path: Path) -> None:
    spec = script(tmp_path, ROOT)
    words = ("open", str(sample("staff")), "-q", "Who?", "-m", spec, "--step", "--plain")
    said = piped(tmp_path, "show 1\nrun\nwhere\nG\nrun\nrun\n", *words).stdout
    refusal = "note: What is held is not shown here; G goes to it: code of iteration 1."
    assert said.count(refusal) == 1
    assert "Held elsewhere: code of iteration 1, not run yet; G goes there." in said
    assert said.count("released: you let it run.") == 2


async def test_a_line_for_the_repl_is_a_block_of_ones_own(tmp_path: Path) -> None:
    with live(tmp_path, ROOT) as driver:
        async with on_screen(held(driver).session) as hand:
            await hand.held("before_code")
            await hand.press("greater_than_sign")
            assert "TYPING" in hand.bar("GateBar")
            await hand.type("mine = 7")
            await hand.pilot.press("enter")
            await hand.until(lambda: "mine" in hand.app.session.trajectory.variables.get("", {}))
            await hand.pilot.press("escape")
            await hand.until(lambda: "KEYS" in hand.bar("GateBar"))


async def test_a_search_is_walked_with_n(tmp_path: Path) -> None:
    with live(tmp_path, ROOT, text="one needle\ntwo\nthree needle\n") as driver:
        async with on_screen(held(driver).session) as hand:
            await hand.held("before_code")
            await hand.press("n")
            assert "Nothing is searched for now" in hand.bar("GateBar")
            await hand.press("slash")
            await hand.type("needle")
            await hand.pilot.press("enter")
            await hand.until(lambda: "KEYS" in hand.bar("GateBar"))
            await hand.press("n")
            assert "2 of 2" in hand.screen()


async def test_stopping_a_run_asks_first(tmp_path: Path) -> None:
    with live(tmp_path, ROOT) as driver:
        async with on_screen(held(driver).session) as hand:
            await hand.held("before_code")
            hand.app.perform("gate.stop")
            await hand.until(lambda: "What it found so far is kept" in hand.screen())
            await hand.press("y")
            await hand.until(lambda: "STOPPED" in hand.bar("Header"))


BATCH = [block("print(llm_query_batched(['one', 'two', 'three']))"), "FINAL(3)"]


async def several_held(hand: Hand, driver: Driver) -> list[Hold]:
    """Step into a batch of three sub-calls until all of them wait."""
    await hand.held("before_code")
    await hand.press("S")
    await hand.until(lambda: len(driver.holds()) == 3)
    return driver.holds()


async def test_of_several_that_wait_the_keys_mean_the_one_that_is_shown(tmp_path: Path) -> None:
    with live(tmp_path, BATCH, sub={"two": "2", "one": "1", "three": "3"}) as driver:
        async with on_screen(held(driver).session) as hand:
            holds = await several_held(hand, driver)
            assert "3 sub-calls of iteration 1, not sent yet" in hand.bar("Header")
            hand.app.look_at(holds[1].node, pinned=True)
            await hand.until(lambda: "two" in hand.screen())
            assert "The sub-call waits. 2 more beside it." in hand.bar("GateBar")
            assert "held, not sent yet · 2 of 3" in hand.screen()
            await hand.press("i")
            assert "sub-call 2 of 3 of iteration 1, not sent yet  Esc keeps the edit" in hand.screen()
            await hand.type("all ")
            await hand.press("escape")
            await hand.until(lambda: bool(all_of(hand, ev.Edited)))
            await hand.press("a")
            await hand.until(lambda: holds[1] not in driver.holds() and len(all_of(hand, ev.SubcallRequested)) == 1)
            assert [hold for hold in holds if hold in driver.holds()] == [holds[0], holds[2]]
            (asked,) = all_of(hand, ev.SubcallRequested)
            assert isinstance(asked, ev.SubcallRequested)
            assert hand.app.session.log.text(asked.prompt) == "all two"
            await hand.until(lambda: len(driver.holds()) == 3)
            answered = driver.holds()[-1]
            hand.app.look_at(answered.node, pinned=True)
            await hand.until(lambda: "sub-answer of iteration 1, not handed over yet" in hand.bar("Header"))
            assert "held before the code gets it · 2 of 3" in hand.screen()
            hand.app.look_at(holds[0].node, pinned=True)
            await hand.until(lambda: "2 sub-calls of iteration 1, not sent yet" in hand.bar("Header"))


async def test_one_of_several_that_is_skipped_stays_in_its_batch(tmp_path: Path) -> None:
    with live(tmp_path, BATCH, sub={"two": "2", "three": "3"}) as driver:
        async with on_screen(held(driver).session) as hand:
            holds = await several_held(hand, driver)
            hand.app.look_at(holds[0].node, pinned=True)
            await hand.until(lambda: "held, not sent yet · 1 of 3" in hand.screen())
            await hand.press("x")
            await hand.until(lambda: driver.holds() == holds[1:])
            hand.app.look_at(holds[1].node, pinned=True)
            await hand.until(lambda: "held, not sent yet · 2 of 3" in hand.screen())
            hand.app.look_at(holds[0].node, pinned=True)
            await hand.until(lambda: "skipped, never asked · 1 of 3" in hand.screen())
            assert "llm ×3" in hand.screen()
            assert "queued" not in hand.screen()


async def test_what_was_sent_beside_one_that_waits_is_not_said_to_stand_still(tmp_path: Path) -> None:
    slow = {"two": {"text": "2", "delay_s": 60}, "one": "1", "three": "3"}
    with live(tmp_path, BATCH, sub=slow) as driver:
        async with on_screen(held(driver).session) as hand:
            holds = await several_held(hand, driver)
            assert "Nothing runs and nothing is spent until you choose." in hand.bar("GateBar")
            driver.send(cmd.Run(holds[1].id))
            await hand.until(lambda: bool(all_of(hand, ev.SubcallRequested)))
            await hand.until(lambda: "What was sent beside it goes on." in hand.bar("GateBar"))
            assert "Nothing runs" not in hand.bar("GateBar")


async def test_an_edit_of_one_that_waits_stays_open_when_another_goes(tmp_path: Path) -> None:
    with live(tmp_path, BATCH, sub={"two": "2", "one": "1", "three": "3"}) as driver:
        async with on_screen(held(driver).session) as hand:
            holds = await several_held(hand, driver)
            hand.app.look_at(holds[1].node, pinned=True)
            await hand.press("i")
            await hand.type("xyz")
            driver.send(cmd.Skip(holds[0].id))
            await hand.until(lambda: len(driver.holds()) == 2)
            assert hand.app.ui.editing
            await hand.press("escape")
            await hand.until(lambda: bool(all_of(hand, ev.Edited)))
            assert [each.hold for each in all_of(hand, ev.Edited) if isinstance(each, ev.Edited)] == [holds[1].id]


async def test_a_hold_that_goes_away_closes_the_editor_and_what_was_written_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with live(tmp_path, ROOT) as driver:
        async with on_screen(held(driver).session) as hand:
            await hand.held("before_code")
            await hand.press("i")
            await hand.type("q")
            driver.send(cmd.Stop())
            await hand.until(lambda: "no longer held" in hand.bar("GateBar"))
            assert not hand.app.ui.editing
            assert not all_of(hand, ev.Edited)
            kept = re.search(r"your text is kept in (\S+)\.$", hand.app.ui.notice)
    assert kept is not None
    assert Path(kept[1]).parent.parent == tmp_path
    assert read_bytes(Path(kept[1])) == b"qx = 1"


async def test_an_editor_that_changed_nothing_leaves_no_file_when_its_hold_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with live(tmp_path, ROOT) as driver:
        async with on_screen(held(driver).session) as hand:
            await hand.held("before_code")
            await hand.press("i")
            monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
            driver.send(cmd.Stop())
            await hand.until(lambda: "nothing in it was changed" in hand.bar("GateBar"))


async def test_where_no_file_can_be_made_the_loss_of_an_edit_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with live(tmp_path, ROOT) as driver:
        async with on_screen(held(driver).session) as hand:
            await hand.held("before_code")
            await hand.press("i")
            await hand.type("q")
            monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
            driver.send(cmd.Stop())
            await hand.until(lambda: "the edit was not sent. No file can be made" in hand.app.ui.notice)


async def test_resizing_while_editing_keeps_text_and_focus(tmp_path: Path) -> None:
    with live(tmp_path, ROOT) as driver:
        async with on_screen(held(driver).session) as hand:
            await hand.held("before_code")
            await hand.press("i")
            await hand.pilot.press("tab")
            await hand.type("if")
            for size in ((80, 24), (200, 60), (30, 8), (120, 36)):
                await hand.pilot.resize_terminal(*size)
                await hand.pilot.pause()
            await hand.type("y")
            await hand.pilot.press("escape")
            await hand.until(lambda: bool(all_of(hand, ev.Edited)))
            edited = all_of(hand, ev.Edited)[0]
            assert isinstance(edited, ev.Edited)
            assert edited.after == "    ifyx = 1"


async def test_an_answer_never_goes_to_another_hold_than_the_one_it_was_written_for(tmp_path: Path) -> None:
    with live(tmp_path, ROOT) as driver:
        driver.send(cmd.Start("What?", step=True))
        async with on_screen(driver.session) as hand:
            await hand.held("before_code")
            await hand.press("a")
            await hand.held("after_code")
            await hand.press("S")
            await hand.held("before_request")
            await hand.press("w")
            await hand.type("mine")
            await hand.press("f11")
            await hand.held("after_response")
            await hand.until(lambda: "no longer held; your words are kept" in hand.bar("GateBar"))
            assert [e.how for e in all_of(hand, ev.Released) if isinstance(e, ev.Released)] == ["run", "step", "step"]
            await hand.press("w")
            assert "mine" in hand.screen(), "what was written is still there"


TOO_LATE = [
    ("gate.tell", cmd.Tell, cmd.Stop(), "finished"),
    ("gate.inject", cmd.Inject, cmd.Inject("while True: pass"), "held"),
    ("gate.ask", cmd.Start, cmd.Start("Another?", step=True), "held"),
]


@pytest.mark.parametrize(("action", "needs", "meanwhile", "phase"), TOO_LATE)
async def test_what_comes_too_late_goes_back_into_its_prompt(
    tmp_path: Path, action: str, needs: type[cmd.SessionCommand], meanwhile: cmd.SessionCommand, phase: str
) -> None:
    with live(tmp_path, ["FINAL(1)", "FINAL(2)"]) as driver:
        driver.send(cmd.Start("What?", step=True))
        async with on_screen(driver.session) as hand:
            await hand.held("before_final")
            if action == "gate.ask":
                driver.send(cmd.Resume())
                await hand.until(lambda: driver.session.phase == "finished")
            hand.app.perform(action)
            await hand.type("x=5")
            driver.send(meanwhile)
            await hand.until(lambda: driver.session.phase == phase and not driver.session.can(needs))
            await hand.pilot.press("enter")
            await hand.until(lambda: driver.session.can(needs).reason in hand.bar("GateBar"))
            assert hand.app.main.query_one("#prompt PromptEditor", PromptEditor).text == "x=5"
            assert hand.app.ui.typing


async def test_a_question_that_cannot_begin_goes_back_into_its_prompt(tmp_path: Path) -> None:
    with live(tmp_path, ["FINAL(1)"], model="", breaks=()) as driver:
        driver.start(model=script(tmp_path, ["FINAL(1)", "FINAL(2)"])).end()
        async with on_screen(driver.session) as hand:
            driver.session._hired()._chosen = f"scripted:{tmp_path / 'gone.json'}", ""
            await hand.press("A")
            await hand.type("And why?")
            await hand.pilot.press("enter")
            await hand.until(lambda: driver.session.failure is not None and hand.app.ui.asking == "ask")
            assert hand.app.main.query_one("#prompt PromptEditor", PromptEditor).text == "And why?"


LEFT = "What you told the model goes out with your next question."


async def test_another_question_leads_to_its_run_whatever_was_looked_at_before(tmp_path: Path) -> None:
    with live(tmp_path, ["FINAL(1)", "FINAL(2)"]) as driver:
        driver.send(cmd.Start("What?"))
        async with on_screen(driver.session) as hand:
            await hand.until(lambda: bool(all_of(hand, ev.RunFinished)))
            hand.app.look_at("1.1.lm1", pinned=True)
            await hand.press("A")
            await hand.type("Who")
            await hand.pilot.press("enter")
            await hand.until(lambda: len(all_of(hand, ev.RunFinished)) == 2)
            await hand.until(lambda: hand.app.ui.selection == driver.session.view.roots[-1].id)


async def test_words_that_the_run_ends_without_are_said_to_wait_for_the_next_question(tmp_path: Path) -> None:
    with live(tmp_path, ["FINAL(1)", "FINAL(2)"]) as driver:
        async with on_screen(held(driver).session) as hand:
            await hand.held("before_final")
            driver.send(cmd.Tell("look at page 3"))
            await hand.press("c")
            await hand.until(lambda: LEFT in hand.bar("GateBar"))
            driver.send(cmd.Start("Next?", step=False))
            await hand.until(lambda: len(all_of(hand, ev.RunFinished)) == 2)
            await hand.until(lambda: "The answer is there" in hand.bar("GateBar"))
            assert LEFT not in hand.bar("GateBar")


def test_in_lines_words_that_the_run_ends_without_are_said_to_wait(tmp_path: Path) -> None:
    spec = script(tmp_path, ["FINAL(1)", "FINAL(2)"])
    words = ("open", str(sample("staff")), "-q", "Who?", "-m", spec, "--step", "--plain")
    said = piped(tmp_path, "tell look at page 3\nrun\nask Next?\nrun\n", *words).stdout
    assert said.count(f"note: {LEFT}") == 1
    assert "by you: look at page 3" in said[said.index(LEFT) :]
