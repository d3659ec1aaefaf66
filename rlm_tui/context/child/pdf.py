"""The child process that reads a PDF: page texts go out as frames, in order, as soon as they are there.

Its arguments are DOCUMENT_FD OUTPUT_FD FIRST_PAGE SITE_PACKAGES…; its frames:

n  pages in the document, 4 bytes          p  text of the next page, UTF-8 (lone surrogates pass)
b  bookmark: level, page, 4 bytes each, then the title         x  the next page could not be read (empty)
v  nothing at all is on the next page (empty)
e  the document could not be opened: PDFium's error code, 4 bytes          .  the end (empty)
"""

from __future__ import annotations

import ctypes
import mmap
import os
import re
import sys
from typing import Any

from .kit import NUMBER, PAIR, limit_all, limit_next_step, send

_MEMORY = 4 << 30
_MAX_BOOKMARKS = 5_000
_MAX_LEVEL = 6
_TITLE_BYTES = 1_000
_LINE_END_HYPHEN = re.compile("(.)[\x02\ufffe](?=(.))")  # PDFium puts one of these for the hyphen and the line break
_STRANGE = re.compile("[\x00\x02\x0c\ufffe]")
_CLEAN = {0x02: "-", 0xFFFE: "-", 0x0C: "\n", 0x00: None}  # pages are joined by \f, so none may stand in one


def _text_of(pdf: Any, text_page: Any) -> bytes:
    count = pdf.FPDFText_CountChars(text_page)
    if count <= 0:
        return b""
    units = (ctypes.c_ushort * (2 * count + 2))()  # twice: a char beyond the BMP is two units
    written = pdf.FPDFText_GetText(text_page, 0, count, units)
    raw = memoryview(units).cast("B")[: 2 * max(0, written - 1)]
    text = str(raw, "utf-16-le", "surrogatepass").replace("\r\n", "\n")
    if _STRANGE.search(text):  # the sifting takes a tenth of the time that a page does, and most need none
        text = _LINE_END_HYPHEN.sub(_rejoin, text).translate(_CLEAN)
    return text.encode("utf-8", "surrogatepass")


def _rejoin(match: re.Match[str]) -> str:
    """A word cut at the end of a line becomes whole; 2024-05 or Smith-Jones keep hyphen and line break."""
    before, after = match.groups()
    return before if before.islower() and after.islower() else before + "-\n"


def _send_page(pdf: Any, document: Any, index: int, out: int) -> None:
    page = pdf.FPDF_LoadPage(document, index)
    text_page = pdf.FPDFText_LoadPage(page) if page else None
    if text_page:
        text = _text_of(pdf, text_page)
        is_void = not text and not pdf.FPDFPage_CountObjects(page)
        send(out, b"v" if is_void else b"p", text)
        pdf.FPDFText_ClosePage(text_page)
    else:
        send(out, b"x")
    if page:
        pdf.FPDF_ClosePage(page)


def _title_of(pdf: Any, bookmark: Any) -> bytes:
    size = pdf.FPDFBookmark_GetTitle(bookmark, None, 0)
    buffer = ctypes.create_string_buffer(size + 2)
    pdf.FPDFBookmark_GetTitle(bookmark, buffer, size)
    return buffer.raw[: max(0, size - 2)].decode("utf-16-le", "replace").encode()[:_TITLE_BYTES]


def _send_bookmarks(pdf: Any, document: Any, out: int) -> None:
    seen: set[int] = set()
    stack = [(pdf.FPDFBookmark_GetFirstChild(document, None), 1)]
    while stack and len(seen) < _MAX_BOOKMARKS:
        bookmark, level = stack.pop()
        if not bookmark or ctypes.addressof(bookmark.contents) in seen:
            continue
        seen.add(ctypes.addressof(bookmark.contents))
        stack.append((pdf.FPDFBookmark_GetNextSibling(document, bookmark), level))
        if level < _MAX_LEVEL:
            stack.append((pdf.FPDFBookmark_GetFirstChild(document, bookmark), level + 1))
        target = pdf.FPDFBookmark_GetDest(document, bookmark)
        page = pdf.FPDFDest_GetDestPageIndex(document, target) if target else -1
        if page >= 0:
            send(out, b"b", PAIR.pack(level, page) + _title_of(pdf, bookmark))


def _read(pdf: Any, source: int, out: int, first: int) -> None:
    size = os.fstat(source).st_size
    limit_all(_MEMORY + 2 * size)
    limit_next_step()
    data = mmap.mmap(source, size, access=mmap.ACCESS_COPY)  # private: PDFium reads it without a copy
    pdf.FPDF_InitLibrary()
    document = pdf.FPDF_LoadMemDocument64((ctypes.c_char * size).from_buffer(data), size, None)
    if not document:
        send(out, b"e", NUMBER.pack(pdf.FPDF_GetLastError()))
        return
    count = pdf.FPDF_GetPageCount(document)
    send(out, b"n", NUMBER.pack(count))
    for index in range(first, count):
        limit_next_step()
        _send_page(pdf, document, index, out)
    _send_bookmarks(pdf, document, out)
    send(out, b".")


def main(arguments: list[str]) -> None:
    """Read the PDF behind one descriptor and write frames to the other; the process ends with the document."""
    source, out, first = (int(number) for number in arguments[:3])
    sys.path.extend(arguments[3:])
    import pypdfium2_raw  # type: ignore[import-untyped]

    _read(pypdfium2_raw, source, out, first)
    os._exit(0)  # nothing to save, and PDFium's own clean-up has been known to be slow
