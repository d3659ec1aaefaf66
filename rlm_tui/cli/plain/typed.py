"""What a typed line means: an action of the registry by its key or its words, or a command of the linear mode alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from rlm_tui.ui.actions import BY_ID, Action, Keymap, key_name, keys_of

ACTIONS = (
    "gate.run", "gate.edit", "gate.tell", "gate.skip", "gate.retry", "gate.inject", "gate.go_on", "gate.step",
    "gate.into", "gate.out", "gate.turn", "gate.original", "gate.answer", "gate.pause", "gate.interrupt", "gate.stop",
    "gate.ask", "gate.reset", "look.breakpoints", "walk.live", "walk.back", "walk.forward", "walk.first", "walk.last",
    "walk.sibling_before", "walk.sibling_after", "walk.parent", "walk.child",
    "pane.calls", "pane.step", "pane.chat", "pane.repl", "pane.context", "pane.vars", "look.prompt", "look.find",
    "look.next", "look.previous", "look.filter", "look.summary", "mark.toggle", "mark.next", "mark.previous",
    "mark.note", "take.copy", "take.open", "take.page", "take.editor", "app.help", "app.quit",
)  # fmt: skip
"""The actions of the registry that are commands here too, by id."""
INSTEAD = {
    "gate.send": "a line that holds a full stop alone sends what was typed, and send what was refused.",
    "walk.left": "the step before is , or back.",
    "walk.right": "the step after is . or forward.",
    "pane.next": "there is no pane to go on to; 1 to 6 say each.",
    "pane.previous": "there is no pane to go back to; 1 to 6 say each.",
    "app.back": ".cancel leaves a text; f alone shows all calls again.",
    "look.follow": "whatever happens is said as it comes; G goes to the newest moment.",
    "look.zoom": "there is no screen of which a pane could have the whole.",
    "look.runs": "rlm-tui runs lists the saved runs, and rlm-tui replay NAME --plain says one.",
    "app.theme": "lines have no colours.",
    "app.palette": "help lists every command, and why some cannot act.",
    "app.settings": "config.toml holds the settings, and rlm-tui open --help names each.",
    "app.leave": "q quits, and so does Ctrl+D.",
    "app.copy": "Ctrl+C interrupts the running block; y copies.",
    "app.suspend": "Ctrl+Z is the shell's own here; fg comes back.",
}
"""The other actions of the registry: why they are none here, or what is typed in their place."""
AT_ONCE = ("gate.pause", "gate.interrupt", "gate.stop", "gate.tell", "app.quit")
"""Those that are meant for a run under way: from a pipe, all others wait until the run waits."""
OWN = {
    "where": "Say the state and what can be done (an empty line does it too)",
    "show": "Say the step again; with a number, that row of `calls`",
    "more": "Say what was left out",
    "all": "Say every event from the beginning to the moment that is looked at",
    "send": "Send again the text that was typed and refused",
    "model": "Choose the model of the next question, as provider/name",
}
_MOST_WORDS = 4


class Typed(NamedTuple):
    """An action (a registry id, or a name of OWN) and what stands behind it."""

    action: str
    rest: str = ""


class Reader:
    """Reads typed lines by the keys of the registry, or those that the person has given to its actions."""

    def __init__(self, keymap: Keymap) -> None:
        self._keymap = keymap
        self._by_key = _owners(self._keys)

    def read(self, line: str) -> Typed | None:
        """The meaning of a line, or None when it has none."""
        text = line.strip()
        if not text:
            return Typed("where")
        first = text.partition(" ")[0]
        if first in self._by_key or (text[0] in self._by_key and not text[0].isalnum()):
            key = first if first in self._by_key else text[0]
            return Typed(self._by_key[key], text[len(key) :].strip())
        words = text.split(" ")
        for count in range(min(_MOST_WORDS, len(words)), 0, -1):
            found = _BY_WORDS.get(" ".join(words[:count]).lower())
            if found is not None:
                return Typed(found, " ".join(words[count:]).strip())
        return None

    def _keys(self, action: Action) -> list[str]:
        """The keys of an action that can be typed on a line."""
        names = (key_name(key) for key in keys_of(action, self._keymap))
        return [name for name in names if len(name) == 1 and name.isascii()]

    def offer(self, name: str) -> str:
        """An action as it is offered: `ask again (r)`."""
        keys = self._keys(BY_ID[name])
        return f"{BY_ID[name].label} ({keys[0]})" if keys else BY_ID[name].label


def _words(action: Action) -> Iterator[str]:
    yield action.label.lower()
    if action.short:
        yield action.short.lower()
    yield action.id.partition(".")[2].replace("_", " ")


def _owners(called: Callable[[Action], Iterable[str]]) -> dict[str, str]:
    """The action that each key or word means; what two are called means the one that is listed first."""
    owners: dict[str, str] = {}
    for name in (*ACTIONS, *INSTEAD):
        for word in called(BY_ID[name]):
            owners.setdefault(word, name)
    return owners


_BY_WORDS = _owners(_words) | {name: name for name in OWN}
