"""`?`: the keys that act now, drawn from the registry."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar, Protocol, runtime_checkable

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.screen import ModalScreen

from rlm_tui.ui.actions import GROUPS, key_name, key_of, keys_of, reason, valid_now
from rlm_tui.ui.host import host_of
from rlm_tui.ui.lines import BLANK, Line, line, pad, wrap_text
from rlm_tui.ui.meanings import meaning
from rlm_tui.ui.styles import FOLDER
from rlm_tui.ui.widgets.bar import Bar, Verb
from rlm_tui.ui.widgets.key_line import KeyLine
from rlm_tui.ui.widgets.lines_view import LinesView

_KEYS = 16
_OWN = Verb("", "↑↓", "move"), Verb("", "Esc", "close")
_ENDS, _BEGINNING = ("g G", "The ends of a pane"), ("g", "The beginning of a pane")
_FIELDS = (
    ("it 3/20", "The iteration, of as many as there may be"),
    ("calls 14/200", "Sub-calls so far, of as many as there may be"),
    ("$0.02  0:12", "What the run cost, and its time without the waits for you"),
    ("time  tok", "In Calls: how long each took, and its tokens in and out"),
)
"""What the short words of the header and of Calls mean."""
_MOVES = (("j k ↑ ↓", "Move in a pane"), _ENDS, ("Space PgDn", "A page"), ("Enter", "Open"))


@runtime_checkable
class HasKeys(Protocol):
    """A screen with keys of its own, which are no actions of the registry."""

    def own_keys(self) -> list[Verb]:
        """The keys that act on it now."""
        ...


class HelpScreen(ModalScreen[None]):
    """What can be done now, by group; what cannot is in the palette."""

    CSS_PATH: ClassVar[Path] = FOLDER / "dialogs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,question_mark", "leave", "close", show=False)]

    def compose(self) -> ComposeResult:
        """A title, the rows, and how to leave."""
        with Container(id="help"):
            yield Bar(id="help-title")
            yield LinesView(id="help-keys")
        yield KeyLine(lambda: _OWN)

    def on_mount(self) -> None:
        """Draw the keys of this moment."""
        palette = key_of("app.palette", host_of(self).ui)
        title = line((" Keys that act now", "accent bold"), (f"   {palette} has every command", "dim"))
        self.query_one("#help-title", Bar).show_rows(title)
        self.query_one("#help-keys").focus()

    def on_lines_view_resized(self) -> None:
        """Rows are made for the width that there is."""
        view = self.query_one("#help-keys", LinesView)
        view.show_rows(self._rows(view.columns))

    def _rows(self, width: int) -> list[Line]:
        owner = host_of(self)
        rows: list[Line] = []
        for group in GROUPS:
            keyed = [
                (action, keys_of(action, owner.ui.keymap))
                for action in valid_now(owner.session, owner.ui_below, [group])
            ]
            found = [
                (" ".join(key_name(key) for key in keys), meaning(action, owner.session, owner.ui.selection))
                for action, keys in keyed
                if keys
            ]
            found += self._moves() if group == "move" else ()
            rows += _grouped(group, found, width)
        fields = _FIELDS if owner.ui_below.screen == "main" else ()
        return [*_grouped("here", self._own(), width), *rows, *_grouped("the short words", fields, width)][1:]

    def _own(self) -> list[tuple[str, str]]:
        """The keys of the screen below, where it has some of its own."""
        below = self.app.screen_stack[-2] if len(self.app.screen_stack) > 1 else None
        return [(verb.key, verb.label) for verb in below.own_keys()] if isinstance(below, HasKeys) else []

    def _moves(self) -> Iterable[tuple[str, str]]:
        """How one moves in a pane; `G` is another action while one looks back."""
        owner = host_of(self)
        is_taken = not reason(owner.session, owner.ui_below, "walk.live")
        return [_BEGINNING if is_taken and move == _ENDS else move for move in _MOVES]

    def action_leave(self) -> None:
        """Back to where one was."""
        self.dismiss(None)


def _grouped(name: str, found: Iterable[tuple[str, str]], width: int) -> list[Line]:
    """A heading and the keys below it; nothing without keys."""
    made = [row for keys, words in found for row in _wrapped(keys, words, width)]
    return [BLANK, line((f" {name}", "muted bold")), *made] if made else []


def _wrapped(keys: str, words: str, width: int) -> list[Line]:
    """The keys, and the words beside them in as many rows as they take."""
    texts = wrap_text(words, max(_KEYS, width - _KEYS))
    lefts = [pad(line((f"  {keys}", "accent")), _KEYS), *[pad(BLANK, _KEYS)] * (len(texts) - 1)]
    return [Line((*left.spans, *text.spans)) for left, text in zip(lefts, texts, strict=True)]
