"""How an RLM ends; the root loop gives it, and a child RLM is heard of by it alone."""

from __future__ import annotations

from dataclasses import dataclass

from rlm_tui import events as ev


@dataclass(frozen=True, slots=True)
class Ending:
    """How an RLM ended: its answer and by which form, or why there is none."""

    status: ev.RunStatus
    answer: str | None = None
    via: ev.Via | None = None
    detail: str = ""
