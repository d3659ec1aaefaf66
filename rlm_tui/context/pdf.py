"""Reads a PDF through a child process: a hostile file can end the child, never the app."""

from __future__ import annotations

import os
import struct
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path

from rlm_tui.context.isolated import ChildGoneError, LongFrameError, ended, frames, site_folders, spawned
from rlm_tui.errors import DocumentError

STALL_S = 90.0
_NUMBER = struct.Struct(">I")
_BOOKMARK = struct.Struct(">II")
_CHILD = Path(__file__).with_name("child") / "__main__.py"
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
    void: int = 0
    """So many of them have nothing at all on them, not even the picture that a scan is."""
    bookmarks: list[tuple[str, int, int]] = field(default_factory=list)
    """Title, level from 1, page from 0."""
    is_end: bool = False


def read_pdf(source: int, name: str, wake: int, *, first: int = 0) -> Generator[PdfNews]:
    """Yield what a child makes of the PDF behind a descriptor; ends early when `wake` becomes readable.

    Raises DocumentError when it is no PDF, is locked or talks nonsense, PdfCrashError when the child dies or stalls.
    """
    folders = site_folders("pypdfium2_raw")
    if folders is None:
        raise DocumentError("PDFs cannot be read as pypdfium2 is not installed; install rlm-tui again.")
    inlet, outlet = os.pipe()
    try:
        try:
            child = spawned(_CHILD, ["pdf", str(source), str(outlet), str(first), *folders], (source, outlet))
        finally:
            os.close(outlet)
        with ended(child):
            yield from _listen(inlet, name, wake, first)
    finally:
        os.close(inlet)


def _listen(inlet: int, name: str, wake: int, done: int) -> Generator[PdfNews]:
    try:
        for arrived in frames(inlet, wake, STALL_S):
            news = PdfNews()
            for kind, payload in arrived:
                _read_frame(news, kind, payload, name)
            done += len(news.pages)
            yield news
            if news.is_end:
                return
    except LongFrameError:
        raise DocumentError(f"{name} cannot be read: it has a page of more than 64 MB of text.") from None
    except ChildGoneError as how:
        message = f"{name} cannot be read: the PDF reader {how} at page {done + 1}; try to save it anew."
        raise PdfCrashError(message) from None


def _read_frame(news: PdfNews, kind: bytes, payload: bytes, name: str) -> None:
    try:
        match kind:
            case b"p":
                news.pages.append(payload.decode("utf-8", "surrogatepass"))
            case b"v":
                news.pages.append("")
                news.void += 1
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
