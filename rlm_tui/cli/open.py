"""`rlm-tui open`: the app on a document, or on a trace."""

from __future__ import annotations

import argparse
import os
import tempfile
from typing import TYPE_CHECKING

from rlm_tui.cli import options, terminal
from rlm_tui.errors import UsageError

if TYPE_CHECKING:
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
    title = options.title_of(paths)
    with tempfile.TemporaryDirectory(prefix="rlm-tui-") as folder:
        if "-" in paths:
            paths = [_saved_stdin(folder) if path == "-" else path for path in paths]
        terminal.require("open")
        return _show(setup, paths, title, arguments.query)


def _show(setup: Setup, paths: list[str], title: str, query: str) -> int:
    from rlm_tui.context.load import Loading
    from rlm_tui.session.commands import Start
    from rlm_tui.session.live import LiveSession

    loading = Loading(paths)
    loading.start()
    from rlm_tui.ui.app import run_app

    session = LiveSession(setup, loading, title=title)
    if loading.finished and loading.error is not None:
        session.close()
        raise loading.error
    has_all = bool(query.strip() and setup.model)
    if has_all:
        session.send(Start(query))
    code = run_app(session, open_question=not has_all, query=query)
    if loading.error is not None:
        raise loading.error
    return code


def _saved_stdin(folder: str) -> str:
    """Read standard input to its end into a file, so that the terminal can take its place."""
    if os.isatty(0):
        raise UsageError("Nothing is piped into standard input; pipe a text or a PDF into it, or name a file.")
    path = os.path.join(folder, "standard input")
    with open(path, "wb") as file:
        while chunk := os.read(0, 1 << 20):
            file.write(chunk)
    return path


def _is_trace(path: str) -> bool:
    """By content, as names lie; a compressed one by its name."""
    from rlm_tui.trace.reader import MAGIC

    if path.endswith((".rlm.jsonl.gz", ".rlm.jsonl.zst")):
        return True
    if not os.path.isfile(path) or not os.access(path, os.R_OK):
        return False
    with open(path, "rb") as file:
        return file.read(len(MAGIC)) == MAGIC
