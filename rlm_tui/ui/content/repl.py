"""The REPL pane: every block and its output, in the order in which they ran."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from rlm_tui import events as ev
from rlm_tui.text import short_seconds
from rlm_tui.trajectory import Node
from rlm_tui.ui.content.block import OUTCOMES, written
from rlm_tui.ui.content.parts import FOLD, MARGIN, NODE, Page, folded, iteration_of, numbered, streaming
from rlm_tui.ui.lines import BLANK, Piece, Rows, line, split, wrap_text
from rlm_tui.ui.rows import Joined

_EMPTY = "Every block that runs, the model's and your own, appears here with its output."
_CODE_ROWS = 16
_OUTPUT_ROWS = 24
Blocks: TypeAlias = dict[tuple[int, int, frozenset[str]], Rows]


class Transcript(NamedTuple):
    """The rows, and where each block begins in them."""

    rows: Rows
    heads: dict[str, int]


def repl(page: Page, drawn: Blocks | None = None) -> Transcript:
    """The blocks of all questions so far; `drawn` keeps the blocks that are over as they were drawn before."""
    kept = {} if drawn is None else drawn
    rows: list[Rows] = []
    heads: dict[str, int] = {}
    at = 0
    for seq in started_seqs(page):
        node_id, part = _one(page, seq, kept)
        heads[node_id] = at
        rows += [part, [BLANK]]
        at += len(part) + 1
    return Transcript(Joined(rows[:-1]) if rows else wrap_text(_EMPTY, page.width, "dim"), heads)


def started_seqs(page: Page) -> list[int]:
    """The seqs at which blocks began to run, by now."""
    seqs = page.view.tree.counts.get(ev.CodeStarted.__name__, [])
    return seqs[: page.view.count(ev.CodeStarted)]


def _one(page: Page, seq: int, kept: Blocks) -> tuple[str, Rows]:
    event = page.log.event(seq)
    node = page.view.node(event.node)
    if not isinstance(event, ev.CodeStarted) or node is None:
        return event.node, []
    over = _finished_after(page, node, seq)
    mine = frozenset(key for key in page.opened if key.startswith(f"{FOLD}repl{seq}."))
    key = seq, page.width, mine
    if over is not None and key in kept:
        return node.id, kept[key]
    rows = Joined((_heading(page, event, node, over), _code(page, event, seq), _output(page, node, over, seq)))
    if over is not None:
        kept[key] = rows
    return node.id, rows


def _finished_after(page: Page, node: Node, seq: int) -> ev.CodeFinished | None:
    """How the run of a block that began at `seq` ended (a block may run again)."""
    found = next((later for later in page.view.facts(node, ev.CodeFinished) if later > seq), None)
    event = page.log.event(found) if found else None
    return event if isinstance(event, ev.CodeFinished) else None


def _heading(page: Page, event: ev.CodeStarted, node: Node, over: ev.CodeFinished | None) -> Rows:
    turn = iteration_of(page.view, node)
    whose: Piece = ("✎ you", "user") if event.by == "user" else (f"iteration {turn.number}", "dim")
    state: Piece = ("● running", "running") if over is None else OUTCOMES[over.status]
    time = short_seconds(over.elapsed_s if over else page.view.elapsed(node, page.now))
    left = line((f"[{event.number}] ", "muted bold"), whose, "  ", state, key=f"{NODE}{node.id}")
    return [split(left, line((time, "dim")), page.width)]


def _code(page: Page, event: ev.CodeStarted, seq: int) -> Rows:
    role = "user" if event.by == "user" else "code"
    return folded(numbered(page.log.text(event.code), page, role), _CODE_ROWS, f"repl{seq}.code", page, MARGIN)


def _output(page: Page, node: Node, over: ev.CodeFinished | None, seq: int) -> Rows:
    if over is None:
        return streaming(page.live.text(node.id, "stdout"), page, "output", MARGIN)
    return written(page, over, f"repl{seq}", _OUTPUT_ROWS)
