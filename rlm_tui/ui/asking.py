"""What a prompt can ask for."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

Purpose: TypeAlias = Literal["tell", "inject", "answer", "ask", "note", "filter", "find"]
Enter: TypeAlias = Literal["sends", "runs", "breaks"]
"""What Enter does: send the text, run code once it is complete, or begin a new line."""


class Asking(NamedTuple):
    """A purpose with its words, and what Enter does in it; F5 and F10 always send."""

    purpose: Purpose
    title: str
    hint: str
    enter: Enter = "sends"

    @property
    def may_be_empty(self) -> bool:
        """Whether sending nothing means something: a note or a filter is taken away so."""
        return self.purpose in ("note", "filter")
