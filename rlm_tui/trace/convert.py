"""Writes the log of another engine as a trace of ours: what was read of it, and what it cannot tell, as notes."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from rlm_tui import __version__
from rlm_tui.errors import TraceError
from rlm_tui.trace.codec import Header
from rlm_tui.trace.foreign import ForeignReader
from rlm_tui.trace.opening import open_trace
from rlm_tui.trace.store import TraceStore


class Converted(NamedTuple):
    """What came of it: events and bytes written, and what was lost on the way."""

    events: int
    bytes: int
    notes: tuple[str, ...]


def convert(path: Path, out: Path) -> Converted:
    """Write a foreign log to a new file; TraceError for a trace of ours, and for a file that is already there."""
    with open_trace(path) as reader:
        if not isinstance(reader, ForeignReader):
            raise TraceError(f"{path} is a trace of rlm-tui already.")
        reader.index()
        app = f"{reader.header.app}, read by rlm-tui {__version__}"
        store = TraceStore(out, Header(app=app, created=reader.header.created, context=reader.context()))
        try:
            for index in range(len(reader)):
                store.append(reader.read(index))
            store.sync()
        finally:
            store.close()
        problems = tuple(problem.message for problem in reader.problems)
        return Converted(len(reader), out.stat().st_size, (*problems, *reader.notes))
