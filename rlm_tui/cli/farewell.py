"""What the terminal says once the screen is gone: the answer, where the trace is, and how to look at it again."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from rlm_tui.cli.diagnostics import say
from rlm_tui.errors import TraceError
from rlm_tui.started import replaying
from rlm_tui.text import one_line

if TYPE_CHECKING:
    from rlm_tui.session.base import Session

_ANSWER = 400


def farewell(session: Session, *, is_answer_said: bool) -> None:
    """Say it; `is_answer_said`: the answer stands on the terminal already."""
    over = session.trajectory.now().finished
    if over is not None and over.answer is not None and not is_answer_said:
        partial = " (a limit was hit; this may be partial)" if over.status == "limit" else ""
        with suppress(TraceError):  # it is in the trace, which says below what it lacks
            say(f"Answer{partial}: {one_line(session.log.text(over.answer), _ANSWER)}")
    if session.trace_path:
        say(f"Trace: {session.trace_path}")
    if session.trace_path and session.trajectory.last:
        from rlm_tui.trace.saved import name_of

        say(f"Look at it again: {replaying(name_of(Path(session.trace_path)))}")
    if session.unsaved:
        say(session.unsaved)
