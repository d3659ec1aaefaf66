"""The summary of a recorded run: how it ended, what it cost, what went wrong, what a person did, and where to go."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from rlm_tui import events as ev
from rlm_tui.session.base import LiveText, Origin, Session
from rlm_tui.session.log import Log
from rlm_tui.text import (
    least_count,
    one_line,
    plural,
    short_bytes,
    short_cost,
    short_count,
    short_seconds,
    worked_words,
)
from rlm_tui.trajectory import Node, View
from rlm_tui.trajectory.facts import RESET
from rlm_tui.trajectory.limits import reached
from rlm_tui.ui.content.calls import Scene, gist, scene, state, time_of
from rlm_tui.ui.content.kept import kept
from rlm_tui.ui.content.parts import FOLD, LABEL, NOTHING, Page, beside, folded, label, packed, prose
from rlm_tui.ui.content.root import of_context
from rlm_tui.ui.lines import BLANK, Line, Piece, Rows, indent, keyed, line, rjust, split, wrap_text
from rlm_tui.ui.rows import Joined, Provider
from rlm_tui.ui.states import ENDS, FILES, PHASES, UNFINISHED
from rlm_tui.ui.words import is_cut, iteration_of

GO, FIRST = "go:", "the first problem"
_QUESTION_ROWS, _ANSWER_ROWS, _DEEDS, _NOTES, _KEPT = 4, 6, 4, 6, 6
_PROBLEMS, _LISTED = 3, 200
_NUMBERS = 7
_VIA: dict[ev.Via, str] = {
    "FINAL": "FINAL", "FINAL_VAR": "FINAL_VAR", "answer": "answer dict", "SUBMIT": "SUBMIT", "user": "by a person",
    "direct": "one request with the whole context",
    "exhausted": "the last turn",
}  # fmt: skip


_RELEASED = {"skip": "skipped what was held", "retry": "had it done again", "answer": "answered in place of the LM"}


class Place(NamedTuple):
    """Where a row or a key of the summary leads: the moment, the node to look at, and what is there in a word."""

    seq: int
    node: str
    what: str

    @property
    def key(self) -> str:
        """The place as the key of a row."""
        return f"{GO}{self.seq}:{self.node}"


def place_of(key: str) -> Place | None:
    """The place that the key of a row means."""
    match = re.fullmatch(rf"{GO}(\d+):(.*)", key, re.DOTALL)
    return Place(int(match[1]), match[2], "") if match else None


def answer_place(view: View, log: Log) -> Place | None:
    """Where the final answer was given; the end of the run where no event says so."""
    since = view.root.opened if view.root is not None else 0
    given = [seq for seq in view.tree.counts.get("AnswerGiven", []) if since < seq]
    finished = view.finished
    if finished is None or finished.answer is None:
        return Place(given[-1], log.event(given[-1]).node, "the answer that was offered") if given else None
    return Place(given[-1], log.event(given[-1]).node, "the answer") if given else Place(view.seq, "", "the answer")


def trouble_place(view: View, log: Log) -> Place | None:
    """The first thing that failed or was not as asked; where nothing was, the first response that needed mending."""
    since = view.root.opened if view.root is not None else 0
    for seqs, what in ((view.problems(), FIRST), (view.repairs(), "the first repair")):
        seq = next((seq for seq in seqs if seq > since), None)
        if seq is not None:
            return Place(seq, log.event(seq).node, what)
    return None


def best_place(view: View, log: Log) -> Place:
    """Where Enter leads when no row says otherwise: the first problem, else the answer, else the end."""
    return trouble_place(view, log) or answer_place(view, log) or Place(view.seq, "", "the newest moment")


class Summary:
    """The rows of a session's summary at the newest moment that is known."""

    def __init__(self, session: Session, width: int, opened: frozenset[str] = NOTHING) -> None:
        self.view = session.trajectory.now()
        cut = is_cut(session, self.view)
        self.page = Page(self.view, session.log, width, LiveText(), self.view.t, opened, is_cut=cut)
        self.origin: Origin | None = session.origin
        self.waiting = session.waiting
        self._session = session

    def facts(self, *, dense: bool = False) -> Rows:
        """Question, answer, status, the first problem, costs, places, deeds and notes; `dense` without empty rows."""
        asked = self.view.started
        if asked is None:
            lost = "has lost the beginning of its run" if self.view.roots else "holds no run"
            words = "is being read" if self.waiting else lost
            return [label("TRACE", (f"{words}: {self._session.title}", "muted"), width=self.page.width)]
        groups: list[list[Rows]] = [
            [
                self._question(asked),
                *self._answer(),
                list(self._ending()),
                list(self._problems(1 if dense else _PROBLEMS)),
            ],
            [list(self._costs())],
            [list(self._places(asked))],
            [list(self._deeds()), list(self._kept())],
            [list(self._notes())],
        ]
        shown = [Joined(group) for group in groups if any(len(rows) for rows in group)]
        gap: list[Rows] = [] if dense else [[BLANK]]
        return Joined([rows for group in shown for rows in (group, *gap)])

    def _label(self, name: str, *pieces: Piece, key: str = "", right: tuple[Piece, ...] = ()) -> Line:
        return label(name, *pieces, width=self.page.width, right=right, key=key)

    def _told(self, name: str, text: str, role: str, key: str = "", right: tuple[Piece, ...] = ()) -> list[Line]:
        """A sentence that leads somewhere, whole in all but the narrowest terminals."""
        remark = line(*right)
        rows = wrap_text(text, self.page.width - LABEL - (remark.cells + 1 if right else 0), role)
        first = self._label(name, *((span.text, span.role) for span in rows[0].spans), key=key, right=right)
        return [first, *keyed(indent(rows[1:], LABEL), key)]

    def _question(self, asked: ev.RunStarted) -> Rows:
        text = self.page.log.text(asked.query)
        words = (text, "text bold") if text.strip() else ("the log names none", "dim")
        rows = beside("QUESTION", prose(words[0], self.page, words[1]), self.page.width)
        rows = folded(rows, _QUESTION_ROWS, "summary.question", self.page)
        return Joined((rows, self._others())) if len(self.view.questions) > 1 else rows

    def _others(self) -> list[Line]:
        """That there are more questions, with the counts of all, as the list of runs has them."""
        view = self.view
        nodes = (node for root in view.roots for node in (root, *view.children(root)))
        count = sum(node.type == "iteration" and not node.depth for node in nodes)
        every = f"{plural(count, 'iteration')}, {plural(view.count(ev.SubcallRequested), 'sub-call')}"
        words = f"the last of {len(view.questions)} questions; in all {every}"
        return indent(wrap_text(words, self.page.width - LABEL, "dim"), LABEL)

    def _answer(self) -> Iterator[Rows]:
        over, where = self.view.finished, answer_place(self.view, self.page.log)
        text = over.answer if over is not None else self._offered(where)
        if text is None or where is None:
            return
        form = ((_VIA[over.via], "dim"),) if over is not None and over.via else ()
        rows = beside("ANSWER", prose(self.page.log.text(text), self.page, "text bold"), self.page.width, form)
        shown = folded(rows, _ANSWER_ROWS, "summary.answer", self.page)
        yield Joined(([shown[0].with_key(where.key)], shown[1:]))

    def _offered(self, where: Place | None) -> ev.Text | None:
        event = self.page.log.event(where.seq) if where is not None and where.seq else None
        return event.text if isinstance(event, ev.AnswerGiven) else None

    def _ending(self) -> Iterator[Line]:
        yield self._label("STATUS", *self._status())
        over = self.view.finished
        if over is not None and over.detail:
            yield from self._told("", one_line(over.detail, 400), "failed" if over.status == "failed" else "careful")

    def _problems(self, few: int) -> Iterator[Line]:
        """The first problems, each with its place, and how many there are; Enter on the row of the rest lists them."""
        since = self.view.root.opened if self.view.root is not None else 0
        seqs, key = [seq for seq in self.view.problems() if seq > since], f"{FOLD}summary.problems"
        is_folded, is_open = len(seqs) > few + 1, key in self.page.opened
        shown = seqs[: _LISTED if is_open or not is_folded else few]
        for index, seq in enumerate(shown):
            count = ((plural(len(seqs), "problem"), "dim"),) if not index and len(seqs) > 1 else ()
            yield from self._problem("" if index else "PROBLEM", seq, count)
        if not seqs:
            yield from self._repair()
        more = len(seqs) - len(shown)
        if more and is_open:
            yield line(" " * LABEL, (f"… and {more:,} more; the search finds all by ~problem", "dim"))
        if is_folded:
            words = "▾ fold up" if is_open else f"▸ {plural(more, 'more problem')} · Enter lists them"
            yield line(" " * LABEL, (words, "dim"), key=key)

    def _repair(self) -> Iterator[Line]:
        """Where nothing failed: the first response that needed mending, or that none did."""
        first = trouble_place(self.view, self.page.log)
        if first is not None:
            yield from self._told("PROBLEM", f"↻ {self._trouble(first)}", "careful", first.key)
        elif not self.waiting:
            yield self._label("PROBLEM", ("none: no request, block or sub-call failed", "muted"))

    def _problem(self, name: str, seq: int, right: tuple[Piece, ...]) -> list[Line]:
        symbol, role = ("✗", "failed") if seq in self.view.troubles() else ("⚠", "careful")
        place = Place(seq, self.page.log.event(seq).node, "")
        return self._told(name, f"{symbol} {self._trouble(place)}", role, place.key, right)

    def _status(self) -> tuple[Piece, ...]:
        over, count = self.view.finished, self._iterations()
        after = (f" after {plural(count, 'iteration')}", "muted")
        if over is not None:
            return (ENDS[over.status].whole, after)
        if self.waiting:
            return (("● is being read", "running"), (f" · {self.waiting}", "muted"))
        if self.origin is not None and self.origin.is_live:
            return (FILES["running"].whole, (f", {self._stop()}", "muted"))
        if self._session.phase in ("running", "held", "interrupting"):
            return (PHASES[self._session.phase].whole, (f", {self._stop()}", "muted"))
        stop = self._stop(said="stopped ")
        return (UNFINISHED._replace(phrase=stop).whole, (" · the trace ends there", "muted"))

    def _stop(self, said: str = "") -> str:
        turn = self._turns()[-1:] if self._turns() else []
        if not turn:
            return f"{said}before iteration 1"
        number = max(1, turn[0].number)
        return f"{said}in iteration {number}" if turn[0].closed is None else f"{said}before iteration {number + 1}"

    def _turns(self) -> list[Node]:
        return turns(self.view)

    def _iterations(self) -> int:
        return len(self._turns())

    def _trouble(self, where: Place) -> str:
        event, node = self.page.log.event(where.seq), self.view.node(where.node)
        turn = iteration_of(self.view, where.node) if node is not None else None
        place = f"iteration {turn.number}: " if turn is not None and turn.number else ""
        return f"{place}{trouble_words(event, node, self.page.log)}"

    def _costs(self) -> Iterator[Line]:
        view = self.view
        over, root = view.finished, view.root
        is_known = root is not None and not view.is_partial(root)
        used = over.usage if over is not None else view.usage(root) if root is not None and is_known else ev.Usage()
        calls = view.count(ev.SubcallRequested, since=root.opened if root is not None else 0)
        caps = view.limits
        tokens = f"{short_count(used.input_tokens)} tokens in, {short_count(used.output_tokens)} out"
        cost = ("unknown", "muted") if used.cost_usd is None else (short_cost(used.cost_usd), "text bold")
        yield self._label("COST", cost, (f" · {'tokens unknown' if used.tokens is None else tokens}", "muted"))
        counts = f"{_of(self._iterations(), caps.iterations, 'iteration')} · {_of(calls, caps.subcalls, 'sub-call')}"
        yield from packed("TIME", [(self._time(), "text"), (f" · {counts}", "muted")], self.page.width)

    def _time(self) -> str:
        view, root = self.view, self.view.root
        if root is None:
            return short_seconds(view.t)
        return worked_words(view.worked(root), view.waited(root))

    def _places(self, asked: ev.RunStarted) -> Iterator[Line]:
        models: list[Piece] = [(asked.model, "root") if asked.model else ("the log names none", "dim")]
        if asked.sub_model and asked.sub_model != asked.model:
            models += [(" → ", "dim"), (asked.sub_model, "sub")]
        dialect: list[Piece] = [(f"  dialect {asked.dialect}", "muted"), (f" {asked.dialect_reason}", "dim")]
        yield from packed("MODEL", [*models, *dialect], self.page.width)
        if asked.sandbox:
            yield self._label("SANDBOX", (asked.sandbox, "text" if asked.is_walled else "failed"))
        yield from of_context(self.page, asked.context)
        origin = self.origin
        if origin is None:
            return
        symbol, role = _FOUND[origin.attachment.state]
        yield self._label("", (f"{symbol} {origin.attachment.words}", role))
        events = plural(len(self.view.tree.seqs), "event")
        told = (short_bytes(origin.size), events, origin.app, origin.created)
        yield self._label("TRACE", (" · ".join(word for word in told if word), "muted"))

    def _deeds(self) -> Iterator[Line]:
        """What a person did in the run, each with its place."""
        seqs = self.view.deeds()
        for index, seq in enumerate(seqs[:_DEEDS]):
            event = self.page.log.event(seq)
            place = Place(seq, event.node, "")
            words = self._deed(event, place)
            yield from self._told("" if index else "BY HAND", f"✎ {words}", "user", place.key)
        if len(seqs) > _DEEDS:
            yield line(" " * LABEL, (f"… and {len(seqs) - _DEEDS:,} more", "dim"))

    def _deed(self, event: ev.TraceEvent, place: Place) -> str:
        turn = iteration_of(self.view, place.node)
        where = f"{turn.number}" if turn is not None and turn.number else ""
        match event:
            case ev.Told():
                return f"told the model: {one_line(self.page.log.text(event.text), 120)}"
            case ev.CodeStarted():
                begins = f" in iteration {where}" if where else ""
                return f"injected a block{begins}: {one_line(self.page.log.text(event.code), 80)}"
            case ev.Edited():
                return f"edited the {event.what}{f' of iteration {where}' if where else ''}"
            case ev.Released():
                return f"{_RELEASED[event.how]}{f' in iteration {where}' if where else ''}"
        return ""

    def _kept(self) -> Iterator[Line]:
        """Marks and notes of the person who looked at it before."""
        found = kept(self._session.notebook, self.view)
        for index, each in enumerate(found[:_KEPT]):
            yield from self._told("" if index else "MARKS", each.words, "user", Place(each.seq, each.node, "").key)
        if len(found) > _KEPT:
            yield line(" " * LABEL, (f"… and {len(found) - _KEPT:,} more", "dim"))

    def _notes(self) -> Iterator[Line]:
        seqs = self.view.remarks()
        events = [self.page.log.event(seq) for seq in seqs[:_NOTES]]
        said = {event.text for event in events if isinstance(event, ev.Note)}
        lost = [text for text in self.origin.problems if text not in said] if self.origin is not None else []
        rows = [(f"⚠ {one_line(text, 300)}", "careful", "") for text in lost[:_NOTES]]
        for seq in seqs[: _NOTES - len(rows)]:
            event = self.page.log.event(seq)
            rows.append((*_remark(event), Place(seq, event.node, "").key))
        for index, (words, role, key) in enumerate(rows):
            yield from self._told("" if index else "NOTES", words, role, key)
        more = len(seqs) + len(lost) - len(rows)
        if more > 0:
            yield line(" " * LABEL, (f"… and {more:,} more", "dim"))

    def turns(self) -> Rows:
        """One row an iteration, made when it is looked at."""
        return TurnRows(
            self._turns(), scene(self.view, self.page.log, self.view.t, is_cut=self.page.is_cut), self.page.width
        )


