"""Loads documents: at once for a command, or in a thread with a Document that grows for the app."""

from __future__ import annotations

import hashlib
import os
import select
import stat
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from rlm_tui import files
from rlm_tui.context import cache
from rlm_tui.context.decode import PROBE, Data, refuse_binary
from rlm_tui.context.document import Document, Part
from rlm_tui.context.grow import PdfGrowth
from rlm_tui.context.reader import reader
from rlm_tui.context.sources import (
    HEAD,
    PACKED,
    Source,
    belied,
    find_sources,
    kind_of,
    left_out,
    nothing_in,
    unreadable,
)
from rlm_tui.context.texts import Texts, fill
from rlm_tui.context.weight import warnings
from rlm_tui.crash import unexpected
from rlm_tui.errors import DocumentError, RlmTuiError
from rlm_tui.text import scrub, short_bytes

MAX_BYTES = 2_000_000_000
_CHUNK = 1 << 22
_TELL_EVERY_S = 0.1


@dataclass(frozen=True, slots=True)
class Progress:
    """How far loading is: `done` of `total` (None: unknown) of `what` (`pages of report.pdf`)."""

    done: int
    total: int | None
    what: str


OnProgress = Callable[[Progress], None]


def load_document(paths: Sequence[str], *, on_progress: OnProgress | None = None) -> Document:
    """Load files, folders or standard input (`-`) into one Document; DocumentError says what cannot be read."""
    loading = Loading(paths, on_progress=on_progress)
    loading.run()
    if loading.error:
        raise loading.error
    return loading.document


