"""`y`: what of the selection can be copied, each with its letter."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.screen import ModalScreen

from rlm_tui.ui.copies import Copy, absence
from rlm_tui.ui.lines import Line, indent, line, wrap_text
from rlm_tui.ui.styles import FOLDER
from rlm_tui.ui.widgets.bar import Bar, Verb
from rlm_tui.ui.widgets.key_line import KeyLine
from rlm_tui.ui.widgets.lines_view import LinesView

_TITLE, _HINT = " Copy   ", "letter or Enter copies"
_KEYS = Verb("", "↑↓", "choose"), Verb("", "Enter", "copy"), Verb("", "Esc", "close")
_MOVES = ("j", "k", "g", "G", "y")
_WIDTH = 58


class CopyMenu(ModalScreen[Copy | None]):
    """A row for each text; its letter, Enter or a click copies it."""

    CSS_PATH: ClassVar[Path] = FOLDER / "dialogs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,y", "leave", "close", show=False)]

    def __init__(self, copies: Sequence[Copy]) -> None:
        super().__init__()
        self._copies = list(copies)

    def compose(self) -> ComposeResult:
        """A title, and the rows."""
        with Container(id="menu"):
            yield Bar(id="menu-title")
            yield LinesView(id="menu-rows", keep_cursor=True)
        yield KeyLine(lambda: _KEYS)

    def on_mount(self) -> None:
        """Draw the rows."""
        self._say(_HINT, "dim")
        rows = self.query_one("#menu-rows", LinesView)
        rows.styles.height = len(self._copies)
        rows.show_rows([_row(copy) for copy in self._copies], cursor=0)
        rows.focus()

    def on_lines_view_entered(self, event: LinesView.Entered) -> None:
        """Copy what the row says."""
        event.stop()
        self.dismiss(self._copies[event.index])

    def on_click(self, event: events.Click) -> None:
        """A click beside the menu closes it."""
        if event.widget is self:
            self.dismiss(None)

    def on_key(self, event: events.Key) -> None:
        """A letter copies its row."""
        chosen = next((copy for copy in self._copies if copy.key == event.key), None)
        if chosen is not None:
            event.stop()
            event.prevent_default()
            self.dismiss(chosen)
        elif event.key not in _MOVES and (why := absence(event.key)):
            self._say(why, "careful")

    def _say(self, words: str, role: str) -> None:
        """The title, and what the keys do or why one does nothing."""
        bar = self.query_one("#menu-title", Bar)
        rows = wrap_text(words, max(20, bar.size.width or _WIDTH) - len(_TITLE) - 1, role)
        bar.styles.height = len(rows) + 1
        bar.show_rows(line((_TITLE, "accent bold"), *rows[0].spans), *indent(rows[1:], len(_TITLE)))

    def action_leave(self) -> None:
        """Copy nothing."""
        self.dismiss(None)


def _row(copy: Copy) -> Line:
    return line((f"  {copy.key}  ", "accent bold"), (copy.name, "text"))
