"""The root of a run as rows: question, answer, document, models, limits, usage."""

from __future__ import annotations

from collections.abc import Iterator

from rlm_tui import events as ev
from rlm_tui.text import plural, short_bytes, short_cost, short_count, short_seconds
from rlm_tui.trajectory import Node
from rlm_tui.trajectory.facts import RESET, newest
from rlm_tui.ui.content.block import answer_rows
from rlm_tui.ui.content.parts import LABEL, Page, beside, folded, label, note, packed, prose
from rlm_tui.ui.content.window import window_request
from rlm_tui.ui.lines import BLANK, Line, Piece, Rows, line
from rlm_tui.ui.rows import Joined
from rlm_tui.ui.states import ENDS, cut_off

_QUESTION_ROWS = 40
_PARTS = 8


def root(page: Page, node: Node) -> Rows:
    """Everything that holds for a whole run."""
    started, finished = _started(page, node), _finished(page, node)
    if started is None:
        return [label("RLM", (node.title or "begins", "muted"), width=page.width)]
    query = page.log.text(started.query)
    words = prose(query, page, "text bold") if query.strip() else prose("the log names none", page, "dim")
    question = beside("QUESTION", words, page.width)
    rows: list[Rows] = [folded(question, _QUESTION_ROWS, f"{node.id}.question", page), [BLANK]]
    if finished is not None:
        rows += [_ending(page, node, finished), [BLANK]]
    elif page.is_cut and node is page.view.root:
        rows += [[label("ENDED", cut_off("not by itself"), width=page.width)], [BLANK]]
    if page.view.facts(node, ev.Reset):
        rows += [note("↻", f"After it {RESET}.", page), [BLANK]]
    rows.append(list(_facts(page, node, started)))
    return Joined(rows)


def _started(page: Page, node: Node) -> ev.RunStarted | None:
    event = newest(page.view, page.log, node, ev.RunStarted)
    if event is not None:
        return event
    return page.view.started if node is page.view.root else None


def _finished(page: Page, node: Node) -> ev.RunFinished | None:
    event = newest(page.view, page.log, node, ev.RunFinished)
    if event is not None:
        return event
    return page.view.finished if node is page.view.root else None


def _ending(page: Page, node: Node, event: ev.RunFinished) -> Rows:
    rows: list[Rows] = []
    if event.answer is not None:
        rows.append(answer_rows(page, page.log.text(event.answer), event.via, node.id, event.status))
    if event.answer is None or event.detail:
        rows.append([label("ENDED", ENDS[event.status].whole, width=page.width)])
    if event.detail:
        rows.append(note("⚠", event.detail, page, "failed" if event.status == "failed" else "careful"))
    return Joined(rows)


def _facts(page: Page, node: Node, started: ev.RunStarted) -> Iterator[Line]:
    yield from of_context(page, started.context)
    models: list[Piece] = [(started.model, "root") if started.model else ("the log names none", "dim")]
    if started.sub_model and started.sub_model != started.model:
        models += [(" → ", "dim"), (started.sub_model, "sub")]
    yield from packed("MODEL", models, page.width)
    yield from packed("DIALECT", [started.dialect, (f"  {started.dialect_reason}", "dim")], page.width)
    yield from _window(page, node, started)
    if started.sandbox:
        role = "text" if started.is_walled else "failed"
        yield label("SANDBOX", (started.sandbox, role), width=page.width)
    asked = page.view.started
    is_newest = asked is not None and asked.seq == started.seq
    if started.sandbox or started.limits.iterations is not None:
        yield from packed("LIMITS", _dotted(limits(page.view.limits if is_newest else started.limits)), page.width)
    yield from packed("USED", _dotted(_used(page, node)), page.width)


def _window(page: Page, node: Node, started: ev.RunStarted) -> Iterator[Line]:
    """The tokens that a request may take, and who said so."""
    event = window_request(page.view, page.log, node.id)
    if event is None or started.served is None:
        return
    source = "as you asked" if event.window == started.served.window else "as the server tells"
    yield from packed("WINDOW", [(f"{event.window:,} tokens", "muted"), (f"  {source}", "dim")], page.width)


def _dotted(text: str) -> list[Piece]:
    """The facts of a row one by one, so that it breaks between them."""
    first, *rest = text.split(" · ")
    return [(first, "muted"), *((f" · {part}", "muted") for part in rest)]


def of_context(page: Page, context: ev.ContextInfo) -> Iterator[Line]:
    """The documents of a run, one a row."""
    for index, part in enumerate(context.parts[:_PARTS]):
        size = plural(part.pages, "page") if part.pages else short_bytes(part.bytes or part.chars)
        facts = [(f"  {part.kind}", "dim"), (f" · {size}", "dim"), (f" · {part.chars:,} characters", "dim")]
        yield from packed("" if index else "DOCUMENT", [part.name, *facts], page.width)
    more = len(context.parts) - _PARTS
    if more > 0:
        yield line(" " * LABEL, (f"… and {more} more", "dim"))


def limits(caps: ev.Limits) -> str:
    """The limits of a run in a row; those that are not set are left out."""
    said = [
        caps.iterations is not None and plural(caps.iterations, "iteration"),
        caps.subcalls is not None and f"{plural(caps.subcalls, 'sub-call')}, {caps.concurrency} at once",
        caps.tokens is not None and f"{short_count(caps.tokens)} tokens",
        caps.cost_usd is not None and short_cost(caps.cost_usd),
        caps.depth > 1 and plural(caps.depth, "level"),
        caps.seconds is not None and short_seconds(caps.seconds),
        caps.errors is not None and f"{plural(caps.errors, 'error')} in a row",
    ]
    return " · ".join(part for part in said if part) or "none"


def _used(page: Page, node: Node) -> str:
    used, view = page.view.usage(node), page.view
    until = view if node.closed is None else view.at(min(view.seq, node.closed))
    is_part = view.is_partial(node)
    cost = [short_cost(used.cost_usd)] if used.cost_usd is not None and not is_part else []
    spent = f"{short_count(used.input_tokens)} tokens in, {short_count(used.output_tokens)} out"
    parts = [
        plural(len(view.children(node)), "iteration"),
        plural(until.count(ev.SubcallRequested, since=node.opened), "sub-call"),
        f"at least {spent}" if is_part and used.tokens is not None else spent,
        *cost,
        short_seconds(view.worked(node, page.now)),
    ]
    return " · ".join(parts)
