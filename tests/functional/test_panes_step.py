"""Step, Chat, REPL and Vars on a screen."""

from __future__ import annotations

from rlm_tui import events as ev
from rlm_tui.session import commands as cmd
from rlm_tui.session.base import Capability
from rlm_tui.ui.widgets.calls import NodeSelected
from rlm_tui.ui.widgets.chat import ChatPane
from rlm_tui.ui.widgets.editor import CodeEditor
from rlm_tui.ui.widgets.lines_view import LinesView
from rlm_tui.ui.widgets.repl import ReplPane
from rlm_tui.ui.widgets.step import StepPane
from rlm_tui.ui.widgets.vars import VarsPane
from tests.functional.panes_kit import desk
from tests.trajectories import StillSession, batched, clean, edited, held, peeked


async def test_the_step_shows_the_selection_from_its_top() -> None:
    async with desk(StepPane(), StillSession(clean())) as at:
        await at.show("1.1")
        assert at.screen().startswith("SAYS     I will look")
        assert "OUTPUT" in at.screen()
        await at.show("1.2")
        assert at.screen().startswith("SAYS     Search.")


async def test_a_hold_comes_into_sight_below_a_long_text() -> None:
    run = peeked()
    two = run.iteration(2)
    run.ask(two, "\n".join(f"Thought {n}." for n in range(58)), prior=2)
    run.parsed(two, "print(1)")
    session = StillSession(run)
    async with desk(StepPane(), session, (80, 20)) as at:
        await at.show("1.2")
        assert "Thought 0." in at.screen()
        code = run.open("1.2.code1", "code", two)
        run.hold(code, "before_code", "print(1)")
        await at.show(code)
        assert "‖ held, not run yet" in at.screen()
        assert "print(1)" in at.screen()


async def test_the_editor_opens_on_what_is_held_and_gives_back_what_was_typed() -> None:
    async with desk(StepPane(), StillSession(held())) as at:
        at.pane.begin_edit("print(1)\n\x1b[31m", "code of iteration 3")
        await at.pilot.pause()
        assert at.pane.is_editing
        screen = at.screen()
        assert "code of iteration 3" in screen
        assert "SAYS" in screen
        assert "chunks = [" not in screen
        assert "\x1b" not in screen
        await at.press("x", "escape")
        assert at.texts(CodeEditor.Edited, "text") == ["xprint(1)\n\x1b[31m"]
        assert at.pane.end_edit() == "xprint(1)\n\x1b[31m"
        await at.pilot.pause()
        assert "chunks = [" in at.screen()
        assert at.pane.lines.has_focus


async def test_folds_open_with_enter_and_rows_lead_to_nodes() -> None:
    async with desk(StepPane(), StillSession(edited())) as at:
        assert "i+20000" not in at.screen()
        fold = next(index for index, row in enumerate(at.pane.lines.rows) if "what the model wrote" in row.text)
        at.pane.lines.move_cursor(fold)
        await at.press("enter")
        assert "i+20000" in at.screen()
        await at.show("1.2.code1#b1")
        await at.press("enter", "j", "enter")
        assert at.texts(NodeSelected, "node_id") == ["1.2.code1.sub1", "1.2.code1.sub2"]


async def test_nothing_is_drawn_again_when_nothing_changed() -> None:
    async with desk(StepPane(), StillSession(clean())) as at:
        await at.show("1.1")
        rows = at.pane.lines.rows
        await at.show("1.1")
        assert at.pane.lines.rows is rows


async def test_the_chat_goes_to_the_exchange_of_the_selection() -> None:
    run = peeked()
    for number in range(2, 8):
        node = run.iteration(number)
        out = "\n".join(f"output {number}.{n}" for n in range(12))
        run.ask(node, f"Turn {number}.", prior=2 * number - 2, new=(("assistant", "x"), ("user", out)))
    async with desk(ChatPane(), StillSession(run), (70, 20)) as at:
        assert "Turn 7." in at.screen() or at.pane.top == 0
        await at.show("1.4")
        assert "output 4.0" in at.screen()
        await at.show("1.1.lm1")
        assert "○ system" in at.screen()


