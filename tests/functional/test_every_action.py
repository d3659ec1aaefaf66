"""Every action of the registry by each of its keys: in which state it is pressed, and what it changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pytest

from rlm_tui import events as ev
from rlm_tui.session import commands as cmd
from rlm_tui.session.commands import SessionCommand
from rlm_tui.ui.actions import ACTIONS, BY_ID
from rlm_tui.ui.theme import DARK
from tests.states import STATES, still
from tests.trajectories import RUNS, StillSession
from tests.ui_kit import Hand, on_screen

Check = Callable[[Hand], bool]


class Row(NamedTuple):
    """A state by name (or a recorded run), the keys that are pressed before, and what must be so after."""

    state: str
    changed: Check
    before: tuple[str, ...] = ()


def sent(command: SessionCommand) -> Check:
    return lambda hand: command in session_of(hand).sent


def asks(purpose: str) -> Check:
    return lambda hand: hand.app.ui.asking == purpose and "TYPING" in hand.bar("GateBar")


def pane(name: str) -> Check:
    return lambda hand: hand.app.ui.pane == name and name in hand.app.main.frame.on_screen


def over(words: str) -> Check:
    return lambda hand: hand.app.screen is not hand.app.main and words in hand.screen()


def says(words: str) -> Check:
    return lambda hand: words in hand.bar("GateBar")


def past_the_first_hit(hand: Hand) -> bool:
    return "Hit " in hand.bar("GateBar") and "Hit 1 of" not in hand.bar("GateBar")


def at_step(number: int) -> Check:
    return lambda hand: session_of(hand).view.step_number() == number and f"step {number} of" in hand.bar("Slider")


def selected(node: str) -> Check:
    return lambda hand: hand.app.ui.selection == node and hand.app.main.pane("calls").cursor_key == node


def session_of(hand: Hand) -> StillSession:
    assert isinstance(hand.app.session, StillSession)
    return hand.app.session


def editing(hand: Hand) -> bool:
    return hand.app.ui.editing and "TYPING" in hand.bar("GateBar")


ROWS: dict[str, Row] = {
    "gate.run": Row("held", sent(cmd.Run(1))),
    "gate.edit": Row("held", editing),
    "gate.tell": Row("held", asks("tell")),
    "gate.skip": Row("held", sent(cmd.Skip(1))),
    "gate.retry": Row("held", sent(cmd.Retry(1))),
    "gate.inject": Row("held", asks("inject")),
    "gate.go_on": Row("held", sent(cmd.Resume())),
    "gate.step": Row("held", sent(cmd.Step(1, "over"))),
    "gate.into": Row("held", sent(cmd.Step(1, "into"))),
    "gate.out": Row("held", sent(cmd.Step(1, "out"))),
    "gate.turn": Row("held", sent(cmd.Step(1, "iteration"))),
    "gate.original": Row("edited", sent(cmd.Revert(1))),
    "gate.answer": Row("before the answer", asks("answer")),
    "gate.send": Row("held", sent(cmd.Tell("x")), ("t", "x")),
    "gate.pause": Row("running", sent(cmd.Pause())),
    "gate.interrupt": Row("running", sent(cmd.Interrupt())),
    "gate.stop": Row("running", over("What it found so far is kept")),
    "gate.reset": Row("finished", over("Forget the conversation")),
    "gate.ask": Row("finished", asks("ask")),
    "walk.live": Row("batched", lambda hand: session_of(hand).following, ("comma",)),
    "walk.back": Row("clean", at_step(4)),
    "walk.forward": Row("clean", at_step(4), ("comma", "comma")),
    "walk.left": Row("clean", at_step(4), ("2",)),
    "walk.right": Row("clean", at_step(4), ("2", "comma", "comma")),
    "walk.sibling_before": Row("clean", selected("1.1"), ("2", "l", "right_curly_bracket")),
    "walk.sibling_after": Row("clean", selected("1.2"), ("2", "l")),
    "walk.parent": Row("clean", selected("1"), ("2", "l")),
    "walk.child": Row("clean", selected("1.1"), ("2",)),
    "walk.first": Row("clean", at_step(1)),
    "walk.last": Row("clean", lambda hand: session_of(hand).following, ("comma",)),
    "pane.calls": Row("held", pane("calls")),
    "pane.step": Row("held", pane("step"), ("1",)),
    "pane.chat": Row("held", pane("chat")),
    "pane.repl": Row("held", pane("repl")),
    "pane.context": Row("held", pane("context")),
    "pane.vars": Row("held", pane("vars")),
    "pane.next": Row("held", pane("vars"), ("2",)),
    "pane.previous": Row("held", pane("calls"), ("2",)),
    "app.back": Row("held", lambda hand: not hand.app.ui.zoomed, ("z",)),
    "look.prompt": Row("held", lambda hand: hand.app.ui.pane == "repl" and "TYPING" in hand.bar("GateBar")),
    "look.find": Row("held", asks("find")),
    "look.next": Row("held", past_the_first_hit, ("slash", *"gine", "enter")),
    "look.previous": Row("held", past_the_first_hit, ("slash", *"gine", "enter")),
    "look.follow": Row("held", lambda hand: hand.app.ui.pinned),
    "look.breakpoints": Row("held", over("Breakpoints")),
    "look.filter": Row("held", asks("filter")),
    "look.zoom": Row("held", lambda hand: hand.app.main.frame.on_screen == ["step"], ("2",)),
    "look.summary": Row("clean", lambda hand: hand.app.screen is not hand.app.main),
    "look.runs": Row("held", over("saved run")),
    "mark.toggle": Row("held", lambda hand: "◆" in hand.bar("Slider")),
    "mark.next": Row("clean", at_step(1), ("home", "m", "end")),
    "mark.previous": Row("clean", at_step(1), ("home", "m", "end")),
    "mark.note": Row("held", asks("note")),
    "take.copy": Row("held", over("letter or Enter copies")),
    "take.open": Row("held", says("No editor is set"), ("2",)),
    "take.page": Row("with a file", says("There is no display here")),
    "take.editor": Row("held", says("No editor is set")),
    "app.theme": Row("held", lambda hand: hand.app.theme != DARK),
    "app.palette": Row("held", over("Run what is held as it is")),
    "app.help": Row("held", over("Keys that act now")),
    "app.quit": Row("finished", lambda hand: hand.app.return_value == 0),
    "app.leave": Row("running", over("The run is not over. Quit?")),
    "app.copy": Row("finished", says("Nothing runs that could be interrupted; Ctrl+Q quits.")),
    "app.settings": Row("held", lambda hand: hand.app.screen is not hand.app.main),
    "app.suspend": Row("held", lambda hand: hand.app.suspended == 1),  # type: ignore[attr-defined]
}
CASES = [(action.id, key) for action in ACTIONS if action.id in ROWS for key in (action.keys or ("",))]


def state(name: str) -> StillSession:
    if name == "with a file":
        session = still(RUNS["clean"](), "finished")
        assert session.document is not None
        session.document.parts[0].path = __file__
        return session
    if name == "before the answer":
        run = RUNS["peeked"]()
        run.emit(ev.Held(node="1.1", hold=1, checkpoint="before_final", why="step", content="42"))
        return still(run, "held")
    return STATES[name]() if name in STATES else still(RUNS[name](), "replay")


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a desktop nor an editor is there, and nothing is sent to the background."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "EDITOR", "VISUAL"):
        monkeypatch.delenv(name, raising=False)


def test_every_action_has_a_row_here() -> None:
    assert [action.id for action in ACTIONS if action.id not in ROWS] == []
    assert ROWS.keys() <= BY_ID.keys()


@pytest.mark.parametrize(("action", "key"), CASES, ids=lambda part: part or "palette")
async def test_an_action_changes_what_it_says(action: str, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    row = ROWS[action]
    async with on_screen(state(row.state)) as hand:
        app = hand.app
        app.suspended = 0  # type: ignore[attr-defined]
        monkeypatch.setattr(app, "action_suspend_process", lambda: setattr(app, "suspended", 1))
        for before in row.before:
            await hand.press(before)
        assert not row.changed(hand), "it must not be so before"
        if key:
            await hand.press(key)
        else:
            app.perform(action)
        await hand.until(lambda: row.changed(hand))
