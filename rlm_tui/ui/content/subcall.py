"""A sub-call, and the calls of a batch, as rows."""

from __future__ import annotations

from rlm_tui import events as ev
from rlm_tui.text import one_line, plural, short_cost, short_count, short_seconds
from rlm_tui.trajectory import Node
from rlm_tui.trajectory.facts import newest
from rlm_tui.ui.content.asked import asked_row, writing_mark
from rlm_tui.ui.content.batches import members, place_in
from rlm_tui.ui.content.block import held_rows
from rlm_tui.ui.content.calls import CACHED, held_prompt, is_tool, scene, state
from rlm_tui.ui.content.edits import ANSWERED, edit_of, mark_of, was, was_answered
from rlm_tui.ui.content.parts import MARGIN, NODE, Page, folded, hold_at, label, streaming, verbatim
from rlm_tui.ui.content.remarks import remarks
from rlm_tui.ui.lines import BLANK, Line, Piece, Rows, line, pad, rjust
from rlm_tui.ui.rows import Joined, Provider
from rlm_tui.ui.states import cut_off
from rlm_tui.ui.words import child_name

_ROWS = 60
_FAILED = ("✗ failed; the code got an error text", "✗ failed; the code got an exception")


def subcall(page: Page, node: Node) -> Rows:
    """PROMPT and ANSWER of one sub-call, CALL and RESULT of a host tool."""
    over = newest(page.view, page.log, node, ev.SubcallFinished)
    failure = over.error if over is not None and edit_of(page, node, "answer") is None else None
    prompt, reply = _prompt(page, node), Joined((remarks(page, node, told=failure or ""), _answer(page, node)))
    return Joined((prompt, [BLANK], reply) if len(reply) else (prompt,))


def _asked(node: Node) -> str:
    return "CALL" if is_tool(node) else "PROMPT"


def _told(node: Node) -> str:
    return "RESULT" if is_tool(node) else "ANSWER"


def _prompt(page: Page, node: Node) -> Rows:
    held = held_rows(page, node, "before_subcall", _asked(node))
    if held is not None:
        return held
    event = newest(page.view, page.log, node, ev.SubcallRequested)
    if event is None:
        return _unsent(page, node)
    text = page.log.text(event.prompt)
    place = f" · {event.index + 1} of {event.batch_size}" if event.batch else ""
    edit = edit_of(page, node, "prompt")
    right: tuple[Piece, ...] = mark_of(edit) or ((plural(len(text), "character"), "dim"),)
    by = "a tool of yours, on this machine" if is_tool(node) else f"{_led(page, node)}{event.model}"
    heading = label(_asked(node), (f"{by}{place}", "sub"), width=page.width, right=right)
    shown = folded(verbatim(text, page, "text"), _ROWS, f"{node.id}.prompt", page, MARGIN)
    return Joined(([heading], shown, was(page, node, "prompt", edit)))


def _unsent(page: Page, node: Node) -> Rows:
    """A call that has not gone out, with its prompt where it was held before."""
    edit, text = edit_of(page, node, "prompt"), held_prompt(page, node) or ""
    place: Piece = (place_in(page.view, node), "dim")
    heading = label(_asked(node), _unasked(page, node), place, width=page.width, right=mark_of(edit))
    shown = folded(verbatim(text, page, "text"), _ROWS, f"{node.id}.prompt", page, MARGIN) if text else ()
    return Joined(([heading], shown, was(page, node, "prompt", edit)))


def _unasked(page: Page, node: Node) -> Piece:
    """Why a call has not gone out."""
    outcome = page.view.outcome(node)
    if outcome is not None:
        return "○ skipped, never asked" if outcome == "skipped" else "○ stopped, never asked", "dim"
    if hold_at(page.view, node) is not None:
        return "‖ waits for you", "dim"
    return cut_off("not asked") if page.is_cut else ("○ waits for a free slot", "dim")


def _led(page: Page, node: Node) -> str:
    """`child 2, led by `, where a child RLM works on a sub-call."""
    child = next((each for each in page.view.children(node) if each.type == "rlm"), None)
    return f"{child_name(page.view, child.id)}, led by " if child is not None else ""


