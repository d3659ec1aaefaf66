"""`rlm-tui replay`: the app on a recorded run."""

from __future__ import annotations

import argparse
import gc
import os
from pathlib import Path
from typing import TYPE_CHECKING

from rlm_tui import paths, resources
from rlm_tui.cli import options, terminal
from rlm_tui.errors import TraceError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rlm_tui.config import Settings
    from rlm_tui.session.base import Attachment, Session

_ALIKE = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `replay`."""
    parser.add_argument("trace", metavar="TRACE", help="a trace file, the name of a saved run, or sample:NAME")
    parser.add_argument(
        "--context",
        action="append",
        metavar="PATH",
        help="the document of the run, a file or a folder; shown once its sha256 is found equal; may be repeated",
    )
    parser.add_argument("--at", type=int, metavar="SEQ", help="the event to stand at (default: the end)")
    options.add_plain(parser)
    options.add_setting(parser, "theme")


def run(arguments: argparse.Namespace) -> int:
    """Open the app on the trace."""
    return show(
        _path(arguments.trace),
        at=arguments.at,
        command="replay",
        settings=options.settings_of(arguments),
        context=arguments.context or (),
        is_plain=arguments.plain,
    )


def _path(name: str) -> str:
    """A path, a sample, or the name of a saved run as `runs` lists it."""
    if name.startswith("sample:"):
        return str(resources.sample_trace(name.removeprefix("sample:")))
    if os.path.lexists(name):
        return name
    from rlm_tui.trace.saved import name_of, named, trace_files

    saved = named(name)
    if saved is None and os.path.basename(name) == name:
        alike = [other for other in map(name_of, trace_files(paths.traces_dir())) if name in other]
        such = f"; those with it in their name: {', '.join(alike[:_ALIKE])}" if alike else ""
        raise TraceError(f"There is no trace {name}, as a file or as a saved run; rlm-tui runs lists these{such}.")
    return name if saved is None else str(saved)


def show(
    path: str,
    *,
    at: int | None,
    command: str,
    settings: Settings,
    context: Sequence[str] = (),
    is_plain: bool = False,
) -> int:
    """Step through the trace at `path`, beside the documents `context`; returns when the person quits."""
    gc.disable()  # what start-up makes is no garbage; the app collects again after its first paint
    attachment = _check(path, context)
    if not is_plain:
        terminal.require(command)

    def make() -> Session:
        from rlm_tui.session.replay import ReplaySession

        return ReplaySession(Path(path), at=at, attachment=attachment)

    if is_plain:
        options.say_theme(settings)
        from rlm_tui.cli.plain.front import run_plain
        from rlm_tui.ui.keymap import keymap_of

        return run_plain(make, keymap_of(settings))
    from rlm_tui.ui.opening import First
    from rlm_tui.ui.showing import run_app

    first = First("summary") if at is None else First()
    return run_app(make, title=Path(path).name, first=first, settings=settings)


def _check(path: str, context: Sequence[str]) -> Attachment | None:
    """Refuse what is no trace, and documents that are not its own, before the screen is taken."""
    from rlm_tui.trace.opening import is_plainly_ours, open_trace

    if not context and is_plainly_ours(path):
        return None
    with open_trace(Path(path), head_only=True) as reader:
        if not reader.is_whole:
            open_trace(Path(path)).close()  # what unpacks to more than can be opened is told of by its end alone
        if not reader.size and not _is_live(path):
            raise TraceError(f"{path} is empty: no run is recorded in it.")
        if not context:
            return None
        from rlm_tui.session.attach import given_document

        return given_document(reader.context(), context)


def _is_live(path: str) -> bool:
    from rlm_tui.trace.store import is_live

    return is_live(Path(path))
