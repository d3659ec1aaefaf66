"""What a person did to what was held: the one mark of it, and what stood there before."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from rlm_tui import events as ev
from rlm_tui.session.log import Log
from rlm_tui.trajectory import Node, View
from rlm_tui.trajectory.facts import newest
from rlm_tui.ui.content.parts import FOLD, Page, verbatim
from rlm_tui.ui.lines import Piece, Rows, line
from rlm_tui.ui.rows import Joined

ANSWERED: tuple[Piece, ...] = (("✎ you answered in its place", "user"),)
ASKED_AGAIN: Piece = ("↻ you asked again", "user")
_BEFORE = {
    "response": "the model said",
    "output": "the block wrote",
    "answer": "was answered",
    "prompt": "was to be sent",
}
_OFTEN: dict[str, frozenset[ev.Checkpoint]] = {
    "response": frozenset({"after_response"}),
    "output": frozenset({"after_code"}),
    "answer": frozenset({"after_subcall", "before_final"}),
}
"""What comes anew when it is asked for again: an edit of what came before it is over then."""


class Moment(Protocol):
    """A page or a scene: what it shows, and the log beside it."""

    @property
    def view(self) -> View:
        """The run at the moment."""
        ...

    @property
    def log(self) -> Log:
        """Where its texts are."""
        ...


class Edit(NamedTuple):
    """A text as it came, and as a person left it."""

    before: str
    after: str

    @property
    def mark(self) -> tuple[Piece, ...]:
        """That it is theirs, at the right end of a heading."""
        return ("✎ edited", "user"), (" by you", "dim")


def edit_of(page: Moment, node: Node, what: str) -> Edit | None:
    """How a person changed what is or was held at a node; None where they did not, or took it back."""
    events = (page.log.event(seq) for seq in page.view.facts(node, ev.Edited))
    edits = [event for event in events if isinstance(event, ev.Edited) and event.what == what]
    if edits and what in _OFTEN:
        last = _last_hold(page, node, _OFTEN[what])
        edits = [event for event in edits if event.hold == last]
    if not edits:
        return None
    edit = Edit(page.log.text(edits[0].before), page.log.text(edits[-1].after))
    return edit if edit.before != edit.after else None


def _last_hold(page: Moment, node: Node, checkpoints: frozenset[ev.Checkpoint]) -> int:
    for seq in reversed(page.view.facts(node, ev.Held)):
        event = page.log.event(seq)
        if isinstance(event, ev.Held) and event.checkpoint in checkpoints:
            return event.hold
    return 0


def mark_of(edit: Edit | None) -> tuple[Piece, ...]:
    """The mark of an edit, or nothing."""
    return edit.mark if edit is not None else ()


def answered(page: Moment, node: Node) -> tuple[Piece, ...]:
    """The mark of an iteration whose response a person wrote, or nothing."""
    lms = [child for child in page.view.children(node) if child.type == "lm"]
    response = newest(page.view, page.log, lms[-1], ev.LmResponded) if lms else None
    return ANSWERED if response is not None and response.by == "user" else ()


def was_answered(page: Page, node: Node) -> bool:
    """Whether a person answered in place of whom a sub-call was to ask."""
    released = (page.log.event(seq) for seq in page.view.facts(node, ev.Released))
    asked = [each for each in released if isinstance(each, ev.Released) and each.checkpoint == "before_subcall"]
    return bool(asked) and asked[-1].how == "answer"


def was_asked_again(page: Moment, node: Node) -> bool:
    """Whether a person had the model asked again in place of a response, a block, or a final answer of a response."""
    view = page.view
    if node.type == "lm" and (above := view.node(node.parent)) is not None and above.type == "iteration":
        finals = (page.log.event(seq) for seq in view.facts(above, ev.Released) if seq > node.opened)
        if any(isinstance(each, ev.Released) and each.how == "retry" for each in finals):
            return True
    if node.type not in ("lm", "code") or view.outcome(node) != "skipped":
        return False
    released = newest(view, page.log, node, ev.Released)
    return released is not None and released.how == "retry"


def was(page: Page, node: Node, what: str, edit: Edit | None, rows: Rows | None = None) -> Rows:
    """A row that opens what stood there before an edit; nothing where none was made."""
    if edit is None:
        return []
    key = f"{FOLD}{node.id}.was.{what}"
    arrow, words = "▾" if key in page.opened else "▸", _BEFORE.get(what, "the model wrote")
    heading = line("  ", (f"{arrow} what {words}", "dim"), key=key)
    body = (verbatim(edit.before, page, "dim") if rows is None else rows) if key in page.opened else []
    return Joined(([heading], body))
