"""Pieces that several panes are made of: labels, folded texts, numbered code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from rlm_tui import events as ev
from rlm_tui.session.base import LiveText, Session, Stream
from rlm_tui.session.log import Log
from rlm_tui.text import plural
from rlm_tui.trajectory import Hold, Node, View
from rlm_tui.trajectory.facts import newest
from rlm_tui.ui.lazy import Parts, together
from rlm_tui.ui.lines import BLANK, Line, Piece, Rows, Span, clip, line, pad, split
from rlm_tui.ui.long_text import in_parts, long_rows
from rlm_tui.ui.rows import Joined, TextRows, Window, text_rows
from rlm_tui.ui.selecting import clock_of
from rlm_tui.ui.words import is_cut

LABEL = 9
MARGIN = 2
FOLD = "fold:"
NODE = "node:"
HELD = "held:"
AT = "at:"
ANSWER = "answer:"
_LIVE = 20_000
NOTHING: frozenset[str] = frozenset()


class Page(NamedTuple):
    """What a pane draws from: a moment, its log, the transient text beside it, and the folds a person opened."""

    view: View
    log: Log
    width: int
    live: LiveText = LiveText()
    now: float | None = None
    opened: frozenset[str] = NOTHING
    notes: Mapping[str, str] = MappingProxyType({})
    is_cut: bool = False
    """Whether the trace stops at this moment without an end: nothing that is open in it ever came to one."""
    is_lazy: bool = False
    """Whether the view makes of long texts only what is looked at."""


def page_of(session: Session, width: int, opened: frozenset[str] = NOTHING) -> Page:
    """The page of a session as it stands."""
    live = session.live if session.following else LiveText()
    notes, cut = session.notebook.notes, is_cut(session)
    return Page(session.view, session.log, width, live, clock_of(session), opened, notes, cut)


def earlier(page: Page, seq: int) -> Page:
    """The same page as it stood right after the event `seq`."""
    view = page.view.at(seq)
    return page._replace(view=view, now=view.t, live=LiveText(), is_cut=False)


def live_mark(session: Session, *streams: Stream) -> tuple[object, ...]:
    """What differs when transient text has come in: where it comes, how long it is, and its end."""
    if not session.following:
        return ()
    parts = session.live.parts.items()
    return tuple((node, stream, len(text), text[-40:]) for (node, stream), text in parts if stream in streams)


def label(name: str, *pieces: Piece, width: int, right: tuple[Piece, ...] = (), key: str = "") -> Line:
    """A row that begins a section: its name, what is said of it, and a remark at the right edge."""
    return split(line((f"{name:<{LABEL}}", "muted bold"), *pieces, key=key), line(*right), width)


def packed(name: str, pieces: Sequence[Piece], width: int) -> list[Line]:
    """A section of short facts: as many as fit stand in a row, what does not fit goes to the next one."""
    rows, row = list[Line](), line((f"{name:<{LABEL}}", "muted bold"))
    for piece in pieces:
        text, role = (piece, "text") if isinstance(piece, str) else piece
        added = line((text, role))
        is_full = row.cells + added.cells > width and row.cells > LABEL
        if is_full:
            rows.append(row)
            row = line(" " * LABEL, (text.removeprefix(" ·").strip(), role))
        else:
            row = Line((*row.spans, *added.spans))
    return [clip(each, width) for each in (*rows, row)]


def beside(name: str, rows: Rows, width: int, right: tuple[Piece, ...] = ()) -> Rows:
    """Rows that were drawn with a margin of LABEL, the name of the section standing in the first."""
    remark = line(*right)
    if not len(rows) or rows[0].cells + 1 + remark.cells > width:
        return Joined(([label(name, width=width, right=right)], rows))
    first = Line((Span(f"{name:<{LABEL}}", "muted bold"), *rows[0].spans[1:]), rows[0].key)
    return Joined(([split(first, remark, width)], Window(rows, 1)))


def sections(parts: Iterable[Rows]) -> Rows:
    """Those of some parts that have rows, a blank one between each two."""
    rows: list[Rows] = []
    for part in parts:
        if len(part):
            rows += [part, [BLANK]]
    return Joined(rows[:-1])


def folded(rows: Rows, limit: int, name: str, page: Page, margin: int = LABEL) -> Rows:
    """At most `limit` rows, and one that opens the rest; open, one that folds it up again."""
    while isinstance(rows, Parts) and rows.settle(0, limit):
        pass
    key, more = f"{FOLD}{name}", len(rows) - limit
    if more < 2:
        return rows
    if key in page.opened:
        return together(rows, [line(" " * margin, ("▾ fold up", "dim"), key=key)])
    about = "≈ " if isinstance(rows, Parts) else ""
    fold = line(" " * margin, (f"▸ {about}{plural(more, 'more row')} · Enter opens", "dim"), key=key)
    return Joined((Window(rows, 0, limit), [fold]))


def prose(text: str, page: Page, role: str = "text", margin: int = LABEL, right: int = 0) -> Rows:
    """A text broken at words; `right` cells stay free for a remark."""
    rows_of = long_rows if page.is_lazy else text_rows
    return rows_of(text.strip("\n"), page.width - right, role, True, margin)


def verbatim(text: str, page: Page, role: str = "output", margin: int = MARGIN) -> Rows:
    """A text as it came, all its blank lines kept."""
    rows_of = long_rows if page.is_lazy else text_rows
    return rows_of(text.removesuffix("\n"), page.width, role, True, margin)


def streaming(text: str, page: Page, role: str, margin: int) -> Rows:
    """The newest part of a text that is still being written."""
    rows = TextRows(text[-_LIVE:], page.width, role, margin=margin)
    rows.index(_LIVE)
    return rows


def numbered(code: str, page: Page, role: str = "code") -> Rows:
    """Code with line numbers; a line that is too long goes on below, without a number."""
    code = code.rstrip("\n")
    digits = max(3, len(str(code.count("\n") + 1)))

    def draw(begin: int, end: int) -> Rows:
        first = code.count("\n", 0, begin) + 1
        return _numbered(code[begin:end].removesuffix("\n").split("\n"), first, digits, page.width, role)

    return in_parts(code, page.width, draw) if page.is_lazy else draw(0, len(code))


def _numbered(lines: list[str], begin: int, digits: int, width: int, role: str) -> list[Line]:
    rows: list[Line] = []
    for number, text in enumerate(lines, begin):
        pieces = text_rows(text, width, role, False, digits + 1)
        mark = Span(f"{number:>{digits}} ", "dim")
        first = pieces[0].spans[1:] if len(pieces) else ()
        rows.append(Line((mark, *first)))
        rows.extend(pieces[1:])
    return rows


def note(symbol: str, text: str, page: Page, role: str = "careful", margin: int = LABEL) -> Rows:
    """A remark in its own rows."""
    rows = prose(text, page, role, margin)
    mark = pad(line((f"{'':{margin - 2}}{symbol}", role)), margin)
    first = Line((*mark.spans, *(rows[0].spans[1:] if len(rows) else ())))
    return Joined(([first], Window(rows, 1)))


def hold_at(view: View, node: Node) -> Hold | None:
    """The oldest wait at a node."""
    return next((hold for hold in view.holds() if hold.node == node.id), None)


def turn_of(view: View, node: Node) -> Node:
    """The iteration that a node stands in, or the node itself outside of any."""
    found: Node | None = node
    while found is not None and found.type != "iteration":
        found = view.node(found.parent)
    return found or node


def asked_of(view: View, log: Log, rlm: str) -> ev.SubcallRequested | None:
    """The sub-call that a child RLM answers; None of a root, or where a log of another engine names none."""
    node = view.node(rlm)
    call = view.node(node.parent) if node is not None else None
    seq = view.fact(call, ev.SubcallRequested) if call is not None else None
    event = log.event(seq) if seq else None
    return event if isinstance(event, ev.SubcallRequested) else None


def context_of(page: Page, rlm: str) -> str:
    """The text that a child RLM works on; "" where the trace does not tell."""
    asked = asked_of(page.view, page.log, rlm)
    return page.log.text(asked.prompt) if asked is not None else ""


def response_of(view: View, log: Log, lm: Node) -> ev.LmResponded | None:
    """What an LM answered at a node, or None as yet."""
    event = newest(view, log, lm, ev.LmResponded)
    return event if event is not None else None
