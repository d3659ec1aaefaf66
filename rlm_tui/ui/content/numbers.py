"""What is held before much is spent, as rows: the number that can be edited, and what it stands for."""

from __future__ import annotations

from rlm_tui import events as ev
from rlm_tui.trajectory import Hold, Node
from rlm_tui.trajectory.numbers import NUMBERS
from rlm_tui.ui.content.block import held_mark
from rlm_tui.ui.content.calls import held_text
from rlm_tui.ui.content.parts import HELD, LABEL, Page, beside, label, prose
from rlm_tui.ui.lines import BLANK, Piece, Rows, line
from rlm_tui.ui.rows import Joined

_LABELS: dict[ev.Checkpoint, str] = {"before_batch": "CALLS", "at_limit": "LIMIT"}


def number_at(page: Page, node: Node) -> Rows:
    """The number that is held at a node or at a block of it, and why; nothing where none is."""
    below = {node.id, *(child.id for child in page.view.children(node) if child.type != "iteration")}
    holds = [hold for hold in page.view.holds() if hold.checkpoint in NUMBERS and hold.node in below]
    return Joined([_number(page, hold) for hold in holds[:1]])


def _number(page: Page, hold: Hold) -> Rows:
    owner = page.view.node(hold.node)
    came, stands = (held_text(page.view, page.log, owner) if owner is not None else None) or ("", "")
    mark: tuple[Piece, ...] = (("✎ edited", "user"), (f" from {came}", "dim")) if came != stands else ()
    heading = label(_LABELS[hold.checkpoint], held_mark(hold), width=page.width, right=mark, key=HELD)
    number = [line(" " * LABEL, (stands, "user bold" if mark else "text bold"))]
    return Joined(([BLANK, heading], number, beside("", prose(hold.why, page, "muted"), page.width)))
