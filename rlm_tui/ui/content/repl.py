"""The REPL pane: every block and its output, in the order in which they ran."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import NamedTuple

from rlm_tui import events as ev
from rlm_tui.text import short_seconds
from rlm_tui.trajectory import Node
from rlm_tui.trajectory.facts import RESET
from rlm_tui.ui.content.block import OUTCOMES, written
from rlm_tui.ui.content.parts import MARGIN, NODE, Page, folded, numbered, streaming, turn_of
from rlm_tui.ui.lines import BLANK, Line, Piece, Rows, clip, line, split, wrap_text
from rlm_tui.ui.rows import Joined, Stack, Window

_EMPTY = "Every block that runs, the model's and your own, appears here with its output."
_CODE_ROWS = 16
_OUTPUT_ROWS = 24


class Transcript(NamedTuple):
    """The rows, and where each block begins in them."""

    rows: Rows
    heads: dict[str, int]


@dataclass(slots=True)
class Blocks:
    """The blocks that are over as they were drawn, for a width and the folds that are open."""

    stack: Stack = field(default_factory=Stack)
    until: list[int] = field(default_factory=list)
    places: dict[str, int] = field(default_factory=dict)
    key: tuple[str, int, frozenset[str]] = ("", 0, frozenset())

    def fit(self, key: tuple[str, int, frozenset[str]]) -> None:
        """Forget what was drawn for another REPL, width or other folds; rows that were given out stay as they are."""
        if key != self.key:
            self.key = key
            self.stack = Stack()
            self.until.clear()
            self.places.clear()


def repl(page: Page, drawn: Blocks | None = None, owner: str = "") -> Transcript:
    """The blocks of all questions so far, or of the child RLM `owner`; with `drawn` only new ones are drawn."""
    blocks = drawn or Blocks()
    blocks.fit((owner, page.width, page.opened))
    seqs = page.view.tree.begun.get(owner, [])
    count = bisect_right(seqs, page.view.seq)
    while blocks.stack.parts < count and _keep(page, seqs[blocks.stack.parts], blocks):
        pass
    whole = min(bisect_right(blocks.until, page.view.seq), count)
    heads = {node: blocks.stack.start(part) for node, part in blocks.places.items() if part < whole}
    rows: list[Rows] = [Window(blocks.stack, 0, blocks.stack.start(whole))]
    for seq in seqs[whole:count]:
        event = page.log.event(seq)
        heads[event.node] = sum(map(len, rows))
        rows.append(_drawn(page, seq, _finished_after(page, event.node, seq)))
    if not owner and page.view.forgotten > (seqs[count - 1] if count else page.view.seq):
        rows.append([_forgotten(page), BLANK])
    joined = Joined(rows)
    return Transcript(Window(joined, 0, len(joined) - 1) if count else wrap_text(_EMPTY, page.width, "dim"), heads)


def _keep(page: Page, seq: int, blocks: Blocks) -> bool:
    """Draw a block for good, if it is over; tells whether it is."""
    node = page.log.event(seq).node
    over = _finished_after(page, node, seq)
    if over is None:
        return False
    blocks.places[node] = blocks.stack.parts
    blocks.stack.push(_drawn(page, seq, over))
    blocks.until.append(max(over.seq, blocks.until[-1] if blocks.until else 0))
    return True


def _drawn(page: Page, seq: int, over: ev.CodeFinished | None) -> Rows:
    event = page.log.event(seq)
    node = page.view.node(event.node)
    if not isinstance(event, ev.CodeStarted) or node is None:
        return [BLANK]
    begun = page.view.tree.begun.get(page.view.tree.repl_of(node.id), [])
    place = bisect_right(begun, seq) - 1
    was_reset = place > 0 and page.view.at(seq).forgotten > begun[place - 1] and not page.view.tree.repl_of(node.id)
    above: list[Rows] = [[_forgotten(page), BLANK]] if was_reset else []
    return Joined(
        (*above, _heading(page, event, node, over), _code(page, event, seq), _output(page, node, over, seq), [BLANK])
    )


def _finished_after(page: Page, node_id: str, seq: int) -> ev.CodeFinished | None:
    """How the run of a block that began at `seq` ended (a block may run again)."""
    node = page.view.node(node_id)
    later = page.view.facts(node, ev.CodeFinished) if node else []
    event = page.log.event(found) if (found := next((each for each in later if each > seq), None)) else None
    return event if isinstance(event, ev.CodeFinished) else None


def _heading(page: Page, event: ev.CodeStarted, node: Node, over: ev.CodeFinished | None) -> Rows:
    turn = turn_of(page.view, node)
    whose: Piece = ("✎ you", "user") if event.by == "user" else (f"iteration {turn.number}", "dim")
    state: Piece = ("● running", "running") if over is None else OUTCOMES[over.status]
    time = short_seconds(over.elapsed_s if over else page.view.elapsed(node, page.now))
    left = line((f"[{event.number}] ", "muted bold"), whose, "  ", state, key=f"{NODE}{node.id}")
    return [split(left, line((time, "dim")), page.width)]


def _forgotten(page: Page) -> Line:
    return clip(line((f"↻ {RESET}", "careful")), page.width)


def _code(page: Page, event: ev.CodeStarted, seq: int) -> Rows:
    role = "user" if event.by == "user" else "code"
    return folded(numbered(page.log.text(event.code), page, role), _CODE_ROWS, f"repl{seq}.code", page, MARGIN)


def _output(page: Page, node: Node, over: ev.CodeFinished | None, seq: int) -> Rows:
    if over is None:
        return streaming(page.live.text(node.id, "stdout"), page, "output", MARGIN)
    return written(page, over, f"repl{seq}", _OUTPUT_ROWS)
