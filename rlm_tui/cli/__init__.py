"""The command line: argparse, one module a command, imported only when it is the one that was named."""

from __future__ import annotations

import argparse
import io
import os
import sys
from importlib import import_module

from rlm_tui.cli import diagnostics
from rlm_tui.errors import ExitCode, UsageError
from rlm_tui.version import __version__

TYPE_CHECKING = False  # as in typing, whose import would be a tenth of what --help takes
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

_COMMANDS = {
    "open": "open a document in the debugger and ask about it",
    "replay": "step through a recorded run",
    "run": "ask without a screen; the answer goes to stdout",
    "repl": "the REPL alone, as the model's code sees it",
    "parse": "show what the parser sees in a response",
    "trace": "look at recorded runs without a screen",
    "runs": "look through the saved runs; piped, list them",
    "models": "list the models that can be used here, and how to name them",
}
_EXAMPLES = """\
examples:
  rlm-tui open sample:report -q "What is the magic number?" -m offline --step
  rlm-tui run notes.md -q "When was the bridge opened?" -m openai/gpt-4o-mini
  rlm-tui replay sample:clean

exit codes: 0 answer, or you quit · 1 no answer · 2 usage or document · 3 model endpoint ·
            4 a limit was hit · 5 trace unreadable · 130 interrupted
"""


class _Parser(argparse.ArgumentParser):
    """Says what is wrong with a command line in one sentence."""

    def error(self, message: str) -> NoReturn:
        of = self.prog.partition(" ")[2]  # the name of the program stands before every sentence
        raise UsageError(f"{f'{of}: ' if of else ''}{message}; {self.prog} --help shows what it takes.")

    def _print_message(self, message: str, file: Any = None) -> None:
        """Write help or version; what cannot be written is told, where argparse would keep silent."""
        (file or sys.stdout).write(message)


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit code; no traceback reaches a person unless they ask with --debug."""
    words = sys.argv[1:] if argv is None else argv
    is_debug = "--debug" in words
    _open_streams()
    try:
        return _flushed(_dispatch, words)
    except Exception as error:  # noqa: BLE001 - the last line of defence: a person gets a sentence, never a traceback
        return diagnostics.fail(error, debug=is_debug)
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED


def _flushed(command: Callable[[list[str]], int], words: list[str]) -> int:
    """Run it and write what waits to be: an error of that is told as any other, while it still can be."""
    try:
        return command(words)
    finally:
        sys.stdout.flush()


def _open_streams() -> None:
    """A stream that was closed before the start is /dev/null; else its number goes to the next file that is opened.

    What is written to such a stdout fails, as it would have: an answer that nobody gets is no success. What the
    encoding of stdout has no character for is written as an escape.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            fd = os.open(os.devnull, os.O_RDONLY if number == 1 else os.O_RDWR)
            if fd != number:
                os.dup2(fd, number)
                os.close(fd)
            stream = open(number, "r" if number == 0 else "w", encoding="utf-8", closefd=False)  # noqa: SIM115
            setattr(sys, name, stream)
    if isinstance(sys.stdout, io.TextIOWrapper):  # an answer that was paid for is never lost to an old locale
        sys.stdout.reconfigure(errors="backslashreplace")


def _dispatch(words: list[str]) -> int:
    parser, module = _parser(words)
    arguments = parser.parse_args(words)
    if module is None:
        parser.print_help()
        return ExitCode.OK
    from rlm_tui import paths

    if nowhere := paths.homeless():
        raise UsageError(f"RLM_TUI_HOME is {nowhere}, the home of nobody here; set it to a whole path.")
    code: int = module.run(arguments)
    return code


def _parser(words: list[str]) -> tuple[argparse.ArgumentParser, Any]:
    """The parser, with the options of the named command only, as each command's module costs time to import."""
    parser = _Parser(
        prog="rlm-tui",
        description="The debugger for Recursive Language Models.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"rlm-tui {__version__}")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    named = next((word for word in words if not word.startswith("-")), "")
    module = None
    listed = {named: _COMMANDS[named]} if words[:1] == [named] and named in _COMMANDS else _COMMANDS
    for name, text in listed.items():  # a parser costs time, too; only the help of all lists them all
        sub = commands.add_parser(name, help=text, description=text.capitalize() + ".", allow_abbrev=False)
        sub.add_argument("--debug", action="store_true", default=argparse.SUPPRESS, help=argparse.SUPPRESS)
        sub.add_argument("--version", action="version", version=f"rlm-tui {__version__}", help=argparse.SUPPRESS)
        if name == named:
            module = import_module(f"rlm_tui.cli.{name}")
            module.add_arguments(sub)
    return parser, module
