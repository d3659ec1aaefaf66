"""A code block as rows: the code with what a person changed in it, the calls it made, its output; and answers."""

from __future__ import annotations

from rlm_tui import events as ev
from rlm_tui.text import plural, short_count, short_seconds
from rlm_tui.trajectory import Hold, Node
from rlm_tui.trajectory.facts import newest
from rlm_tui.ui.content.batches import place_in
from rlm_tui.ui.content.calls import code_of, held_nodes, held_text
from rlm_tui.ui.content.edits import ASKED_AGAIN, answered, edit_of, mark_of, was, was_asked_again
from rlm_tui.ui.content.parts import (
    ANSWER,
    AT,
    HELD,
    MARGIN,
    Page,
    folded,
    hold_at,
    label,
    numbered,
    prose,
    sections,
    streaming,
    verbatim,
)
from rlm_tui.ui.content.remarks import remarks
from rlm_tui.ui.content.tally import was_stopped
from rlm_tui.ui.lazy import together
from rlm_tui.ui.lines import Piece, Rows
from rlm_tui.ui.rows import Joined
from rlm_tui.ui.states import ENDS, cut_off

_CODE_ROWS = 200
_OUTPUT_ROWS = 100
_ANSWER_ROWS = 200
OUTCOMES: dict[ev.BlockStatus, Piece] = {
    "ok": ("", "done"),
    "error": ("✗ raised an error", "failed"),
    "interrupted": ("✗ interrupted; the state is kept", "careful"),
    "killed": ("✗ killed; the variables are lost", "failed"),
    "died": ("✗ the worker died; the variables are lost", "failed"),
}
_VIA: dict[ev.Via, str] = {
    "FINAL": "by FINAL(…)",
    "FINAL_VAR": "by FINAL_VAR(…)",
    "answer": "by the answer dict",
    "SUBMIT": "by SUBMIT(…)",
    "user": "✎ as you wrote it",
    "direct": "read straight from the context, in one request",
    "exhausted": "the last the model said at the limit, not a final answer",
}
_MARKS: dict[ev.Checkpoint, str] = {
    "before_code": "held, not run yet",
    "after_code": "held before the model sees it",
    "before_final": "held, not given yet",
    "before_request": "held, not sent yet",
    "after_response": "held, not read yet",
    "before_batch": "held; a lower number asks the first of them only",
    "before_subcall": "held, not sent yet",
    "after_subcall": "held before the code gets it",
    "at_limit": "held; a higher number grants more",
}
EDITED: dict[ev.Checkpoint, str] = {
    "before_request": "prompt",
    "after_response": "response",
    "after_code": "output",
    "before_subcall": "prompt",
    "after_subcall": "answer",
}
"""What the edit of a held text is called in the trace."""


def held_rows(page: Page, node: Node, checkpoint: ev.Checkpoint, name: str, role: str = "text") -> Rows | None:
    """What waits at a node under the name of its section; None where nothing is held at that checkpoint."""
    hold = hold_at(page.view, node)
    if hold is None or hold.checkpoint != checkpoint:
        return None
    held, what = held_text(page.view, page.log, node), EDITED.get(checkpoint, "")
    edit = edit_of(page, node, what)
    pieces = (*_failed(page, node), held_mark(hold)) if checkpoint == "after_code" else (held_mark(hold),)
    place: Piece = (place_in(page.view, node), "dim")
    heading = label(name, *pieces, place, width=page.width, right=mark_of(edit), key=HELD)
    return Joined(([heading], verbatim(held[1] if held else "", page, role), was(page, node, what, edit)))


def _failed(page: Page, node: Node) -> tuple[Piece, ...]:
    """That a block failed whose output waits, in few words: what waits is its traceback."""
    finished = newest(page.view, page.log, node, ev.CodeFinished)
    if finished is None or finished.status == "ok":
        return ()
    said = OUTCOMES[finished.status]
    return ((f"{said[0].partition(';')[0]} · ", said[1]),)


