"""The screen at its sizes, in replay, at the start, and under hands that resize, search for help and quit."""

from pathlib import Path

import pytest
from rich.cells import cell_len
from textual.command import CommandPalette

from rlm_tui import events as ev
from rlm_tui.session.base import Capability
from rlm_tui.session.commands import Run
from rlm_tui.session.replay import ReplaySession
from rlm_tui.session.setup import Setup
from rlm_tui.ui.app import RlmTuiApp
from rlm_tui.ui.opening import First
from rlm_tui.ui.screens.start import StartScreen
from rlm_tui.ui.theme import DARK, LIGHT
from rlm_tui.ui.widgets.bar import Bar
from tests.driving import block, live
from tests.states import held, running, still
from tests.trajectories import peeked
from tests.ui_kit import Clock, Hand, on_screen

SIZES = [(80, 24), (120, 36), (200, 60)]


def shown_pane(hand: Hand) -> str:
    """The pane that has the focus."""
    return hand.app.ui.pane


@pytest.mark.parametrize("size", SIZES)
async def test_every_row_keeps_the_width(recorded: ReplaySession, size: tuple[int, int]) -> None:
    async with on_screen(recorded, size) as hand:
        rows = hand.screen().split("\n")
        assert [cell_len(row) for row in rows] == [size[0]] * size[1]
        assert "REPLAY" in rows[0]
        assert "KEYS" in rows[-2]
        assert "? help" in rows[-1]


@pytest.mark.parametrize(
    ("size", "panes"),
    [
        ((80, 24), ["step"]),
        ((120, 36), ["calls", "step", "vars"]),
        ((200, 60), ["calls", "step", "chat", "context", "vars"]),
    ],
)
async def test_the_panes_of_each_size(recorded: ReplaySession, size: tuple[int, int], panes: list[str]) -> None:
    async with on_screen(recorded, size) as hand:
        assert hand.app.main.frame.on_screen == panes


async def test_resizing_keeps_pane_and_selection(recorded: ReplaySession) -> None:
    async with on_screen(recorded, (120, 36)) as hand:
        await hand.press("4")
        hand.app.look_at("1.1" if recorded.view.node("1.1") else recorded.view.roots[0].id, pinned=True)
        selection = hand.app.ui.selection
        for size in ((80, 24), (200, 60), (40, 10), (120, 36)):
            await hand.pilot.resize_terminal(*size)
            await hand.pilot.pause()
            assert shown_pane(hand) == "repl"
            assert hand.app.ui.selection == selection
        assert "repl" in hand.app.main.frame.on_screen


async def test_a_screen_that_is_too_small_says_what_it_needs(recorded: ReplaySession) -> None:
    async with on_screen(recorded, (50, 12)) as hand:
        assert "rlm-tui needs 60x16; this is 50x12." in hand.screen()
        await hand.pilot.resize_terminal(80, 24)
        await hand.until(lambda: "REPLAY" in hand.screen())


async def test_no_key_acts_on_what_a_small_terminal_cannot_show_but_the_way_out() -> None:
    session = held()
    async with on_screen(session) as hand:
        await hand.pilot.resize_terminal(50, 12)
        await hand.until(lambda: "no key acts but Ctrl+Q, which quits." in " ".join(hand.screen().split()))
        await hand.press("a", "c", "i")
        assert session.sent == []
        assert not hand.app.ui.editing
        await hand.press("ctrl+q")
        await hand.until(lambda: hand.app.screen is not hand.app.main)
        await hand.press("escape")
        await hand.pilot.resize_terminal(120, 36)
        await hand.until(lambda: "HELD" in hand.screen())
        await hand.press("a")
        assert [type(command) for command in session.sent] == [Run]


async def test_the_editor_stands_right_below_what_is_above_it_after_every_resize() -> None:
    run = peeked()
    two = run.iteration(2)
    run.ask(two, f"{'I look at every page of it. ' * 12}\n```repl\nprint(1)\n```", prior=2)
    run.hold(run.open(f"{two}.code1", "code", two, title="print(1)"), "before_code", "print(1)")
    async with on_screen(still(run, "held"), (200, 60)) as hand:
        await hand.press("i")
        await hand.until(lambda: hand.app.ui.editing)
        step = hand.app.main.pane("step")
        for size, rows in (((120, 60), 7), ((100, 60), 9), ((200, 60), 8)):
            await hand.pilot.resize_terminal(*size)
            await hand.until(lambda rows=rows: len(step.lines.rows) == rows)
            await hand.press()
            assert step.lines.size.height == rows
            assert step.lines.top == 0


