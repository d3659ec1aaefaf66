"""Shows sessions in the terminal, one app after another: a run, a saved run in its place, the list of saved runs."""

from __future__ import annotations

import gc
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Literal

from rlm_tui.errors import ExitCode
from rlm_tui.session.base import Session
from rlm_tui.session.signals import told_to_end
from rlm_tui.ui.app import RlmTuiApp
from rlm_tui.ui.opening import PANES_ALONE, First


def run_app(session: Session | Callable[[], Session], **options: Any) -> int:
    """Show a session until the person quits; the terminal is as before, the session closed. Returns an ExitCode.

    A callable makes the session after the first paint, which then shows `title`; what it raises is raised here.
    The other options are those of RlmTuiApp: `first` is what stands over the panes, `settings` has keys and colours.
    A saved run that is chosen is replayed next; where the list of them was first, leaving the replay goes back to it.
    """
    code, wanted = _show(session, **options)
    first: First = options.get("first", PANES_ALONE)
    while wanted is not None:
        if wanted == "runs":
            code, wanted = _show(session, **{**options, "first": first})
        else:
            summary, first = First("summary", returns=first.shown == "runs"), first._replace(chosen=str(wanted))
            code, wanted = _show(partial(_replay, wanted), **{**options, "title": wanted.name, "first": summary})
    return code


def _replay(path: Path) -> Session:
    from rlm_tui.session.replay import ReplaySession

    return ReplaySession(path)


def _show(session: Session | Callable[[], Session], **options: Any) -> tuple[int, Path | Literal["runs"] | None]:
    """One app until it ends: its ExitCode, and what is wanted next: a saved run, or the list of them."""
    gc.disable()  # nothing that start-up makes is garbage; collecting costs a tenth of the time to the first paint
    app = RlmTuiApp(session, **options)
    try:
        with told_to_end(app.end_soon):
            result = app.run()
    finally:
        gc.enable()
        app.close_session()
    if app.failure is not None:
        raise app.failure
    code = ExitCode.OK if result is not None else int(app.return_code or ExitCode.FAILED)
    return code, app.wanted if result is not None else None