def held_mark(hold: Hold) -> Piece:
    """That something waits, and where."""
    return f"‖ {'held, it failed' if hold.has_failed else _MARKS[hold.checkpoint]}", "careful"


def block(page: Page, node: Node) -> Rows:
    """A code block: CODE, CALLS, OUTPUT."""
    return sections((_code(page, node), _calls(page, node), output(page, node), remarks(page, node)))


def _code(page: Page, node: Node) -> Rows:
    view, hold = page.view, hold_at(page.view, node)
    started = view.fact(node, ev.CodeStarted)
    event = page.log.event(started) if started else None
    number = f"block {event.number}" if isinstance(event, ev.CodeStarted) else ""
    held = hold if hold is not None and hold.checkpoint == "before_code" else None
    state: Piece = held_mark(held) if held else (number, "muted")
    if not held and not started and view.outcome(node) == "skipped":
        state = ASKED_AGAIN if was_asked_again(page, node) else ("○ skipped, never run", "dim")
    text = code_of(view, page.log, node)
    edit = edit_of(page, node, "code")
    right: tuple[Piece, ...] = (("✎ you", "user"),) if node.by == "user" else mark_of(edit)
    rows: list[Rows] = [[label("CODE", state, width=page.width, right=right, key=HELD if held else f"{AT}{node.id}")]]
    rows.append(folded(numbered(text, page), _CODE_ROWS, f"{node.id}.code", page, MARGIN))
    if edit is not None:
        rows.append(was(page, node, "code", edit, numbered(edit.before, page, "dim")))
    return Joined(rows)


def _calls(page: Page, node: Node) -> Rows:
    calls = [child for child in page.view.children(node) if child.type == "subcall"]
    if not calls:
        return []
    outcomes = [page.view.outcome(call) for call in calls]
    open_ = [call for call, outcome in zip(calls, outcomes, strict=True) if outcome is None]
    held = {hold.node for hold in page.view.holds()}
    asked = sum(call.id in held or page.view.fact(call, ev.SubcallRequested) is not None for call in open_)
    pieces: list[Piece] = [(plural(len(calls), "sub-call"), "sub")]
    counts = (
        (asked, *(("without an answer", "careful") if page.is_cut else ("under way", "running"))),
        (len(open_) - asked, "not asked" if page.is_cut else "queued", "dim"),
        (outcomes.count("error"), "failed", "failed"),
        (sum(was_stopped(page.view, call) for call in calls), "stopped", "dim"),
        (outcomes.count("skipped"), "skipped", "dim"),
    )
    marks = {"failed": "✗ "}
    pieces += [(f" · {marks.get(what, '')}{count} {what}", role) for count, what, role in counts if count]
    if (edit := edit_of(page, node, "calls")) is not None:
        pieces.append((f" · ✎ {edit.after} of {edit.before}, by you", "user"))
    used = sum((page.view.usage(call) for call in calls), ev.Usage()).tokens
    return [label("CALLS", *pieces, width=page.width, right=((f"{short_count(used)} tok", "dim"),))]


def output(page: Page, node: Node) -> Rows:
    """What a block wrote, as it comes or as it came, and how much of it the model saw."""
    held = held_rows(page, node, "after_code", "OUTPUT", "output")
    if held is not None:
        return held
    finished = newest(page.view, page.log, node, ev.CodeFinished)
    if finished is not None:
        return _finished(page, node, finished)
    if page.view.fact(node, ev.CodeStarted) is None or page.view.outcome(node) is not None:
        return []
    passed = short_seconds(page.view.worked(node, page.now))
    state: Piece = cut_off("no end of the block") if page.is_cut else ("● running", "running")
    heading = label("OUTPUT", state, width=page.width, right=((passed, "dim"),))
    if node.id in held_nodes(page.view):
        heading = label("OUTPUT", ("‖ the block waits for what is held", "careful"), width=page.width)
    return Joined(([heading], streaming(page.live.text(node.id, "stdout"), page, "output", MARGIN)))


