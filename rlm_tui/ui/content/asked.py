"""What one waits for of an LM that has been asked, as the panes say it."""

from __future__ import annotations

from rlm_tui.trajectory import Node
from rlm_tui.ui.content.parts import Page, label
from rlm_tui.ui.lines import Line, Piece
from rlm_tui.ui.states import cut_off
from rlm_tui.ui.words import silence_words, waiting_words

MARK_CELLS = len("● thinking 1234 tok/s")
"""What stays free beside an answer that comes in, so that its lines do not break anew with every rate."""


def asked_row(page: Page, node: Node, name: str, otherwise: str) -> Line:
    """A row for an answer that has not begun: what is waited for, else `otherwise`, and for how long."""
    if page.is_cut:
        return label(name, cut_off("no answer"), width=page.width)
    said = page.live.text(node.id, "waiting") or otherwise
    words, since = waiting_words(said, page.view.worked(node, page.now) or 0.0)
    return label(name, (f"● {words}", "running"), width=page.width, right=((since, "dim"),))


def writing_mark(page: Page, node: Node, otherwise: str = "writing") -> Piece:
    """The remark beside an answer that comes in: `● writing 31 tok/s`."""
    if silent := silence_words(page.live, node.id, page.now):
        return f"● {silent}", "careful"
    return f"● {page.live.text(node.id, 'waiting') or otherwise}", "running"
