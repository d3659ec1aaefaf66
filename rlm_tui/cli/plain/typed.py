"""What a typed line means: an action of the registry by its key or its words, or a command of the linear mode alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from rlm_tui.ui.actions import BY_ID, Action, key_name

ACTIONS = (
    "gate.run", "gate.edit", "gate.tell", "gate.skip", "gate.retry", "gate.inject", "gate.go_on", "gate.step",
    "gate.into", "gate.out", "gate.turn", "gate.original", "gate.answer", "gate.pause", "gate.interrupt", "gate.stop",
    "gate.ask", "walk.live", "walk.back", "walk.forward", "walk.first", "walk.last", "pane.calls", "pane.step",
    "pane.chat", "pane.repl", "pane.context", "pane.vars", "look.prompt", "look.find", "look.next", "app.help",
    "app.quit",
)  # fmt: skip
"""The actions of the registry that make sense in lines, by id."""
AT_ONCE = ("gate.pause", "gate.interrupt", "gate.stop", "gate.tell", "app.quit")
"""Those that are meant for a run under way: from a pipe, all others wait until the run waits."""
OWN = {
    "where": "Say the state and what can be done (an empty line does it too)",
    "show": "Say the step again; with a number, that row of `calls`",
    "more": "Say what was left out",
    "all": "Say every event from the beginning to the moment that is looked at",
    "model": "Choose the model of the next question, as provider/name",
}
_MOST_WORDS = 4


class Typed(NamedTuple):
    """An action (a registry id, or a name of OWN) and what stands behind it."""

    action: str
    rest: str = ""


def read(line: str) -> Typed | None:
    """The meaning of a line, or None when it has none."""
    text = line.strip()
    if not text:
        return Typed("where")
    first = text.partition(" ")[0]
    if first in _BY_KEY or (text[0] in _BY_KEY and not text[0].isalnum()):
        key = first if first in _BY_KEY else text[0]
        return Typed(_BY_KEY[key], text[len(key) :].strip())
    words = text.split(" ")
    for count in range(min(_MOST_WORDS, len(words)), 0, -1):
        found = _BY_WORDS.get(" ".join(words[:count]).lower())
        if found is not None:
            return Typed(found, " ".join(words[count:]).strip())
    return None


def key_of(action: Action) -> str:
    """The key that is typed for an action, or nothing."""
    return next((name for key in action.keys if len(name := key_name(key)) == 1 and name.isascii()), "")


def offer(action: Action) -> str:
    """An action as it is offered: `ask again (r)`."""
    key = key_of(action)
    return f"{action.label} ({key})" if key else action.label


def _words(action: Action) -> Iterator[str]:
    yield action.label.lower()
    if action.short:
        yield action.short.lower()
    yield action.id.partition(".")[2].replace("_", " ")


_BY_KEY = {key_name(key): name for name in reversed(ACTIONS) for key in BY_ID[name].keys if len(key_name(key)) == 1}
_BY_WORDS = {name: name for name in OWN} | {word: name for name in reversed(ACTIONS) for word in _words(BY_ID[name])}
