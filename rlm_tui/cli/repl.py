"""`rlm-tui repl`: the REPL alone, as the model's code sees it: by lines of JSON, by cells on stdin, or by hand."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from rlm_tui.cli.diagnostics import say
from rlm_tui.cli.options import add_setting, base_url_of, resolve_paths, settings_of
from rlm_tui.errors import ExitCode, UsageError
from rlm_tui.repl.base import BlockResult, OnOutput
from rlm_tui.repl.sandbox import NO_WALLS
from rlm_tui.text import safe

if TYPE_CHECKING:
    from rlm_tui.config import Settings
    from rlm_tui.engine.config import EngineConfig
    from rlm_tui.events import TraceEvent
    from rlm_tui.repl.process import WorkerREPL

_CELL = "# %%"
_CONCURRENCY = 16


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `repl`."""
    parser.add_argument("--context", action="append", default=[], metavar="PATH", help="load a document as `context`")
    parser.add_argument("--sub-model", default="", metavar="MODEL", help="what llm_query asks (default: offline)")
    add_setting(parser, "base_url")
    for name in ("block_timeout", "max_subcalls", "memory", "sandbox"):
        add_setting(parser, name)
    parser.add_argument("--json", action="store_true", help='read {"code": "…"} lines, answer each with one line')


def run(arguments: argparse.Namespace) -> int:
    """Serve blocks until the input ends and return the exit code."""
    from rlm_tui.engine.alone import Alone
    from rlm_tui.lm.registry import make_lm

    settings = settings_of(arguments)
    config = _config(settings)
    make = partial(make_lm, config.model, base_url=base_url_of(settings))
    with asyncio.Runner() as runner:
        alone = Alone(config, make, _tell, sandbox=settings["sandbox"], memory_mb=settings["memory"])
        console = Console(alone.repl, settings["block_timeout"])
        try:
            runner.run(_start(alone.repl, resolve_paths(arguments.context)))
            if settings["sandbox"] == "auto":
                say(f"The worker is {alone.repl.facts.label}: {NO_WALLS}; --sandbox none hides this line.")
            if arguments.json:
                return console.serve_json(runner)
            return console.serve_person(runner) if sys.stdin.isatty() else console.serve_cells(runner)
        finally:
            runner.run(alone.close())


async def _start(repl: WorkerREPL, paths: list[str]) -> None:
    if paths:
        from rlm_tui.context.load import load_document
        from rlm_tui.session.value import value_of

        await repl.load("context", value_of(await asyncio.to_thread(load_document, paths)))
    await repl.start()


def _config(settings: Settings) -> EngineConfig:
    """What answers `llm_query`, and how often; UsageError for a model that cannot."""
    from rlm_tui.engine.config import EngineConfig
    from rlm_tui.events import Limits
    from rlm_tui.lm.registry import check_spec

    model = settings["sub_model"] or "offline"
    if model == "human":
        raise UsageError("The model human answers in the app; use rlm-tui open … -m human.")
    check_spec(model, base_url=base_url_of(settings))
    return EngineConfig(
        model=model, limits=Limits(subcalls=settings["max_subcalls"], concurrency=_CONCURRENCY, depth=1)
    )


def _tell(event: TraceEvent) -> None:
    """Say what happens to sub-calls beside their answers."""
    from rlm_tui import events as ev
    from rlm_tui.trajectory.limits import describe_limit

    match event:
        case ev.LmFailed(retry_in_s=float(delay)):
            say(f"A sub-call failed and is tried again in {delay:.1f} s: {event.message}")
        case ev.LimitHit(limit="depth"):
            say("A sub-LM answers in the place of child RLMs, which start in a run only.")
        case ev.LimitHit():
            say(describe_limit(event.limit, event.cap))
        case ev.Note():
            say(f"note: {event.text}")


