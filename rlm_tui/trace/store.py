"""Where the lines of a run are kept: a file that grows one `write` a record, or memory with `--no-trace`."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import threading
from array import array
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from rlm_tui.errors import TraceError

if TYPE_CHECKING:  # whether a trace can be written is asked before the first paint
    from rlm_tui.trace.codec import Header

SUFFIX = ".rlm.jsonl"
_SLUG_CHARS = 48
_TRIES = 100
_ADVICE = "choose another place with --trace"
_TAKEN = "The trace {} exists already and is never overwritten; {}."
_LEFT = {
    "deleted": "The trace {} was deleted while it was written; it ends with this process.",
    "moved": "The trace {} was moved while it was written; it goes on where it is now.",
}
_sync = getattr(os, "fdatasync", os.fsync)  # macOS has fsync only


class Lines(Protocol):
    """The lines of a run, by index from 0 (the event with `seq` n is line n - 1)."""

    def append(self, line: bytes, /) -> None:
        """Keep one encoded event, at the end."""

    def read(self, index: int, /) -> bytes:
        """The line at `index`, as it was appended; IndexError beyond the end."""

    def __len__(self) -> int: ...


class MemoryLines:
    """Lines that live as long as the process."""

    def __init__(self) -> None:
        self._lines: list[bytes] = []

    def append(self, line: bytes) -> None:
        """Keep one encoded event, at the end."""
        self._lines.append(line)

    def read(self, index: int) -> bytes:
        """The line at `index`, as it was appended; IndexError beyond the end."""
        return self._lines[_checked(index, len(self._lines))]

    def __len__(self) -> int:
        return len(self._lines)


class TraceStore:
    """A new trace file, open for appending and locked while it is.

    `append` hands each record to the kernel before it returns, so a record once acknowledged survives a kill of this
    process; `sync` makes it survive the machine (call it in a thread). When a write fails, the file is put back to its
    last whole record and TraceError says why: the caller still has the line and may append it again.
    """

    def __init__(self, path: Path, header: Header, *, advice: str = "") -> None:
        from rlm_tui.trace.codec import encode_header

        self.path = path
        self._advice = advice or _ADVICE
        line = encode_header(header)
        self._closing = threading.Lock()
        self._ends: array[int] = array("Q")  # of the header, then of each record
        self._size = 0
        self._dirty = False
        self.left: Literal["", "deleted", "moved"] = ""
        """How the file left its place, as far as `sync` has seen; "" while it is there."""
        self._fd = -1
        try:
            self._fd = _create(path)
            self._write(line)
            self._ends.append(self._size)
            _sync_directory(path.parent)
        except OSError as error:
            if self._fd >= 0:
                path.unlink(missing_ok=True)
            self.close()
            raise TraceError(self._sentence("created", error)) from None

    def append(self, line: bytes) -> None:
        """Write one encoded event; TraceError when the disk is full, read-only or failing."""
        try:
            self._write(line)
        except OSError as error:
            raise TraceError(self._sentence("written", error)) from None
        self._ends.append(self._size)

    def read(self, index: int) -> bytes:
        """The line at `index`, as it was appended; IndexError beyond the end."""
        start, end = self._ends[_checked(index, len(self))], self._ends[index + 1]
        try:
            return os.pread(self._fd, end - start, start)
        except OSError as error:
            raise TraceError(self._sentence("read", error)) from None

    def __len__(self) -> int:
        return len(self._ends) - 1

    def sync(self) -> None:
        """Bring what was appended to the disk; blocks for as long as the disk takes."""
        with self._closing:
            if self._fd < 0:
                return
            try:
                _sync(self._fd)
                before, self.left = self.left, _left(self._fd, self.path)
            except OSError as error:
                raise TraceError(self._sentence("written", error)) from None
            if self.left not in ("", before):
                raise TraceError(self.whereabouts)

    @property
    def whereabouts(self) -> str:
        """That the file is not in its place any more, as a sentence; "" while it is."""
        return _LEFT[self.left].format(self.path) if self.left else ""

    def close(self) -> None:
        """Release the file and its lock; a second call does nothing."""
        with self._closing:
            fd, self._fd = self._fd, -1
            if fd >= 0:
                os.close(fd)

    def _write(self, line: bytes) -> None:
        if self._dirty:
            self._undo()
        written = os.write(self._fd, line)
        try:
            while written < len(line):
                self._dirty = True
                written += os.write(self._fd, line[written:])
        except OSError:
            with contextlib.suppress(OSError):
                self._undo()
            raise
        self._dirty = False
        self._size += len(line)

    def _sentence(self, done: str, error: OSError) -> str:
        if isinstance(error, FileExistsError):
            return _TAKEN.format(self.path, self._advice)
        why = (error.strerror or str(error)).lower()
        return f"The trace {self.path} cannot be {done} ({why}); free the disk or {self._advice}."

    def _undo(self) -> None:
        """Cut off the half of a record that a failed write left."""
        os.ftruncate(self._fd, self._size)
        self._dirty = False


def new_trace_path(query: str, now: datetime, directory: Path) -> Path:
    """A free, readable name that sorts by time: `2026-09-30-101512-what-is-the-magic-number.rlm.jsonl`."""
    words = re.sub(r"[^a-z0-9]+", "-", query[:400].lower()).strip("-")
    slug = words if len(words) <= _SLUG_CHARS else words[: _SLUG_CHARS + 1].rpartition("-")[0] or words[:_SLUG_CHARS]
    stem = f"{now:%Y-%m-%d-%H%M%S}-{slug or 'run'}"
    path = directory / f"{stem}{SUFFIX}"
    number = 1
    while os.path.lexists(path):
        number += 1
        path = directory / f"{stem}-{number}{SUFFIX}"
    return path


def new_trace(query: str, now: datetime, directory: Path, header: Header, *, advice: str) -> TraceStore:
    """A new trace under a name of its own in the folder of traces, also when other processes look for one just now."""
    for left in reversed(range(_TRIES)):
        path = new_trace_path(query, now, directory)
        try:
            return TraceStore(path, header, advice=advice)
        except TraceError:
            if not left or not os.path.lexists(path):
                raise
    raise AssertionError  # the last try returns or raises


def refuse_unwritable(directory: Path, advice: str) -> None:
    """Raise TraceError where no trace can be made in the folder of saved runs, before anything starts; makes it."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if os.access(directory, os.W_OK):
            return
        why = "it cannot be written"
    except OSError as error:
        why = (error.strerror or str(error)).lower()
    raise TraceError(f"No trace can be made in {directory} ({why}); {advice}.")


