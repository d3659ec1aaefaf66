"""A recorded run behind the same door as a live one: nothing runs, no model is asked, no socket is opened."""

from __future__ import annotations

import gc
import threading
import time
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING

from rlm_tui import events as ev
from rlm_tui.context.document import Document
from rlm_tui.context.load import Loading
from rlm_tui.crash import told
from rlm_tui.errors import RlmTuiError, TraceError
from rlm_tui.session.attach import SEARCHING, find_document, held_document
from rlm_tui.session.base import YES, Attachment, Batch, Capability, Origin, Phase, Terms
from rlm_tui.session.commands import Seek, SessionCommand, SetBreakpoint
from rlm_tui.session.cursor import Cursor
from rlm_tui.session.indexing import Indexing
from rlm_tui.session.log import Log
from rlm_tui.text import short_bytes
from rlm_tui.trace.store import is_live

if TYPE_CHECKING:
    from rlm_tui.engine.breakpoints import Breakpoint

_SLICE_S = 0.012
_DRAWN_S = 0.2
_FROZEN = 20_000
_NEVER_STOPS = Capability(
    False, "Nothing runs in a recorded run, so nothing can be held; a search such as ~error goes from hit to hit."
)
_KEPT = Capability(True, "The recorded run stays as it is.")
_RECORDED = Capability(False, "This is a recorded run; nothing in it can be changed.")


