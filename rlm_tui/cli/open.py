"""`rlm-tui open`: the app on a document, or on a trace."""

from __future__ import annotations

import argparse
import gc
import os
from functools import partial
from typing import TYPE_CHECKING

from rlm_tui.cli import options, terminal

if TYPE_CHECKING:
    from rlm_tui.context.load import Loading
    from rlm_tui.session.base import Session
    from rlm_tui.session.setup import Setup


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `open`."""
    options.add_document(parser)
    parser.add_argument("--step", action="store_true", help="hold before and after every block and before the answer")
    options.add_plain(parser)
    options.add_limits(parser)
    options.add_run(parser)
    options.add_setting(parser, "theme")


def run(arguments: argparse.Namespace) -> int:
    """Open the app; returns when the person quits."""
    gc.disable()  # what start-up makes is no garbage; the app collects again after its first paint
    from rlm_tui.trace.opening import is_trace

    settings = options.settings_of(arguments)
    paths = options.resolve_paths(arguments.paths)
    if len(paths) == 1 and paths[0] != "-" and is_trace(paths[0]):
        from rlm_tui.cli import replay

        return replay.show(paths[0], at=None, command="open", settings=settings, is_plain=arguments.plain)
    setup = options.make_setup(arguments, settings, model=settings["model"], is_attended=True)
    loading = _prepare(paths, setup, is_plain=arguments.plain)
    has_all = bool(arguments.query.strip() and setup.model)
    title = options.title_of(paths)

    made: list[Session] = []

    def make() -> Session:
        made.append(_begin(setup, loading, paths, title, arguments.query if has_all else ""))
        return made[-1]

    if arguments.plain:
        options.say_theme(settings)
        from rlm_tui.cli.plain.front import run_plain
        from rlm_tui.ui.keymap import keymap_of

        show = partial(run_plain, make, keymap_of(settings))
    else:
        from rlm_tui.ui.opening import First
        from rlm_tui.ui.showing import run_app

        first = First("panes" if has_all else "start", arguments.query, setup)
        show = partial(run_app, make, title=title, settings=settings, first=first)
    try:
        return show()
    finally:  # also after a crash: the trace is kept
        if made:
            from rlm_tui.cli.farewell import farewell

            farewell(made[-1], is_answer_said=arguments.plain)


def _prepare(paths: list[str], setup: Setup, *, is_plain: bool) -> Loading | None:
    """Check what can be checked at once; standard input is read to its end, as the terminal then takes its place."""
    if "-" not in paths:
        if not all(map(os.path.isfile, paths)):
            from rlm_tui.context.sources import check_sources

            check_sources(paths)
        if not is_plain:
            terminal.require("open")
        return None
    from rlm_tui.context.load import Loading

    loading = Loading(paths, memory_mb=setup.memory_mb)
    loading.run()
    if loading.error is not None:
        raise loading.error
    if is_plain:
        terminal.attach_tty("open")
    else:
        terminal.require("open")
    return loading


def _begin(setup: Setup, loading: Loading | None, paths: list[str], title: str, query: str) -> Session:
    """Make the session, in a thread behind the first paint; with a question it begins at once."""
    from rlm_tui.context.load import Loading

    if loading is None:
        loading = Loading(paths, memory_mb=setup.memory_mb)
        loading.start()  # the child reads the first pages while the engine is imported

    from rlm_tui.session.commands import Start
    from rlm_tui.session.live import LiveSession

    session = LiveSession(setup, loading, title=title)
    if query:
        session.send(Start(query))
    return session
