"""Walking by hand: through the steps, through the tree, and following what happens."""

from __future__ import annotations

from pathlib import Path

from rlm_tui.session.replay import ReplaySession
from tests.driving import block, live
from tests.replaying import TRACE
from tests.states import batched, failed, finished, held, still
from tests.trajectories import RUNS
from tests.ui_kit import Hand, on_screen

SMALL = (80, 24)


async def test_the_keys_of_the_tree_move_the_selection_of_every_pane() -> None:
    async with on_screen(batched()) as hand:
        ui = hand.app.ui
        await hand.press("2", "h")
        while ui.selection != "1":
            await hand.press("h")
        await hand.press("h")
        assert "This is the root" in hand.bar("GateBar")
        await hand.press("l")
        first = ui.selection
        await hand.press("right_curly_bracket")
        second = ui.selection
        assert first != second
        await hand.press("left_curly_bracket")
        assert ui.selection == first
        assert hand.app.main.pane("calls").cursor_key == first
        await hand.press("left_curly_bracket")
        assert "nothing before this node" in hand.bar("GateBar")


async def test_steps_are_walked_in_a_replay_with_every_key() -> None:
    session = ReplaySession(TRACE)
    session.read_whole()
    async with on_screen(session) as hand:
        await hand.press("2")
        last = len(session.trajectory.steps)
        for back, forward in (
            ("comma", "full_stop"),
            ("left_square_bracket", "right_square_bracket"),
            ("left", "right"),
        ):
            await hand.press(back, back)
            assert session.view.step_number() == last - 2
            await hand.press(forward)
            assert session.view.step_number() == last - 1
            await hand.press("end")
            assert session.following
        await hand.press("home")
        assert session.view.step_number() == 1
        await hand.press("comma")
        assert "This is the first step" in hand.bar("GateBar")
        await hand.press("G")
        assert session.following
    session.close()


async def test_back_and_forward_are_one_verb_whose_halves_can_be_clicked() -> None:
    session = ReplaySession(TRACE, at=13)
    session.read_whole()
    async with on_screen(session) as hand:
        await hand.until(lambda: ", . back / forward" in hand.bar("GateBar"))
        before = session.view.step_number()
        x = hand.bar("GateBar").split("\n")[-1].index(", .")
        await hand.pilot.click("GateBar", offset=(x + 2, 1))
        await hand.until(lambda: session.view.step_number() == before + 1)
        await hand.pilot.click("GateBar", offset=(hand.bar("GateBar").split("\n")[-1].index(","), 1))
        await hand.until(lambda: session.view.step_number() == before)
    session.close()


async def test_a_hold_shows_the_eight_verbs_that_matter_at_every_size() -> None:
    async with on_screen(held(), SMALL) as hand:
        wanted = ["a run", "i edit", "t tell", "x skip", "r ask again", "c go on", "s step", ", back"]
        assert all(verb in hand.bar("GateBar") for verb in wanted)


async def test_follow_stays_at_a_node_and_follows_again(tmp_path: Path) -> None:
    with live(tmp_path, [block("x = 1"), block("y = 2"), "FINAL(3)"]) as driver:
        driver.start(step=True)
        async with on_screen(driver.session) as hand:
            await hand.held("before_code")
            await hand.press("F")
            assert hand.app.ui.pinned
            assert "stay at this node" in hand.bar("GateBar")
            await hand.press("F")
            assert not hand.app.ui.pinned


async def test_nothing_can_be_followed_before_anything_happened() -> None:
    async with on_screen(still(RUNS["clean"]().__class__(), "question")) as hand:
        await hand.press("F")
        assert "nothing to follow yet" in hand.bar("GateBar")


async def test_a_failure_is_told_whole_at_80_columns() -> None:
    async with on_screen(failed(), SMALL) as hand:
        said = " ".join(hand.bar("GateBar").split("\n")[:-1])
        assert "start it, or choose another model." in " ".join(said.split())
        header = hand.bar("Header")
        assert "✗ FAILED" in header
        assert "it 2/20" in header
        assert "NOT SANDBOXED" in header


async def test_remapped_keys_are_named_in_every_sentence() -> None:
    async with on_screen(held()) as hand:
        hand.app.remap({"walk.live": ("f3",), "look.find": ("f4",)})
        await hand.press("comma")
        await hand.press("x")
        assert "F3 goes to the newest moment" in hand.bar("GateBar")
        await hand.press("n")
        assert "F4 searches" in hand.bar("GateBar")


def rows_of(hand: Hand) -> list[str]:
    return hand.bar("GateBar").split("\n")


async def test_a_long_notice_gives_its_rows_back() -> None:
    async with on_screen(finished(), SMALL) as hand:
        hand.app.say("long words " * 20)
        assert len(rows_of(hand)) == 4
        hand.app.say("short")
        assert len(rows_of(hand)) == 2


async def test_the_slider_is_dragged() -> None:
    session = ReplaySession(TRACE)
    session.read_whole()
    async with on_screen(session) as hand:
        last = len(session.trajectory.steps)
        await hand.pilot.mouse_down("Slider", offset=(1, 0))
        await hand.until(lambda: session.view.step_number() == 1)
        for x in range(2, 118):
            await hand.pilot.hover("Slider", offset=(x, 0))
        await hand.until(lambda: session.view.step_number() == last)
        await hand.pilot.mouse_up("Slider", offset=(117, 0))
        await hand.pilot.hover("Slider", offset=(1, 0))
        assert session.view.step_number() == last
    session.close()


async def test_panes_that_shall_stay_stay_whatever_runs_until_the_newest_is_followed() -> None:
    async with on_screen(held()) as hand:
        for key in ("F", "a"):
            await hand.press(key)
        assert hand.app.ui.pinned
        await hand.press("F")
        assert not hand.app.ui.pinned
        await hand.press("z")
        await hand.until(lambda: "q back" in hand.bar("Footer") and "whole screen" in hand.bar("GateBar"))
        await hand.press("z")
        await hand.until(lambda: "q quit" in hand.bar("Footer"))
