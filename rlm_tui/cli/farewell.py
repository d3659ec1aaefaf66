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

_ANSWER, _QUESTION = 400, 80


def farewell(session: Session, *, is_answer_said: bool) -> None:
    """Say it; `is_answer_said`: the answer stands on the terminal already."""
    if not is_answer_said:
        with suppress(TraceError):  # it is in the trace, which says below what it lacks
            _say_answer(session)
    if session.trace_path:
        say(f"Trace: {session.trace_path}")
    if session.trace_path and session.trajectory.last:
        from rlm_tui.trace.saved import name_of

        say(f"Look at it again: {replaying(name_of(Path(session.trace_path)))}")
    if session.unsaved:
        say(session.unsaved)


def _say_answer(session: Session) -> None:
    """The newest answer, and what it answers where that is not the newest question."""
    tree = session.trajectory
    over = next((over for _, over in reversed(tree.finished) if over.answer is not None), None)
    if over is None or over.answer is None:
        return
    asked = next((asked for _, asked in reversed(tree.started) if asked.node == over.node), None)
    is_newest = asked is None or asked is tree.now().started
    whose = "" if is_newest or asked is None else f" to “{one_line(session.log.text(asked.query), _QUESTION)}”"
    partial = " (a limit was hit; this may be partial)" if over.status == "limit" else ""
    say(f"Answer{whose}{partial}: {one_line(session.log.text(over.answer), _ANSWER)}")
