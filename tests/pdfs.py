"""Writes small real PDFs with the standard library alone, for tests, benchmarks and the samples."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

_FONT_SIZE = 11
_LEADING = 15
_TOP = 780
_LEFT = 62


def make_pdf(pages: Sequence[str], *, bookmarks: Sequence[tuple[str, int]] = (), compress: bool = True) -> bytes:
    """A PDF whose pages show these texts, one line a line (`# ` begins a large one); bookmarks are (title, page).

    A page of no text is a picture, as of a scan.

    Without `compress` the bytes do not depend on the zlib of the machine.
    """
    fonts = b"<< /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >> >>"
    kids = [4 + 2 * index for index in range(len(pages))]
    objects: dict[int, bytes] = {
        2: b"<< /Type /Pages /Count %d /Kids [%s] >>" % (len(pages), b" ".join(b"%d 0 R" % kid for kid in kids)),
        3: b"<< /Font %s >>" % fonts,
    }
    for kid, text in zip(kids, pages, strict=True):
        size = b"/MediaBox [0 0 595 842]"
        objects[kid] = b"<< /Type /Page /Parent 2 0 R /Resources 3 0 R %s /Contents %d 0 R >>" % (size, kid + 1)
        objects[kid + 1] = _stream(_content(text), compress=compress)
    outline = b""
    if bookmarks:
        root = 4 + 2 * len(pages)
        outline = b" /Outlines %d 0 R" % root
        objects |= _outline(root, bookmarks, kids)
    objects[1] = b"<< /Type /Catalog /Pages 2 0 R%s >>" % outline
    return _file(objects)


def _stream(content: bytes, *, compress: bool) -> bytes:
    if not compress:
        return b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content)
    packed = zlib.compress(content, 9)
    return b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(packed), packed)


def _content(text: str) -> bytes:
    if not text:
        return b"0.9 g 50 50 400 600 re f"
    out = [b"BT /F1 %d Tf %d TL %d %d Td" % (_FONT_SIZE, _LEADING, _LEFT, _TOP)]
    for line in text.split("\n"):
        is_heading = line.startswith("# ")
        if is_heading:
            out.append(b"/F1 18 Tf")
        out.append(b"(%s) Tj T*" % _escape(line.removeprefix("# ")))
        if is_heading:
            out.append(b"/F1 %d Tf" % _FONT_SIZE)
    return b"\n".join([*out, b"ET"])


def _escape(line: str) -> bytes:
    return line.encode("cp1252").replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")


def _outline(root: int, bookmarks: Sequence[tuple[str, int]], kids: list[int]) -> dict[int, bytes]:
    numbers = range(root + 1, root + 1 + len(bookmarks))
    objects = {root: b"<< /Type /Outlines /First %d 0 R /Last %d 0 R >>" % (numbers[0], numbers[-1])}
    for number, (title, page) in zip(numbers, bookmarks, strict=True):
        links = (b" /Prev %d 0 R" % (number - 1) if number > numbers[0] else b"") + (
            b" /Next %d 0 R" % (number + 1) if number < numbers[-1] else b""
        )
        place = b"[%d 0 R /XYZ null null null]" % kids[page - 1]
        objects[number] = b"<< /Title (%s) /Parent %d 0 R%s /Dest %s >>" % (_escape(title), root, links, place)
    return objects


def _file(objects: dict[int, bytes]) -> bytes:
    out, places = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"), []
    for number in sorted(objects):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, objects[number])
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)
