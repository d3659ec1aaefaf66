"""A recorded run behind the same door as a live one: nothing runs, no model is asked, no socket is opened."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from queue import Empty, SimpleQueue

from rlm_tui import events as ev
from rlm_tui.context.document import Document
from rlm_tui.context.load import Loading
from rlm_tui.errors import TraceError
from rlm_tui.session.attach import SEARCHING, find_document, held_document
from rlm_tui.session.base import YES, Attachment, Batch, Capability, Origin, Phase, Terms
from rlm_tui.session.commands import Seek, SessionCommand
from rlm_tui.session.cursor import Cursor
from rlm_tui.session.log import Log
from rlm_tui.text import short_bytes
from rlm_tui.trace.opening import open_trace
from rlm_tui.trace.store import is_live

_CHUNK = 500
_PATIENCE_S = 0.05
_LARGE = 10_000_000
_SLICE_S = 0.008
_NO_CONTEXT = ev.ContextInfo()
_RECORDED = Capability(False, "This is a recorded run; nothing in it can be changed.")


class _DamagedLog(Log):
    """A log of a file that may have lost lines: a text that stood in one of them says so in its place."""

    def text(self, text: ev.Text | None) -> str:
        """The text itself, or why it is not there."""
        try:
            return super().text(text)
        except TraceError as error:
            return f"[this text is lost: {error}]"


class ReplaySession(Cursor):
    """Steps through a trace file; it is indexed in a thread while its beginning is already on screen."""

    def __init__(self, path: Path, *, at: int | None = None, attachment: Attachment | None = None) -> None:
        """`at` is the event to stand at; `attachment` the document where a person named it."""
        super().__init__()
        self._is_live = is_live(path)
        self._reader = open_trace(path)
        self.log = _DamagedLog(self._reader.event)
        self.title = path.name
        self._path = path
        self._loading: Loading | None = None
        self._held: Document | None = None
        self._progress = (0, 0)
        self._attachment, self._finder = attachment or SEARCHING, threading.Thread(target=self._find)
        self._seen_version = -1
        self._wanted = at
        self._messages: SimpleQueue[str] = SimpleQueue()
        if trouble := self.notebook.open(path):
            self._messages.put(trouble)
        self._changed = True
        self._queue: SimpleQueue[list[ev.TraceEvent]] = SimpleQueue()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._index, name="rlm-tui-index", daemon=True)
        self._thread.start()

    @property
    def phase(self) -> Phase:
        """Always a replay, or still being indexed."""
        return "replay"

    @property
    def waiting(self) -> str:
        """The indexing, while it goes on."""
        if self.indexed:
            return ""
        done, size = self._progress
        part = f"{100 * done // size}% of {short_bytes(size)}, " if size >= _LARGE else ""
        return f"indexing, {part}{self.trajectory.last:,} events so far"

    @property
    def trace_path(self) -> str:
        """The file."""
        return str(self._path)

    @property
    def terms(self) -> Terms:
        """What the header of the trace tells; an address is never taken from a trace."""
        config = self._reader.header.config
        temperature, seed = config.get("temperature"), config.get("seed")
        return Terms(
            None,
            temperature if isinstance(temperature, int | float) else None,
            seed if isinstance(seed, int) else None,
        )

    @property
    def document(self) -> Document | None:
        """The document of the run, where it is at hand; it may still grow."""
        return self._loading.document if self._loading is not None else self._held

    @property
    def origin(self) -> Origin:
        """The file, what wrote it, what of it is lost, and whether its document is at hand."""
        reader = self._reader
        problems = tuple(problem.message for problem in reader.problems if problem.name != "unfinished")
        header = reader.header
        return Origin(
            str(self._path), reader.size, header.app, header.created, self._is_live, problems, self._attachment
        )

    @property
    def indexed(self) -> bool:
        """Whether every event of the file has been folded."""
        return not self._thread.is_alive() and self._queue.empty()

    @property
    def now(self) -> float:
        """The clock of a replay is the clock of what is looked at."""
        return self.view.t

    def can(self, action: str) -> Capability:
        """Only the cursor moves."""
        return YES if action == "seek" else _RECORDED

    def send(self, command: SessionCommand) -> None:
        """Move the cursor; anything else is answered by a message."""
        if isinstance(command, Seek):
            self.seek(command.seq)
            self._changed = True
        else:
            self._messages.put(_RECORDED.reason)

    def drain(self) -> Batch:
        """Fold what has been indexed since the last call, for at most a few milliseconds."""
        events: list[ev.TraceEvent] = []
        until = time.perf_counter() + _SLICE_S
        while time.perf_counter() < until:
            try:
                chunk = self._queue.get_nowait()
            except Empty:
                break
            self.take(chunk)
            events += chunk
        if self._wanted is not None and (self.trajectory.last >= self._wanted or self.indexed):
            self.seek(self._wanted)
            self._wanted, self._changed = None, True
        if self._loading is not None and self._loading.version != self._seen_version:
            self._seen_version, self._changed = self._loading.version, True
        messages = tuple(self._messages.get_nowait() for _ in range(self._messages.qsize()))
        batch = Batch(tuple(events), messages=messages, changed=self._changed)
        self._changed = False
        return batch

    def wait(self) -> None:
        """Block until the whole file is folded and its document was looked for (for commands and tests)."""
        self._thread.join()
        if self._finder.ident is not None:
            self._finder.join()
        while self.drain().events:
            pass

    def _index(self) -> None:
        chunk: list[ev.TraceEvent] = []
        told = time.monotonic()
        try:
            for _, event in self._reader.iter_index(self._advance):
                if self._closing.is_set():
                    return
                chunk.append(event)
                if isinstance(event, ev.RunStarted) and self._finder.ident is None:
                    self._look_for(event.context)
                if len(chunk) >= _CHUNK or time.monotonic() > told + _PATIENCE_S:
                    self._queue.put(chunk)
                    chunk, told = [], time.monotonic()
        except TraceError as error:
            self._messages.put(str(error))
        self._queue.put(chunk)
        for problem in self._reader.problems[:3]:
            self._messages.put(problem.message)

    def _advance(self, done: int, size: int) -> None:
        self._progress, self._changed = (done, size), True

    def _look_for(self, context: ev.ContextInfo) -> None:
        """Hash what may be the document in a thread of its own: it may be far larger than the trace."""
        self._finder = threading.Thread(target=self._find, args=(context,), name="rlm-tui-find", daemon=True)
        self._finder.start()

    def _find(self, context: ev.ContextInfo = _NO_CONTEXT) -> None:
        if self._attachment is SEARCHING:
            self._attachment = find_document(context, self._path.parent)
        if self._attachment.paths and not self._closing.is_set():
            loading = Loading(self._attachment.paths)
            loading.start()
            self._loading = loading
        elif not self._attachment.paths and self._reader.documents:
            self._held = held_document(context, [self._reader.text(ref) for ref in self._reader.documents])
            self._attachment = Attachment("found", "the log itself holds it")
        self._changed = True

    def close(self) -> None:
        """End the indexing and release the file."""
        self._closing.set()
        self._thread.join()
        if self._finder.ident is not None:
            self._finder.join()
        if self._loading is not None:
            self._loading.cancel()
            self._loading.join()
        self._reader.close()
