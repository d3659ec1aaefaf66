"""The holds at which a number is held, a large batch and a limit, and what such a number is."""

from __future__ import annotations

import math

from rlm_tui import events as ev
from rlm_tui.text import one_line

NUMBERS: frozenset[ev.Checkpoint] = frozenset({"before_batch", "at_limit"})
"""The checkpoints at which a number is held."""


def number_of(text: str) -> float:
    """A number as a person writes one (`1,000`); raises ValueError for what is none, or has no end."""
    number = float(text.replace(",", "").strip())
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def refused_edit(checkpoint: ev.Checkpoint, text: str, before: str) -> str:
    """Why a text cannot take the place of what is held at a checkpoint; "" where it can."""
    try:
        if checkpoint in NUMBERS:
            number_of(text)
    except ValueError:
        return f"{one_line(text, 20) or 'Nothing'} is no number; it stays {before}."
    return ""
