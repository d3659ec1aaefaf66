"""What each event says in the linear mode, taken from the rows of the panes so that both tell the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from rlm_tui import events as ev
from rlm_tui.cli.plain.linear import WIDTH, EveryFold, Section, sections
from rlm_tui.session.base import Session
from rlm_tui.text import one_line, short_seconds
from rlm_tui.trajectory import Node, View
from rlm_tui.ui.content.block import answer, block
from rlm_tui.ui.content.numbers import number_at
from rlm_tui.ui.content.parts import Page, hold_at
from rlm_tui.ui.content.remarks import remarks
from rlm_tui.ui.content.root import root
from rlm_tui.ui.content.step import cut_code, exchange, read_as, says
from rlm_tui.ui.content.subcall import subcall
from rlm_tui.ui.content.told import queued, told, told_back
from rlm_tui.ui.states import ENDS
from rlm_tui.ui.words import child_name, hold_words, is_cut, iteration_of

_EVENT: TypeAlias = Any
_OPENING = ("question", "document", "", "model", "dialect", "sandbox", "limits")
_CLOSING = ("answer", "ended", "careful", "used")
_RELEASES: dict[ev.Release, str] = {
    "run": "you let it run",
    "step": "you stepped on",
    "go_on": "you let it go on",
    "skip": "you skipped it",
    "retry": "you had it done again",
    "answer": "you wrote it yourself",
    "stop": "the run was stopped",
}
_PROMPT = 160


def page_at(session: Session, seq: int | None = None) -> Page:
    """A page of a session as it stood after an event, every fold open."""
    view = session.view if seq is None else session.trajectory.at(seq)
    return Page(view, session.log, WIDTH, opened=EveryFold(), is_cut=is_cut(session, view))


def place(view: View, node_id: str) -> str:
    """Where a node stands: `iteration 2`, and below the root `child 1, iteration 2`."""
    turn, child = iteration_of(view, node_id), child_name(view, node_id)
    number = f"iteration {turn.number}" if turn is not None and turn.number else ""
    return ", ".join(part for part in (child, number) if part)


class Teller:
    """Says events one after another; a text that was just said is not said again."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._said: dict[tuple[str, str], tuple[str, ...]] = {}
        self._answer: tuple[str, ...] = ()

    def tell(self, event: ev.TraceEvent) -> list[str]:
        """The lines of an event; none for one that only the machinery needs."""
        page = page_at(self._session, event.seq)
        node = page.view.node(event.node)
        handler = _HANDLERS.get(type(event))
        if handler is None or node is None:
            return []
        where = "" if node.type == "rlm" and not node.parent else place(page.view, event.node)
        lines: list[str] = []
        for section in handler(page, node, event):
            if section.name == "answer" and self._is_known(event, section.body):
                continue
            new = self._new(node, section)
            is_old = new is not section and isinstance(event, ev.Held)
            lines += [] if is_old else new.lines("" if section.name == "held" else where)
        return lines

    def _is_known(self, event: ev.TraceEvent, answer: tuple[str, ...]) -> bool:
        """Whether a run ends with the answer that was just said whole."""
        before, self._answer = self._answer, answer
        return isinstance(event, ev.RunFinished) and event.status == "answered" and answer == before

    def _new(self, node: Node, section: Section) -> Section:
        key = (node.id, section.name)
        if section.body and self._said.get(key) == section.body:
            return section._replace(head=f"{section.head}, as said before".lstrip(" ,"), body=())
        self._said[key] = section.body
        return section


def _named(found: Iterable[Section], names: tuple[str, ...]) -> list[Section]:
    return [section for section in found if section.name in names]


def _started(page: Page, node: Node, _event: _EVENT) -> list[Section]:
    return _named(sections(root(page, node)), _OPENING)


def _finished(page: Page, node: Node, event: _EVENT) -> list[Section]:
    found = _named(sections(root(page, node)), _CLOSING)
    is_said = any(section.name == "ended" for section in found)
    return found if is_said else [*found, Section("ended", "", ENDS[event.status].phrase)]


def _turn(_page: Page, _node: Node, _event: _EVENT) -> list[Section]:
    return [Section("", "", "begins.")]


def _asked(page: Page, node: Node, event: _EVENT) -> list[Section]:
    return [*sections(told(page, node)), Section("", "", f"asks {event.model}.")]


def _over(page: Page, node: Node, _event: _EVENT) -> list[Section]:
    return sections(told_back(page, node))


def _responded(page: Page, node: Node, _event: _EVENT) -> list[Section]:
    return sections(says(page, node))


def _parsed(page: Page, node: Node, _event: _EVENT) -> list[Section]:
    lms = [child for child in page.view.children(node) if child.type == "lm"]
    return [*sections(read_as(page, node)), *sections(cut_code(page, node, lms))]


