"""The bytes of a text file as canonical text: byte order marks, UTF-8, UTF-16, Windows-1252, and what is no text."""

from __future__ import annotations

import codecs
import re
import unicodedata
from codecs import getincrementaldecoder
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
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
PROBE = 1 << 16
_CONTROLS = re.compile(rb"[\x00-\x07\x0e-\x1a\x1c-\x1f]")  # not in text: C0 without \b \t \n \v \f \r and escape
_MAX_CONTROLS = 0.02
_MIN_WORDS = 8
_SAMPLE = 4096
_STRANGE = {"Cc", "Cn", "Co", "Cs"}
_LAYOUT, _SPACES = "\t\n\v\f\r\x1b", " \n\u3000"
_WORD = 100  # no text goes on for so many characters without a space or the end of a line
_ASCII = re.compile(rb"[\t\n\r -~]")
_FOREIGN_LINE = re.compile(rb"[^\n]{0,400}[\x80-\xff][^\n]{0,400}")
_LINES, _FEW = 50, 5
_MEND = "rlm-tui-mend"
_WESTERN = ("cp1252", "cp1250")
_ALPHABETS = ("cp1251", "koi8_r", "cp1253")  # words of which are whole words, no accents in Western ones
_HIGH, _LETTER = re.compile(rb"[\x80-\xff]"), re.compile(rb"[A-Za-z\x80-\xff]")
_SEVEN_BITS = ("iso2022_jp", "hz")
_NAMES = {
    "cp932": "Shift-JIS",
    "euc_jp": "EUC-JP",
    "gb18030": "GB18030",
    "big5": "Big5",
    "euc_kr": "EUC-KR",
    "cp1251": "Windows-1251",
    "koi8_r": "KOI8-R",
    "cp1253": "Windows-1253",
    "cp1250": "Windows-1250",
    "cp1252": "Windows-1252",
    "latin-1": "Latin-1",
}
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
    (b"PK\x03\x04", "a zip archive or an office document (xlsx, pptx, odt, epub)"),
    (b"\xd0\xcf\x11\xe0", "an old office document (doc, xls)"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (b"\x89PNG", "an image (png)"),
    (b"\xff\xd8\xff", "an image (jpeg)"),
    (b"\x7fELF", "a program"),
    (b"SQLite format 3", "a database (sqlite)"),
    (b"PAR1", "a table (parquet)"),
    (b"GIF8", "an image (gif)"),
    (b"RIFF", "sound, film or an image (wav, avi, webp)"),
    (b"ID3", "music (mp3)"),
    (b"OggS", "sound (ogg)"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"Rar!", "a rar archive"),
    (b"MZ\x90", "a program"),
    (b"\xca\xfe\xba\xbe", "a program"),
)


def what_binary(head: bytes) -> str | None:
    """What a file is that is no text, from its first bytes; None when it may be text."""
    if any(head.startswith(mark) for mark, _ in _BOMS) or _bare_utf16(head):
        return None
    known = next((what for magic, what in _KNOWN if head.startswith(magic)), None)
    if known or head[257:262] == b"ustar":
        return known or "a tar archive"
    words = head[:PROBE].replace(b"\x00", b"")
    controls = len(_CONTROLS.findall(words))
    if len(words) == len(head[:PROBE]):
        return "binary data" if controls > _MAX_CONTROLS * len(words) else None
    is_text = controls == 0 and 2 * len(words) >= _MIN_WORDS and _is_utf8(words)
    return None if is_text else "binary data"  # a log that a crash padded with zeros is text all the same


def _is_utf8(data: bytes) -> bool:
    """Whether it is UTF-8, but for a character that the probe cut."""
    try:
        getincrementaldecoder("utf-8")().decode(data)
    except UnicodeDecodeError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Decoded:
    """A text, notes on what had to be guessed or replaced, and whether the bytes are the text's own UTF-8."""

    text: str
    notes: list[str] = field(default_factory=list)
    is_exact: bool = False


def decode(data: Data, name: str, *, declared: str | None = None) -> Decoded:
    """The text of a file, newlines kept; `declared` is the encoding that it names itself. DocumentError when binary."""
    refuse_binary(bytes(data[:PROBE]), name)
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return _replacing(data[len(mark) :], encoding, name)
    bare = _bare_utf16(bytes(data[:PROBE]))
    if bare:
        decoded = _replacing(data, bare, name)
        return Decoded(decoded.text, [f"{name} has no byte order mark; it was read as {bare.upper()}.", *decoded.notes])
    if declared in _SEVEN_BITS:
        return _as_declared(data, declared) or _guess(data, name)
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return _as_declared(data, declared) or _guess(data, name)
    return Decoded(text, _about_zeros(text, name), is_exact=True)


