"""The rows of the start screen below the question: models, how to run, and what will hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from rlm_tui.events import Limits
from rlm_tui.text import clock, one_line, plural, short_cost, short_count
from rlm_tui.ui.lines import BLANK, Line, line, pad, wrap_text
from rlm_tui.ui.offers import OFFLINE, ModelOffer, Recent

MODEL, OTHER, MORE, STEP, START = "model:", "other", "more", "step", "start"
_NAME, _LONGEST_NAME = 15, 28
_FEWEST_OFFERED, _MOST_OFFERED = 3, 20
_SHARE, _BARS, _OTHER_ROWS = 0.6, 3, 8  # of the screen, as the style sheet has it; rows that always stand
FORM, _LABEL, _DOT = 70, 11, " · "  # cells of the form beside the document (start.tcss), and before a fact
_LOOKING = "looking for model servers on this machine …"
_NONE_FOUND = "no model server found; rlm-tui models says where it looked"


@dataclass(slots=True)
class Choice:
    """What has been chosen so far; nothing is, until a person does."""

    query: str = ""
    model: str = ""
    sub_model: str = ""
    step: bool = False
    all_offers: bool = False
    is_readable: bool = True

    @property
    def missing(self) -> str:
        """What still has to be said before the run can start; empty when nothing."""
        if not self.is_readable:
            return "the document cannot be read"
        if not self.query.strip():
            return "a question is missing"
        return "" if self.model else "no model is chosen"


def choice_rows(
    choice: Choice, offers: Sequence[ModelOffer], title: str, news: str = "", height: int = 36
) -> list[Line]:
    """Models, the way to run, and the row that starts; `news` says how the search for servers stands.

    On a screen of `height` rows as many models are shown unasked as leave room for what stands below them.
    """
    rows = [line((" Model", "muted bold"), ("  none is taken unless you choose it", "dim"))]
    offers = list(offers)
    if choice.model and choice.model not in [offer.spec for offer in offers]:
        offers.append(ModelOffer(choice.model, "as you named it"))
    room = max(_FEWEST_OFFERED, min(_MOST_OFFERED, int((height - _BARS) * _SHARE) - _OTHER_ROWS))
    shown = offers if choice.all_offers else _first(offers, choice.model, room)
    name = max([_NAME, *(min(cell_len(_name(offer)), _LONGEST_NAME) for offer in shown)])
    rows += [_row(offer.spec == choice.model, _name(offer), offer.words, MODEL + offer.spec, name) for offer in shown]
    if len(offers) > len(shown):
        rows.append(_row(None, f"{len(offers) - len(shown)} more …", "Enter shows them", MORE, name))
    rows.append(_row(None, "another …", "provider/name, scripted:…, human", OTHER, name))
    if news:
        rows.append(line((f"    {news}", "dim")))
    rows += [BLANK, line((" Run", "muted bold"))]
    rows.append(_row(choice.step, "step", "hold before and after every block", STEP, name))
    return [*rows, BLANK, _start(choice, title)]


def _first(offers: Sequence[ModelOffer], chosen: str, room: int) -> list[ModelOffer]:
    """The offers that are shown unasked: of the models of servers as many as there is room for, and all others."""
    if len(offers) <= room + 1:
        return list(offers)
    others = [offer for offer in offers if offer.spec in (chosen, OFFLINE) or not offer.is_whole]
    first = [offer for offer in offers if offer not in others][: max(1, room - len(others))]
    return [offer for offer in offers if offer in first or offer in others]


def _name(offer: ModelOffer) -> str:
    """The spec; of one that is too long the provider and the end, where models differ."""
    name = one_line(offer.spec if offer.is_whole else f"{offer.spec}…", 200)
    if cell_len(name) <= _LONGEST_NAME:
        return name
    head = f"{name.partition('/')[0]}/…"
    return head + name[-max(8, _LONGEST_NAME - len(head)) :]


def _row(is_lit: bool | None, name: str, words: str, key: str, width: int) -> Line:
    """A row with a mark that is filled, empty or, for what cannot be chosen, none."""
    mark = " " if is_lit is None else "●" if is_lit else "○"
    head = line((f"  {mark} ", "accent bold" if is_lit else "dim"), (name, "text bold" if is_lit else "text"))
    return Line((*pad(head, width + 5).spans, *line(" ", (words, "muted")).spans), key)


def search_news(is_over: bool, found: int, problems: Sequence[str]) -> str:
    """How the search for servers stands; nothing where it found something."""
    if problems:
        return "; ".join(problems)
    return "" if found else _NONE_FOUND if is_over else _LOOKING


def _start(choice: Choice, title: str) -> Line:
    if choice.missing:
        return line(("  ▸ Start", "dim"), (f"   {choice.missing}", "careful"), key=START)
    words = f"   asks {one_line(title, 40)} with {one_line(choice.model, 40)}"
    return line(("  ▸ Start", "accent bold"), (words, "muted"), key=START)


def fact_rows(dialect: str, why: str, limits: str, *, width: int = FORM) -> list[Line]:
    """Dialect and why, and limits; what does not fit into `width` cells goes on in the next row."""
    return [*_fact("Dialect", dialect, why, width), *_fact("Limits", limits, "", width)]


def recent_rows(recent: Recent, key: str, room: int) -> list[Line]:
    """The newest saved runs, as many as fit into `room` rows below a heading that counts the others."""
    if not recent.runs:
        return []
    shown = recent.runs[: max(0, room - 2)]
    others = recent.more + len(recent.runs) - len(shown)
    count = f" {others} {'more' if shown else 'saved'};" if others else ""
    words = f" {count} {key} opens them, once Esc has left the question"
    head = line((" Recent", "muted bold"), (words, "dim"))
    return [BLANK, head, *(line((f"   {run}", "muted")) for run in shown)]


def _fact(name: str, value: str, why: str, width: int) -> list[Line]:
    *before, last = _packed(value.split(_DOT), max(1, width - _LABEL))
    said = [line((row, "text")) for row in before]
    if cell_len(f"{last}  {why}") > width - _LABEL:
        said += [line((last, "text")), *(wrap_text(why, max(2, width - _LABEL), "dim"))]
    else:
        said.append(line((last, "text"), (f"  {why}", "dim")))
    heads = [line((f" {name}", "muted bold")), *[BLANK] * (len(said) - 1)]
    return [Line((*pad(head, _LABEL).spans, *row.spans)) for head, row in zip(heads, said, strict=True)]


def _packed(words: Sequence[str], width: int) -> list[str]:
    """Words with dots between them, as many in a row as fit."""
    rows: list[str] = []
    for word in words:
        if rows and cell_len(rows[-1] + _DOT + word) <= width:
            rows[-1] += _DOT + word
        else:
            rows.append(word)
    return rows


def limit_words(limits: Limits, *, by_slots: bool = False) -> str:
    """The limits that are set, in few words; `by_slots`: the server says how many sub-calls go at once."""
    words = [
        plural(limits.iterations, "iteration") if limits.iterations is not None else "",
        plural(limits.subcalls, "sub-call") if limits.subcalls is not None else "",
        "one at once a slot of the server" if by_slots else f"{limits.concurrency} at once",
        f"{short_count(limits.tokens)} tokens" if limits.tokens is not None else "",
        short_cost(limits.cost_usd) if limits.cost_usd is not None else "",
        clock(limits.seconds) if limits.seconds is not None else "",
        f"{plural(limits.errors, 'error')} in a row" if limits.errors is not None else "",
    ]
    return _DOT.join(word for word in words if word)