class Loading:
    """A Document that grows while it is read in a thread; any thread may look at it, at any time.

    `version` rises with every change of document or progress. With `memory_mb`, what the worker may use, the whole is
    weighed at the end. Nothing outlives `cancel()` and `join()`.
    """

    def __init__(
        self, paths: Sequence[str], *, on_progress: OnProgress | None = None, memory_mb: int | None = None
    ) -> None:
        self.document = Document()
        self.progress = Progress(0, None, "documents")
        self.error: RlmTuiError | None = None
        self.version = 0
        self.finished = False
        self._paths = list(paths)
        self._on_progress = on_progress
        self._told, self._told_at = (0, 0), 0.0
        self._memory_mb = memory_mb
        self._cancelled = threading.Event()
        self._wake_out, self._wake_in = -1, -1
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to load in a thread."""
        self._thread = threading.Thread(target=self.run, name="rlm-tui-loading", daemon=True)
        self._thread.start()

    def cancel(self) -> None:
        """Ask the loading to end soon; the document stays as far as it came, without an error."""
        self._cancelled.set()
        with self._lock:
            if self._wake_in >= 0:
                os.write(self._wake_in, b"!")

    def join(self) -> None:
        """Wait until the thread and its child process are gone."""
        if self._thread:
            self._thread.join()

    @property
    def is_cancelled(self) -> bool:
        """Whether `cancel()` was called."""
        return self._cancelled.is_set()

    def run(self) -> None:
        """Load in the calling thread; never raises, `error` tells."""
        try:
            with self._wakeable():
                self._load()
            if self._memory_mb is not None:
                self.document.warnings = warnings(self.document, self._memory_mb)
        except DocumentError as error:
            self.error = error
        except MemoryError:
            self.error = DocumentError(f"{self.progress.what} do not fit in memory; open a smaller document.")
        except OSError as error:
            self.error = unreadable(error)
        except Exception as error:  # noqa: BLE001  the end of a thread: nobody above would hear of it
            self.error = unexpected(error)
        finally:
            self.finished = True
            self.version += 1

    @contextmanager
    def _wakeable(self) -> Iterator[None]:
        with self._lock:
            self._wake_out, self._wake_in = os.pipe()
        try:
            yield
        finally:
            with self._lock:
                os.close(self._wake_out)
                os.close(self._wake_in)
                self._wake_out = self._wake_in = -1

    def _load(self) -> None:
        sources = find_sources(self._paths)
        self.document.is_list = sources.is_list
        self.document.notes += sources.notes
        with reader(self._wake_out) as child:
            texts = Texts(self.document, child, self._changed)
            for source in sources.files:
                if self.is_cancelled:
                    return
                self._try(source, texts)
        cache.trim()
        if not self.document.parts and not self.is_cancelled:
            raise DocumentError(nothing_in(self._paths, self.document.notes))

    def _try(self, source: Source, texts: Texts) -> None:
        """Load a file; one of several that cannot be read is left out and named."""
        try:
            self._load_one(source, texts)
        except (DocumentError, OSError) as error:
            if isinstance(error, OSError):
                error.filename = error.filename or source.name
            if source.is_named and len(self._paths) == 1:
                raise
            self._pass_over(source, error)

    def _changed(self) -> None:
        self.version += 1

    def _pass_over(self, source: Source, error: DocumentError | OSError) -> None:
        self.document.parts = [part for part in self.document.parts if part.path != _path(source)]
        self.document.notes.append(left_out(error))
        self.version += 1

    def _load_one(self, source: Source, texts: Texts) -> None:
        if source.path is None:
            self._load_bytes(source, self._read_all(0, None, source.name), texts)
            return
        fd = _open(source.path)
        try:
            head = os.pread(fd, PROBE, 0)
            kind = kind_of(source.name, head[:HEAD])
            if kind == "pdf":
                self._load_pdf(source, fd)
            else:
                if kind not in PACKED:
                    refuse_binary(head, source.name)  # before gigabytes of it are read
                self._load_bytes(source, self._read_all(fd, os.fstat(fd).st_size, source.name), texts)
        finally:
            os.close(fd)

    def _read_all(self, fd: int, size: int | None, name: str) -> Data:
        """What comes, until it ends; of a file that grows meanwhile what it held when it was opened."""
        if size is None and os.isatty(fd):
            raise DocumentError("Nothing is piped into standard input; pipe a text or a PDF into it, or name a file.")
        data, poll = bytearray(), select.poll()
        poll.register(fd, select.POLLIN)
        poll.register(self._wake_out, select.POLLIN)
        while not self.is_cancelled:
            if size is None:
                poll.poll()  # a file is always there to be read; the kernel's own that never are would hang here
            most = min(_CHUNK, size - len(data)) if size else _CHUNK  # the kernel's own files tell no size
            chunk = b"" if self.is_cancelled else os.read(fd, most)
            if not chunk:
                break
            data += chunk
            if len(data) > MAX_BYTES:
                raise _too_big(name)
            self._tell(len(data), size, f"bytes of {name}")
        return data

    def _load_bytes(self, source: Source, data: Data, texts: Texts) -> None:
        if self.is_cancelled:
            return
        kind = kind_of(source.name, data[:HEAD])
        if kind == "pdf":
            with tempfile.TemporaryFile(buffering=0) as file:
                file.write(data)
                self._load_pdf(source, file.fileno())
        else:
            texts.add(Part(source.name, kind, _path(source), len(data)), data)
            self.document.notes += belied(source.name, kind)

    def _load_pdf(self, source: Source, fd: int) -> None:
        part = Part(source.name, "pdf", _path(source), os.fstat(fd).st_size)
        with open(fd, "rb", closefd=False) as file:
            file.seek(0)
            part.file_sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        entry = cache.look_up(part.file_sha256, "pdf")
        if entry is not None:
            self.document.notes += fill(part, entry)
            self.document.parts.append(part)
            self._tell(len(part.pages), len(part.pages), f"pages of {source.name}")
            return
        self._read_pdf(source, part, fd)

    def _read_pdf(self, source: Source, part: Part, fd: int) -> None:
        growth = PdfGrowth(self.document, part)
        with closing(growth.read(fd, self._wake_out)) as steps:
            for _ in steps:
                self._tell(growth.done, growth.total, f"pages of {source.name}")
        if self.is_cancelled:
            return
        remarks = growth.finish()
        self.document.notes += [f"{part.name}{remark}" for remark in remarks]
        part.know_sha256(hashlib.sha256(part.text.encode()).hexdigest())
        self.version += 1
        if growth.is_whole:
            headings = [(heading.title, heading.level, heading.offset) for heading in part.headings]
            cache.keep(str(part.file_sha256), "pdf", cache.Entry(part.text, part.pages, headings, remarks))

    def _tell(self, done: int, total: int | None, what: str) -> None:
        self.progress = Progress(done, total, what)
        last = self.document.parts[-1] if self.document.parts else None
        state = len(self.document.parts), len(last.pages) if last is not None else 0
        if state != self._told or monotonic() - self._told_at > _TELL_EVERY_S:  # each change is drawn
            self.version += 1
            self._told, self._told_at = state, monotonic()
        if self._on_progress:
            self._on_progress(self.progress)


def _path(source: Source) -> str | None:
    return None if source.path is None else scrub(str(source.path.resolve()))[0]


def _open(path: Path) -> int:
    """Open a regular file for reading; a FIFO or a device is refused without touching it."""
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise DocumentError(f"{path} is not a regular file but a pipe or a device; use - to read standard input.")
    if status.st_size > MAX_BYTES:
        raise _too_big(path.name)
    return files.open_regular(path)


def _too_big(name: str) -> DocumentError:
    return DocumentError(f"{name} is larger than {short_bytes(MAX_BYTES)}; split it and open the parts you need.")
