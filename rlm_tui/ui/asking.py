"""What a prompt can ask for."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

Purpose: TypeAlias = Literal["tell", "inject", "answer", "ask"]


class Asking(NamedTuple):
    """A purpose with its words; `is_code` makes Enter a new line until the code is complete."""

    purpose: Purpose
    title: str
    hint: str
    is_code: bool = False