class ReplaySession(Cursor):
    """Steps through a trace file; it is indexed in a thread while its beginning is already on screen.

    Nothing is asked here, so nothing runs, fails or is lost.
    """

    trouble = ""
    asked = ""
    failure: RlmTuiError | None = None
    is_running = False
    unsaved = ""

    def __init__(self, path: Path, *, at: int | None = None, attachment: Attachment | None = None) -> None:
        """`at` is the event to stand at; `attachment` the document where a person named it."""
        super().__init__()
        self._is_live = is_live(path)
        self._indexing = Indexing(path, self._look_for)
        self.log = Log(self._indexing.event)
        self.log.on_lost = self._lost
        self.title = path.name
        self._path = path
        self._loading: Loading | None = None
        self._held: Document | None = None
        self._attachment = attachment or SEARCHING
        self._finder: threading.Thread | None = None
        self._seen_version = -1
        self._wanted = at
        self._messages: SimpleQueue[str] = SimpleQueue()
        if trouble := self.notebook.open(path):
            self._messages.put(trouble)
        self._changed = True
        self._read, self._is_indexed, self._drawn_at, self._has_lost = 0, False, 0.0, False
        self._closing = threading.Event()

    @property
    def phase(self) -> Phase:
        """Always a replay, or still being indexed."""
        return "replay"

    @property
    def waiting(self) -> str:
        """The indexing, while it goes on."""
        if self._is_indexed:
            return ""
        reader = self._indexing.reader
        if not reader.is_whole:
            return "unpacking"
        return f"indexing {100 * self._read // max(1, reader.size)}% of {short_bytes(reader.size)}"

    @property
    def trace_path(self) -> str:
        """The file."""
        return str(self._path)

    @property
    def terms(self) -> Terms:
        """What the header of the trace tells; an address is never taken from a trace."""
        config = self._indexing.reader.header.config
        temperature, seed = config.get("temperature"), config.get("seed")
        return Terms(
            None,
            temperature if isinstance(temperature, int | float) else None,
            seed if isinstance(seed, int) else None,
            window if isinstance(window := config.get("window"), int) else None,
            think if isinstance(think := config.get("think"), bool) else None,
            config.get("constrain") is True,
        )

    @property
    def document(self) -> Document | None:
        """The document of the run, where it is at hand; it may still grow."""
        return self._loading.document if self._loading is not None else self._held

    @property
    def origin(self) -> Origin:
        """The file, what wrote it, what of it is lost, and whether its document is at hand."""
        reader = self._indexing.reader
        lost = [problem.message for problem in reader.problems if problem.name != "unfinished"]
        problems = (self._indexing.error, *lost) if self._indexing.error else tuple(lost)
        header = reader.header
        return Origin(
            str(self._path),
            reader.size,
            header.app,
            header.created,
            self._is_live,
            problems,
            self._attachment,
            header.sandbox,
        )

    @property
    def breakpoints(self) -> tuple[Breakpoint, ...]:
        """None: nothing runs that could stop."""
        return ()

    @property
    def now(self) -> float:
        """The clock of a replay is the clock of what is looked at."""
        return self.view.t

    @property
    def keeping(self) -> Capability:
        """A recorded run is a file; nothing of it is lost."""
        return _KEPT

    def can(self, command: type[SessionCommand], hold: int = 0) -> Capability:  # noqa: ARG002
        """Only the cursor moves."""
        if command is SetBreakpoint:
            return _NEVER_STOPS
        return YES if command is Seek else _RECORDED

    def send(self, command: SessionCommand) -> None:
        """Move the cursor; anything else is answered by a message."""
        if isinstance(command, Seek):
            self.seek(command.seq)
            self._changed = True
        else:
            self._messages.put(self.can(type(command)).reason)

    def drain(self) -> Batch:
        """Fold what has been indexed since the last call, for at most a few milliseconds."""
        until = time.perf_counter() + _SLICE_S
        while not self._is_indexed and time.perf_counter() < until and self._fold():
            pass
        if self._wanted is not None and (self.trajectory.last >= self._wanted or self._is_indexed):
            self._seek_wanted(self._wanted)
            self._wanted, self._changed = None, True
        if self._loading is not None and self._loading.version != self._seen_version:
            self._seen_version, self._changed = self._loading.version, True
        messages = tuple(self._messages.get_nowait() for _ in range(self._messages.qsize()))
        changed, self._changed = self._changed or self._is_due(), False
        return Batch(messages=messages, changed=changed)

    def _seek_wanted(self, seq: int) -> None:
        """Go to the event that was asked for; where there is none such, say where one stands instead."""
        self.seek(seq)
        last = self.trajectory.last
        if last and seq > last:
            self._messages.put(f"There is no event {seq}: the last one is {last}. This is the end.")
        elif seq < 0:
            self._messages.put(f"There is no event {seq}: the first one is 1. This is the beginning.")

    def _lost(self, error: TraceError) -> None:
        """Say it once: what is drawn thirty times a second would say it as often."""
        if not self._has_lost:
            self._has_lost = True
            self._messages.put(f"{error} It was damaged, or changed while it was open: what is lost is not shown.")

    def _fold(self, timeout_s: float = 0.0) -> bool:
        """Fold the next batch of the index, which is begun when it is first asked; whether there was one."""
        self._indexing.start()
        chunk = self._indexing.take(timeout_s)
        if chunk is not None:
            before = self.trajectory.last // _FROZEN
            self.take(chunk.events)
            self._read = chunk.read
            if self.trajectory.last // _FROZEN != before:
                gc.freeze()  # facts of a run are never garbage: looking through a million of them stalls the screen
            return True
        if self._indexing.is_over:
            self._is_indexed = self._changed = True
            for message in (self._indexing.error, *(one.message for one in self._indexing.reader.problems[:3])):
                if message:
                    self._messages.put(message)
        return False

    def _is_due(self) -> bool:
        """Whether it is time to draw how far the indexing is: drawing it thirty times a second would slow it down."""
        now = time.perf_counter()
        if self._is_indexed or now - self._drawn_at < _DRAWN_S:
            return False
        self._drawn_at = now
        return True

    def wait(self, timeout_s: float = 0.1) -> None:
        """Block until more of the file is read and folded, or for `timeout_s` seconds."""
        if self._is_indexed:
            self._closing.wait(timeout_s)
        else:
            self._fold(timeout_s)

    def read_whole(self) -> None:
        """Block until the whole file is folded and its document was looked for."""
        while not self._is_indexed:
            self._fold(_DRAWN_S)
        if self._finder is not None:
            self._finder.join()
        self.drain()

    def _look_for(self, context: ev.ContextInfo) -> None:
        """Hash what may be the document in a thread of its own: it may be far larger than the trace."""
        if self._finder is not None:
            return
        self._finder = threading.Thread(target=self._find, args=(context,), name="rlm-tui-find", daemon=True)
        self._finder.start()

    def _find(self, context: ev.ContextInfo) -> None:
        try:
            self._attach(context)
        except Exception as error:  # noqa: BLE001  the end of a thread: nobody above would hear of it
            if not self._closing.is_set():  # else the file was closed under it
                self._attachment = Attachment("missing", f"not to be had: {told(error)}")
        self._changed = True

    def _attach(self, context: ev.ContextInfo) -> None:
        if self._attachment is SEARCHING:
            self._attachment = find_document(context, self._path.parent, self._closing.is_set)
        if self._attachment.paths and not self._closing.is_set():
            loading = Loading(self._attachment.paths)
            loading.start()
            self._loading = loading
        reader = self._indexing.reader
        if not self._attachment.paths and reader.documents:
            self._held = held_document(context, [reader.text(ref) for ref in reader.documents])
            self._attachment = Attachment("found", "the log itself holds it")

    def close(self) -> None:
        """End the indexing and release the file."""
        gc.unfreeze()  # its facts may go now
        self._closing.set()
        self.notebook.retry(self.trace_path)
        self._indexing.close()
        if self._finder is not None:
            self._finder.join()
        if self._loading is not None:
            self._loading.cancel()
            self._loading.join()