def _block(page: Page, node: Node, names: tuple[str, ...]) -> list[Section]:
    return _named(sections(block(page, node)), names)


def _code(page: Page, node: Node, _event: _EVENT) -> list[Section]:
    return _block(page, node, ("code",))


def _ran(page: Page, node: Node, event: _EVENT) -> list[Section]:
    changes = ", ".join(f"{change.change} {change.name}" for change in event.changes)
    variables = [Section("variables", "", changes)] if changes else []
    return [*_block(page, node, ("calls", "output")), *variables]


def _called(page: Page, node: Node, event: _EVENT) -> list[Section]:
    nth = f"{event.index + 1} of {event.batch_size}" if event.batch else ""
    return [Section("sub-call", nth, f"{_whom(node, event)}: {one_line(page.log.text(event.prompt), _PROMPT)}")]


def _whom(node: Node, event: ev.SubcallRequested) -> str:
    """Who is asked: a model, a child RLM and its model, or the person's own tool."""
    if node.asks == "tool":
        return "your tool"
    return f"a child RLM, led by {event.model}" if node.asks == "rlm" else event.model


def _call_answered(page: Page, _node: Node, event: _EVENT) -> list[Section]:
    took = "from the cache" if event.cached else short_seconds(event.latency_s)
    if event.error:
        return [Section("sub-call failed", took, one_line(event.error, _PROMPT))]
    return [Section("sub-answer", took, one_line(page.log.text(event.text), _PROMPT))]


def _given(page: Page, node: Node, _event: _EVENT) -> list[Section]:
    return sections(answer(page, node))


def _remark(page: Page, node: Node, _event: _EVENT) -> list[Section]:
    return sections(remarks(page, node))[-1:]


def _failed(page: Page, node: Node, event: _EVENT) -> list[Section]:
    name = "failed" if event.retry_in_s is None else "trying again"
    return [section._replace(name=name) for section in _remark(page, node, event)]


def _held(page: Page, node: Node, _event: _EVENT) -> list[Section]:
    hold = hold_at(page.view, node)
    words = hold_words(page.view, hold) if hold is not None else ""
    return [*_content(page, node), Section("held", "", words)]


def _content(page: Page, node: Node) -> list[Section]:
    """What waits at a node, as its pane shows it."""
    hold = hold_at(page.view, node)
    match hold.checkpoint if hold is not None else None:
        case "before_code":
            return _block(page, node, ("code",))
        case "after_code":
            return _block(page, node, ("output",))
        case "before_final":
            return sections(answer(page, node))
        case "before_request" | "after_response":
            rows = [part for found in exchange(page, node) for part in sections(found)]
            return _named(rows, ("prompt", "response"))
        case "before_batch" | "at_limit":
            return sections(number_at(page, node))
        case "before_subcall" | "after_subcall":
            return sections(subcall(page, node))[-1:]
    return []


def _edited(page: Page, node: Node, _event: _EVENT) -> list[Section]:
    return [Section("", "", "is edited by you."), *_content(page, node)]


def _released(_page: Page, _node: Node, event: _EVENT) -> list[Section]:
    return [Section("released", "", f"{_RELEASES.get(event.how, event.how)}.")]


def _told(page: Page, node: Node, event: _EVENT) -> list[Section]:
    turn = iteration_of(page.view, node.id)
    waits = sections(queued(page, turn)) if turn is not None else []
    return waits or [Section("told", "", f"by you: {page.log.text(event.text)}")]


def _closed(_page: Page, node: Node, event: _EVENT) -> list[Section]:
    is_worth_it = event.outcome in ("skipped", "interrupted", "cancelled") and node.type in ("code", "subcall", "lm")
    return [Section(node.type, "", f"{event.outcome}.")] if is_worth_it else []


_HANDLERS: dict[type[ev.TraceEvent], Callable[[Page, Node, _EVENT], list[Section]]] = {
    ev.RunStarted: _started,
    ev.RunFinished: _finished,
    ev.IterationStarted: _turn,
    ev.IterationFinished: _over,
    ev.LmRequested: _asked,
    ev.LmResponded: _responded,
    ev.LmFailed: _failed,
    ev.ResponseParsed: _parsed,
    ev.CodeStarted: _code,
    ev.CodeFinished: _ran,
    ev.SubcallRequested: _called,
    ev.SubcallFinished: _call_answered,
    ev.AnswerGiven: _given,
    ev.LimitHit: _remark,
    ev.Note: _remark,
    ev.Reset: _remark,
    ev.Held: _held,
    ev.Released: _released,
    ev.Edited: _edited,
    ev.Told: _told,
    ev.NodeClosed: _closed,
}
