"""Loads documents: at once for a command, or in a thread with a Document that grows for the app."""

from __future__ import annotations

import hashlib
import os
import select
import stat
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from rlm_tui.context.decode import decode
from rlm_tui.context.document import Document, Heading, Part
from rlm_tui.context.pdf import PdfNews, read_pdf
from rlm_tui.context.sources import Source, find_sources, kind_of
from rlm_tui.errors import DocumentError
from rlm_tui.text import plural, scrub, short_bytes

MAX_BYTES = 2_000_000_000
_CHUNK = 1 << 22


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

    `version` rises with every change of document or progress. Nothing outlives `cancel()` and `join()`.
    """

    def __init__(self, paths: Sequence[str], *, on_progress: OnProgress | None = None) -> None:
        self.document = Document()
        self.progress = Progress(0, None, "documents")
        self.error: DocumentError | None = None
        self.version = 0
        self.finished = False
        self._paths = list(paths)
        self._on_progress = on_progress
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
        except DocumentError as error:
            self.error = error
        except MemoryError:
            self.error = DocumentError(f"{self.progress.what} do not fit in memory; open a smaller document.")
        except OSError as error:
            self.error = DocumentError(f"{error.filename or 'The document'} cannot be read ({error.strerror}).")
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
        for source in sources.files:
            if self.is_cancelled:
                return
            self._load_one(source)

    def _load_one(self, source: Source) -> None:
        fd = 0 if source.path is None else _open(source)
        try:
            if source.path is None or not (head := os.pread(fd, 1024, 0)):
                self._load_bytes(source, self._read_all(fd, None, source.name))
            elif kind_of(source.name, head) == "pdf":
                self._load_pdf(source, fd)
            else:
                self._load_bytes(source, self._read_all(fd, os.fstat(fd).st_size, source.name))
        finally:
            if source.path is not None:
                os.close(fd)

    def _read_all(self, fd: int, size: int | None, name: str) -> bytes:
        if size is None and os.isatty(fd):
            raise DocumentError("Nothing is piped into standard input; pipe a text or a PDF into it, or name a file.")
        data = bytearray()
        poll = select.poll()
        poll.register(fd, select.POLLIN)
        poll.register(self._wake_out, select.POLLIN)
        while not self.is_cancelled:
            poll.poll()
            chunk = b"" if self.is_cancelled else os.read(fd, _CHUNK)
            if not chunk:
                break
            data += chunk
            if len(data) > MAX_BYTES:
                raise _too_big(name)
            self._tell(len(data), size, f"bytes of {name}")
        return bytes(data)

    def _load_bytes(self, source: Source, data: bytes) -> None:
        if self.is_cancelled:
            return
        if not data:
            raise DocumentError(f"{source.name} is empty; open a document with text in it.")
        if kind_of(source.name, data) == "pdf":
            with tempfile.TemporaryFile() as file:
                file.write(data)
                file.flush()
                self._load_pdf(source, file.fileno())
            return
        text, notes = decode(data, source.name)
        digest = hashlib.sha256(data).hexdigest()
        part = Part(source.name, kind_of(source.name, data), _path(source), len(data), digest, text)
        if not notes and len(text.encode()) == len(data):
            part.know_sha256(digest)
        if not text.strip():
            raise DocumentError(f"{source.name} holds only white space; open a document with text in it.")
        self.document.notes += notes
        self.document.parts.append(part)
        self.version += 1

    def _load_pdf(self, source: Source, fd: int) -> None:
        part = Part(source.name, "pdf", _path(source), os.fstat(fd).st_size)
        for news in read_pdf(fd, source.name, self._wake_out):
            self._grow(part, news)
        if self.is_cancelled:
            return
        with os.fdopen(os.dup(fd), "rb") as file:
            file.seek(0)
            part.file_sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        if not part.text.strip("\f \n"):
            pages = plural(len(part.pages), "page")
            raise DocumentError(f"{source.name} has {pages} but no text: it is a scan and needs OCR first.")

    def _grow(self, part: Part, news: PdfNews) -> None:
        if news.pages:
            is_first = part not in self.document.parts
            part.append_pages([scrub(text or "")[0] for text in news.pages], first=is_first)
            if is_first:
                self.document.parts.append(part)
        part.headings += [Heading(t, level, part.pages[page]) for t, level, page in news.bookmarks]
        total = news.count if news.count is not None else self.progress.total
        self._tell(len(part.pages), total, f"pages of {part.name}")

    def _tell(self, done: int, total: int | None, what: str) -> None:
        self.progress = Progress(done, total, what)
        self.version += 1
        if self._on_progress:
            self._on_progress(self.progress)


def _path(source: Source) -> str | None:
    return None if source.path is None else str(source.path.resolve())


def _open(source: Source) -> int:
    """Open a regular file for reading; a FIFO or a device is refused without waiting for it."""
    assert source.path is not None  # noqa: S101
    name = source.name
    try:
        fd = os.open(source.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise DocumentError(f"{source.path} does not exist; check the path.") from None
    except PermissionError:
        raise DocumentError(f"{name} may not be read by you (permission denied); check its permissions.") from None
    status = os.fstat(fd)
    if not stat.S_ISREG(status.st_mode):
        os.close(fd)
        raise DocumentError(f"{name} is not a regular file but a pipe or a device; use - to read standard input.")
    if status.st_size > MAX_BYTES:
        os.close(fd)
        raise _too_big(name)
    return fd


def _too_big(name: str) -> DocumentError:
    return DocumentError(f"{name} is larger than {short_bytes(MAX_BYTES)}; split it and open the parts you need.")
