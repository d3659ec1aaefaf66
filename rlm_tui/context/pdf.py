"""Reads a PDF through a child process: a hostile file can end the child, never the app."""

from __future__ import annotations

import importlib.util
import os
import select
import struct
import subprocess
import sys
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from rlm_tui.errors import DocumentError

STALL_S = 90.0
_HEAD = struct.Struct(">cI")
_NUMBER = struct.Struct(">I")
_BOOKMARK = struct.Struct(">II")
_MAX_FRAME = 64 << 20
_READ = 1 << 18
_CHILD = Path(__file__).with_name("pdf_child.py")
_WHY_NOT = {
    3: "{name} is not a PDF that can be read: it is broken or cut off; get the file again.",
    4: "{name} is locked with a password; save a copy without one and open that.",
    5: "{name} is locked by a kind of encryption that cannot be read here; save a copy without it and open that.",
}


class PdfCrashError(DocumentError):
    """The child died or stalled on a page; the page may be left out and the next one tried."""


@dataclass(slots=True)
class PdfNews:
    """What has arrived since the last time: texts of pages in order (None: unreadable), the count, bookmarks."""

    count: int | None = None
    pages: list[str | None] = field(default_factory=list)
    bookmarks: list[tuple[str, int, int]] = field(default_factory=list)
    """Title, level from 1, page from 0."""
    is_end: bool = False


def read_pdf(source: int, name: str, wake: int, *, first: int = 0) -> Generator[PdfNews]:
    """Yield what a child makes of the PDF behind a descriptor; ends early when `wake` becomes readable.

    Raises DocumentError when it is no PDF, is locked or talks nonsense, PdfCrashError when the child dies or stalls.
    """
    inlet, outlet = os.pipe()
    try:
        try:
            child = _spawn(source, outlet, first)
        finally:
            os.close(outlet)
        try:
            yield from _listen(inlet, name, wake, first)
        finally:
            child.kill()
            child.wait()
    finally:
        os.close(inlet)


def _spawn(source: int, outlet: int, first: int) -> subprocess.Popen[bytes]:
    spec = importlib.util.find_spec("pypdfium2_raw")
    if spec is None or spec.origin is None:
        raise DocumentError("PDFs cannot be read as pypdfium2 is not installed; install rlm-tui again.")
    command = [sys.executable, "-I", "-S", "-B", str(_CHILD), str(source), str(outlet), str(first)]
    command.append(str(Path(spec.origin).parent.parent))
    quiet = subprocess.DEVNULL
    fds = (source, outlet)
    return subprocess.Popen(
        command, stdin=quiet, stdout=quiet, stderr=quiet, env={}, pass_fds=fds, start_new_session=True
    )


def _listen(inlet: int, name: str, wake: int, done: int) -> Generator[PdfNews]:
    buffer, poll = bytearray(), select.poll()
    poll.register(inlet, select.POLLIN)
    poll.register(wake, select.POLLIN)
    last = monotonic()
    while True:
        ready = {fd for fd, _ in poll.poll(max(0.0, last + STALL_S - monotonic()) * 1000)}
        if wake in ready:
            return
        data = os.read(inlet, _READ) if ready else b""
        if not data:
            how = "crashed" if ready else "hung"
            raise PdfCrashError(f"{name} cannot be read: the PDF reader {how} at page {done + 1}; try to save it anew.")
        last = monotonic()
        buffer += data
        news = _take(buffer, name)
        done += len(news.pages)
        yield news
        if news.is_end:
            return


def _take(buffer: bytearray, name: str) -> PdfNews:
    """Take all whole frames off the front of the buffer; the child is not trusted."""
    news, at = PdfNews(), 0
    while len(buffer) - at >= _HEAD.size:
        kind, size = _HEAD.unpack_from(buffer, at)
        if size > _MAX_FRAME:
            raise DocumentError(f"{name} cannot be read: it has a page of more than 64 MB of text.")
        if len(buffer) - at < _HEAD.size + size:
            break
        _read_frame(news, kind, bytes(buffer[at + _HEAD.size : at + _HEAD.size + size]), name)
        at += _HEAD.size + size
    del buffer[:at]
    return news


def _read_frame(news: PdfNews, kind: bytes, payload: bytes, name: str) -> None:
    try:
        match kind:
            case b"p":
                news.pages.append(payload.decode("utf-8", "surrogatepass"))
            case b"x":
                news.pages.append(None)
            case b"n":
                news.count = _NUMBER.unpack(payload)[0]
            case b"b":
                level, page = _BOOKMARK.unpack_from(payload)
                news.bookmarks.append((payload[_BOOKMARK.size :].decode("utf-8", "replace"), level, page))
            case b"e":
                why = _WHY_NOT.get(_NUMBER.unpack(payload)[0], _WHY_NOT[3])
                raise DocumentError(why.format(name=name))
            case _:
                news.is_end = True
    except (struct.error, UnicodeDecodeError):
        raise DocumentError(f"{name} cannot be read: the PDF reader gave nonsense; try to save it anew.") from None
