"""A document as the REPL sees it: one canonical text a part, with its pages, headings and places.

Offsets are code points of the canonical text everywhere. A part grows while it is loaded: one thread appends,
any thread may read at any time.
"""

from __future__ import annotations

import hashlib
import re
import threading
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field

from rlm_tui.events import ContextInfo, ContextPart
from rlm_tui.text import bytes_a_char

PAGE_BREAK = "\f"
_LINE_BLOCK = 1 << 16


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of a document: `level` from 1, `offset` where its text begins."""

    title: str
    level: int
    offset: int


@dataclass(slots=True, eq=False)
class Part:
    """One document of the context; `bytes` and `file_sha256` are of the original, `sha256` is of the text.

    `shape` says what records it holds (`JSON, a list of 20 objects: id, name`), where that is known.
    """

    name: str
    kind: str = "text"
    path: str | None = None
    bytes: int | None = None
    file_sha256: str | None = None
    text: str = ""
    pages: list[int] = field(default_factory=lambda: [0])
    headings: list[Heading] = field(default_factory=list)
    shape: str = ""
    _width: tuple[int, int] = (0, 1)
    _digest: tuple[int, str] = (-1, "")
    _lines: list[int] = field(default_factory=lambda: [0])
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def is_paged(self) -> bool:
        """Whether `pages` are pages of the original, and not the one start of a flowing text."""
        return self.kind == "pdf" or len(self.pages) > 1

    @property
    def sha256(self) -> str:
        """SHA-256 of the canonical text as UTF-8."""
        length, digest = self._digest
        text = self.text
        if length != len(text):
            digest = hashlib.sha256(text.encode()).hexdigest()
            self._digest = len(text), digest
        return digest

    @property
    def width(self) -> int:
        """Bytes that each character takes in the worker; of a growing text only what is new is looked at."""
        (seen, width), text = self._width, self.text
        if len(text) > seen:
            self._width = len(text), width if width == 4 else max(width, bytes_a_char(text[seen:] if seen else text))
        return self._width[1]

    @property
    def weight(self) -> int:
        """Bytes that the text takes in the worker."""
        return self.width * len(self.text)

    def know_sha256(self, digest: str) -> None:
        """Take a digest of the present text that the loader already has."""
        self._digest = len(self.text), digest

    def append_pages(self, texts: Iterable[str], *, first: bool) -> None:
        """Add pages at the end, joined by a form feed; `first` when there are none yet."""
        pieces, starts, offset = [] if first else [self.text], [], 0 if first else len(self.text)
        for text in texts:
            if pieces:
                offset += len(PAGE_BREAK)
            pieces.append(text)
            starts.append(offset)
            offset += len(text)
        self.text = PAGE_BREAK.join(pieces)
        self.pages = starts if first else self.pages + starts

    def find_pages(self) -> None:
        """Take the pages of a text in which form feeds part them; one at its very end begins none."""
        starts = [match.end() for match in re.finditer(PAGE_BREAK, self.text)]
        self.pages = [0, *(start for start in starts if start < len(self.text))]

    def page_of(self, offset: int) -> int | None:
        """The page, from 1, on which a code point stands; None when the part has no pages."""
        return max(1, bisect_right(self.pages, offset)) if self.is_paged else None

    def page_text(self, page: int) -> str:
        """The text of a page, from 1; of the whole part when it has no pages; empty beyond the last."""
        pages, text = self.pages, self.text
        if not 1 <= page <= len(pages):
            return ""
        end = pages[page] - len(PAGE_BREAK) if page < len(pages) else len(text)
        return text[pages[page - 1] : end]

    def line_of(self, offset: int) -> int:
        """The line, from 1, on which a code point stands."""
        offset = min(max(offset, 0), len(self.text))
        block, text, lines = offset // _LINE_BLOCK, self.text, self._lines
        with self._lock:
            while len(lines) <= block:
                start = (len(lines) - 1) * _LINE_BLOCK
                lines.append(lines[-1] + text.count("\n", start, start + _LINE_BLOCK))
            return lines[block] + text.count("\n", block * _LINE_BLOCK, offset) + 1

    def place(self, offset: int) -> str:
        """Where a code point stands, for a person: `report.pdf p. 26`, `notes.md line 12`."""
        page = self.page_of(offset)
        return f"{self.name} p. {page}" if page else f"{self.name} line {self.line_of(offset)}"

    def info(self) -> ContextPart:
        """The part as the trace records it."""
        return ContextPart(
            name=self.name,
            kind=self.kind,
            chars=len(self.text),
            sha256=self.sha256,
            pages=len(self.pages) if self.is_paged else None,
            bytes=self.bytes,
            file_sha256=self.file_sha256,
            path=self.path,
        )


@dataclass(slots=True)
class Document:
    """What `context` is: one path gives one str, several paths or a folder give a list of str in path order.

    `notes` are facts of the documents and stand in the trace, `warnings` concern this machine and this run.
    """

    parts: list[Part] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    is_list: bool = False
    json_type: str = ""
    """What the JSON text of the one part is in the REPL (`a dict of 3 keys`); empty where it stays a text."""

    @property
    def value(self) -> str | list[str]:
        """The value of `context` in the REPL."""
        if self.is_list:
            return [part.text for part in self.parts]
        return self.parts[0].text if self.parts else ""

    @property
    def chars(self) -> int:
        """Code points of all parts together."""
        return sum(len(part.text) for part in self.parts)

    @property
    def weight(self) -> int:
        """Bytes that `context` takes in the worker."""
        return sum(part.weight for part in self.parts)

    def info(self) -> ContextInfo:
        """The manifest that the trace keeps; hashes the texts."""
        return ContextInfo(tuple(part.info() for part in self.parts), tuple(self.notes), self.is_list, self.json_type)

    def page_of(self, part: int, offset: int) -> int | None:
        """The page, from 1, on which a code point of a part stands; None when it has no pages."""
        return self.parts[part].page_of(offset)

    def page_text(self, part: int, page: int) -> str:
        """The text of a page, from 1; of the whole part when it has no pages."""
        return self.parts[part].page_text(page)

    def place(self, part: int, offset: int) -> str:
        """Where a code point of a part stands, for a person: `report.pdf p. 26`, `notes.md line 12`."""
        return self.parts[part].place(offset)
