"""The gate bar: one sentence about what waits, one row of keys that act now, and whether letters are keys or text."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rich.cells import cell_len
from textual.widget import Widget

from rlm_tui.session.base import Session
from rlm_tui.ui.bar_words import sentence
from rlm_tui.ui.lines import BLANK, Line, Span, clip, line, pad, split, wrap_text
from rlm_tui.ui.state import UiState
from rlm_tui.ui.widgets.bar import Verb, VerbBar

_MOST_ROWS = 3
_WHOLE = ("careful", "failed")  # what went wrong often stands in the last sentence
_BOUNDS = re.compile(r"(?<=[.?!]) (?=[A-Z])")


class GateBar(VerbBar):
    """Two rows above the footer; more where a sentence says what went wrong and would be cut."""

    DEFAULT_CSS = "GateBar { height: 2; }"

    def show(self, session: Session, ui: UiState, verbs: Sequence[Verb]) -> None:
        """Draw sentence, verbs and mode of this moment."""
        width = self.size.width or self.app.size.width
        text, role = sentence(session, ui)
        mode = Line((*told_line(session).spans, *mode_line(ui).spans))
        said = rows_of(text if role in _WHOLE else whole_sentences(text, width - 2), width - 2, role)
        row = self.verbs_line(verbs, width - mode.cells - 1, len(said))
        self.show_rows(*(Line((Span(" "), *each.spans)) for each in said), split(row, mode, width))
        if self.styles.height is None or self.styles.height.value != len(said) + 1:
            self.styles.height = len(said) + 1


def rows_of(text: str, width: int, role: str, most: int = _MOST_ROWS) -> list[Line]:
    """A text in rows of `width` cells, at most `most`; the last one says so when something was left out."""
    rows = wrap_text(text, width, role)
    if len(rows) > most:
        rows[most - 1 :] = [clip(pad(rows[most - 1], width + 1, role), width)]
    return rows


def mode_line(ui: UiState) -> Line:
    """Whether letters are keys or text; every screen says it at the same end of a bar, what covers it in its place."""
    return BLANK if ui.covered else mode_of(typing=ui.typing)


def told_line(session: Session) -> Line:
    """That words for the model wait for its next request, as long as they do."""
    count = len(session.trajectory.now().queued_words()) if session.phase != "replay" else 0
    return line((f"✎ {count} told  ", "user")) if count else BLANK


def is_typing(focused: Widget | None) -> bool:
    """Whether a letter is text where the focus is, and no command."""
    return focused is not None and focused.check_consume_key("a", "a")


def mode_of(*, typing: bool) -> Line:
    """The word for it."""
    return line(("TYPING ", "user bold")) if typing else line(("KEYS ", "dim bold"))


def whole_sentences(text: str, width: int) -> str:
    """As many of the first sentences as `width` cells hold; at least one."""
    ends = [match.start() for match in _BOUNDS.finditer(text)]
    return next((text[:end] for end in (len(text), *reversed(ends)) if cell_len(text[:end]) <= width), text)
