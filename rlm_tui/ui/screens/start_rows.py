"""The rows of the start screen below the question: models, how to run, and what will hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rlm_tui.events import Limits
from rlm_tui.text import clock, one_line, plural, short_cost, short_count
from rlm_tui.ui.lines import BLANK, Line, line, pad
from rlm_tui.ui.offers import ModelOffer, Recent

MODEL, OTHER, STEP, START = "model:", "other", "step", "start"
_NAME = 20


@dataclass(slots=True)
class Choice:
    """What has been chosen so far; nothing is, until a person does."""

    query: str = ""
    model: str = ""
    sub_model: str = ""
    step: bool = False

    @property
    def missing(self) -> str:
        """What still has to be said before the run can start; empty when nothing."""
        if not self.query.strip():
            return "a question is missing"
        return "" if self.model else "no model is chosen"


def choice_rows(choice: Choice, offers: Sequence[ModelOffer], title: str) -> list[Line]:
    """Models, the way to run, and the row that starts."""
    rows = [line((" Model", "muted bold"), ("  none is taken unless you choose it", "dim"))]
    rows += [_offer(offer, choice.model) for offer in offers]
    if choice.model and choice.model not in [offer.spec for offer in offers]:
        rows.append(_offer(ModelOffer(choice.model, "as you named it"), choice.model))
    rows.append(_row(" ", "another …", "provider/name, scripted:FILE or human", OTHER))
    rows += [BLANK, line((" Run", "muted bold"))]
    rows.append(_row("●" if choice.step else "○", "step", "hold before and after every block", STEP))
    return [*rows, BLANK, _start(choice, title)]


def _offer(offer: ModelOffer, chosen: str) -> Line:
    name = offer.spec if offer.is_whole else f"{offer.spec}…"
    return _row("●" if offer.spec == chosen else "○", name, offer.words, MODEL + offer.spec)


def _row(mark: str, name: str, words: str, key: str) -> Line:
    lit = mark == "●"
    left = pad(line((f"  {mark} ", "accent bold" if lit else "dim"), (name, "text bold" if lit else "text")), _NAME)
    return Line((*left.spans, *line(" ", (words, "muted")).spans), key)


def _start(choice: Choice, title: str) -> Line:
    if choice.missing:
        return line(("  ▸ Start", "dim"), (f"   {choice.missing}", "careful"), key=START)
    words = f"   asks {one_line(title, 40)} with {one_line(choice.model, 40)}"
    return line(("  ▸ Start", "accent bold"), (words, "muted"), key=START)


def fact_rows(dialect: str, why: str, limits: Limits, recent: Recent) -> list[Line]:
    """Dialect and why, limits, recent runs."""
    rows = [_fact("Dialect", dialect, why), _fact("Limits", limit_words(limits), "")]
    if recent.runs:
        more = ((f"  {recent.more} more; rlm-tui runs lists them", "dim"),) if recent.more else ()
        rows += [BLANK, line((" Recent", "muted bold"), *more), *(line((f"   {run}", "muted")) for run in recent.runs)]
    return rows


def _fact(name: str, value: str, why: str) -> Line:
    return Line((*pad(line((f" {name}", "muted bold")), 11).spans, *line((value, "text"), (f"  {why}", "dim")).spans))


def limit_words(limits: Limits) -> str:
    """The limits that are set, in few words."""
    words = [
        plural(limits.iterations, "iteration") if limits.iterations is not None else "",
        plural(limits.subcalls, "sub-call") if limits.subcalls is not None else "",
        f"{short_count(limits.tokens)} tokens" if limits.tokens is not None else "",
        short_cost(limits.cost_usd) if limits.cost_usd is not None else "",
        clock(limits.seconds) if limits.seconds is not None else "",
        f"{plural(limits.errors, 'error')} in a row" if limits.errors is not None else "",
    ]
    return " · ".join(word for word in words if word)
