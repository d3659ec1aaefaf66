"""The one question that is asked over the screen: whether something may be lost."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.screen import ModalScreen

from rlm_tui.ui.lines import line, wrap_text
from rlm_tui.ui.styles import FOLDER
from rlm_tui.ui.widgets.bar import Bar, Verb, VerbBar
from rlm_tui.ui.widgets.key_line import KeyLine

_WIDTH = 60


class Confirm(ModalScreen[bool]):
    """A sentence, and `y` or `n`: never the key that asked."""

    CSS_PATH: ClassVar[Path] = FOLDER / "dialogs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "agree", "yes", show=False),
        Binding("n,escape,q", "refuse", "no", show=False),
    ]

    def __init__(self, sentence: str, verb: str) -> None:
        super().__init__()
        self._sentence = sentence
        self._verb = verb
        self._text, self._verbs = Bar(id="dialog-text"), VerbBar(id="dialog-verbs")

    def own_keys(self) -> list[Verb]:
        """The two answers."""
        return [Verb("", "y", self._verb), Verb("", "n", "stay")]

    def compose(self) -> ComposeResult:
        """Sentence and verbs."""
        with Container(id="dialog"):
            yield self._text
            yield self._verbs
        yield KeyLine(self.own_keys)

    def on_mount(self) -> None:
        """Draw both."""
        rows = wrap_text(self._sentence, _WIDTH - 4)
        self._text.styles.height = len(rows) + 1
        self._text.show_rows(*(line(" ", (row.text, "text")) for row in rows))
        self._verbs.show_rows(self._verbs.verbs_line(self.own_keys(), _WIDTH - 4, 0))

    def action_agree(self) -> None:
        """Yes."""
        self.dismiss(True)

    def action_refuse(self) -> None:
        """No."""
        self.dismiss(False)
