"""The gate bar: one sentence about what waits, one row of keys that act now, and whether letters are keys or text."""

from __future__ import annotations

from collections.abc import Sequence

from rlm_tui.session.base import Session
from rlm_tui.ui.bar_words import sentence
from rlm_tui.ui.lines import line, split
from rlm_tui.ui.state import UiState
from rlm_tui.ui.widgets.bar import Verb, VerbBar


class GateBar(VerbBar):
    """Two rows above the footer."""

    DEFAULT_CSS = "GateBar { height: 2; }"

    def show(self, session: Session, ui: UiState, verbs: Sequence[Verb]) -> None:
        """Draw sentence, verbs and mode of this moment."""
        width = self.size.width or self.app.size.width
        text, role = sentence(session, ui)
        mode = line(("TYPING ", "user bold")) if ui.typing else line(("KEYS ", "dim bold"))
        row = self.verbs_line(verbs, width - mode.cells - 1, 1)
        self.show_rows(line((f" {text}", role)), split(row, mode, width))