_FOUND: dict[str, tuple[str, str]] = {
    "searching": ("●", "running"),
    "found": ("✓", "done"),
    "unchecked": ("⚠", "careful"),
    "differs": ("⚠", "careful"),
    "missing": ("○", "muted"),
    "none": ("○", "muted"),
}


def turns(view: View) -> list[Node]:
    """The iterations of the newest question."""
    return [node for node in view.children(view.root) if node.type == "iteration"] if view.root is not None else []


class TurnRows(Provider):
    """The iterations of a run: how each ended, what it was about, time and tokens."""

    def __init__(self, nodes: list[Node], moment: Scene, width: int) -> None:
        self._nodes, self._moment, self._width = nodes, moment, width

    def __len__(self) -> int:
        return len(self._nodes)

    def at(self, index: int) -> Line:
        """The row of an iteration."""
        node, moment = self._nodes[index], self._moment
        view = moment.view
        time = rjust(time_of(moment, node), _NUMBERS)
        tokens = rjust(least_count(view.usage(node).tokens, is_part=view.is_partial(node)), _NUMBERS)
        name = (f" {node.number or '…'} ", "text")
        left = line(state(moment, node), name, (gist(moment, node), "muted"))
        key = Place(node.closed or moment.view.seq, node.id, "").key
        return split(left, Line((time, tokens)), self._width).with_key(key)


