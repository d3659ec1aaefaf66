"""A search over every field of a run and over its document, in slices; the hits are grouped by field."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple, TypeAlias

from rlm_tui.context.search import Hit as Found
from rlm_tui.context.search import excerpt
from rlm_tui.filter import Filter, FilterError, Moment, parse
from rlm_tui.session.base import Session
from rlm_tui.trajectory import Node, View
from rlm_tui.trajectory.facts import Said, iteration_number, said
from rlm_tui.ui.finding import Finding

GROUPS: dict[str, str] = {
    "say": "says", "code": "code", "out": "output", "answer": "answer", "prompt": "prompt", "var": "variable",
    "edit": "edit", "told": "told", "mine": "your notes", "note": "remark", "fn": "function", "model": "model",
    "node": "node", "document": "document",
}  # fmt: skip
"""The groups of hits in the order in which they are shown and walked through, each with its name."""
MOST = 10_000
_WINDOW, _REACH = 1 << 18, 1 << 10
_BEFORE, _FOUND, _AFTER = 60, 200, 200
_AGAIN_S = 1.0

Span: TypeAlias = tuple[int, int]
Spans: TypeAlias = Callable[[Said], Iterator[Span | None]]
"""Where a text has hits; None where there is none, but some time has passed."""


class At(NamedTuple):
    """A hit by its group, and its number in there from 0."""

    group: str
    nth: int


class Hit(NamedTuple):
    """A passage in which something was found; `node` is empty in the document, and `seq` the event that says it."""

    group: str
    node: str
    seq: int
    before: str
    found: str
    after: str


class Search:
    """The hits of one query: plain text in which case does not matter, or with `~` a filter; `work()` finds more."""

    def __init__(self, session: Session, query: str, finding: Callable[[], Finding | None] = lambda: None) -> None:
        self.session, self.query, self._finding = session, query.strip(), finding
        self.fault = ""
        self.is_filter, self.is_done = False, not self.query
        self._meant = self._parsed()
        self._hits: dict[str, list[Hit]] = {}
        self._last, self._share, self._at = 0, 0.0, 0.0
        self._steps: Iterator[None] | None = None

    def _parsed(self) -> Filter | None:
        if not self.query.startswith("~"):
            return None
        try:
            meant = parse(self.query)
        except FilterError as error:
            self.fault = str(error)
            return None
        self.is_filter = True
        return meant

    @property
    def is_busy(self) -> bool:
        """Whether there may soon be more hits."""
        finding = self._finding()
        return not self.is_done or (finding is not None and not finding.is_done)

    @property
    def percent(self) -> int | None:
        """How much of the run was searched; None when only the document is left."""
        return None if self.is_done else int(100 * self._share)

    def work(self, seconds: float) -> None:
        """Search on for some time; a run that has grown since is searched again."""
        until = time.monotonic() + seconds
        if self._steps is None:
            if self.is_done and (not self.query or self._has_not_grown(until)):
                return
            self._steps = self._walk()
        for _ in self._steps:
            if time.monotonic() >= until:
                return
        self._steps, self.is_done, self._at = None, True, time.monotonic() + _AGAIN_S

    def _has_not_grown(self, now: float) -> bool:
        return self.session.trajectory.last == self._last or now < self._at

    def _walk(self) -> Iterator[None]:
        """Through every node in order; hits are shown as they come, but those of a second time only when all are."""
        view, hits = self.session.trajectory.now(), dict[str, list[Hit]]()
        self._last = view.seq
        if not self.is_done:
            self._hits = hits
        moment, nodes, spans = Moment(view, self.session.log), list(view.tree.nodes.values()), self._spans()
        try:
            for number, node in enumerate(nodes):
                self._share = number / len(nodes)
                if self._meant is None or self._meant.matches(moment, node):
                    yield from self._in_node(view, node, spans, hits)
                yield
        except FilterError as error:
            self.fault = str(error)
        self._hits = hits

    def _in_node(self, view: View, node: Node, spans: Spans | None, hits: dict[str, list[Hit]]) -> Iterator[None]:
        if spans is None:
            _keep(hits, Hit("node", node.id, node.opened, "", "", node.title or node.type))
            return
        mine = self.session.notebook.notes.get(node.id, "")
        for each in chain(said(view, self.session.log, node), (Said("mine", mine, node.opened),) if mine else ()):
            for found in spans(each):
                if found is not None and not _keep(hits, _hit(node, each, found)):
                    break
                yield

    def _spans(self) -> Spans | None:
        """How places are found in a text; None when the query names nodes alone."""
        if self._meant is None:
            return _plain(self.query)
        terms = self._meant.texts

        def spans(said: Said) -> Iterator[Span]:
            for term in terms:
                if term.field in ("", said.field):
                    yield from ((start, end) for start, end in term.places(said.text) if start < end)

        return spans if terms else None

    @property
    def counts(self) -> list[tuple[str, int]]:
        """The groups that have hits, in order, each with how many."""
        return [(group, count) for group in GROUPS if (count := self._count(group))]

    def _count(self, group: str) -> int:
        if group != "document":
            return len(self._hits.get(group, ()))
        finding = self._finding()
        return finding.total if finding is not None else 0

    @property
    def total(self) -> int:
        """How many hits there are so far."""
        return sum(count for _, count in self.counts)

    def number(self, at: At) -> int:
        """The number of a hit among all, from 1."""
        before = list(GROUPS).index(at.group)
        return at.nth + 1 + sum(count for group, count in self.counts if list(GROUPS).index(group) < before)

    def beside(self, at: At | None, by: int) -> At | None:
        """The hit after (1) or before (-1) one, round and round; the first when there is none yet."""
        total = self.total
        return self._numbered((self.number(at) - 1 + by) % total if at else 0) if total else None

    def _numbered(self, number: int) -> At | None:
        for group, count in self.counts:
            if number < count:
                return At(group, number)
            number -= count
        return None

    def hit(self, at: At) -> Hit:
        """A hit with its passage."""
        if at.group != "document":
            return self._hits[at.group][at.nth]
        finding = self._finding()
        assert finding is not None  # noqa: S101
        part, start, end = finding.hit(at.nth)
        around = excerpt(finding.document, Found(part, start, end - start), _AFTER)
        text, begin, stop = around.text, around.start, around.end
        return Hit("document", "", start, text[:begin], text[begin:stop], text[stop:])

    def place(self, at: At) -> str:
        """Where a hit stands, for a person: `it 3 · block 2`, `report.pdf p. 26`."""
        finding = self._finding()
        if at.group == "document" and finding is not None:
            part, start, _ = finding.hit(at.nth)
            return finding.document.place(part, start)
        view = self.session.trajectory.now()
        node = view.node(self.hit(at).node)
        return _place(view, node) if node is not None else ""


def _keep(hits: dict[str, list[Hit]], hit: Hit) -> bool:
    """Keep a hit, unless its group is full."""
    group = hits.setdefault(hit.group, [])
    if len(group) < MOST:
        group.append(hit)
    return len(group) < MOST


def _hit(node: Node, said: Said, span: Span) -> Hit:
    start, end = span[0], min(span[1], span[0] + _FOUND)
    text = said.text
    before, after = text[max(0, start - _BEFORE) : start], text[end : end + _AFTER]
    return Hit(said.field, node.id, said.seq, before, text[start:end], after)


def _plain(query: str) -> Spans:
    """White space stands for any white space; a long text is looked at window by window."""
    pattern = re.compile(r"\s+".join(map(re.escape, query.split())), re.IGNORECASE)
    word, reach = max(query.split(), key=len).lower(), _REACH + len(query)

    def spans(said: Said) -> Iterator[Span | None]:
        text, done = said.text, 0
        for begin in range(0, len(text), _WINDOW):
            window = text[begin : begin + _WINDOW + reach]
            is_there = not (window.isascii() and word.isascii()) or word in window.lower()
            for match in pattern.finditer(text, max(begin, done), begin + len(window)) if is_there else ():
                if match.start() >= begin + _WINDOW:
                    break
                done = match.end()
                yield match.span()
            yield None

    return spans


def _place(view: View, node: Node) -> str:
    kinds = {
        "code": f"block {node.number}" if node.number else "held block",
        "subcall": f"sub-call {node.number + 1}",
        "lm": "LM",
    }
    number = iteration_number(view, node)
    depth = node.depth - (node.type == "subcall")
    words = [f"depth {depth}" if depth else "", f"it {number}" if number else "", kinds.get(node.type, "")]
    return " · ".join(word for word in words if word) or ("root" if not node.parent else node.type)


def counted(groups: Sequence[tuple[str, int]]) -> str:
    """How many hits each group has: `output 3 · code 2 · document 14`."""
    full = {group: "+" if count >= MOST else "" for group, count in groups}
    return " · ".join(f"{GROUPS[group]} {count:,}{full[group]}" for group, count in groups)
