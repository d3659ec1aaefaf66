"""Every action of the app, once: its id, keys, words, and when it can be done and why not.

Footer, gate bar, `?` and the palette are drawn from this list; keys are remapped by id. The method that does
an action is found by its id: `gate.run` is `run` of the controller `gate`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from rlm_tui.session import commands as cmd
from rlm_tui.session.base import YES, Capability, Session
from rlm_tui.ui.selecting import (
    child_of,
    held_elsewhere,
    is_edited,
    meant_hold,
    step_here,
    whose_prompt,
)
from rlm_tui.ui.state import Pane, UiState
from rlm_tui.ui.words import child_name, hold_words, is_behind

if TYPE_CHECKING:
    from rlm_tui.ui.family import Way

Keymap: TypeAlias = Mapping[str, tuple[str, ...]]
"""Other keys by action id, in Textual's names of keys."""
Group: TypeAlias = Literal["at the gate", "walk the run", "move", "look", "take away", "always"]
Enabled: TypeAlias = Callable[[Session, UiState], Capability]
GROUPS: tuple[Group, ...] = ("at the gate", "walk the run", "move", "look", "take away", "always")
_NAMES = {
    "slash": "/", "backslash": "\\", "at": "@", "minus": "-", "plus": "+", "underscore": "_", "greater_than_sign": ">",
    "escape": "Esc", "enter": "Enter", "home": "Home", "end": "End", "tab": "Tab", "space": "Space", "left": "←",
    "right": "→", "up": "↑", "down": "↓", "pagedown": "PgDn", "pageup": "PgUp", "delete": "Del", "insert": "Ins",
}  # fmt: skip


class Action(NamedTuple):
    """One thing a person can do; `rank` is its place in a bar (0: in none), `keys` are Textual's names of keys."""

    id: str
    keys: tuple[str, ...]
    label: str
    tooltip: str
    group: Group
    enabled: Enabled
    rank: int = 0
    show: str = ""
    short: str = ""
    priority: bool = False

    @property
    def is_gate(self) -> bool:
        """Whether it answers a hold, so that it waits for the key guard."""
        return self.group == "at the gate"


@lru_cache(256)
def key_name(key: str) -> str:
    """A key as a person knows it: `comma` is `,`, `ctrl+p` is `Ctrl+P`, `shift+f11` is `Shift+F11`."""
    *modifiers, last = key.split("+")
    shown = _NAMES.get(last) or (last if len(last) == 1 else _sign(last))
    if (len(shown) == 1 and modifiers) or (shown[0] == "f" and shown[1:].isdigit()):
        shown = shown.upper()
    return "+".join([*(modifier.capitalize() for modifier in modifiers), shown])


def _sign(name: str) -> str:
    """The character that a Unicode name in Textual's manner means; the name itself where it means none."""
    for words in (name.replace("_", " "), name.replace("_", "-", 1).replace("_", " ")):
        try:
            return unicodedata.lookup(words)
        except KeyError:
            continue
    return name


def works_while_typing(key: str) -> bool:
    """Whether a key is no text: a function key, or with Ctrl."""
    last = key.rpartition("+")[2]
    return key.startswith("ctrl+") or (last[0] == "f" and last[1:].isdigit())


def keys_of(action: Action, keymap: Keymap, *, typing: bool = False) -> tuple[str, ...]:
    """The keys of an action after remapping; while typing only those that are no text."""
    keys = keymap.get(action.id, action.keys)
    return tuple(key for key in keys if works_while_typing(key)) if typing else keys


def key_of(action_id: str, ui: UiState) -> str:
    """The name of an action's first key, as a sentence names it; the label of the action when it has none."""
    keys = keys_of(BY_ID[action_id], ui.keymap)
    return key_name(keys[0]) if keys else f"“{BY_ID[action_id].label}”"


def always(_session: Session, _ui: UiState) -> Capability:
    """An action that can always be done."""
    return YES


def on_main(_session: Session, ui: UiState) -> Capability:
    """An action of the panes."""
    return YES if ui.screen == "main" else Capability(False, "The panes are not on the screen now.")


