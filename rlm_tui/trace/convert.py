"""Writes the log of another engine as a trace of ours: what was read of it, and what it cannot tell, as notes."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import msgspec

from rlm_tui.errors import TraceError
from rlm_tui.trace.codec import Header, decode, encode
from rlm_tui.trace.magic import VERSION
from rlm_tui.trace.opening import Reader, open_trace
from rlm_tui.trace.reader import TraceReader
from rlm_tui.trace.store import written_whole
from rlm_tui.version import __version__


class Converted(NamedTuple):
    """What came of it: events and bytes written, and what was lost on the way."""

    events: int
    bytes: int
    notes: tuple[str, ...]


def convert(path: Path, out: Path) -> Converted:
    """Write a foreign log, or a packed or older trace, to a new file of the current format.

    TraceError for a trace that is as it would be written, and for a file that is already there.
    """
    with open_trace(path) as reader:
        reader.index()
        is_ours = isinstance(reader, TraceReader)
        is_packed = is_ours and reader.size != path.stat().st_size
        if is_ours and not is_packed and reader.header.version == VERSION:
            raise TraceError(f"{path} is a trace of rlm-tui already, in the format of now.")
        with written_whole(out, _header(reader)) as store:
            for index in range(len(reader)):
                store.append(_line(reader, index))
        problems = tuple(problem.message for problem in reader.problems)
        return Converted(len(reader), out.stat().st_size, (*problems, *reader.notes))


def _header(reader: Reader) -> Header:
    if isinstance(reader, TraceReader):
        return msgspec.structs.replace(reader.header, version=VERSION)
    app = f"{reader.header.app}, read by rlm-tui {__version__}"
    return Header(app=app, created=reader.header.created, context=reader.context())


def _line(reader: Reader, index: int) -> bytes:
    """A line as it is, or of an older format as it is written now."""
    line = reader.read(index)
    if reader.header.version != VERSION:
        return encode(decode(line, reader.header.version))
    return line if line.endswith(b"\n") else line + b"\n"
