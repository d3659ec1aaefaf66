"""Shows sessions in the terminal, one app after another: a run, a saved run in its place, the list of saved runs."""

from __future__ import annotations

import gc
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from rlm_tui.errors import ExitCode
from rlm_tui.session.base import Session
from rlm_tui.session.signals import told_to_end
from rlm_tui.ui.app import RlmTuiApp
from rlm_tui.ui.opening import PANES_ALONE, First, Opening, Wanted


def run_app(session: Session | Callable[[], Session], **options: Any) -> int:
    """Show a session until the person quits; the terminal is as before, the session closed. Returns an ExitCode.

    A callable makes the session after the first paint, which then shows `title`; what it raises is raised here.
    The other options are those of RlmTuiApp: `first` is what stands over the panes, `settings` has keys and colours.
    A saved run that is chosen is replayed next; leaving the replay goes back to the list of them, and leaving that to
    what was open before, made anew, unless a run was ended there.
    """
    first: First = options.get("first", PANES_ALONE)
    chosen = first.chosen
    code, wanted, before = _show(session, **options)
    while wanted is not None:
        if wanted == "before":
            if before is None:
                break
            code, wanted, before = _show(session, **{**options, "first": before})
        elif wanted == "runs":
            code, wanted, _ = _show(Opening("saved runs"), **{**options, "first": First("runs", chosen=chosen)})
        else:
            chosen, summary = str(wanted), First("summary", returns=True)
            code, wanted, _ = _show(partial(_replay, wanted), **{**options, "title": wanted.name, "first": summary})
    return code


def _replay(path: Path) -> Session:
    from rlm_tui.session.replay import ReplaySession

    return ReplaySession(path)


def _show(session: Session | Callable[[], Session], **options: Any) -> tuple[int, Wanted | None, First | None]:
    """One app until it ends: its ExitCode, what is wanted next, and how it would stand where one came back to it."""
    gc.disable()  # nothing that start-up makes is garbage; collecting costs a tenth of the time to the first paint
    app = RlmTuiApp(session, **options)
    try:
        with told_to_end(app.end_soon):
            result = app.run()
    finally:
        gc.enable()
        again = app.again
        app.close_session()
    if app.failure is not None:
        raise app.failure
    code = ExitCode.OK if result is not None else int(app.return_code or ExitCode.FAILED)
    return code, app.wanted if result is not None else None, again