def anywhere(command: type[cmd.SessionCommand], hold: int = 0) -> Enabled:
    """An action of the run that is none on what is shown: it can be done whatever moment one looks at."""

    def enabled(session: Session, ui: UiState) -> Capability:
        elsewhere = Capability(False, "The run is not on the screen now.")
        return session.can(command, hold) if ui.screen == "main" else elsewhere

    return enabled


def on_hold(command: type[cmd.SessionCommand]) -> Enabled:
    """An action on what is held, which must be what is shown, so that nothing is done to what nobody sees."""

    def enabled(session: Session, ui: UiState) -> Capability:
        live = key_of("walk.live", ui)
        if ui.screen == "main" and is_behind(session) and session.phase != "replay":
            return Capability(False, f"You look back; {live} goes to the newest moment, and there it can be done.")
        hold = meant_hold(session, ui.selection)
        allowed = anywhere(command, hold.id if hold is not None else 0)(session, ui)
        hold = held_elsewhere(session, ui.selection) if allowed else None
        if hold is None:
            return allowed
        what = hold_words(session.view, hold).partition(",")[0]
        return Capability(False, f"What is held is not shown here; {live} goes to it: {what}.")

    return enabled


def _edit(session: Session, ui: UiState) -> Capability:
    if ui.editing:
        return Capability(False, "The editor is open already.")
    hold = meant_hold(session, ui.selection)
    if hold is not None and hold.needs_answer:
        return Capability(False, f"You are the model here: {key_of('gate.answer', ui)} writes its answer.")
    return on_hold(cmd.Edit)(session, ui)


def _original(session: Session, ui: UiState) -> Capability:
    allowed, hold = on_hold(cmd.Revert)(session, ui), meant_hold(session, ui.selection)
    if not allowed or hold is None or is_edited(session, hold):
        return allowed
    return Capability(False, "Nothing was edited here; this is the original.")


def _inject(session: Session, ui: UiState) -> Capability:
    child = child_name(session.view, child_of(session.view, ui.selection))
    if child and session.can(cmd.Inject):
        return whose_prompt(child)
    if session.phase in ("finished", "question"):
        return Capability(False, f"{key_of('look.prompt', ui)} opens the prompt of the REPL; type it there.")
    return anywhere(cmd.Inject)(session, ui)


def _send(_session: Session, ui: UiState) -> Capability:
    return YES if ui.asking else Capability(False, "Nothing is being written that could be sent.")


def _while_held(command: type[cmd.SessionCommand]) -> Enabled:
    def enabled(session: Session, ui: UiState) -> Capability:
        held = session.phase == "held"
        return on_hold(command)(session, ui) if held else Capability(False, "Nothing is held right now.")

    return enabled


def _pause(session: Session, ui: UiState) -> Capability:
    return Capability(False, "It is held already.") if session.phase == "held" else anywhere(cmd.Pause)(session, ui)


def _back(session: Session, ui: UiState) -> Capability:
    steps = session.trajectory.steps
    at_first = not steps or session.view.seq <= steps[0].seq
    return Capability(False, "This is the first step.") if at_first else on_main(session, ui)


def _live(session: Session, ui: UiState) -> Capability:
    elsewhere = held_elsewhere(session, ui.selection) is not None
    return on_main(session, ui) if elsewhere else _forward(session, ui)


def _forward(session: Session, ui: UiState) -> Capability:
    return on_main(session, ui) if is_behind(session) else Capability(False, "This is the newest moment.")


_NOWHERE = {
    "{": "There is nothing before this node.",
    "}": "There is nothing after this node.",
    "h": "This is the root; nothing holds it.",
    "l": "There is nothing below this node.",
}


def _to(way: Way) -> Enabled:
    def enabled(session: Session, ui: UiState) -> Capability:
        if ui.selection is None:
            return Capability(False, _NOWHERE[way])
        from rlm_tui.ui.family import leads

        led = leads(session.view, ui.selection, way) is not None
        return on_main(session, ui) if led else Capability(False, _NOWHERE[way])

    return enabled


