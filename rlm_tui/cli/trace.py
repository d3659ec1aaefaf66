"""`rlm-tui trace`: traces without a screen."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from argparse import SUPPRESS
from typing import TYPE_CHECKING

from rlm_tui import resources
from rlm_tui.errors import ExitCode, UsageError
from rlm_tui.text import plural, safe, short_bytes, short_cost, short_count, worked_words

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable
    from pathlib import Path
    from typing import TextIO

    from rlm_tui.trace.summary import Summary

_SAMPLE = "sample:"
_LAST = "the last of {} questions; counts, usage and time are of all of them"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the commands of `trace`."""
    commands = parser.add_subparsers(dest="trace_command", metavar="COMMAND", required=True)
    info = commands.add_parser("info", help="what a trace holds: question, answer, counts, usage")
    info.add_argument("--json", action="store_true", help="print one JSON object")
    verify = commands.add_parser("verify", help="check that a trace is whole (exit code 5 when it is not)")
    mend = commands.add_parser("repair", help="write what is whole of a damaged trace to a new file")
    convert = commands.add_parser("convert", help="write another engine's log, a packed or an older trace anew")
    report = commands.add_parser("export", help="write a run as a report: markdown, or JSON")
    report.add_argument("--as", dest="form", choices=("markdown", "json"), default="markdown", help="the form")
    report.add_argument("--filter", metavar="FILTER", help="only the iterations in which it finds something: ~error")
    report.add_argument("-o", "--out", metavar="FILE", help="a new file (default: standard output)")
    for command in (info, verify, mend, convert, report):
        command.add_argument("trace", metavar="TRACE", help="a trace file, or sample:NAME")
        command.add_argument("--debug", action="store_true", default=SUPPRESS, help=SUPPRESS)
    mend.add_argument("out", metavar="OUT", help="the new file, NAME.rlm.jsonl; never written over")
    convert.add_argument("out", metavar="OUT", help="the new file, NAME.rlm.jsonl; never written over")


def run(args: argparse.Namespace) -> int:
    """Do what was asked; data goes to stdout."""
    path = _path(args.trace)
    match args.trace_command:
        case "convert":
            return _convert(path, args.out)
        case "repair":
            return _repair(path, args.out)
        case "export":
            return _export(path, args.form, args.out, args.filter)
        case "verify":
            return _verify(path)
    return _info(path, as_json=args.json)


def _path(name: str) -> Path:
    from pathlib import Path

    return resources.sample_trace(name.removeprefix(_SAMPLE)) if name.startswith(_SAMPLE) else Path(name)


def _info(path: Path, *, as_json: bool) -> int:
    import msgspec

    from rlm_tui.trace.summary import summarize

    summary = summarize(path)
    if as_json:
        # ASCII alone is safe on a terminal and in every locale, and any JSON reader gives the same text back.
        sys.stdout.write(json.dumps(msgspec.structs.asdict(summary)) + "\n")
    else:
        sys.stdout.writelines(f"{name:<10} {_block(text)}\n" for name, text in _lines(summary) if text)
    return ExitCode.OK


def _lines(summary: Summary) -> list[tuple[str, str]]:
    usage = summary.usage
    is_known = usage["input_tokens"] is not None or usage["output_tokens"] is not None
    tokens = f"{short_count(_whole(usage['input_tokens']))} in, {short_count(_whole(usage['output_tokens']))} out"
    cost = "cost unknown" if usage["cost_usd"] is None else short_cost(usage["cost_usd"])
    counts = (plural(summary.iterations, "iteration"), plural(summary.sub_calls, "sub-call"), f"depth {summary.depth}")
    has_other = summary.sub_model not in ("", summary.model)
    sub_model = f", sub-calls to {summary.sub_model}" if has_other else ""
    size = f"{plural(summary.events, 'event')}, {short_bytes(summary.bytes)}"
    return [
        ("question", summary.question or ""),
        ("", _LAST.format(summary.questions) if summary.questions > 1 else ""),
        ("status", summary.status),
        ("answer", summary.answer or ""),
        ("model", summary.model + sub_model),
        ("dialect", summary.dialect),
        ("context", plural(summary.context_chars, "character")),
        ("counts", ", ".join(counts)),
        ("usage", f"{tokens if is_known else 'tokens unknown'}, {cost}"),
        ("time", worked_words(summary.worked_seconds, summary.held_seconds)),
        ("trace", f"{summary.format}: {size}"),
        ("engine", summary.engine),
        ("sandbox", summary.sandbox),
        ("created", summary.created),
        *(("note", note) for note in summary.notes),
    ]


def _whole(count: float | None) -> int | None:
    return None if count is None else int(count)


def _block(text: str) -> str:
    return safe(text, multiline=True).replace("\n", "\n" + " " * 11)


def _convert(path: Path, out: str) -> int:
    from pathlib import Path

    from rlm_tui.cli.diagnostics import say
    from rlm_tui.trace.convert import convert

    made = convert(path, Path(out))
    for note in made.notes:
        say(f"{path.name}: {note}")
    say(f"{out}: {plural(made.events, 'event')}, {short_bytes(made.bytes)}")
    return ExitCode.OK


def _repair(path: Path, out: str) -> int:
    from pathlib import Path

    from rlm_tui.cli.diagnostics import say
    from rlm_tui.trace.repair import repair, told

    repaired = repair(path, Path(out))
    for problem in repaired.problems:
        say(f"{path.name}: {problem}")
    say(f"{out}: {told(repaired)}")
    return ExitCode.OK


def _export(path: Path, form: str, out: str | None, narrow: str | None) -> int:
    from rlm_tui.filter import parse
    from rlm_tui.trace.export import pieces

    written = pieces(path, form, None if narrow is None else parse(narrow))
    if out is None:
        sys.stdout.writelines(safe(piece, multiline=True) if sys.stdout.isatty() else piece for piece in written)
        return ExitCode.OK
    try:
        with open(out, "x", encoding="utf-8") as file:
            _write_all(file, written)
    except OSError as error:
        raise UsageError(f"{out} cannot be written: {(error.strerror or str(error)).lower()}.") from None
    return ExitCode.OK


def _write_all(file: TextIO, pieces: Iterable[str]) -> None:
    """All of a new file or none of it: half an export would be taken for a whole one."""
    try:
        file.writelines(pieces)
        file.flush()
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(file.name)
        raise


def _verify(path: Path) -> int:
    from rlm_tui.trace.recover import verify

    problems = verify(path)
    for problem in problems:
        sys.stdout.write(f"{safe(path.name)}: {problem.name}: {safe(problem.message)}\n")
    if problems:
        return ExitCode.TRACE
    sys.stdout.write(f"{safe(path.name)}: whole\n")
    return ExitCode.OK
