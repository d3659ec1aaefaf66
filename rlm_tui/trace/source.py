"""The bytes of a trace: a regular file, plain or compressed, opened so that nothing can hang, grow or be changed."""

from __future__ import annotations

import gzip
import importlib
import io
import os
import tempfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, BinaryIO, Final, NamedTuple

from rlm_tui import files
from rlm_tui.errors import TraceError
from rlm_tui.text import MEGABYTE
from rlm_tui.trace.codec import MAX_LINE
from rlm_tui.trace.magic import GZIP, ZSTD

_CHUNK: Final = 1 << 18
_MAX_FILE: Final = 4 * 1024**3  # bytes
_ZIP_FLOOR: Final = 256 * 1024 * 1024  # bytes that any compressed trace may unpack to
_ZIP_RATIO: Final = 200  # beyond that, how many times its own size


class Bounds(NamedTuple):
    """When to unpack no further: bytes, or a person who has quit."""

    most: int | None = None
    stop: Callable[[], bool] | None = None

    def are_reached(self, total: int) -> bool:
        """Whether `total` unpacked bytes are enough."""
        return (self.most is not None and total >= self.most) or (self.stop is not None and self.stop())


WHOLE: Final = Bounds()


class Opened(NamedTuple):
    """A descriptor on the plain bytes of a trace, what was wrong with its compression, whether these are all."""

    fd: int
    problem: str = ""
    is_whole: bool = True


def open_trace_file(path: Path, bounds: Bounds = WHOLE) -> Opened:
    """Open a trace; a compressed one is unpacked as far as the bounds let it."""
    fd, magic = _open_regular(path)
    if not magic.startswith((GZIP, ZSTD)):
        return Opened(fd)
    with os.fdopen(fd, "rb") as packed:
        unpacked = _unpacker(packed, magic, path)
        with unpacked.stream, tempfile.TemporaryFile() as plain:
            problem = _unpack(unpacked, plain, path, bounds)
            return Opened(os.dup(plain.fileno()), problem or "", problem is not None)


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
        chunk = bytearray(size)
        count = _read_into(fd, chunk, offset)
        end = chunk.find(b"\n", 0, count)
        if end >= 0 or count < size:
            return bytes(chunk[: end + 1 if end >= 0 else count])
        size *= 8


def _read_into(fd: int, buffer: bytearray | memoryview, offset: int) -> int:
    try:
        return os.preadv(fd, [buffer], offset)
    except OSError as error:
        raise TraceError(f"The trace cannot be read: {(error.strerror or str(error)).lower()}.") from None


class _Unpacker(NamedTuple):
    """A stream of unpacked bytes, and the errors by which it says that the packed ones are damaged."""

    stream: io.BufferedIOBase
    errors: tuple[type[Exception], ...]


class _Positioned(io.RawIOBase):
    """Reads with a position of its own, so that several threads can share one descriptor."""

    def __init__(self, fd: int, start: int, end: int) -> None:
        self._fd, self._at, self._end = fd, start, end

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        view = memoryview(buffer)[: max(0, self._end - self._at)]
        count = _read_into(self._fd, view, self._at) if view else 0
        self._at += count
        return count


def _open_regular(path: Path) -> tuple[int, bytes]:
    """A descriptor, and the first bytes, which tell what it is."""
    try:
        fd = files.open_regular(path)
        magic = _first(fd)
    except OSError as error:
        raise TraceError(f"The trace {path} cannot be opened: {files.why(error)}.") from None
    if os.fstat(fd).st_size <= _MAX_FILE:
        return fd, magic
    os.close(fd)
    raise TraceError(f"{path} is larger than {_MAX_FILE // 1024**3} GB, so it is not opened as a trace.")


def _first(fd: int) -> bytes:
    try:
        return os.pread(fd, len(ZSTD), 0)
    except OSError:
        os.close(fd)
        raise


def _unpacker(packed: BinaryIO, magic: bytes, path: Path) -> _Unpacker:
    if magic.startswith(GZIP):
        return _Unpacker(gzip.GzipFile(fileobj=packed, mode="rb"), (OSError, zlib.error))
    try:
        zstd = importlib.import_module("compression.zstd")
    except ImportError:
        message = f"{path} is compressed with zstd, which needs Python 3.14; unpack it first: zstd -d {path.name}"
        raise TraceError(message) from None
    return _Unpacker(zstd.ZstdFile(packed, "rb"), (OSError, zstd.ZstdError))


def _unpack(unpacked: _Unpacker, plain: IO[bytes], path: Path, bounds: Bounds) -> str | None:
    """Fill a file with the unpacked bytes; returns what was wrong with the packed ones, None where it ended early."""
    cap = max(_ZIP_FLOOR, _ZIP_RATIO * path.stat().st_size)
    total = 0
    while not bounds.are_reached(total):
        try:
            chunk = unpacked.stream.read1(_CHUNK)
        except EOFError:
            return "The compressed file is cut off; what could be unpacked is shown."
        except unpacked.errors as error:
            return f"The compressed file is damaged ({error}); what could be unpacked is shown."
        if not chunk:
            return ""
        total += len(chunk)
        if total > cap:
            raise TraceError(f"{path} unpacks to more than {cap // MEGABYTE} MB, so it is not opened.")
        try:
            plain.write(chunk)
            plain.flush()
        except OSError as error:
            raise TraceError(f"{path} cannot be unpacked: {(error.strerror or str(error)).lower()}.") from None
    return None
