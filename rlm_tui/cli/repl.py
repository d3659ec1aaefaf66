"""`rlm-tui repl`: the REPL alone, as the model's code sees it: by lines of JSON, by cells on stdin, or by hand."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from rlm_tui.cli.diagnostics import say
from rlm_tui.cli.options import add_setting, base_url_of, resolve_paths, settings_of
from rlm_tui.errors import ExitCode, ProviderError, ReplError, UsageError
from rlm_tui.repl.base import BlockResult, HostCall, OnOutput
from rlm_tui.text import plural, safe

if TYPE_CHECKING:
    from rlm_tui.lm.base import LM
    from rlm_tui.repl.process import WorkerREPL

_CELL = "# %%"
_CONCURRENCY = 16
_NO_WALLS = "code can read your files and use your network; --sandbox none hides this line."


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
    from rlm_tui.repl.process import WorkerREPL

    settings = settings_of(arguments)
    asker = SubAsker(settings["sub_model"] or "offline", base_url_of(settings), settings["max_subcalls"])
    repl = WorkerREPL(asker.answer, sandbox=settings["sandbox"], memory_mb=settings["memory"])
    console = Console(repl, settings["block_timeout"])
    with asyncio.Runner() as runner:
        try:
            runner.run(_start(repl, resolve_paths(arguments.context)))
            if settings["sandbox"] == "auto":
                say(f"The worker is {repl.facts.label}: {_NO_WALLS}")
            if arguments.json:
                return console.serve_json(runner)
            return console.serve_person(runner) if sys.stdin.isatty() else console.serve_cells(runner)
        finally:
            runner.run(repl.close())
            runner.run(asker.close())


async def _start(repl: WorkerREPL, paths: list[str]) -> None:
    if paths:
        from rlm_tui.context.load import load_document

        document = await asyncio.to_thread(load_document, paths)
        await repl.load("context", document.value)
    await repl.start()


class SubAsker:
    """Answers the sub-calls of code with one LM; it is made when the first one comes."""

    def __init__(self, spec: str, base_url: str | None, max_calls: int) -> None:
        from rlm_tui.lm.registry import check_spec

        self._spec = spec
        self._base_url = base_url
        self._left = self._max = max_calls
        self._slots = asyncio.Semaphore(_CONCURRENCY)
        self._lm: LM | None = None
        check_spec(self._spec, base_url=base_url)

    async def answer(self, call: HostCall) -> list[str]:
        """One text a prompt; ReplError, raised in the block, when the sub-calls are used up."""
        if len(call.prompts) > self._left:
            raise ReplError(f"The limit of {plural(self._max, 'sub-call')} is used up; --max-subcalls sets another.")
        self._left -= len(call.prompts)
        lm = self._lm or await self._made()
        return list(await asyncio.gather(*(self._one(lm, prompt, call.model) for prompt in call.prompts)))

    async def close(self) -> None:
        """Give back the LM."""
        if self._lm is not None:
            await self._lm.close()

    async def _made(self) -> LM:
        from rlm_tui.lm.registry import make_lm

        made = await asyncio.to_thread(make_lm, self._spec, base_url=self._base_url)
        self._lm = self._lm or made
        return self._lm

    async def _one(self, lm: LM, prompt: str, model: str | None) -> str:
        from rlm_tui.lm.base import Message, Request
        from rlm_tui.lm.retry import complete_with_retries

        request = Request((Message("user", prompt),), model or self._spec, role="sub")
        async with self._slots:
            try:
                return (await complete_with_retries(lm, request, on_failure=_say_failure)).text
            except ProviderError as error:
                return f"Error: {error}"


def _say_failure(error: ProviderError, delay: float | None) -> None:
    if delay is not None:
        say(f"A sub-call failed and is tried again in {delay:.1f} s: {error}")


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