def _next_question(session: Session, ui: UiState) -> Capability:
    elsewhere = Capability(False, "The question cannot be written on this screen.")
    return session.can(cmd.Start) if ui.screen in ("main", "start") else elsewhere


def _reset(session: Session, ui: UiState) -> Capability:
    return anywhere(cmd.Reset)(session, ui)


def _leave(session: Session, ui: UiState) -> Capability:
    is_below = bool(child_of(session.view, ui.selection))
    inside = is_below or ui.typing or ui.editing or ui.asking or ui.zoomed or ui.narrowed or ui.searched
    return YES if inside else Capability(False, "There is nothing to leave.")


def _replay_only(session: Session, ui: UiState) -> Capability:
    return on_main(session, ui) if session.phase == "replay" else Capability(False, "This is for a recorded run.")


def _prompt(session: Session, ui: UiState) -> Capability:
    child = child_name(session.view, child_of(session.view, ui.selection))
    if child and session.can(cmd.Inject):
        return whose_prompt(child)
    return anywhere(cmd.Inject)(session, ui)


def _follow(session: Session, ui: UiState) -> Capability:
    return on_main(session, ui) if session.trajectory.last else Capability(False, "There is nothing to follow yet.")


def _markable(session: Session, ui: UiState) -> Capability:
    return on_main(session, ui) if step_here(session) else Capability(False, "There is no step yet to mark.")


def _marked(session: Session, ui: UiState) -> Capability:
    nothing = f"No step is marked yet; {key_of('mark.toggle', ui)} marks one."
    return on_main(session, ui) if session.notebook.marks else Capability(False, nothing)


def _notable(session: Session, ui: UiState) -> Capability:
    return on_main(session, ui) if ui.selection else Capability(False, "There is no node yet to note something on.")


def _copyable(session: Session, ui: UiState) -> Capability:
    return on_main(session, ui) if ui.selection else Capability(False, "There is nothing here yet to copy.")


def _page(session: Session, ui: UiState) -> Capability:
    document = session.document
    has_file = document is not None and any(part.path for part in document.parts)
    return on_main(session, ui) if has_file else Capability(False, "The original is no file at hand.")


def _openable(session: Session, ui: UiState) -> Capability:
    is_held = session.following and meant_hold(session, ui.selection) is not None and ui.pane != "context"
    return on_hold(cmd.Edit)(session, ui) if is_held else _page(session, ui)


def _hits(session: Session, ui: UiState) -> Capability:
    nothing = f"Nothing is searched for now; {key_of('look.find', ui)} searches."
    return on_main(session, ui) if ui.searched else Capability(False, nothing)


def _filter(session: Session, ui: UiState) -> Capability:
    return on_main(session, ui) if session.trajectory.last else Capability(False, "There is nothing to filter yet.")


def _breakpoint(session: Session, ui: UiState) -> Capability:
    return session.can(cmd.SetBreakpoint) if ui.screen == "main" else on_main(session, ui)


def _summed(session: Session, ui: UiState) -> Capability:
    return on_main(session, ui) if session.trajectory.started else Capability(False, "No question was asked yet.")


_PANE_TOOLTIPS: dict[Pane, str] = {
    "calls": "The tree of calls",
    "step": "The selected step",
    "chat": "The conversation with the root LM",
    "repl": "The REPL and its prompt",
    "context": "The document",
    "vars": "The variables of the REPL",
}


_GATE: Group = "at the gate"
_WALK: Group = "walk the run"
_MOVE: Group = "move"
_LOOK: Group = "look"
_TAKE: Group = "take away"
_ALWAYS: Group = "always"

