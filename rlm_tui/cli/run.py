"""`rlm-tui run`: no screen; the answer on stdout, narration on stderr."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from rlm_tui.cli import options
from rlm_tui.cli.diagnostics import say
from rlm_tui.errors import ExitCode, UsageError
from rlm_tui.repl.sandbox import NO_WALLS, NOT_SANDBOXED
from rlm_tui.text import one_line

if TYPE_CHECKING:
    from rlm_tui.cli.narrate import JsonLines, Narration
    from rlm_tui.context.load import Loading
    from rlm_tui.events import RunFinished
    from rlm_tui.session.base import Session

_NO_MODEL = "No model was named: using offline, a keyword search demo that is no LLM; -m names another."
_NOBODY = "Stopped at {}; nobody is here to look: rlm-tui open with the same options holds there."
_WARNING = f"{NOT_SANDBOXED}: the model's {NO_WALLS}; --sandbox none changes nothing but says that you know."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `run`."""
    options.add_document(parser)
    parser.add_argument("--json", action="store_true", help="every event as a JSON line on stdout")
    options.add_limits(parser)
    options.add_run(parser)


def run(arguments: argparse.Namespace) -> int:
    """Ask one question to its end and return the exit code."""
    from rlm_tui.context.load import Loading
    from rlm_tui.session.live import LiveSession

    if not arguments.query.strip():
        raise UsageError('run needs a question; add -q "what you want to know".')
    settings = options.settings_of(arguments)
    options.say_theme(settings)
    options.say_keys(settings)
    model = settings["model"]
    if model == "human":
        raise UsageError("The model human answers in the app; use rlm-tui open … -m human.")
    setup = options.make_setup(arguments, settings, model=model or "offline", is_attended=False)
    remarks = [] if model else [_NO_MODEL]
    remarks += [_WARNING] if settings["sandbox"] == "auto" else []
    paths = options.resolve_paths(arguments.paths)
    loading = Loading(paths, memory_mb=setup.memory_mb)
    session = LiveSession(setup, loading, title=options.title_of(paths))
    try:
        return _ask(session, loading, arguments.query, remarks, as_json=arguments.json)
    except OSError as error:
        if arguments.json and session.trace_path and not isinstance(error, BrokenPipeError):
            say(f"Trace: {session.trace_path}")
        raise
    finally:
        session.close()


class _Stop:
    """Ctrl+C or its like: the first asks the run to end, from the loop that drains it; the second ends this process."""

    def __init__(self) -> None:
        self.wanted = False
        self.why = ""

    def __call__(self, why: str) -> None:
        if self.wanted:
            raise KeyboardInterrupt
        self.wanted, self.why = True, why


def _ask(session: Session, loading: Loading, query: str, remarks: list[str], *, as_json: bool) -> int:
    from rlm_tui.cli.narrate import JsonLines, Narration
    from rlm_tui.session.commands import Start
    from rlm_tui.session.signals import told_to_end

    stop = _Stop()
    with told_to_end(stop):
        loading.start()
        session.send(Start(query))
        reader = JsonLines(session.log) if as_json else Narration(session.log)
        _follow(session, loading, stop, reader, remarks)
        return _end(session, reader.finished, stop.why or "Stopped by you.", as_json=as_json)


def _follow(session: Session, loading: Loading, stop: _Stop, reader: JsonLines | Narration, remarks: list[str]) -> None:
    """Read the run to its end."""
    from rlm_tui.cli.waiting import Waits
    from rlm_tui.events import Held
    from rlm_tui.session.commands import Stop

    waits = Waits()
    while True:
        is_over = not session.is_running
        batch = session.drain()
        while remarks and batch.events:
            say(remarks.pop(0))
        for event in batch.events:
            reader.read(event)
            if isinstance(event, Held):
                session.send(Stop(_NOBODY.format(event.why)))
        for message in batch.messages:
            if message != str(session.failure):
                say(message)
        if is_over:
            return
        if words := waits.words(batch, "running" if loading.finished else _reading(loading)):
            say(words)
        if stop.wanted:
            session.send(Stop(stop.why))
            loading.cancel()
        session.wait()


def _reading(loading: Loading) -> str:
    done, total = loading.progress.done, loading.progress.total
    unit, _, name = loading.progress.what.partition(" of ")
    share = f", {done:,} of {total:,} {unit}" if total and done < total else ""
    return f"reading {one_line(name or unit)}{share}"


def _end(session: Session, finished: RunFinished | None, why: str, *, as_json: bool) -> int:
    from rlm_tui.cli import narrate

    if session.trace_path:
        say(f"Trace: {session.trace_path}")
    if session.unsaved:
        say(session.unsaved)
    if finished is None:
        error = session.failure
        if as_json:
            narrate.write_unbegun("failed" if error else "stopped", str(error or why))
        if error is None:
            return ExitCode.INTERRUPTED
        raise error
    if not as_json:
        narrate.write_answer(session.log, finished)
    return finished.exit_code
