"""The bytes of a trace: a regular file, plain or compressed, opened so that nothing can hang, grow or be changed."""

from __future__ import annotations

import gzip
import importlib
import io
import os
import stat
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final, cast

from rlm_tui.errors import TraceError
from rlm_tui.trace.codec import MAX_LINE

_CHUNK: Final = 1 << 18
_ZIP_FLOOR: Final = 256 * 1024 * 1024  # bytes that any compressed trace may unpack to
_ZIP_RATIO: Final = 200  # beyond that, how many times its own size
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"


def open_trace_file(path: Path) -> tuple[int, str]:
    """A file descriptor on the plain bytes of a trace, and what was wrong with its compression (mostly nothing)."""
    fd = _open_regular(path)
    magic = os.pread(fd, 4, 0)
    if not magic.startswith((_GZIP, _ZSTD)):
        return fd, ""
    with os.fdopen(fd, "rb") as packed:
        unpacked = _gzip(packed) if magic.startswith(_GZIP) else _zstd(packed, path)
        with unpacked, tempfile.TemporaryFile() as plain:
            problem = _unpack(unpacked, plain, path)
            return os.dup(plain.fileno()), problem


def scan(fd: int, start: int, end: int) -> Iterator[tuple[int, bytes]]:
    """Every line from byte `start` up to `end` with its offset; of one over the cap only its first part is read."""
    with io.BufferedReader(_Positioned(fd, start, end), _CHUNK) as file:
        while line := file.readline(MAX_LINE + 2):
            yield start, line
            start += len(line)
            while len(line) == MAX_LINE + 2 and not line.endswith(b"\n"):
                line = file.readline(MAX_LINE + 2)
                start += len(line)


def line_at(fd: int, offset: int) -> bytes:
    """The line that begins at `offset`."""
    size = 4096
    while True:
        chunk = os.pread(fd, size, offset)
        end = chunk.find(b"\n")
        if end >= 0 or len(chunk) < size:
            return chunk[: end + 1] if end >= 0 else chunk
        size *= 8


class _Positioned(io.RawIOBase):
    """Reads with a position of its own, so that several threads can share one descriptor."""

    def __init__(self, fd: int, start: int, end: int) -> None:
        self._fd, self._at, self._end = fd, start, end

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        view = memoryview(buffer)[: max(0, self._end - self._at)]
        count = os.preadv(self._fd, [view], self._at) if view else 0
        self._at += count
        return count


def _open_regular(path: Path) -> int:
    try:
        # Asked before it is opened: opening a FIFO or a device can already hang or do something.
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise TraceError(f"{path} is not a regular file, so it is not opened as a trace.")
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    except (OSError, ValueError) as error:
        why = (isinstance(error, OSError) and error.strerror) or str(error)
        raise TraceError(f"The trace {path} cannot be opened: {why.lower()}.") from None
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise TraceError(f"{path} is not a regular file, so it is not opened as a trace.")
    return fd


def _gzip(packed: BinaryIO) -> io.BufferedIOBase:
    return cast("io.BufferedIOBase", gzip.GzipFile(fileobj=packed, mode="rb"))


def _zstd(packed: BinaryIO, path: Path) -> io.BufferedIOBase:
    try:
        zstd = importlib.import_module("compression.zstd")
    except ImportError:
        message = f"{path} is compressed with zstd, which needs Python 3.14; unpack it first: zstd -d {path.name}"
        raise TraceError(message) from None
    return cast("io.BufferedIOBase", zstd.ZstdFile(packed, "rb"))


def _unpack(packed: io.BufferedIOBase, plain: BinaryIO, path: Path) -> str:
    cap = max(_ZIP_FLOOR, _ZIP_RATIO * path.stat().st_size)
    total = 0
    try:
        while chunk := packed.read1(_CHUNK):
            total += len(chunk)
            if total > cap:
                raise TraceError(f"{path} unpacks to more than {cap // 1024**2} MB, so it is not opened.")
            plain.write(chunk)
    except EOFError:
        problem = "The compressed file is cut off; what could be unpacked is shown."
    except (OSError, zlib.error) as error:
        problem = f"The compressed file is damaged ({error}); what could be unpacked is shown."
    else:
        problem = ""
    plain.flush()
    return problem
