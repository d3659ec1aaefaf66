"""The bytes of a text file as canonical text: byte order marks, UTF-8, UTF-16, Windows-1252, and what is no text."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field
from typing import TypeAlias

from rlm_tui.errors import DocumentError
from rlm_tui.text import plural

Data: TypeAlias = bytes | bytearray

_BOMS = (  # the longer first: a UTF-32 mark begins with a UTF-16 one
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_PROBE = 1 << 16
_CONTROLS = re.compile(rb"[\x00-\x07\x0e-\x1a\x1c-\x1f]")  # not in text: C0 without \b \t \n \v \f \r and escape
_MAX_CONTROLS = 0.02
_DECLARED = re.compile(
    rb"""<(?:meta\b[^>]{0,200}?charset|\?xml\b[^>]{0,200}?encoding)\s*=\s*["']?\s*([\w.:-]{1,40})""", re.IGNORECASE
)
_DECLARED_WITHIN = 4096
_WINDOWS = {
    "iso8859-1": "cp1252",
    "ascii": "cp1252",
    "shift_jis": "cp932",
    "gb2312": "gb18030",
    "gbk": "gb18030",
}  # as browsers do
_KNOWN = (
    (b"PK\x03\x04", "a zip archive or an office document (docx, xlsx, epub)"),
    (b"\xd0\xcf\x11\xe0", "an old office document (doc, xls)"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (b"\x89PNG", "an image (png)"),
    (b"\xff\xd8\xff", "an image (jpeg)"),
    (b"\x7fELF", "a program"),
    (b"SQLite format 3", "a database (sqlite)"),
)


def what_binary(head: bytes) -> str | None:
    """What a file is that is no text, from its first bytes; None when it may be text."""
    if any(head.startswith(mark) for mark, _ in _BOMS) or _bare_utf16(head):
        return None
    known = next((what for magic, what in _KNOWN if head.startswith(magic)), None)
    if known:
        return known
    controls = len(_CONTROLS.findall(head[:_PROBE]))
    is_binary = b"\x00" in head or controls > _MAX_CONTROLS * min(len(head), _PROBE)
    return "binary data" if is_binary else None


@dataclass(frozen=True, slots=True)
class Decoded:
    """A text, notes on what had to be guessed or replaced, and whether the bytes are the text's own UTF-8."""

    text: str
    notes: list[str] = field(default_factory=list)
    is_exact: bool = False


def decode(data: Data, name: str, *, declared: str | None = None) -> Decoded:
    """The text of a file, newlines kept; `declared` is the encoding that it names itself. DocumentError when binary."""
    binary = what_binary(bytes(data[:_PROBE]))
    if binary:
        raise DocumentError(f"{name} is {binary}, not text; convert it to PDF, txt or md and open that.")
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return _replacing(data[len(mark) :], encoding, name)
    bare = _bare_utf16(bytes(data[:_PROBE]))
    if bare:
        return _replacing(data, bare, name)
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return _as_declared(data, declared) or _guess(data, name)
    if "\x00" in text:
        raise DocumentError(f"{name} is binary data, not text; convert it to PDF, txt or md and open that.")
    return Decoded(text, is_exact=True)


def declared_encoding(data: Data) -> str | None:
    """The encoding that a page of HTML or XML names near its begin; None when it names none that is known."""
    match = _DECLARED.search(bytes(data[:_DECLARED_WITHIN]))
    try:
        return codecs.lookup(match[1].decode()).name if match else None
    except LookupError:
        return None


def _as_declared(data: Data, declared: str | None) -> Decoded | None:
    try:
        return Decoded(data.decode(_WINDOWS.get(declared, declared))) if declared else None
    except (UnicodeDecodeError, LookupError):
        return None


def _bare_utf16(data: bytes) -> str | None:
    """UTF-16 without a mark: Western text has NUL in every second byte, and no controls in the others."""
    even, odd = data[:_PROBE:2], data[1:_PROBE:2]
    for zeros, others, encoding in ((odd, even, "utf-16-le"), (even, odd, "utf-16-be")):
        if zeros and zeros.count(0) > 0.7 * len(zeros) and not _CONTROLS.search(others):
            return encoding
    return None


def _replacing(data: Data, encoding: str, name: str) -> Decoded:
    try:
        return Decoded(data.decode(encoding))
    except UnicodeDecodeError:
        text = data.decode(encoding, "replace")
        lost = plural(text.count("\ufffd"), "place")
        return Decoded(text, [f"{name} is not whole as {encoding.upper()}: {lost} became U+FFFD."])


def _guess(data: Data, name: str) -> Decoded:
    """UTF-8 with a few wrong bytes keeps its other characters; else it is the Windows code page."""
    text = data.decode("utf-8", "replace")
    wrong = text.count("\ufffd")
    if len(text) - len(text.encode("ascii", "ignore")) > 2 * wrong:
        return Decoded(text, [f"{name} is not whole as UTF-8: {plural(wrong, 'place')} became U+FFFD."])
    try:
        text, encoding = data.decode("cp1252"), "Windows-1252"
    except UnicodeDecodeError:
        text, encoding = data.decode("latin-1"), "Latin-1"
    return Decoded(text, [f"{name} is not UTF-8; it was read as {encoding}, so check its accents."])