ACTIONS: tuple[Action, ...] = (
    Action("gate.run", ("a",), "run", "Run what is held as it is", _GATE, on_hold(cmd.Run), 1),
    Action("gate.edit", ("i",), "edit", "Edit what is held: code, response, answer or prompt", _GATE, _edit, 2),
    Action(
        "gate.tell",
        ("t",),
        "tell the model",
        "Tell the model something with its next message",
        _GATE,
        anywhere(cmd.Tell),
        3,
        short="tell",
    ),
    Action("gate.skip", ("x",), "skip", "Do without what is held; the model is told", _GATE, on_hold(cmd.Skip), 4),
    Action(
        "gate.retry",
        ("r",),
        "ask again",
        "Ask the LM again, or run the block or sub-call again",
        _GATE,
        on_hold(cmd.Retry),
        5,
    ),
    Action(
        "gate.inject",
        ("I",),
        "inject",
        "Run a block of your own in the REPL before this one",
        _GATE,
        _inject,
        9,
    ),
    Action("gate.go_on", ("c", "f5"), "go on", "Let it run on without holding", _GATE, _while_held(cmd.Resume), 7),
    Action("gate.step", ("s", "f10"), "step", "Run what is held and hold again after it", _GATE, on_hold(cmd.Step), 7),
    Action("gate.into", ("S", "f11"), "into", "Step into LM requests and sub-calls", _GATE, on_hold(cmd.Step), 15),
    Action("gate.out", ("shift+f11",), "out", "Step out: hold at the parent's next step", _GATE, on_hold(cmd.Step)),
    Action("gate.turn", (), "next turn", "Hold at the code of the next iteration", _GATE, on_hold(cmd.Step)),
    Action("gate.original", ("V",), "original", "Put the original back in place of the edit", _GATE, _original, 16),
    Action(
        "gate.answer",
        ("w",),
        "write it yourself",
        "Answer in place of the LM, or give the final answer",
        _GATE,
        on_hold(cmd.Answer),
        11,
        short="write",
    ),
    Action("gate.send", (), "send", "Send what is being written", _GATE, _send),
    Action("gate.pause", ("P",), "pause", "Hold at the next step", _GATE, _pause, 12),
    Action(
        "gate.interrupt",
        ("K",),
        "interrupt",
        "Stop the running block and keep its state; twice: by force",
        _GATE,
        anywhere(cmd.Interrupt),
        13,
    ),
    Action("gate.stop", (), "stop the run", "End the run; what was found so far is kept", _GATE, anywhere(cmd.Stop)),
    Action(
        "gate.reset", (), "forget", "Forget the conversation and the REPL; the next question begins anew", _GATE, _reset
    ),
    Action(
        "gate.ask",
        ("A",),
        "ask a question",
        "Ask a question of the document, or another one",
        _GATE,
        _next_question,
        14,
        short="ask",
    ),
    Action("walk.live", ("G",), "newest", "Go to the newest moment and follow it", _WALK, _live, 1, priority=True),
    Action("walk.back", ("comma", "left_square_bracket"), "back", "The step before", _WALK, _back, 8),
    Action("walk.forward", ("full_stop", "right_square_bracket"), "forward", "The step after", _WALK, _forward, 8),
    Action("walk.left", ("left",), "back", "The step before, in a recorded run", _WALK, _replay_only),
    Action("walk.right", ("right",), "forward", "The step after, in a recorded run", _WALK, _replay_only),
    Action(
        "walk.sibling_before", ("left_curly_bracket",), "sibling before", "The node before this one", _WALK, _to("{")
    ),
    Action("walk.sibling_after", ("right_curly_bracket",), "sibling after", "The node after this one", _WALK, _to("}")),
    Action("walk.parent", ("h",), "parent", "What holds the selected node", _WALK, _to("h")),
    Action("walk.child", ("l",), "child", "The first thing below the selected node", _WALK, _to("l")),
    Action("walk.first", ("home",), "first step", "The first step of the trace", _WALK, _back, priority=True),
    Action("walk.last", ("end",), "last step", "The newest moment of the trace", _WALK, _forward, priority=True),
    *(
        Action(f"pane.{name}", (str(number),), name if name != "repl" else "REPL", tooltip, _MOVE, on_main)
        for number, (name, tooltip) in enumerate(_PANE_TOOLTIPS.items(), 1)
    ),
    Action("pane.next", ("tab",), "next pane", "Go to the next pane", _MOVE, on_main),
    Action("pane.previous", ("shift+tab",), "previous pane", "Go to the pane before", _MOVE, on_main),
    Action(
        "app.back",
        ("escape",),
        "leave",
        "Leave an editor, a prompt, the zoom, the search, the filter or a child RLM",
        _MOVE,
        _leave,
    ),
    Action("look.prompt", ("greater_than_sign",), "REPL", "Type a line for the REPL", _LOOK, _prompt, 30),
    Action("look.find", ("slash",), "find", "Search every field of the run, and the document", _LOOK, on_main, 31),
    Action("look.next", ("n",), "next hit", "The next hit of the search", _LOOK, _hits),
    Action("look.previous", ("N",), "previous hit", "The hit before", _LOOK, _hits),
    Action("look.follow", ("F",), "follow", "Follow the newest moment, or stay at this one", _LOOK, _follow),
    Action("mark.toggle", ("m",), "mark", "Mark this step, or take its mark away", _LOOK, _markable, 38),
    Action("mark.next", ("M",), "next mark", "Go to the next marked step", _LOOK, _marked),
    Action("mark.previous", ("apostrophe",), "mark before", "Go to the marked step before", _LOOK, _marked),
    Action("mark.note", ("semicolon",), "note", "Write a note of your own on the selected node", _LOOK, _notable),
    Action("take.copy", ("y",), "copy", "Copy code, output, response, prompt, answer or request", _TAKE, _copyable, 32),
    Action("take.open", ("o",), "open", "Open what is held in your editor, else the original", _TAKE, _openable, 32),
    Action("take.page", (), "open the original", "Open the original at this page in your viewer", _TAKE, _page),
    Action("take.editor", ("ctrl+o",), "open the editor", "Open what is held in $EDITOR", _TAKE, on_hold(cmd.Edit)),
    Action("look.breakpoints", ("b",), "breakpoints", "Hold where a filter matches: list and set", _LOOK, _breakpoint),
    Action("look.filter", ("f",), "filter", "Show only what a filter finds in the tree of calls", _LOOK, _filter),
    Action("look.zoom", ("z",), "zoom", "Give the pane the whole screen, or take it back", _LOOK, on_main, 33),
    Action(
        "look.summary", ("0",), "summary", "What the run comes to: answer, status, cost, first problem", _LOOK, _summed
    ),
    Action("look.runs", ("R",), "saved runs", "The saved runs: replay, find or delete one", _LOOK, always),
    Action(
        "app.theme",
        (),
        "next theme",
        "Change the colours: dark, light, and both safe for colour-blind eyes",
        _LOOK,
        always,
    ),
    Action(
        "app.palette",
        ("colon", "ctrl+p"),
        "all commands",
        "Every command, with why some cannot act",
        _ALWAYS,
        always,
        34,
    ),
    Action("app.help", ("question_mark",), "help", "The keys that act now", _ALWAYS, always, 35),
    Action(
        "app.settings", ("equals_sign",), "settings", "Settings and keys, and where each comes from", _ALWAYS, always
    ),
    Action("app.quit", ("q",), "quit", "Back, else quit; the trace is kept", _ALWAYS, always, 36),
    Action("app.leave", ("ctrl+q",), "quit", "Quit from anywhere; the trace is kept", _ALWAYS, always, priority=True),
    Action(
        "app.copy", ("ctrl+c",), "copy / interrupt", "Copy a selection, else interrupt a running block", _ALWAYS, always
    ),
    Action("app.suspend", ("ctrl+z",), "suspend", "Put the app into the background", _ALWAYS, always),
)
BY_ID: dict[str, Action] = {action.id: action for action in ACTIONS}


def valid_now(session: Session, ui: UiState, group: Iterable[Group] = GROUPS) -> list[Action]:
    """The actions of some groups that can be done at this moment, in order."""
    return [action for action in ACTIONS if action.group in group and action.enabled(session, ui)]


def reason(session: Session, ui: UiState, action_id: str) -> str:
    """Why an action cannot be done now; empty when it can."""
    capability = BY_ID[action_id].enabled(session, ui)
    return "" if capability else capability.reason or "This cannot be done now."
