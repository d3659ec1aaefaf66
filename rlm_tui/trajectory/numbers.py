"""The holds at which a number is held, a large batch and a limit, and what such a number is."""

from __future__ import annotations

import math
import re

from rlm_tui import events as ev
from rlm_tui.text import one_line

NUMBERS: frozenset[ev.Checkpoint] = frozenset({"before_batch", "at_limit"})
"""The checkpoints at which a number is held."""

UNEDITED = "Nothing goes on without the edit that was refused: edit again, or say it once more to do without."
"""What is said of what was meant for an edit that could not be sent."""
_UNIT = re.compile(r"(?<=[\d.])\s+[^\W\d][^\d]*$")


def number_of(text: str) -> float:
    """A number as a person writes one (`1,000`, `5 prompts`); raises ValueError for what is none, or has no end."""
    number = float(_UNIT.sub("", text.replace(",", "").strip()))
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
