"""The header: what the run does and whether it waits, and on the right what it is and what it has spent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from textual.geometry import Size

from rlm_tui import events as ev
from rlm_tui.repl.sandbox import NOT_SANDBOXED
from rlm_tui.session.base import Session
from rlm_tui.text import clock, one_line, plural, short_bytes, short_cost, steady
from rlm_tui.trajectory import View
from rlm_tui.ui.lines import Line, Span, clip, line, span, split
from rlm_tui.ui.selecting import child_of, meant_hold, run_time
from rlm_tui.ui.widgets.bar import Bar
from rlm_tui.ui.words import State, child_name, iteration_of, state_of, widest_place

_GAP = 2
_VITAL = 2
_LEAST, _SHORTEST = 38, 8
_NEAR_LIMIT = 0.7


class Field(NamedTuple):
    """A field of the header; those of higher `rank` give way first."""

    spans: tuple[Span, ...]
    rank: int

    @property
    def cells(self) -> int:
        """The cells that the field takes."""
        return Line(self.spans).cells


def header_line(session: Session, width: int, selection: str | None = None) -> Line:
    """The header in `width` cells: the state in its shorter words first, before a field that tells it apart goes.

    What is short already is never cut; an answer or a failure, which stands elsewhere in full, leaves room. In a
    recorded run the widest place is reckoned with, so that the same fields stand at every step.
    """
    hold = meant_hold(session, selection) if session.phase == "held" else None
    state, fields = state_of(session, hold), fields_of(session, child_of(session.view, selection))
    whole, brief = state_line(state), state_line(state._replace(words=state.short or state.words))
    widest = widest_place(session)
    vital = _cells(field for field in fields if widest or field.rank <= _VITAL)
    left = whole if whole.cells + vital <= width else brief
    least = max(min(_LEAST, width // 2), width - vital)
    taken = min(left.cells, max(least, brief.cells) if state.short else least)
    spared = width - _cells(field for field in fields if field.rank < _VITAL) - _SHORTEST - _GAP
    kept = fitting(fields, width - max(taken, min(widest, spared)))
    spans = [piece for field in kept for piece in (Span(" " * _GAP), *field.spans)]
    return split(left, Line((*spans[1:], Span(" "))) if spans else line(" "), width)


def _cells(fields: Iterable[Field]) -> int:
    """The cells of some fields with the gaps before them."""
    return sum(field.cells + _GAP for field in fields) + 1


def state_line(state: State) -> Line:
    """Symbol, loud word, quiet words."""
    return line((f" {state.symbol} {state.word}", f"{state.role} bold"), (f"  {steady(state.words)}", "text"))


def fitting(fields: list[Field], width: int) -> list[Field]:
    """The fields in `width` cells: the least important ones give way first, the sandbox never; a model is shortened."""
    kept = list(fields)
    while (over := _cells(kept) - width) > 0 and any(field.rank for field in kept):
        at = max(range(len(kept)), key=lambda place: kept[place].rank)
        field = kept.pop(at)
        if field.rank == _VITAL and field.cells - over >= _SHORTEST:
            kept.insert(at, Field(clip(Line(field.spans), field.cells - over).spans, field.rank))
    return kept


def fields_of(session: Session, child: str = "") -> list[Field]:
    """The fields in the order in which they stand: models, iterations (of a child RLM by its node), calls, cost, time,
    sandbox."""
    view = session.view
    run = view.started
    took = run_time(session)
    time = [] if took is None else [Field((span(clock(took), "dim"),), 5)]
    if run is None:
        return time if session.trajectory.started else []
    # The log of another engine may not tell where its code ran.
    label = run.sandbox or (session.origin.sandbox if session.origin else "")
    has_walls = run.is_walled if run.sandbox else bool(label) and ev.is_walled(label)
    walls = [Field((_sandbox(label, has_walls),), 0)] if label or session.origin is None else []
    direct = [Field((span("DIRECT", "careful bold"),), 3)] if run.is_direct else []
    return [*_models(run), *direct, *_spent(view, child, is_shared=_is_ours(session)), *time, *walls]


def _models(run: ev.RunStarted) -> list[Field]:
    model, sub = _short(run.model), _short(run.sub_model)
    if sub in ("", model):
        return [Field((span(model, "root"),), 2)]
    family, _, size = sub.partition(":")
    sub = size if size and model.partition(":")[0] == family else sub
    return [Field((span(model, "root"),), 2), Field((span("→ ", "dim"), span(sub, "sub")), 3)]


def _short(model: str) -> str:
    return steady(one_line(model.rpartition("/")[2], 28))


def _is_ours(session: Session) -> bool:
    """Whether the run is one of this engine; others count the turns of each RLM against its limit by themselves."""
    return session.origin is None or session.origin.app.startswith("rlm-tui")


def _spent(view: View, child: str, *, is_shared: bool) -> list[Field]:
    counted = child or (view.root.id if view.root is not None else "")
    turn, noun = iteration_of(view, counted), f"{child_name(view, child)} it" if child else "it"
    since = view.root.opened if view.root is not None else 0
    limits = view.limits
    own, every = turn.number if turn else 0, view.count(ev.IterationStarted, since=since)
    fields = [
        Field(_turns(noun, own, every, limits, is_shared=is_shared), 1),
        Field(
            _count(
                "calls", view.count(ev.SubcallRequested, since=view.root.opened if view.root else 0), limits.subcalls
            ),
            4,
        ),
    ]
    cost = view.usage(view.root).cost_usd if view.root is not None else None
    is_part = view.root is not None and view.is_partial(view.root)
    if cost is not None and (limits.cost_usd is not None or not is_part):
        fields.append(Field((span(short_cost(cost), _near(cost, limits.cost_usd)),), 6))
    return fields


def _count(noun: str, count: int, limit: int | None) -> tuple[Span, ...]:
    return span(f"{noun} ", "dim"), span(f"{count}/{limit}" if limit else str(count), _near(count, limit))


def _turns(noun: str, own: int, every: int, limits: ev.Limits, *, is_shared: bool) -> tuple[Span, ...]:
    """The turns of an RLM; where others take turns as well, theirs and its own against the limit: `it 2, all 9/20`."""
    if every <= own or not is_shared:
        return _count(noun, own, limits.iterations)
    return (*_count(noun, own, None), span(", ", "dim"), *_count("all", every, limits.iterations))


def _near(count: float, limit: float | None) -> str:
    return "careful bold" if limit and count >= _NEAR_LIMIT * limit else "muted"


def _sandbox(label: str, has_walls: bool) -> Span:
    word = one_line(label.partition(" · ")[0], 24) or NOT_SANDBOXED
    return span(word, "done bold" if has_walls else "failed bold")


class Header(Bar):
    """The first row of every screen."""

    def show(self, session: Session, selection: str | None = None) -> None:
        """Draw the state of now, if it differs from what stands there; the iterations are those of the selected RLM."""
        self.show_rows(header_line(session, self._width(self.app.size), selection))

    def _width(self, fallback: Size) -> int:
        return self.size.width or fallback.width


class QuestionBar(Bar):
    """The second row: the question, and the document with its size."""

    def show(self, session: Session) -> None:
        """Draw question and document."""
        self.show_rows(question_line(session, self.size.width or self.app.size.width))

    def show_document(self, session: Session) -> None:
        """Draw the document alone."""
        document = session.document
        memory = f" · {short_bytes(document.weight)} in the REPL" if document is not None and document.parts else ""
        role = "careful" if document is not None and document.warnings else "dim"
        size = line((size_words(session), "dim"), (f"{memory} ", role))
        name, width = line((f" {one_line(session.title, 60)}", "text bold")), self.size.width or self.app.size.width
        if memory and name.cells + size.cells > width:  # the weight alone tells the size, too
            size = line((memory.removeprefix(" · ") + " ", role))
        self.show_rows(split(name, size, width))


def question_line(session: Session, width: int) -> Line:
    """`? What do the engineers earn?` on the left, `report.pdf 412 p` on the right.

    The pages are the document's, so its name stands there; that of a trace comes after it where all of both has room.
    """
    run = session.view.started
    asked = one_line(session.asked or (session.log.text(run.query) if run is not None else ""), 400)
    none = "no question yet" if run is None else "the log names no question"
    left = line((" ? ", "accent bold"), (asked or none, "text" if asked else "dim"))
    is_recorded = session.origin is not None and run is not None and bool(run.context.parts)
    name = run.context.name if run is not None and is_recorded else session.title
    document = line((one_line(name, 40), "muted"), (f" {size_words(session)} ", "dim"))
    of_trace = line(*document.spans, (f"· {one_line(session.title, 60)} ", "dim"))
    has_room = is_recorded and left.cells + of_trace.cells + _GAP <= width
    return split(left, of_trace if has_room else document, width)


def size_words(session: Session) -> str:
    """How large the document is: pages, else characters, else files."""
    run = session.view.started
    parts = run.context.parts if run is not None else ()
    document = session.document
    if document is not None and document.parts:
        pages = sum(len(part.pages) for part in document.parts if part.is_paged)
        chars, count = document.chars, len(document.parts)
    else:
        pages, chars, count = sum(part.pages or 0 for part in parts), sum(part.chars for part in parts), len(parts)
    if not count:
        return ""
    if pages:
        return f"{pages:,} p"
    return f"{chars:,} characters" if count == 1 else plural(count, "file")
