"""`rlm-tui replay`: the app on a recorded run."""

from __future__ import annotations

import argparse
from pathlib import Path

from rlm_tui.cli import options, terminal


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `replay`."""
    parser.add_argument("trace", metavar="TRACE", help="a trace file, or sample:NAME")
    parser.add_argument("--at", type=int, metavar="SEQ", help="the event to stand at (default: the end)")


def run(arguments: argparse.Namespace) -> int:
    """Open the app on the trace."""
    return show(options.resolve_paths([arguments.trace])[0], at=arguments.at, command="replay")


def show(path: str, *, at: int | None, command: str) -> int:
    """Step through the trace at `path`; returns when the person quits."""
    from rlm_tui.session.replay import ReplaySession

    session = ReplaySession(Path(path), at=at)
    try:
        terminal.require(command)
        from rlm_tui.ui.app import run_app

        return run_app(session, open_question=False, query="")
    finally:
        session.close()
