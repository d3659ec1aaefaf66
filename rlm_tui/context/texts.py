"""Makes parts of files that are read as a whole: text, source code, data, html and docx."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable

from rlm_tui.context import cache
from rlm_tui.context.code import code_headings
from rlm_tui.context.decode import Data, declared_encoding, decode
from rlm_tui.context.document import Document, Heading, Part
from rlm_tui.context.markdown import markdown_headings
from rlm_tui.context.reader import Extract, Reader
from rlm_tui.errors import DocumentError

EXTRACTED = ("html", "docx")
_OUTLINED = ("json", "jsonl", "csv")


def fill(part: Part, entry: cache.Entry) -> list[str]:
    """Give a part what was extracted; returns the notes on it."""
    part.text, part.pages, part.shape = entry.text, entry.pages or [0], entry.shape
    part.headings = [Heading(*heading) for heading in entry.headings if heading[2] <= len(entry.text)]
    part.know_sha256(hashlib.sha256(entry.text.encode()).hexdigest())
    return [f"{part.name}{remark}" for remark in entry.remarks]


class Texts:
    """Adds parts to a document; `changed` is called after each step that a person may see."""

    def __init__(self, document: Document, reader: Reader, changed: Callable[[], None]) -> None:
        self._document = document
        self._reader = reader
        self._changed = changed

    def add(self, part: Part, data: Data) -> None:
        """Make the part of a file's bytes; DocumentError when there is no text in them."""
        if not data:
            raise DocumentError(f"{part.name} is empty; open a document with text in it.")
        part.file_sha256 = hashlib.sha256(data).hexdigest()
        if part.kind in EXTRACTED:
            self._extract(part, data)
        else:
            self._decode(part, data)

    def _decode(self, part: Part, data: Data) -> None:
        decoded = decode(data, part.name)
        _check_text(part.name, decoded.text)
        part.text = decoded.text
        own = part.file_sha256 if decoded.is_exact else None
        part.know_sha256(own or hashlib.sha256(decoded.text.encode()).hexdigest())
        if part.kind == "markdown":
            part.headings = markdown_headings(decoded.text)
        elif part.kind == "code":
            part.headings = code_headings(decoded.text, part.name.rpartition(".")[2].lower())
        elif part.kind == "text":
            part.find_pages()
        self._append(part, decoded.notes)
        if part.kind in _OUTLINED:
            self._outline(part)

    def _outline(self, part: Part) -> None:
        """Keys and records; a file in which they cannot be found is a text all the same."""
        try:
            extract = self._ask(part, part.text.encode())
        except DocumentError:
            self._append(None, [f"{part.name} has no outline, as it is too large or too strange for one."])
            return
        if extract is not None:
            self._document.notes += [f"{part.name}{remark}" for remark in extract.remarks]
            part.shape = extract.shape
            part.headings = [heading for heading in extract.headings if heading.offset <= len(part.text)]
            self._changed()

    def _extract(self, part: Part, data: Data) -> None:
        """The text of a page or a Word document, from the cache when it was read before."""
        notes: list[str] = []
        digest = str(part.file_sha256)
        entry = cache.look_up(digest, part.kind)
        if entry is None:
            if part.kind == "html":
                decoded = decode(data, part.name, declared=declared_encoding(data))
                data, notes = decoded.text.encode(), decoded.notes
            extract = self._ask(part, data)
            if extract is None:
                return
            entry = _entry(extract)
            if not notes:  # a guess at the encoding names the file, and may be mended one day
                cache.keep(digest, part.kind, entry)
        _check_text(part.name, entry.text)
        self._append(part, notes + fill(part, entry))

    def _ask(self, part: Part, data: Data) -> Extract | None:
        with tempfile.TemporaryFile(buffering=0) as file:
            file.write(data)
            return self._reader.read(part.kind, file.fileno(), part.name)

    def _append(self, part: Part | None, notes: list[str]) -> None:
        self._document.notes += notes
        if part is not None:
            self._document.parts.append(part)
        self._changed()


def _check_text(name: str, text: str) -> None:
    if not text or text.isspace():
        raise DocumentError(f"{name} holds only white space; open a document with text in it.")


def _entry(extract: Extract) -> cache.Entry:
    headings = [(heading.title, heading.level, heading.offset) for heading in extract.headings]
    return cache.Entry(extract.text, [], headings, extract.remarks, extract.shape)
