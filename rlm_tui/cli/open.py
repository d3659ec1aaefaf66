"""`rlm-tui open`: the app on a document, or on a trace."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from rlm_tui.cli import options, terminal

if TYPE_CHECKING:
    from rlm_tui.context.load import Loading
    from rlm_tui.session.setup import Setup


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `open`."""
    options.add_document(parser)
    parser.add_argument("--step", action="store_true", help="hold before and after every block and before the answer")
    options.add_limits(parser)
    options.add_run(parser)


def run(arguments: argparse.Namespace) -> int:
    """Open the app; returns when the person quits."""
    paths = options.resolve_paths(arguments.paths)
    if len(paths) == 1 and paths[0] != "-" and _is_trace(paths[0]):
        from rlm_tui.cli import replay

        return replay.show(paths[0], at=None, command="open")
    setup = options.make_setup(arguments, model=options.chosen_model(arguments), is_attended=True)
    return _show(setup, paths, options.title_of(paths), arguments.query)


def _show(setup: Setup, paths: list[str], title: str, query: str) -> int:
    from rlm_tui.session.commands import Start
    from rlm_tui.session.live import LiveSession

    loading = _begin_loading(paths)
    session = LiveSession(setup, loading, title=title)
    try:
        from rlm_tui.ui.app import run_app

        has_all = bool(query.strip() and setup.model)
        if has_all:
            session.send(Start(query))
        code = run_app(session, open_question=not has_all, query=query, setup=setup)
    finally:
        session.close()
    if loading.error is not None:
        raise loading.error
    return code


def _begin_loading(paths: list[str]) -> Loading:
    """Start to load in a thread; standard input is read to its end first, as the terminal then takes its place."""
    from rlm_tui.context.load import Loading
    from rlm_tui.context.sources import find_sources

    loading = Loading(paths)
    if "-" in paths:
        loading.run()
        if loading.error is not None:
            raise loading.error
        terminal.require("open")
    else:
        find_sources(paths)
        terminal.require("open")
        loading.start()
    return loading


def _is_trace(path: str) -> bool:
    """By content, as names lie; a compressed one by its name."""
    from rlm_tui.trace.reader import MAGIC

    if path.endswith((".rlm.jsonl.gz", ".rlm.jsonl.zst")):
        return True
    if not os.path.isfile(path) or not os.access(path, os.R_OK):
        return False
    with open(path, "rb") as file:
        return file.read(len(MAGIC)) == MAGIC
