"""A trace read in a thread while its beginning is already on screen: batches go to whoever folds them, never too many.

What waits between the threads is bounded in events and in bytes, and texts stay in the file: the fold needs heads only.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from queue import Empty, Full, Queue
from typing import NamedTuple

import msgspec

from rlm_tui import events as ev
from rlm_tui.crash import told
from rlm_tui.trace.opening import open_trace

_CHUNK = 500
_WAITING = 16
_LOOK_S = 0.05


class Chunk(NamedTuple):
    """Events in order, without long texts, and how many bytes of the file had been read when they were handed over."""

    events: list[ev.TraceEvent]
    read: int


class Indexing:
    """Indexes one trace; `reader` gives any event that has been taken, `problems` tell what is not whole."""

    def __init__(self, path: Path, on_run: Callable[[ev.ContextInfo], None]) -> None:
        """Opens the head of the trace now (TraceError when it is none); `on_run` is called in the thread."""
        self.reader = open_trace(path, head_only=True)
        self.error = ""
        self._path, self._on_run = path, on_run
        self._read = 0
        self._chunks: Queue[Chunk] = Queue(_WAITING)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="rlm-tui-index", daemon=True)

    def start(self) -> None:
        """Begin to read, if that was not begun."""
        if self._thread.ident is None and not self._closing.is_set():
            self._thread.start()

    @property
    def is_over(self) -> bool:
        """Whether everything has been read and taken."""
        return self._thread.ident is not None and not self._thread.is_alive() and self._chunks.empty()

    def event(self, seq: int) -> ev.TraceEvent:
        """An event that has been taken, with its texts; TraceError when the trace has lost it."""
        return self.reader.event(seq)

    def take(self, timeout_s: float = 0.0) -> Chunk | None:
        """The next batch, or None when there is none yet."""
        try:
            return self._chunks.get(timeout=timeout_s) if timeout_s else self._chunks.get_nowait()
        except Empty:
            return None

    def close(self) -> None:
        """Stop reading at once and release the file."""
        self._closing.set()
        if self._thread.ident is not None:
            self._thread.join()
        self.reader.close()

    def _run(self) -> None:
        try:
            self._unpack()
            self._index()
        except Exception as error:  # noqa: BLE001  the end of a thread: nobody above would hear of it
            self.error = str(told(error))

    def _unpack(self) -> None:
        """A compressed trace is unpacked here: its head alone is enough to open it."""
        if self.reader.is_whole:
            return
        head, self.reader = self.reader, open_trace(self._path, stop=self._closing.is_set)
        head.close()

    def _index(self) -> None:
        chunk, due = list[ev.TraceEvent](), 0.0
        try:
            for _, event in self.reader.iter_index(self._progress):
                if self._closing.is_set():
                    return
                if isinstance(event, ev.RunStarted):
                    self._on_run(event.context)
                chunk.append(_light(event))
                if len(chunk) >= _CHUNK or time.monotonic() > due:
                    self._hand_over(chunk)
                    chunk, due = [], time.monotonic() + _LOOK_S
        finally:
            self._hand_over(chunk)  # also what was read before a fault

    def _progress(self, done: int, _size: int) -> None:
        self._read = done

    def _hand_over(self, events: list[ev.TraceEvent]) -> None:
        chunk = Chunk(events, self._read)
        while not self._closing.is_set():
            try:
                self._chunks.put(chunk, timeout=_LOOK_S)
            except Full:
                continue
            return


def _light(event: ev.TraceEvent) -> ev.TraceEvent:
    """The event without the texts that the fold has no use for, however long they are."""
    match event:
        case ev.BodyStored():
            return msgspec.structs.replace(event, text="")
        case ev.LmRequested(messages=messages):
            return msgspec.structs.replace(event, messages=tuple(ev.StoredMessage("", "") for _ in messages))
        case ev.LmResponded():
            return msgspec.structs.replace(event, text="", reasoning=None)
        case ev.SubcallRequested():
            return msgspec.structs.replace(event, prompt="")
        case ev.SubcallFinished():
            return msgspec.structs.replace(event, text="")
        case ev.CodeFinished():
            return msgspec.structs.replace(event, stdout="", stderr="")
    return event