async def test_the_prompt_of_the_repl_hands_over_a_block_and_remembers_it() -> None:
    async with desk(ReplPane(), StillSession(batched())) as at:
        at.pane.focus_prompt()
        await at.press("x", "equals_sign", "1", "enter")
        await at.press("y", "enter")
        assert at.texts(ReplPane.Submitted, "code") == ["x=1", "y"]
        await at.press("up", "up")
        assert at.pane.prompt.text == "x=1"
        await at.press("down")
        assert at.pane.prompt.text == "y"
        await at.press("down")
        assert at.pane.prompt.text == ""
        await at.press("z", "escape")
        assert at.pane.lines.has_focus
        assert at.pane.prompt.text == "z"
        assert at.texts(CodeEditor.Edited, "text") == []


async def test_where_no_block_can_run_the_prompt_says_why() -> None:
    session = StillSession(batched())
    session.reasons[cmd.Inject] = Capability(False, "This is a recorded run.")
    async with desk(ReplPane(), session) as at:
        assert "> This is a recorded run." in at.screen()
        at.pane.focus_prompt()
        await at.pilot.pause()
        assert at.pane.lines.has_focus
        session.reasons.clear()
        await at.show()
        assert "This is a recorded run." not in at.screen()


async def test_output_that_runs_is_seen_in_the_repl() -> None:
    run = peeked()
    session = StillSession(run, phase="running")
    async with desk(ReplPane(), session) as at:
        code = run.begin_block(run.iteration(2), "work()", 2)
        session.live.parts[code, "stdout"] = "half way"
        await at.show()
        assert "● running" in at.screen()
        assert "half way" in at.screen()
        session.live.parts.clear()
        run.emit(ev.CodeFinished(node=code, status="ok", stdout="all done", shown=8))
        await at.show()
        assert "half way" not in at.screen()
        assert "all done" in at.screen()


async def test_a_variable_opens_in_full() -> None:
    async with desk(VarsPane(), StillSession(clean())) as at:
        assert "+ hits" in at.screen()
        assert at.pane.pane_note == "1 changed"
        await at.press("j", "enter")
        assert "    [0, 1000, 2000]" in at.screen()
        await at.press("enter")
        assert "    [0, 1000, 2000]" not in at.screen()


async def test_tab_completes_a_name_as_far_as_it_is_certain() -> None:
    async with desk(ReplPane(), StillSession(batched())) as at:
        at.pane.focus_prompt()
        await at.press(*"answ", "tab", "tab")
        assert at.pane.prompt.text == "answer"
        at.pane.prompt.load("")
        await at.press(*"zebra", "tab")
        assert at.pane.prompt.text == "zebra"
        at.pane.prompt.load("")
        await at.press(*"chu", "tab")
        assert at.pane.prompt.text == "chunks"
        await at.press("space", "plus", "space", *"llm", "tab")
        assert at.pane.prompt.text == "chunks + llm_query"
        await at.press("enter")
        assert at.texts(ReplPane.Submitted, "code") == ["chunks + llm_query"]


async def test_what_the_mouse_selects_can_be_copied() -> None:
    async with desk(StepPane(), StillSession(clean())) as at:
        await at.show("1.1")
        row = next(index for index, line in enumerate(at.pane.lines.rows) if "print(len" in line.text)
        await at.pilot.mouse_down(LinesView, offset=(4, row))
        await at.pilot.hover(LinesView, offset=(80, row + 1))
        await at.pilot.mouse_up(LinesView, offset=(80, row + 1))
        assert at.app.screen.get_selected_text() == "print(len(context))\n  2 print(context[:200])"


async def test_another_width_keeps_the_place_in_what_is_read() -> None:
    run = peeked()
    for number in range(2, 9):
        node = run.iteration(number)
        run.ask(node, "word " * 80, prior=2 * number - 2, new=(("assistant", "word " * 80), ("user", "out")))
    async with desk(ChatPane(), StillSession(run), (90, 14)) as at:
        await at.show("1.5")
        assert at.pane.rows[at.pane.top].key == "node:1.5.lm1"
        await at.pilot.resize_terminal(50, 14)
        await at.pilot.pause()
        assert at.pane.rows[at.pane.top].key == "node:1.5.lm1"
