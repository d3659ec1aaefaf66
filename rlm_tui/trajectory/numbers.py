"""The holds at which a number is held, a large batch and a limit, and what such a number is."""

from __future__ import annotations

import re

from rlm_tui import events as ev
from rlm_tui.text import one_line

NUMBERS: frozenset[ev.Checkpoint] = frozenset({"before_batch", "at_limit"})
"""The checkpoints at which a number is held."""

_NUMBER = re.compile(r"((?:(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d*)?|\.\d+)(?:e[-+]?\d+)?)\s*(.*)", re.DOTALL)
_UNITS = {
    "subcalls": ("sub-call", "call", "prompt"),
    "iterations": ("iteration", "turn"),
    "errors": ("error", "turn"),
    "tokens": ("token", "tok"),
    "cost": ("dollar", "us dollar", "usd"),
    "seconds": ("second", "sec", "s"),
}
_MANY = {"k": 1e3, "thousand": 1e3, "m": 1e6, "million": 1e6}
_TIMES = {"min": 60.0, "minute": 60.0, "h": 3600.0, "hour": 3600.0}
_FORMS = {"cost": "5 or 2.50", "seconds": "90 or 1.5 min"}


def number_of(text: str, unit: str) -> float:
    """A number as a person writes one (`1,000`, `5 prompts`, `200k`, `10 min`), in what its hold counts.

    Raises ValueError for what is none and for a unit of something else, OverflowError for one beyond any use.
    """
    written = text.strip().lower().removeprefix("$" if unit == "cost" else "")
    match = _NUMBER.fullmatch(written)
    if match is None:
        raise ValueError(text)
    words = match[2].split()
    scale = (_TIMES if unit == "seconds" else _MANY).get(_one(words[0]), 0.0) if words else 0.0
    if (rest := " ".join(words[1:] if scale else words)) and _one(rest) not in _UNITS.get(unit, ()):
        raise ValueError(text)
    number = float(match[1].replace(",", "")) * (scale or 1.0)
    if number > ev.EXACT:
        raise OverflowError(text)
    return number


def _one(words: str) -> str:
    """A unit in the singular."""
    return words.rstrip("s") or words


def refused_edit(checkpoint: ev.Checkpoint, unit: str, text: str, before: str) -> str:
    """Why a text cannot take the place of what is held at a checkpoint; "" where it can."""
    if checkpoint not in NUMBERS:
        return ""
    try:
        number_of(text, unit)
    except ValueError:
        counted = f" of {_UNITS[unit][0]}s" if unit in _UNITS else ""
        form = _FORMS.get(unit, "1200 or 1.2k")
        return f"{one_line(text, 20) or 'Nothing'} is no number{counted}, as {form} is; it stays {before}."
    except OverflowError:
        return f"{one_line(text, 20)} is too large, at most {ev.EXACT:,} is counted; it stays {before}."
    return ""