async def test_numbers_and_tab_go_through_the_panes(recorded: ReplaySession) -> None:
    async with on_screen(recorded, (80, 24)) as hand:
        for key, pane in zip("123456", ("calls", "step", "chat", "repl", "context", "vars"), strict=True):
            await hand.press(key)
            assert shown_pane(hand) == pane
            assert hand.app.main.frame.on_screen == [pane]
            drawn = [name for name, widget in hand.app.main.frame.panes.items() if widget.region]
            assert drawn == [pane]
        await hand.press("tab")
        assert shown_pane(hand) == "calls"
        await hand.press("shift+tab")
        assert shown_pane(hand) == "vars"


async def test_zoom_gives_a_pane_everything_and_esc_takes_it_back(recorded: ReplaySession) -> None:
    async with on_screen(recorded) as hand:
        await hand.press("z")
        assert hand.app.main.frame.on_screen == ["step"]
        await hand.press("escape")
        assert hand.app.main.frame.on_screen == ["calls", "step", "vars"]
        await hand.press("z", "q")
        assert hand.app.main.frame.on_screen == ["calls", "step", "vars"]
        assert hand.app.return_value is None


async def test_a_recorded_run_is_walked_through(recorded: ReplaySession) -> None:
    total = len(recorded.trajectory.steps)
    async with on_screen(recorded) as hand:
        assert f"step {total} of {total} · recorded" in hand.bar("Slider")
        for number in range(total - 1, 0, -1):
            await hand.press("comma")
            await hand.until(lambda n=number: f"step {n} of {total}" in hand.bar("Slider"))
            step = recorded.trajectory.steps[number - 1]
            assert recorded.view.seq == step.seq
        await hand.press("comma")
        assert "This is the first step." in hand.bar("GateBar")
        for number in range(2, total + 1):
            await hand.press("full_stop")
            await hand.until(lambda n=number: f"step {n} of {total}" in hand.bar("Slider"))
        assert recorded.following
        await hand.press("home")
        await hand.until(lambda: f"step 1 of {total}" in hand.bar("Slider"))
        await hand.press("end")
        await hand.until(lambda: recorded.following)


async def test_the_slider_is_clicked(recorded: ReplaySession) -> None:
    async with on_screen(recorded) as hand:
        await hand.pilot.click("Slider", offset=(1, 0))
        await hand.until(lambda: recorded.view.seq == recorded.trajectory.steps[0].seq)


async def test_a_verb_is_clicked(recorded: ReplaySession) -> None:
    async with on_screen(recorded) as hand:
        await hand.pilot.click("GateBar", offset=(2, 1))
        await hand.until(lambda: not recorded.following)


async def test_help_lists_what_can_be_done_now_and_nothing_else(recorded: ReplaySession) -> None:
    async with on_screen(recorded) as hand:
        await hand.press("question_mark")
        assert "Keys that act now" in hand.screen()
        assert "The step before" in hand.screen()
        assert "Run what is held" not in hand.screen()
        await hand.press("G")
        assert "The iteration, of as many as there may be" in hand.screen()
        await hand.press("escape")
        assert hand.app.screen is hand.app.main


async def test_the_palette_has_every_action_with_why_it_cannot_be_done(recorded: ReplaySession) -> None:
    async with on_screen(recorded) as hand:
        await hand.press("colon")
        await hand.until(lambda: hand.app.screen is not hand.app.main)
        await hand.type("held")
        await hand.until(lambda: "Run what is held as it is" in hand.screen())
        assert "not now: This is a recorded run" in hand.screen()
        await hand.pilot.press("escape")
        await hand.until(lambda: hand.app.screen is hand.app.main)


async def test_a_reason_in_the_palette_is_never_markup(
    recorded: ReplaySession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorded, "can", lambda *_: Capability(False, "[bold]no[/] \x1b[2J"))
    async with on_screen(recorded) as hand:
        await hand.press("colon")
        await hand.type("held")
        await hand.until(lambda: "not now: [bold]no[/] ␛[2J" in hand.screen())


SHOWN: list[First] = [First("start", "What?", Setup()), First("runs"), First("summary"), First("panes")]


