"""The REPL pane: every block and its output, in the order in which they ran."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field

from rlm_tui import events as ev
from rlm_tui.text import short_seconds
from rlm_tui.trajectory import Node
from rlm_tui.trajectory.facts import RESET
from rlm_tui.ui.content.block import OUTCOMES, written
from rlm_tui.ui.content.edits import Edit, edit_of
from rlm_tui.ui.content.parts import MARGIN, NODE, Page, folded, numbered, streaming, turn_of, verbatim
from rlm_tui.ui.lazy import Kept, Parts, together
from rlm_tui.ui.lines import BLANK, Line, Piece, Rows, clip, line, split, wrap_text
from rlm_tui.ui.states import cut_off

_EMPTY = "Every block that runs, the model's and your own, appears here with its output."
_CODE_ROWS = 16
_OUTPUT_ROWS = 24
_GUESS = 8


@dataclass(frozen=True, slots=True)
class Transcript:
    """The rows, and where each block begins in them."""

    rows: Rows
    part_of: Callable[[str], int | None] = lambda _node: None

    def head(self, node: str) -> int | None:
        """The row at which a block began to run last."""
        part = self.part_of(node)
        return self.rows.start(part) + (part > 0) if part is not None and isinstance(self.rows, Parts) else None


@dataclass(slots=True)
class Blocks:
    """What was made of the blocks of a REPL, for a width and the folds that are open."""

    kept: Kept = field(default_factory=lambda: Kept(_GUESS))
    key: tuple[str, int] = ("", 0)
    opened: frozenset[str] = frozenset()

    def fit(self, key: tuple[str, int], opened: frozenset[str]) -> None:
        """Forget what was made for another REPL, width or other folds; rows that were given out stay as they are."""
        if key != self.key:
            self.key, self.kept = key, Kept(_GUESS)
        if opened != self.opened:
            self.opened, self.kept = opened, self.kept.redrawn()


def repl(page: Page, drawn: Blocks | None = None, owner: str = "") -> Transcript:
    """The blocks of all questions so far, or of the child RLM `owner`; `drawn` keeps what was made before."""
    blocks, page = drawn or Blocks(), page._replace(is_lazy=True)
    blocks.fit((owner, page.width), page.opened)
    seqs = page.view.tree.begun.get(owner, [])
    count = bisect_right(seqs, page.view.seq)
    if not count:
        return Transcript(wrap_text(_EMPTY, page.width, "dim"))

    def make(part: int) -> tuple[Rows, int | None]:
        over = _finished_after(page, page.log.event(seqs[part]).node, seqs[part])
        rows = _drawn(page, seqs[part], over)
        node = page.view.node(over.node) if over else None
        since = node.closed if node is not None else None  # until then its output may be edited
        return together([BLANK], rows) if part else rows, since

    def part_of(node_id: str) -> int | None:
        node = page.view.node(node_id)
        seq = page.view.fact(node, ev.CodeStarted) if node is not None else None
        part = bisect_left(seqs, seq or 0, 0, count)
        return part if part < count and seqs[part] == seq else None

    is_forgotten = not owner and page.view.forgotten > seqs[count - 1]
    tail: list[Rows] = [[BLANK, _forgotten(page)]] if is_forgotten else []
    return Transcript(Parts(tail, blocks.kept, count, make, page.view.seq), part_of)


def _drawn(page: Page, seq: int, over: ev.CodeFinished | None) -> Rows:
    event = page.log.event(seq)
    node = page.view.node(event.node)
    if not isinstance(event, ev.CodeStarted) or node is None:
        return [BLANK]
    begun = page.view.tree.begun.get(page.view.tree.repl_of(node.id), [])
    place = bisect_right(begun, seq) - 1
    was_reset = place > 0 and page.view.at(seq).forgotten > begun[place - 1] and not page.view.tree.repl_of(node.id)
    above: list[Rows] = [[_forgotten(page), BLANK]] if was_reset else []
    return together(*above, _heading(page, event, node, over), _code(page, event, seq), _output(page, node, over, seq))


def _finished_after(page: Page, node_id: str, seq: int) -> ev.CodeFinished | None:
    """How the run of a block that began at `seq` ended (a block may run again)."""
    node = page.view.node(node_id)
    later = page.view.facts(node, ev.CodeFinished) if node else []
    event = page.log.event(found) if (found := next((each for each in later if each > seq), None)) else None
    return event if isinstance(event, ev.CodeFinished) else None


def _heading(page: Page, event: ev.CodeStarted, node: Node, over: ev.CodeFinished | None) -> Rows:
    turn = turn_of(page.view, node)
    whose: Piece = ("✎ you", "user") if event.by == "user" else (f"iteration {turn.number}", "dim")
    state: Piece = _open(page) if over is None else OUTCOMES[over.status]
    time = short_seconds(over.elapsed_s if over else page.view.worked(node, page.now))
    mark = _edited(page, event, node)
    left = line((f"[{event.number}] ", "muted bold"), whose, "  ", *mark, state, key=f"{NODE}{node.id}")
    return [split(left, line((time, "dim")), page.width)]


def _open(page: Page) -> Piece:
    return cut_off("no end") if page.is_cut else ("● running", "running")


def _edited(page: Page, event: ev.CodeStarted, node: Node) -> tuple[Piece, ...]:
    """That the code that ran is a person's edit."""
    edit = edit_of(page, node, "code")
    return (*edit.mark, "  ") if edit is not None and edit.after == page.log.text(event.code) else ()


def _forgotten(page: Page) -> Line:
    return clip(line((f"↻ {RESET}", "careful")), page.width)


def _code(page: Page, event: ev.CodeStarted, seq: int) -> Rows:
    role = "user" if event.by == "user" else "code"
    return folded(numbered(page.log.text(event.code), page, role), _CODE_ROWS, f"repl{seq}.code", page, MARGIN)


def _output(page: Page, node: Node, over: ev.CodeFinished | None, seq: int) -> Rows:
    if over is None:
        return streaming(page.live.text(node.id, "stdout"), page, "output", MARGIN)
    rows = written(page, over, f"repl{seq}", _OUTPUT_ROWS)
    edit = edit_of(page, node, "output") if page.view.fact(node, ev.CodeStarted) == seq else None
    return rows if edit is None else together(rows, _instead(page, edit, seq))


def _instead(page: Page, edit: Edit, seq: int) -> Rows:
    """What a person made of an output for the model, below what was really written."""
    heading = clip(line(("✎ what the model sees instead", "user"), (", by you", "dim")), page.width)
    text = folded(verbatim(edit.after, page, "user"), _OUTPUT_ROWS, f"repl{seq}.edited", page, MARGIN)
    return together([heading], text)
