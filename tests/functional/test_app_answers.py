"""What a person writes, and where the screen goes by itself: answers, words, pastes, new holds."""

from pathlib import Path

from textual import events

from rlm_tui import events as ev
from rlm_tui.session import commands as cmd
from rlm_tui.session.replay import ReplaySession
from rlm_tui.ui.widgets.prompt import PromptEditor
from tests.driving import block, live
from tests.functional.test_app_gate import all_of
from tests.replaying import TRACE
from tests.ui_kit import Hand, on_screen

ROOT = [block("x = 1"), block("y = 2"), "FINAL(3)"]
SMALL = (80, 24)


def verbs(hand: Hand) -> str:
    return hand.bar("GateBar").split("\n")[1]


async def test_a_person_in_place_of_the_lm_writes_several_lines_and_sends_them(tmp_path: Path) -> None:
    with live(tmp_path, [], model="human") as driver:
        driver.send(cmd.Start("What?"))
        async with on_screen(driver.session, SMALL) as hand:
            await hand.held("before_request")
            assert "You are the model: press w and write its answer." in hand.bar("GateBar")
            assert verbs(hand).startswith(" w ")
            assert not {"a", "s", "S", "c", "i", "V"} & set(verbs(hand).split())
            await hand.press("w")
            assert "F5 send  Esc leave" in verbs(hand)
            said = "You write the answer yourself: F5 sends it, Esc leaves and keeps your words."
            assert said in hand.bar("GateBar")
            await hand.type("one")
            await hand.pilot.press("enter")
            hand.app.post_message(events.Paste("two\r\nthree\rfour"))
            editor = hand.app.main.query_one("#prompt PromptEditor", PromptEditor)
            await hand.until(lambda: editor.text == "one\ntwo\nthree\nfour")
            await hand.pilot.press("escape")
            assert not all_of(hand, ev.LmResponded)
            await hand.press("w")
            assert editor.text == "one\ntwo\nthree\nfour"
            await hand.press("f5")
            await hand.until(lambda: bool(all_of(hand, ev.LmResponded)))
            answer = all_of(hand, ev.LmResponded)[0]
            assert isinstance(answer, ev.LmResponded)
            assert answer.text == "one\ntwo\nthree\nfour"


async def test_words_for_the_model_are_seen_to_wait(tmp_path: Path) -> None:
    with live(tmp_path, ROOT) as driver:
        driver.send(cmd.Start("What?", step=True))
        async with on_screen(driver.session) as hand:
            await hand.held("before_code")
            await hand.press("t")
            assert "Enter send" in verbs(hand)
            await hand.type("hello")
            await hand.pilot.press("enter")
            await hand.until(lambda: "✎ TOLD   by you: hello" in hand.screen())
            assert "It will go out with the model's next message." in hand.bar("GateBar")
            await hand.press("3")
            await hand.until(lambda: "queued for its next message" in hand.screen())


async def test_a_new_hold_brings_up_what_is_held(tmp_path: Path) -> None:
    with live(tmp_path, ROOT) as driver:
        driver.send(cmd.Start("What?", step=True))
        async with on_screen(driver.session, SMALL) as hand:
            await hand.held("before_code")
            await hand.press("6", "a")
            await hand.held("after_code")
            await hand.until(lambda: hand.app.ui.pane == "step")
            await hand.press("a")
            await hand.held("before_code")
            await hand.until(lambda: "‖ held, not run yet" in hand.screen() and "y = 2" in hand.screen())


async def test_in_a_replay_the_bars_come_back_and_keys_say_why_not() -> None:
    session = ReplaySession(TRACE)
    session.read_whole()
    async with on_screen(session, SMALL) as hand:
        await hand.press("home")
        await hand.press("greater_than_sign")
        assert "recorded run" in hand.bar("GateBar")
        whole = hand.bar("Footer")
        await hand.press("question_mark")
        await hand.until(lambda: hand.app.screen is not hand.app.main)
        assert "at the gate" not in hand.screen()
        await hand.press("escape")
        await hand.until(lambda: hand.app.screen is hand.app.main)
        await hand.until(lambda: hand.bar("Footer") == whole)
        assert "forward" in hand.bar("GateBar")
        await hand.press("G", "full_stop")
        assert "This is the newest moment." in hand.bar("GateBar")
        await hand.press("comma")
        await hand.until(lambda: "This is the newest moment." not in hand.bar("GateBar"))
    session.close()


async def test_after_the_answer_only_the_prompt_runs_a_block(tmp_path: Path) -> None:
    with live(tmp_path, ROOT) as driver:
        driver.send(cmd.Start("What?"))
        async with on_screen(driver.session) as hand:
            await hand.until(lambda: "ANSWERED" in hand.bar("Header"))
            assert "inject" not in verbs(hand)
            await hand.press("I")
            assert "opens the prompt of the REPL" in hand.bar("GateBar")
            await hand.press("greater_than_sign")
            assert "Enter runs" in hand.screen()
