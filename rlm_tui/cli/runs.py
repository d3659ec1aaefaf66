"""`rlm-tui runs`: the saved runs, newest first; in a terminal a browser."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from rlm_tui import paths
from rlm_tui.cli import options, terminal
from rlm_tui.cli.diagnostics import say
from rlm_tui.errors import ExitCode
from rlm_tui.started import command
from rlm_tui.text import one_line, safe, short_bytes, short_cost

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from rlm_tui.trace.saved import SavedRun

_MOST_CELLS = 1000
_HEADS = ("when", "status", "iter", "sub", "cost", "size", "model", "name", "question", "path")
_NUMBERS = frozenset(("iter", "sub", "cost", "size"))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe `runs`."""
    parser.add_argument("--json", action="store_true", help="print one JSON object a run")
    options.add_setting(parser, "theme")


def run(args: argparse.Namespace) -> int:
    """List the saved runs: in a terminal to be looked through, else a table, or JSON lines."""
    if not args.json and sys.stdout.isatty() and terminal.can_draw():
        return _browse(args)
    import msgspec

    from rlm_tui.trace.saved import saved_runs

    directory = paths.traces_dir()
    runs = saved_runs(directory)
    if args.json:
        sys.stdout.writelines(json.dumps(msgspec.structs.asdict(saved)) + "\n" for saved in runs)
    elif runs and sys.stdout.isatty():
        sys.stdout.writelines(line for saved in runs for line in _entry(saved))
        say(f"These are in {directory}; {command()} replay NAME opens one.")
    elif runs:
        sys.stdout.writelines(_table([_HEADS, *map(_row, runs)]))
    else:
        sys.stderr.write(f"There are no saved runs in {safe(str(directory))} yet; open or run makes one.\n")
    return ExitCode.OK


def _browse(args: argparse.Namespace) -> int:
    """Look through them on the screen; one that is chosen is replayed."""
    from rlm_tui.ui.opening import First, Opening
    from rlm_tui.ui.showing import run_app

    terminal.require("runs")
    return run_app(Opening("saved runs"), first=First("runs"), settings=options.settings_of(args))


def _entry(saved: SavedRun) -> tuple[str, str]:
    """A run in two short lines for a person: its name, and how it went."""
    name = safe(_name(saved))
    counts = f"{_count(saved.iterations)} iterations, {_count(saved.sub_calls)} sub-calls"
    return f"{name}\n", f"    {saved.status} · {one_line(saved.model, 24)} · {counts} · {short_bytes(saved.bytes)}\n"


def _row(saved: SavedRun) -> tuple[str, ...]:
    return (
        _local(saved.when),
        saved.status,
        _count(saved.iterations),
        _count(saved.sub_calls),
        "–" if saved.cost_usd is None else short_cost(saved.cost_usd),
        short_bytes(saved.bytes),
        _whole(saved.model),
        safe(_name(saved)),
        _whole(saved.problem or saved.asked),
        safe(saved.path),
    )


def _name(saved: SavedRun) -> str:
    from pathlib import Path

    from rlm_tui.trace.saved import name_of

    return name_of(Path(saved.path))


def _whole(text: str) -> str:
    return one_line(text, len(text) + 1)  # what is piped is never cut


def _count(count: int | None) -> str:
    return "–" if count is None else str(count)


def _local(when: str) -> str:
    from datetime import datetime

    try:
        return f"{datetime.fromisoformat(when).astimezone():%Y-%m-%d %H:%M}"
    except (ValueError, OverflowError):
        return "–"


def _table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Columns padded to their widest cell, as a terminal counts cells; a long cell is whole, and pads no others."""
    from rich.cells import cell_len

    widths = [min(_MOST_CELLS, max(map(cell_len, column))) for column in zip(*rows, strict=True)]

    def pad(head: str, text: str, width: int) -> str:
        space = " " * (width - cell_len(text))
        return space + text if head in _NUMBERS else text + space

    return ["  ".join(map(pad, _HEADS, row, widths)).rstrip() + "\n" for row in rows]
