"""The verbs that the bars show: what can be done at this moment, with its key."""

from __future__ import annotations

from collections.abc import Iterable

from rlm_tui import events as ev
from rlm_tui.session.base import Session
from rlm_tui.ui.actions import Action, Group, Keymap, key_name, keys_of, valid_now
from rlm_tui.ui.asking import Purpose
from rlm_tui.ui.selecting import held_elsewhere, is_edited, is_of_subcall, meant_hold
from rlm_tui.ui.state import UiState
from rlm_tui.ui.widgets.bar import Verb
from rlm_tui.ui.words import own_running

GATE_GROUPS: tuple[Group, ...] = ("at the gate", "walk the run")
FOOTER_GROUPS: tuple[Group, ...] = ("look", "take away", "always")
_PAIRS = (("walk.back", "walk.forward"),)
_PAIRS_OF_A_WIDE_BAR = ("gate.go_on", "gate.step")
_LEAVE = Verb("app.back", key_name("escape"), "leave, the text is kept")
_PROMPT: dict[Purpose, tuple[Verb, ...]] = {
    "tell": (Verb("gate.send", "Enter", "send"), _LEAVE),
    "inject": (Verb("gate.send", "Enter", "run"), _LEAVE),
    "answer": (Verb("gate.send", "F5", "send"), _LEAVE),
    "note": (Verb("gate.send", "Enter", "keep"), _LEAVE),
    "filter": (Verb("gate.send", "Enter", "keep"), Verb("app.back", key_name("escape"), "show all")),
    "find": (
        Verb("gate.send", "Enter", "go there"),
        Verb("", "↑ ↓", "choose"),
        Verb("app.back", key_name("escape"), "leave"),
    ),
    "ask": (Verb("gate.send", "Enter", "send"), _LEAVE),
}


_OF_NUMBERS: dict[ev.Checkpoint, dict[str, str]] = {
    "before_request": {"gate.run": "send"},
    "after_response": {"gate.run": "read it"},
    "after_code": {"gate.run": "show it", "gate.retry": "run again"},
    "before_subcall": {"gate.run": "send"},
    "after_subcall": {"gate.run": "hand over"},
    "before_final": {"gate.run": "give it"},
    "before_batch": {"gate.run": "ask", "gate.edit": "fewer", "gate.skip": "none"},
    "at_limit": {"gate.run": "answer now", "gate.edit": "raise it", "gate.skip": "", "gate.go_on": ""},
}
"""What verbs are called where no code is held; those that say nothing new there are left out."""


def verbs(
    session: Session, ui: UiState, groups: Iterable[Group], keymap: Keymap, *, narrow: bool = False
) -> list[Verb]:
    """The verbs of some groups that can act now, by rank; while typing only those whose key is no text."""
    groups = tuple(groups)
    if ui.covered:
        return []  # the keys of what stands over the screen act, and it names them
    if ui.asking and ui.typing and "at the gate" in groups:
        return list(_PROMPT[ui.asking])
    found = [verb for action in _ranked(session, ui, groups) if (verb := _verb(action, ui, keymap, narrow=narrow))]
    found = _paired(_named(found, session, ui), _PAIRS if narrow or ui.typing else (*_PAIRS, _PAIRS_OF_A_WIDE_BAR))
    if ui.typing and "at the gate" in groups:
        found.append(_LEAVE)
    return found


def _ranked(session: Session, ui: UiState, groups: tuple[Group, ...]) -> list[Action]:
    actions = [action for action in valid_now(session, ui, groups) if action.rank]
    hold = meant_hold(session, ui.selection)
    first = "gate.answer" if hold is not None and hold.needs_answer else ""
    first = "gate.interrupt" if own_running(session) is not None else first
    return sorted(actions, key=lambda action: 0 if action.id == first else action.rank)


def _verb(action: Action, ui: UiState, keymap: Keymap, *, narrow: bool) -> Verb | None:
    keys = keys_of(action, keymap, typing=ui.typing)
    label = action.short if narrow and action.short else action.label
    if action.id == "app.quit" and ui.zoomed:
        label = "back"  # out of the zoom
    elif action.id == "app.quit" and ui.returns:
        label = "back to the list"
    return Verb(action.id, key_name(keys[0]), label) if keys else None


def _named(found: list[Verb], session: Session, ui: UiState) -> list[Verb]:
    """The verbs as they are called for what is held."""
    hold = meant_hold(session, ui.selection)
    names = _OF_NUMBERS.get(hold.checkpoint, {}) if hold is not None else {}
    if hold is not None and hold.checkpoint == "at_limit" and is_edited(session, hold):
        names = {**names, "gate.run": "run on"}
    elif hold is not None and hold.checkpoint == "at_limit" and is_of_subcall(session, hold):
        names = {**names, "gate.run": "go on without"}
    if hold is not None and hold.has_failed:
        names = {**names, "gate.run": "ask again", "gate.retry": ""}
    if ui.typing:  # where F5 sends in other places
        names = {**names, "gate.go_on": "go on, hold no more"}
    if held_elsewhere(session, ui.selection) is not None:
        names = {**names, "walk.live": "what is held"}
    named = [verb._replace(label=names.get(verb.action, verb.label)) for verb in found]
    return [verb for verb in named if verb.label]


def _paired(found: list[Verb], pairs: Iterable[tuple[str, str]]) -> list[Verb]:
    """Two verbs that belong together as one, where both can act."""
    for first, second in pairs:
        places = {verb.action: verb for verb in found}
        if {first, second} <= places.keys():
            one, other = places[first], places[second]
            pair = Verb(one.action, f"{one.key} {other.key}", f"{one.label} / {other.label}", other.action)
            found = [pair if verb is one else verb for verb in found if verb is not other]
    return found
