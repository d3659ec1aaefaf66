"""A log of another engine behind the methods of `TraceReader`: it is read once, and kept as events of ours.

The events go to a file without a name, each long text once, so that a log of hundreds of megabytes that repeats
itself costs neither memory nor a second reading.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from rlm_tui.errors import TraceError
from rlm_tui.events import BodyRef, BodyStored, ContextInfo, RunFinished, RunStarted, TraceEvent
from rlm_tui.trace.bodies import Bodies
from rlm_tui.trace.codec import Header, UnfitError, decode, encode
from rlm_tui.trace.importers import find
from rlm_tui.trace.importers.base import Feed, Importer
from rlm_tui.trace.importers.shape import HEAD
from rlm_tui.trace.reading import Progress, Reading
from rlm_tui.trace.source import WHOLE, Bounds, open_trace_file

_EVERY: Final = 1 << 20  # bytes between two reports of progress


def importer_of(path: Path) -> Importer | None:
    """The importer for a file by its first bytes, or None; never raises."""
    try:
        fd = open_trace_file(path, Bounds(HEAD)).fd
    except TraceError:
        return None
    try:
        return find(os.pread(fd, HEAD, 0))
    except OSError:
        return None
    finally:
        os.close(fd)


class ForeignReader(Reading):
    """Random access to the events of a foreign log, by `seq`; see Reading and TraceReader for what its methods promise.

    `notes` say what the format cannot tell; `problems` what of this file is damaged.
    """

    def __init__(self, path: Path, importer: Importer, *, bounds: Bounds = WHOLE) -> None:
        """`bounds`: how far a compressed log is unpacked."""
        super().__init__(path)
        self.importer = importer
        self.notes: tuple[str, ...] = ()
        self.header = Header(app=importer.engine)
        self.documents: tuple[BodyRef, ...] = ()
        self._ends: array[int] = array("Q", [0])
        self._fresh: list[TraceEvent] = []
        self._now = 0.0
        self._fd, self._packed, self.is_whole = open_trace_file(path, bounds)
        self.size = os.fstat(self._fd).st_size
        try:
            self._store = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - closed by close()
        except OSError as error:
            os.close(self._fd)
            raise TraceError(_no_room(path, error)) from None

    @property
    def format(self) -> str:
        """The name of the format."""
        return self.importer.name

    def iter_index(self, progress: Progress | None = None) -> Iterator[tuple[int, TraceEvent]]:
        """Read the log and give each event as (seq, event); `progress` is told (bytes done, bytes in all)."""
        if self.complete:
            yield from ((seq, self.event(seq)) for seq in range(1, len(self) + 1))
            return
        self._reset()
        feed, bodies = Feed(self._fd, self.size, self._report), Bodies(self._keep)
        finished, told, held = False, 0, list[BodyRef]()
        try:
            for event in self.importer.events(feed):
                self._now = event.t
                if isinstance(event, BodyStored):
                    held.append(bodies.body(event.text))
                else:
                    self._keep_fit(bodies.interned(event))
                if isinstance(event, RunStarted) and not self.documents:
                    self.documents = tuple(held)
                finished = isinstance(event, RunFinished)
                fresh, self._fresh = self._fresh, []
                yield from ((kept.seq, kept) for kept in fresh)
                if progress and feed.done - told >= _EVERY:
                    told = feed.done
                    progress(told, self.size)
        except TraceError as error:
            self._report("damaged", f"{self.path.name} cannot be read on: {str(error).rstrip('.')}.", 0)
        self.notes = tuple(feed.notes)
        self.header = msgspec.structs.replace(self.header, created=feed.created)
        if not finished:
            self._report("unfinished", "The log stops before the end of the run.", 0)
        self.complete = True
        if progress:
            progress(self.size, self.size)

    def __len__(self) -> int:
        return len(self._ends) - 1

    def event(self, seq: int) -> TraceEvent:
        """The event numbered `seq`; TraceError when there is none."""
        return decode(self.raw(seq))

    def raw(self, seq: int) -> bytes:
        """The line of the event numbered `seq`, as our trace would hold it."""
        if not 1 <= seq <= len(self):
            raise TraceError(f"The trace {self.path.name} has no event {seq}.")
        return self.read(seq - 1)

    def read(self, index: int) -> bytes:
        """The line at `index` (from 0); IndexError beyond the end."""
        if not 0 <= index < len(self):
            raise IndexError(f"there is no line {index} of {len(self)}")
        start, end = self._ends[index], self._ends[index + 1]
        return os.pread(self._store.fileno(), end - start, start)

    def context(self) -> ContextInfo:
        """The documents of the first run; read without keeping anything."""
        feed = Feed(self._fd, self.size, lambda *_: None)
        started = (event for event in self.importer.events(feed) if isinstance(event, RunStarted))
        with contextlib.suppress(TraceError):
            return next((event.context for event in started), ContextInfo())
        return ContextInfo()

    def close(self) -> None:
        """Release the files; a second call does nothing."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)
            self._store.close()

    def _keep_fit(self, event: TraceEvent) -> None:
        try:
            self._keep(event)
        except UnfitError as error:
            self._report("damaged", f"An event of {self.path.name} is left out: {error}", 0)

    def _keep(self, event: TraceEvent) -> int:
        seq = len(self) + 1
        stamped = msgspec.structs.replace(event, seq=seq, t=self._now)
        line = encode(stamped)
        start = self._ends[-1]
        try:
            done = 0
            while done < len(line):
                done += os.pwrite(self._store.fileno(), line[done:], start + done)
        except OSError as error:
            raise TraceError(_no_room(self.path, error)) from None
        self._ends.append(start + len(line))
        self._fresh.append(stamped)
        return seq

    def _reset(self) -> None:
        """Forget a reading that was begun and left."""
        del self._ends[1:], self.problems[:], self._fresh[:]
        self.documents = ()
        if self._packed:
            self._report("packed", self._packed, 0)


def _no_room(path: Path, error: OSError) -> str:
    why = (error.strerror or str(error)).lower()
    return f"{path.name} needs room in the folder for temporary files ({tempfile.gettempdir()}) to be opened: {why}."