class Console:
    """Feeds blocks to the REPL and writes what came of them to stdout."""

    def __init__(self, repl: WorkerREPL, timeout_s: float) -> None:
        self._repl = repl
        self._timeout_s = timeout_s

    def serve_json(self, runner: asyncio.Runner) -> int:
        """One line of JSON in, one line of JSON out."""
        import json

        from msgspec import to_builtins

        for number, line in enumerate(sys.stdin.buffer, 1):
            if not line.strip():
                continue
            try:
                code = _code_of(line)
            except UsageError as error:
                reply = _bad_line(f"Line {number}: {error}")
            else:
                result = runner.run(self._repl.run(code, timeout_s=self._timeout_s))
                _say_notes(result)
                reply = _as_json(result)
            sys.stdout.buffer.write(json.dumps(to_builtins(reply)).encode() + b"\n")
            sys.stdout.buffer.flush()
        return ExitCode.OK

    def serve_cells(self, runner: asyncio.Runner) -> int:
        """The whole of stdin; a line `# %%` begins a new block. Stops at the first block that fails."""
        for code in _cells(sys.stdin.read()):
            result = runner.run(self._run_interruptible(code))
            _write(result.stdout)
            for line in result.stderr.splitlines():
                say(line)
            self._show(result)
            if result.status != "ok":
                return ExitCode.INTERRUPTED if result.status == "interrupted" else ExitCode.FAILED
        return ExitCode.OK

    def serve_person(self, runner: asyncio.Runner) -> int:
        """A prompt; Ctrl-C stops a running block, Ctrl-D ends."""
        import readline  # noqa: F401  # input() then edits and remembers lines

        while (code := _typed()) is not None:
            if code.strip():
                result = runner.run(self._run_interruptible(code, on_output=_write))
                _write("" if result.stdout.endswith("\n") or not result.stdout else "\n")
                self._show(result)
        return ExitCode.OK

    async def _run_interruptible(self, code: str, on_output: OnOutput | None = None) -> BlockResult:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGINT, self._interrupted)
        self._presses = 0
        try:
            return await self._repl.run(code, timeout_s=self._timeout_s, on_output=on_output)
        finally:
            loop.remove_signal_handler(signal.SIGINT)

    def _interrupted(self) -> None:
        self._presses += 1
        if self._presses > 1:
            self._repl.kill()
        else:
            say("Interrupting; once more ends the worker, and its variables are lost.")
            self._repl.interrupt()

    def _show(self, result: BlockResult) -> None:
        if result.error:
            for line in (result.error.traceback or f"{result.error.type}: {result.error.message}").splitlines():
                say(line)
        _say_notes(result)
        if result.offer:
            say(f"Final answer, by {result.offer.via}:")
            _write(result.offer.value + "\n")


def _say_notes(result: BlockResult) -> None:
    for note in result.notes:
        say(f"note: {note}")


def _write(text: str) -> None:
    sys.stdout.write(safe(text, multiline=True) if sys.stdout.isatty() else text)
    sys.stdout.flush()


def _typed() -> str | None:
    """One block as a person types it: lines until it is complete; None at the end of input."""
    from codeop import compile_command

    lines: list[str] = []
    while True:
        try:
            lines.append(input("... " if lines else ">>> "))
            if compile_command("\n".join(lines), symbol="single") is not None:
                return "\n".join(lines)
        except EOFError:
            return None
        except KeyboardInterrupt:
            say("")
            return ""
        except (SyntaxError, ValueError, OverflowError):
            return "\n".join(lines)


def _cells(text: str) -> Iterator[str]:
    lines: list[str] = []
    for line in text.splitlines(keepends=True):
        if line.startswith(_CELL) and "".join(lines).strip():
            yield "".join(lines)
            lines = []
        lines.append(line)
    if "".join(lines).strip():
        yield "".join(lines)


def _code_of(line: bytes) -> str:
    import json

    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"this is not JSON ({error}).") from error
    if not isinstance(value, dict) or not isinstance(value.get("code"), str):
        raise UsageError('this is not an object with a text "code".')
    return str(value["code"])


def _bad_line(message: str) -> dict[str, Any]:
    error = {"type": "UsageError", "message": message, "traceback": ""}
    return {"status": "error", "stdout": "", "stderr": "", "error": error, "elapsed_s": 0.0, "final": None}


def _as_json(result: BlockResult) -> dict[str, Any]:
    error, offer = result.error, result.offer
    kind = "var" if offer and offer.via == "FINAL_VAR" else "text"
    return {
        "status": result.status,
        "stdout": result.stdout,
        "stderr": result.stderr,
        "error": {"type": error.type, "message": error.message, "traceback": error.traceback} if error else None,
        "elapsed_s": round(result.elapsed_s, 6),
        "final": {"kind": kind, "value": offer.value, "via": offer.via} if offer else None,
    }
