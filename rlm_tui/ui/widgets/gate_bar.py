"""The gate bar: one sentence about what waits, one row of keys that act now, and whether letters are keys or text."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rich.cells import cell_len

from rlm_tui.session.base import Session
from rlm_tui.ui.bar_words import sentence
from rlm_tui.ui.lines import line, split
from rlm_tui.ui.state import UiState
from rlm_tui.ui.widgets.bar import Verb, VerbBar

_BOUNDS = re.compile(r"(?<=[.?!]) (?=[A-Z])")


class GateBar(VerbBar):
    """Two rows above the footer."""

    DEFAULT_CSS = "GateBar { height: 2; }"

    def show(self, session: Session, ui: UiState, verbs: Sequence[Verb]) -> None:
        """Draw sentence, verbs and mode of this moment."""
        width = self.size.width or self.app.size.width
        text, role = sentence(session, ui)
        mode = line(("TYPING ", "user bold")) if ui.typing else line(("KEYS ", "dim bold"))
        row = self.verbs_line(verbs, width - mode.cells - 1, 1)
        self.show_rows(line((f" {whole_sentences(text, width - 1)}", role)), split(row, mode, width))


def whole_sentences(text: str, width: int) -> str:
    """As many of the first sentences as `width` cells hold; at least one, cut or not."""
    ends = [match.start() for match in _BOUNDS.finditer(text)]
    return next((text[:end] for end in (len(text), *reversed(ends)) if cell_len(text[:end]) <= width), text)