def refuse_binary(head: bytes, name: str) -> None:
    """DocumentError when a file that begins so (its first PROBE bytes) is no text."""
    binary = what_binary(head)
    if binary:
        raise _no_text(name, binary)


def _no_text(name: str, what: str) -> DocumentError:
    return DocumentError(f"{name} is {what}, not text; convert it to PDF, txt or md and open that.")


def _about_zeros(text: str, name: str) -> list[str]:
    """Zeros in a text are kept, as they are in the file; too many of them are data."""
    zeros = text.count("\x00")
    if 2 * zeros > len(text) and len(text) > 2 * PROBE:
        raise _no_text(name, "binary data")
    return [f"{name} holds {plural(zeros, 'NUL character')}; code in the REPL sees them, too."] if zeros else []


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
    """UTF-16 without a mark: its spaces and line ends hold zeros, and read as it is nothing in it is strange."""
    data = data[: min(PROBE, len(data) & ~1)]
    zeros = max(data[::2].count(0), data[1::2].count(0))
    is_western = zeros > 0.35 * len(data)
    if not zeros or not (is_western or len(_ASCII.findall(data)) < 0.8 * len(data)):
        return None
    for encoding in ("utf-16-le", "utf-16-be"):
        text = data.decode(encoding, "ignore")[:_SAMPLE]
        strange = sum(unicodedata.category(char) in _STRANGE and char not in _LAYOUT for char in text)
        if not strange and sum(map(text.count, _SPACES)) * _WORD > len(text):
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
    """UTF-8 with a few wrong bytes keeps its other characters; else it is the code page that makes most sense."""
    text = data.decode("utf-8", "replace")
    wrong = text.count("\ufffd")
    if len(text) - len(text.encode("ascii", "ignore")) > 2 * wrong:
        return _mixed(data, name)
    encoding = _likely(data)
    if encoding not in _WESTERN:
        decoded = _replacing(data, encoding, name)
        return Decoded(decoded.text, [_guessed(name, encoding), *decoded.notes])
    for western in (encoding, "cp1252"):
        with suppress(UnicodeDecodeError):
            return Decoded(data.decode(western), [_guessed(name, western)])
    return Decoded(data.decode("latin-1"), [_guessed(name, "latin-1")])


def _guessed(name: str, encoding: str) -> str:
    return f"{name} is not UTF-8; it was read as {_NAMES[encoding]}, so check that it reads well."


def _likely(data: Data) -> str:
    """The code page of bytes that are no UTF-8, by the lines that show it; by few of them if a later one is broken."""
    lines = [match.group() for match in islice(_FOREIGN_LINE.finditer(data), _LINES)]
    pages = [_page_of(b"\n".join(lines[:count])[:PROBE]) for count in (_LINES, _FEW)]
    return next((page for page in pages if page not in _WESTERN), pages[0])


def _page_of(sample: bytes) -> str:
    """The likeliest code page; the Windows one where it is as likely."""
    from charset_normalizer import from_bytes

    matches = from_bytes(sample, cp_isolation=[*_NAMES][:-1], preemptive_behaviour=False)
    best = matches.best()
    if best is None or (best.encoding in _ALPHABETS and 2 * len(_HIGH.findall(sample)) < len(_LETTER.findall(sample))):
        return "cp1252"
    western = (match for match in matches if "cp1252" in match.could_be_from_charset)
    rivals = [match for match in western if match.chaos <= best.chaos and match.coherence >= best.coherence]
    return "cp1252" if rivals else best.encoding


def _mixed(data: Data, name: str) -> Decoded:
    """UTF-8 in which some places are of the Windows code page: what stands at a letter was one, the rest is lost."""
    read, lost = 0, 0

    def mend(error: UnicodeError) -> tuple[str, int]:
        nonlocal read, lost
        assert isinstance(error, UnicodeDecodeError)  # noqa: S101 - of this codec it is no other
        start, end, whole = error.start, error.end, error.object
        beside = whole[max(0, start - 1) : start] + whole[end : end + 1]
        char = whole[start:end].decode("cp1252", "replace")
        if end < len(whole) and beside.strip().isalpha() and "\ufffd" not in char:
            read += 1
            return char, end
        lost += 1
        return "\ufffd", end

    codecs.register_error(_MEND, mend)
    text = bytes(data).decode("utf-8", _MEND)
    were = f"{plural(read, 'place')} not in UTF-8 {'was' if read == 1 else 'were'}"
    notes = [f"{name} mixes encodings: {were} read as Windows-1252."] if read else []
    return Decoded(
        text, notes + ([f"{name} is not whole as UTF-8: {plural(lost, 'place')} became U+FFFD."] if lost else [])
    )