def _answer(page: Page, node: Node) -> Rows:
    held = held_rows(page, node, "after_subcall", _told(node))
    if held is not None:
        return held
    view, event = page.view, newest(page.view, page.log, node, ev.SubcallFinished)
    if event is not None:
        return _answered(page, node, event)
    if view.fact(node, ev.SubcallRequested) is None or view.outcome(node) is not None:
        return []
    text = page.live.text(node.id, "text")
    if not text:
        return [asked_row(page, node, _told(node), "asked; no answer yet")]
    heading = label(_told(node), writing_mark(page, node), width=page.width)
    return Joined(([heading], streaming(text, page, "text", MARGIN)))


def _answered(page: Page, node: Node, event: ev.SubcallFinished) -> Rows:
    took = "from the cache" if event.cached else short_seconds(event.latency_s)
    used = page.view.usage(node)
    spent = [] if is_tool(node) else [f"{short_count(used.tokens)} tok"]
    spent += [short_cost(used.cost_usd)] if used.cost_usd is not None else []
    right: tuple[Piece, ...] = ANSWERED if was_answered(page, node) else ((" · ".join([took, *spent]), "dim"),)
    edit = edit_of(page, node, "answer")
    if event.error and edit is None:
        heading = label(_told(node), (_FAILED[is_tool(node)], "failed"), width=page.width, right=right)
        return Joined(([heading], verbatim(event.error, page, "failed")))
    text = page.log.text(event.text) if edit is None else edit.after
    empty: tuple[Piece, ...] = () if text.strip() else (("  it is empty", "dim"),)
    heading = label(_told(node), ("✓", "done"), *empty, width=page.width, right=mark_of(edit) or right)
    shown = folded(verbatim(text, page, "text"), 4 * _ROWS, f"{node.id}.answer", page, MARGIN)
    return Joined(([heading], shown, was(page, node, "answer", edit)))


class _BatchRows(Provider):
    """One row a call, each made when it is looked at."""

    def __init__(self, page: Page, calls: list[Node]) -> None:
        self._page, self._calls = page, calls
        self._scene = scene(page.view, page.log, page.now, is_cut=page.is_cut)

    def __len__(self) -> int:
        return len(self._calls)

    def at(self, index: int) -> Line:
        """The row of one call."""
        view, log, node = self._page.view, self._page.log, self._calls[index]
        asked, finished = view.fact(node, ev.SubcallRequested), view.fact(node, ev.SubcallFinished)
        request, reply = (log.event(asked) if asked else None), (log.event(finished) if finished else None)
        said: Piece = (node.title, "dim")
        if isinstance(request, ev.SubcallRequested):
            said = (one_line(log.text(request.prompt)), "dim")
        elif (prompt := held_prompt(self._page, node)) is not None:
            said = (one_line(prompt), "dim")
        if isinstance(reply, ev.SubcallFinished):
            said = (one_line(reply.error), "failed") if reply.error else (f"“{one_line(log.text(reply.text))}”", "text")
        is_kept = isinstance(reply, ev.SubcallFinished) and reply.cached
        numbers = (
            rjust(str(index + 1), 4),
            rjust(CACHED if is_kept else short_seconds(view.worked(node, self._page.now)), 7),
            rjust(short_count(view.usage(node).tokens), 7),
        )
        row = line("  ", state(self._scene, node), *numbers, "  ", said, key=f"{NODE}{node.id}")
        return pad(row, self._page.width)


def batch(page: Page, key: str) -> Rows:
    """The calls of a batch as a table: state, place, time, tokens, answer; Enter on a row selects the call."""
    calls = members(page.view, key)
    used = sum((page.view.usage(call) for call in calls), ev.Usage()).tokens
    right: tuple[Piece, ...] = ((f"{short_count(used)} tok", "dim"),)
    said: Piece = (plural(len(calls), "call"), "sub")
    return Joined(([label("BATCH", said, width=page.width, right=right)], _BatchRows(page, calls)))