def trouble_words(event: ev.TraceEvent, node: Node | None, log: Log) -> str:
    """What went wrong, in a line."""
    whose = "your block" if node is not None and node.by == "user" else "the block"
    match event:
        case ev.LmFailed():
            whose_request = f" of {_sub_call(node)}" if node is not None and node.type == "subcall" else ""
            return f"the request{whose_request} failed: {one_line(event.message, 300)}"
        case ev.CodeFinished(error=None):
            return f"{whose} {'was ' if event.status in ('interrupted', 'killed') else ''}{event.status}"
        case ev.CodeFinished(error=error) if error is not None:
            return f"{whose} raised {error.type}: {one_line(error.message, 300)}"
        case ev.SubcallFinished():
            return f"{_sub_call(node)} failed: {one_line(event.error, 300)}"
        case ev.ResponseParsed():
            first = event.repairs[0].detail or event.repairs[0].name if event.repairs else ""
            told = f"the model was told: {event.problem}" if event.problem else first or "the response was cut off"
            return one_line(told, 300)
        case ev.IterationFinished():
            return one_line(f"the model was told: {log.text(event.refused)}", 300)
    return "something failed"


def _sub_call(node: Node | None) -> str:
    return f"sub-call {node.number + 1}" if node is not None and node.batch else "sub-call"


def _remark(event: ev.TraceEvent) -> tuple[str, str]:
    if isinstance(event, ev.LimitHit):
        words = reached(event.limit, event.cap)
        return f"⚠ {words[:1].lower()}{words[1:]}", "careful"
    if isinstance(event, ev.Reset):
        return f"↻ {RESET}", "careful"
    warned = isinstance(event, ev.Note) and event.level == "warning"
    text = event.text if isinstance(event, ev.Note) else ""
    return f"{'⚠' if warned else '·'} {one_line(text, 300)}", "careful" if warned else "muted"


def _of(count: int, limit: int | None, noun: str) -> str:
    return f"{count:,} of {plural(limit, noun)}" if limit else plural(count, noun)
