"""A trace opened for reading: each line decoded once for the index, then again only when it is looked at.

Opening never modifies the file, and damage never stops it: what is whole is shown, what is not is a `Problem`.
"""

from __future__ import annotations

import contextlib
import os
from array import array
from bisect import bisect_left
from codecs import BOM_UTF8
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import ClassVar, Final

from rlm_tui.errors import TraceError
from rlm_tui.events import BodyRef, ContextInfo, RunFinished, RunStarted, TraceEvent
from rlm_tui.trace.codec import Header, decode, read_header, unseal
from rlm_tui.trace.magic import FORMAT, MAGIC
from rlm_tui.trace.reading import Progress, Reading
from rlm_tui.trace.source import WHOLE, Bounds, line_at, open_trace_file, scan

_EARLY: Final = 1000  # lines among which a run starts
_RUN_STARTED: Final = b'{"kind":"run.started"'
_EVERY: Final = 1024  # events between two reports of progress


class TraceReader(Reading):
    """Random access to the events of one trace file, by `seq`.

    The file is taken as it is at opening; lines that a live run adds later are not seen. Run `iter_index` to
    its end (in a thread if it is long) before or while asking for events; `problems` grows with it.
    """

    format: ClassVar[str] = FORMAT
    notes: ClassVar[tuple[str, ...]] = ()
    """What the format cannot tell: nothing, of our own."""
    documents: ClassVar[tuple[BodyRef, ...]] = ()
    """The texts of the context where the log itself holds them: our own never does."""

    def __init__(self, path: Path, *, bounds: Bounds = WHOLE) -> None:
        """`bounds`: how far a compressed trace is unpacked."""
        super().__init__(path)
        self._offsets: array[int] = array("Q")
        self._seqs: array[int] = array("Q")
        self._damaged = 0
        self._fd, packed, self.is_whole = open_trace_file(path, bounds)
        self.size = os.fstat(self._fd).st_size
        try:
            self.header, self._start = self._read_header()
        except TraceError:
            self.close()
            raise
        if packed:
            self._report("packed", packed)
        self._at_opening = len(self.problems)

    def iter_index(self, progress: Progress | None = None) -> Iterator[tuple[int, TraceEvent]]:
        """Index the file and give each event as (seq, event); `progress` is told (bytes done, bytes in all)."""
        if self.complete:
            yield from ((seq, self.event(seq)) for seq in self._seqs)
            return
        self._reset()
        started = finished = False
        first_line = 2 if self._start > len(BOM_UTF8) else 1
        for number, (offset, line) in enumerate(scan(self._fd, self._start, self.size), first_line):
            event = self._take(number, offset, line)
            if event is not None:
                started = started or isinstance(event, RunStarted)
                finished = isinstance(event, RunFinished) or (finished and not isinstance(event, RunStarted))
                yield event.seq, event
            if progress and not number % _EVERY:
                progress(offset + len(line), self.size)
        if not finished:
            what = "The trace stops before the end of the run." if started else "The trace holds no run."
            self._report("unfinished", what)
        self.complete = True
        if progress:
            progress(self.size, self.size)

    def __len__(self) -> int:
        return len(self._offsets)

    def event(self, seq: int) -> TraceEvent:
        """The event numbered `seq`, decoded now; TraceError when the trace has lost it."""
        return decode(self.raw(seq), self.header.version)

    def raw(self, seq: int) -> bytes:
        """The line of the event numbered `seq`, as it stands in the file."""
        index = bisect_left(self._seqs, seq)
        if index == len(self._seqs) or self._seqs[index] != seq:
            raise TraceError(f"The trace {self.path.name} has no event {seq}.")
        return line_at(self._fd, self._offsets[index])

    def read(self, index: int) -> bytes:
        """The line at `index` (from 0, in file order, damaged ones left out); IndexError beyond the end."""
        if not 0 <= index < len(self._offsets):
            raise IndexError(f"there is no line {index} of {len(self._offsets)}")
        return line_at(self._fd, self._offsets[index])

    def context(self) -> ContextInfo:
        """The documents of the run: as the header says, else as the first run does; read without an index."""
        if self.header.context.parts:
            return self.header.context
        for _, line in islice(scan(self._fd, self._start, self.size), _EARLY):
            if line.startswith(_RUN_STARTED):
                with contextlib.suppress(TraceError):
                    event = decode(line, self.header.version)
                    return event.context if isinstance(event, RunStarted) else ContextInfo()
        return ContextInfo()

    def close(self) -> None:
        """Release the file; a second call does nothing."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    def _read_header(self) -> tuple[Header, int]:
        """The header and where the events begin; a damaged one is a problem, a file of another kind an error."""
        _, line = next(scan(self._fd, 0, self.size), (0, b""))
        mark = len(BOM_UTF8) if line.startswith(BOM_UTF8) else 0  # an editor that saved it may have put it there
        line, begin = line[mark:], len(line)
        try:
            unseal(line)
        except TraceError as error:
            if not (line.startswith(MAGIC) or MAGIC.startswith(line)):
                raise TraceError(f"{self.path} is not an rlm-tui trace.") from None
            said = f"The header cannot be read: {_clause(error)}" if line else "The file is empty."
            self._report("header", said, 1)
            return Header(), begin
        if not line.endswith(b"\n"):
            self._report("torn", "The trace is cut off after its header.", 1)
        try:
            header, unfit = read_header(line)
        except TraceError as error:
            if not _is_event(line):
                raise TraceError(f"{self.path.name}: {error}") from None
            self._report("header", "The header line is missing; the first line is already an event.", 1)
            return Header(), mark
        if unfit:
            self._report("header", unfit, 1)
        return header, begin

    def _reset(self) -> None:
        """Forget an index that was begun and left."""
        del self._offsets[:], self._seqs[:], self.problems[self._at_opening :]
        self._damaged = 0

    def _take(self, number: int, offset: int, line: bytes) -> TraceEvent | None:
        """Decode and index one line; None, and a problem, when it cannot be used."""
        whole = line.endswith(b"\n") or offset + len(line) < self.size
        try:
            event = decode(line, self.header.version)
        except TraceError as error:
            self._damaged += 1
            message = f"Line {number}: {_clause(error)}" if whole else "The last line is cut off; its event is lost."
            self._report("damaged" if whole else "torn", message, number, offset)
            return None
        if not whole:
            self._report("torn", "The last line has no line end; its event is whole.", number, offset)
        last = self._seqs[-1] if self._seqs else 0
        if event.seq <= last:
            message = f"Line {number}: event {event.seq} comes after event {last}; it is left out."
            self._report("order", message, number, offset)
            return None
        self._note_gap(event.seq - last - 1, last, number, offset)
        self._seqs.append(event.seq)
        self._offsets.append(offset)  # last, as its length is what another thread knows of
        return event

    def _note_gap(self, missing: int, last: int, number: int, offset: int) -> None:
        if missing > self._damaged:
            span = f"event {last + 1} is" if missing == 1 else f"events {last + 1} to {last + missing} are"
            self._report("gap", f"Line {number}: before it {span} missing.", number, offset)
        self._damaged = 0


def _is_event(line: bytes) -> bool:
    try:
        decode(line)
    except TraceError:
        return False
    return True


def _clause(error: TraceError) -> str:
    text = str(error)
    return text[0].lower() + text[1:]