def refuse_taken(path: Path, advice: str = _ADVICE) -> None:
    """Raise TraceError where a trace is to be written that exists already, before anything starts."""
    if os.path.lexists(path):
        raise TraceError(_TAKEN.format(path, advice))


def is_live(path: Path) -> bool:
    """Whether a process is writing this trace right now."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(fd)
    return False


@contextlib.contextmanager
def written_whole(path: Path, header: Header) -> Iterator[TraceStore]:
    """A new trace made from another: all of it or, where the disk is full, no file at all."""
    store = TraceStore(path, header, advice="name another file to write")
    try:
        yield store
        store.sync()
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    finally:
        store.close()


def _create(path: Path) -> int:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except FileExistsError:
        raise NotADirectoryError(errno.ENOTDIR, "its folder is a file") from None
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
    fd = os.open(path, flags, 0o600)
    # Some network file systems cannot lock: the run matters more than the mark that it is live.
    with contextlib.suppress(OSError):
        fcntl.flock(fd, fcntl.LOCK_EX)
    return fd


def _left(fd: int, path: Path) -> Literal["", "deleted", "moved"]:
    own = os.fstat(fd)
    if own.st_nlink == 0:
        return "deleted"
    try:
        return "" if os.path.samestat(own, os.stat(path)) else "moved"
    except (FileNotFoundError, NotADirectoryError):
        return "moved"


def _sync_directory(directory: Path) -> None:
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _checked(index: int, count: int) -> int:
    if not 0 <= index < count:
        raise IndexError(f"there is no line {index} of {count}")
    return index