def _finished(page: Page, node: Node, event: ev.CodeFinished) -> Rows:
    said = OUTCOMES[event.status]
    facts = said if said[0] else (short_seconds(event.elapsed_s), "dim")
    if (edit := edit_of(page, node, "output")) is not None:
        heading = label("OUTPUT", facts, width=page.width, right=edit.mark)
        shown = folded(verbatim(edit.after, page, "output"), _OUTPUT_ROWS, f"{node.id}.edited", page, MARGIN)
        return Joined(([heading], shown, was(page, node, "output", edit)))
    total = len("\n".join(text.rstrip("\n") for text, _ in _texts(page, event) if text.strip()))
    heading = label("OUTPUT", facts, width=page.width, right=(_seen(page, node, event, total),))
    return Joined(([heading], written(page, event, node.id, _OUTPUT_ROWS)))


def _texts(page: Page, event: ev.CodeFinished) -> tuple[tuple[str, str], ...]:
    """Output, error output and traceback of a block, each with its role."""
    error = event.error
    trouble = (error.traceback or f"{error.type}: {error.message}") if error else ""
    return (page.log.text(event.stdout), "output"), (page.log.text(event.stderr), "careful"), (trouble, "failed")


def written(page: Page, event: ev.CodeFinished, name: str, limit: int) -> Rows:
    """All that a block wrote, and the engine's remarks on it."""
    rows = [
        folded(verbatim(text, page, role), limit, f"{name}.{role}", page, MARGIN)
        for text, role in _texts(page, event)
        if text.strip()
    ]
    return together(*rows, *(prose(f"⚠ {remark}", page, "careful", MARGIN) for remark in event.notes))


def _seen(page: Page, node: Node, event: ev.CodeFinished, total: int) -> Piece:
    if event.shown is None and node.by == "user":
        return "the model is told with its next message", "dim"
    if total == 0:
        return "no output", "dim"
    if event.shown is None:
        return "what the model saw of it is not recorded", "dim"
    if _is_sent(page, node, event):
        if event.shown >= total:
            return f"model saw all {plural(total, 'character')}", "dim"
        return f"model saw {event.shown:,} of {plural(total, 'character')}", "careful"
    if page.view.finished is not None or page.is_cut:
        return "the model never saw it", "dim"
    if event.shown >= total:
        return "the model has not seen it yet", "dim"
    return f"model will see {event.shown:,} of {plural(total, 'character')}", "careful"


def _is_sent(page: Page, node: Node, event: ev.CodeFinished) -> bool:
    """Whether a request has gone out since a block was over."""
    requests = page.view.tree.requests.get(page.view.tree.rlm_of(node.id) or "", [])
    return any(event.seq < seq <= page.view.seq for seq, _, _ in requests)


def answer(page: Page, node: Node) -> Rows:
    """The final answer that a node offers or gave, and by which form."""
    hold = hold_at(page.view, node)
    if hold is not None and hold.checkpoint == "before_final":
        held, edit = held_text(page.view, page.log, node), edit_of(page, node, "answer")
        body = prose(held[1] if held else "", page, "text", MARGIN)
        right = mark_of(edit) or answered(page, node)
        heading = label("ANSWER", held_mark(hold), width=page.width, right=right, key=HELD)
        return Joined(([heading], body, was(page, node, "answer", edit)))
    event = newest(page.view, page.log, node, ev.AnswerGiven)
    if event is None:
        return []
    return answer_rows(page, page.log.text(event.text), event.via, node.id)


def answer_rows(page: Page, text: str, via: ev.Via | None, name: str, status: ev.RunStatus = "answered") -> Rows:
    """An answer with the form that gave it, and the symbol of how its run ended."""
    form: tuple[Piece, ...] = ((_VIA[via], "user" if via == "user" else "dim"),) if via else ()
    mark: Piece = ("⚠", "careful") if via == "exhausted" else ENDS[status].sign
    heading = label("ANSWER", mark, width=page.width, right=form, key=ANSWER)
    return Joined(([heading], folded(prose(text, page, "text bold", MARGIN), _ANSWER_ROWS, f"{name}.answer", page)))