@pytest.mark.parametrize("first", SHOWN, ids=lambda first: first.shown)
async def test_the_last_row_says_the_keys_of_the_palette_over_every_screen(
    recorded: ReplaySession, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, first: First
) -> None:
    monkeypatch.setenv("RLM_TUI_HOME", str(tmp_path))
    async with on_screen(recorded, first=first) as hand:
        await hand.until(lambda: hand.app.focused is not None)
        below = hand.app.screen

        def says(*words: str) -> bool:
            said = "".join("".join(bar.rows) for bar in below.query(Bar))
            return [word for word in ("KEYS ", "TYPING ", "all commands") if word in said] == list(words)

        has_footer = first.shown != "runs"
        await hand.until(lambda: says("KEYS ", *["all commands"] * has_footer))
        await hand.press("colon")
        await hand.until(lambda: isinstance(hand.app.screen, CommandPalette))
        await hand.until(says)
        await hand.until(lambda: hand.screen().split("\n")[-1].split() == [*CHOOSE, "TYPING"])
        await hand.pilot.press("escape")
        await hand.until(lambda: says("KEYS ", *["all commands"] * has_footer))


CHOOSE = ["↑↓", "choose", "Enter", "do", "it", "Esc", "close"]
LAST_ROWS = [
    ("question_mark", "↑↓ move Esc close KEYS"),
    ("y", "↑↓ choose Enter copy Esc close KEYS"),
    ("b", "Enter keep Esc leave TYPING"),
    ("b escape", "Enter new Esc back KEYS"),
    ("b tilde e r r o r enter", "Space on / off Enter edit n new d drop Esc back KEYS"),
    ("q", "y quit n stay KEYS"),
    ("f", "Ctrl+P all commands"),
    ("t", "Ctrl+P all commands"),
]


@pytest.mark.parametrize(("keys", "last"), LAST_ROWS, ids=[keys.replace(" ", "-") for keys, _ in LAST_ROWS])
@pytest.mark.parametrize("size", [(80, 24), (120, 36)], ids=["80x24", "120x36"])
async def test_the_last_row_says_where_keys_go_whatever_stands_over_the_run(
    tmp_path: Path, keys: str, last: str, size: tuple[int, int]
) -> None:
    with live(tmp_path, ["```repl\nprint(1)\n```"]) as driver:
        async with on_screen(driver.start(step=True).session, size) as hand:
            await hand.held("before_code")
            for key in keys.split():
                await hand.press(key)
            await hand.until(lambda: " ".join(hand.screen().split("\n")[-1].split()) == last)
            await hand.until(lambda: hand.bar("GateBar").rstrip().endswith(("TYPING", "KEYS")) == (keys in "ft"))


async def test_an_app_that_has_ended_takes_in_nothing_more() -> None:
    async with on_screen(running()) as hand:
        hand.app.say("Hit 1 of 2")
    assert not hand.app.screen_stack
    hand.app.tick()
    hand.app.redraw()
    hand.app.say("Hit 2 of 2")


async def test_dark_and_light_are_one_command_apart(recorded: ReplaySession) -> None:
    async with on_screen(recorded) as hand:
        assert hand.app.theme == DARK
        hand.app.perform("app.theme")
        assert hand.app.theme == LIGHT


async def test_a_remapped_key_acts_and_the_old_one_does_not(recorded: ReplaySession) -> None:
    async with on_screen(recorded) as hand:
        hand.app.remap({"walk.back": ("b",)})
        await hand.press("comma")
        assert recorded.following
        await hand.press("b")
        await hand.until(lambda: not recorded.following)


async def test_the_start_screen_takes_no_model_by_itself(tmp_path: Path) -> None:
    with live(tmp_path, ["FINAL(1)"], model="") as driver:
        async with on_screen(driver.session, first=First("start")) as hand:
            await hand.until(lambda: isinstance(hand.app.screen, StartScreen))
            assert "keyword search demo, no LLM" in hand.screen()
            assert "●" not in hand.screen()
            await hand.type("who?")
            assert "no model is chosen" in hand.screen()
            await hand.press("f5")
            assert "It cannot start yet: no model is chosen." in hand.screen()
            await hand.pilot.press("enter")
            await hand.pilot.press("enter")
            await hand.until(lambda: "● offline" in hand.screen())
            await hand.pilot.press("enter")
            await hand.until(lambda: "ANSWERED" in hand.bar("Header") or "NO ANSWER" in hand.bar("Header"))
            started = driver.session.view.started
            assert started is not None
            assert (driver.session.log.text(started.query), started.model) == ("who?", "offline")


