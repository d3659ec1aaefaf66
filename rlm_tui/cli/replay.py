"""`rlm-tui replay`: the app on a recorded run."""

from __future__ import annotations

import argparse
import gc
import os
from pathlib import Path
from typing import TYPE_CHECKING

from rlm_tui import paths
from rlm_tui.cli import options, terminal

if TYPE_CHECKING:
    from rlm_tui.session.replay import ReplaySession


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `replay`."""
    parser.add_argument("trace", metavar="TRACE", help="a trace file, the name of a saved run, or sample:NAME")
    parser.add_argument("--at", type=int, metavar="SEQ", help="the event to stand at (default: the end)")


def run(arguments: argparse.Namespace) -> int:
    """Open the app on the trace."""
    return show(_path(arguments.trace), at=arguments.at, command="replay")


def _path(name: str) -> str:
    """A path, a sample, or the name of a saved run as `runs` lists it."""
    from rlm_tui.trace.store import SUFFIX

    path = options.resolve_paths([name])[0]
    saved = paths.traces_dir() / f"{name}{SUFFIX}"
    return str(saved) if not os.path.lexists(path) and os.path.basename(name) == name and saved.is_file() else path


def show(path: str, *, at: int | None, command: str) -> int:
    """Step through the trace at `path`; returns when the person quits."""
    gc.disable()  # what start-up makes is no garbage; the app collects again after its first paint
    _check(path)
    terminal.require(command)
    from rlm_tui.ui.app import run_app

    def make() -> ReplaySession:
        from rlm_tui.session.replay import ReplaySession

        return ReplaySession(Path(path), at=at)

    return run_app(make, title=Path(path).name)


def _check(path: str) -> None:
    """Refuse what is no trace before the screen is taken."""
    from rlm_tui.trace.reader import TraceReader

    TraceReader(Path(path)).close()
