"""The states of a run that must look different, each with its symbol, its words and what to do: their one place.

Header, bar, summary, root, list of runs, title of the window and the linear front end read this table; no two states
share a symbol or a word, so that none is told from another by colour alone.
"""

from __future__ import annotations

from typing import NamedTuple

from rlm_tui.events import RunStatus
from rlm_tui.session.base import Phase

SPINNER = "◐◓◑◒"


class Look(NamedTuple):
    """How a state looks: symbol, one word, the same said longer, the role that colours it, and what to do."""

    symbol: str
    word: str
    phrase: str
    role: str
    do: str

    @property
    def sign(self) -> tuple[str, str]:
        """`✓`, in a row of the tree."""
        return self.symbol, self.role

    @property
    def brief(self) -> tuple[str, str]:
        """`✓ answered`, for a list."""
        return f"{self.symbol} {self.word}", self.role

    @property
    def whole(self) -> tuple[str, str]:
        """`○ ended without an answer`, where there is room."""
        return f"{self.symbol} {self.phrase}", self.role


ENDS: dict[RunStatus, Look] = {
    "answered": Look(
        "✓", "answered", "answered", "done", "The answer is there; everything that led to it can be walked through."
    ),
    "no_answer": Look(
        "○", "no answer", "ended without an answer", "careful", "The run ended without an answer; ask in other words."
    ),
    "failed": Look("✗", "failed", "failed", "failed", "The run failed; mend what it names and ask again."),
    "limit": Look(
        "⚠",
        "limit",
        "stopped at a limit",
        "careful",
        "A limit ended the run; the last answer, if there is one, is marked so.",
    ),
    "stopped": Look(
        "□", "stopped", "stopped before its end", "careful", "The run was stopped; what it found so far is kept."
    ),
}
"""How a run ended."""
PHASES: dict[Phase, Look] = {
    "loading": Look(
        SPINNER[-1],
        "loading",
        "is being read",
        "running",
        "The document is being read; the question can be asked meanwhile.",
    ),
    "question": Look(
        "?", "your question", "waiting for a question", "accent", "Nothing is asked yet, and nothing is spent."
    ),
    "running": Look(
        SPINNER[0], "running", "running", "running", "The run goes on by itself; it can be paused before its next step."
    ),
    "held": Look(
        "‖",
        "held",
        "held, it waits for you",
        "careful",
        "It waits. Nothing runs and nothing is spent until you choose.",
    ),
    "interrupting": Look(
        "■",
        "interrupting",
        "interrupting",
        "careful",
        "The block is asked to stop and keep its state; once more stops it by force.",
    ),
    "replay": Look(
        "▸", "replay", "replaying", "accent", "A recorded run: it can be walked through, and nothing is executed."
    ),
}
"""What a session does; one that is finished looks as its run ended."""
BEING_OPENED = Look(SPINNER[-1], "opening", "is being opened", "running", "It is being opened.")
BEHIND = Look("◂", "looking back", "looking back", "accent", "You look back; the newest moment is elsewhere.")
UNFINISHED = Look(
    "◌",
    "unfinished",
    "did not end by itself",
    "careful",
    "The run did not end by itself; what it found so far is kept.",
)


def cut_off(what: str) -> tuple[str, str]:
    """That something never came to its end as the trace stops before: `◌ no answer; the trace ends here`."""
    return f"{UNFINISHED.symbol} {what}; the trace ends here", UNFINISHED.role


FILES: dict[str, Look] = {
    "running": PHASES["running"]._replace(symbol="●", phrase="still running when it was opened"),
    "unfinished": UNFINISHED,
    "unreadable": Look("!", "unreadable", "cannot be read", "failed", "The file cannot be read."),
    **{str(status): look for status, look in ENDS.items()},
}
"""What a saved run can be, by its status."""


def of_status(status: str) -> Look:
    """The look of a saved run's status; one of a later version has its own word."""
    known = FILES.get(status)
    return known if known is not None else UNFINISHED._replace(word=status.replace("_", " "))