async def test_a_model_that_cannot_be_meant_is_said_in_one_sentence(tmp_path: Path) -> None:
    with live(tmp_path, ["FINAL(1)"], model="") as driver:
        async with on_screen(driver.session, first=First("start", "Who?", Setup())) as hand:
            await hand.until(lambda: isinstance(hand.app.screen, StartScreen))
            await hand.pilot.press("down", "enter")
            await hand.type("opnai/x")
            await hand.pilot.press("enter")
            await hand.until(lambda: "did you mean openai/x?" in hand.screen())
            await hand.press("escape", "escape")
            await hand.until(lambda: hand.app.screen is hand.app.main)
            assert "YOUR QUESTION" in hand.bar("Header")
            assert driver.session.view.started is None


async def test_the_next_question_continues_the_conversation(tmp_path: Path) -> None:
    with live(tmp_path, ["FINAL(1)", "FINAL(2)"]) as driver:
        driver.start()
        async with on_screen(driver.session) as hand:
            await hand.until(lambda: "ANSWERED  1" in hand.bar("Header"))
            await hand.press("A")
            await hand.type("next?")
            await hand.pilot.press("enter")
            await hand.until(lambda: len(driver.session.trajectory.finished) == 2)
            await hand.until(lambda: "ANSWERED  2" in hand.bar("Header"))
            assert "next?" in hand.bar("QuestionBar")


async def test_hostile_text_reaches_no_bar_as_an_escape_or_as_markup(tmp_path: Path) -> None:
    hostile = "[bold]x[/] \x1b]0;owned\x07 \u202e end"
    with live(tmp_path, [block(f"print({hostile!r})"), f"FINAL({hostile})"]) as driver:
        driver.start(hostile)
        async with on_screen(driver.session) as hand:
            await hand.until(lambda: "ANSWERED" in hand.bar("Header"))
            hand.app.say(hostile)
            await hand.pilot.pause()
            drawn = hand.screen()
            assert "[bold]x[/]" in drawn
            assert not any(char in drawn for char in "\x1b\x07\u202e")


async def test_a_failed_run_says_what_went_wrong(tmp_path: Path) -> None:
    with live(tmp_path, [], is_attended=False) as driver:
        driver.start()
        async with on_screen(driver.session) as hand:
            await hand.until(lambda: "FAILED" in hand.bar("Header"))
            finished = driver.session.trajectory.now().finished
            assert isinstance(finished, ev.RunFinished)
            assert finished.detail[:40] in hand.bar("GateBar")


async def test_a_request_that_failed_can_be_answered_from_the_screen(tmp_path: Path) -> None:
    with live(tmp_path, [{"error": {"status": 401}}, "FINAL(42)"]) as driver:
        driver.start()
        async with on_screen(driver.session) as hand:
            await hand.held("before_request")
            assert "HTTP 401" in hand.bar("GateBar")
            assert "a ask again" in hand.bar("GateBar")
            await hand.press("r")
            await hand.until(lambda: "ANSWERED" in hand.bar("Header"))


async def test_what_is_told_in_a_corner_leaves_the_bars_readable(recorded: ReplaySession) -> None:
    app = RlmTuiApp(recorded)
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        hand = Hand(app, pilot, Clock())
        app.notify("one line")
        await hand.until(lambda: app.main.is_ready and "one line" in hand.screen())
        told = app.screen.query_one("Toast").region
        assert told.bottom <= app.main.query_one("GateBar").region.y


async def test_what_is_told_in_a_corner_is_told_whole_in_a_narrow_window(recorded: ReplaySession) -> None:
    """Texts that take a row more where a bar takes a column from them."""
    said = "The theme /tmp/a/themes/{}.toml is passed over: "
    broken = f"{said.format('a-broken-one')}it cannot be read (invalid value (at end of document))."
    app = RlmTuiApp(recorded)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        hand = Hand(app, pilot, Clock())
        for end in range(12):
            app.clear_notifications()
            app.notify(broken)
            app.notify(f"{said.format('x' * end)}accent is red.")
            await hand.until(lambda: app.main.is_ready and "accent is red." in " ".join(hand.screen().split()))


@pytest.mark.parametrize("size", [(24, 1), (1, 1)])
async def test_the_palette_lives_through_a_window_of_no_size(recorded: ReplaySession, size: tuple[int, int]) -> None:
    async with on_screen(recorded) as hand:
        await hand.press("colon")
        await hand.type("held")
        await hand.until(lambda: "Run what is held as it is" in hand.screen())
        shown = hand.screen()
        await hand.pilot.resize_terminal(*size)
        await hand.press("pagedown", "pageup")
        await hand.pilot.resize_terminal(120, 36)
        await hand.until(lambda: hand.screen() == shown)
