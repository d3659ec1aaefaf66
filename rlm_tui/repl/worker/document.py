"""Looks at the context by position, search and pieces, for models that know it as `P` and `ctx`.

The names are those of the rlm-runtime engine (github.com/apenab/rlm-runtime). A context of several documents counts
as one text in which a form feed stands between them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from json import dumps
from typing import Any, TypeAlias

Place: TypeAlias = tuple[int, int, str]

BREAK = "\f"
_EDGES = " \t\r\n.,;:\"'()[]{}"


class Ctx:
    """The context as text with positions: `ctx.find(…)` and `ctx.chunk(…)` give (start, end, text)."""

    __module__ = "__main__"

    def __init__(self, value: Callable[[], object]) -> None:
        self._value = value
        self._joined: tuple[object, str] | None = None

    def __repr__(self) -> str:
        count = self.num_documents()
        documents = "1 document" if count == 1 else f"{count:,} documents"
        return f"<ctx: {len(self):,} characters in {documents}; help(ctx) tells what it can do>"

    def __len__(self) -> int:
        return len(self.text)

    @property
    def text(self) -> str:
        """The whole context as one str."""
        value = self._value()
        if isinstance(value, str):
            return value
        if self._joined is None or self._joined[0] is not value:
            self._joined = (value, BREAK.join(self._documents()))
        return self._joined[1]

    def slice(self, start: int, end: int) -> str:
        """The text from start up to end."""
        return self.text[max(0, start) : max(0, end)]

    def find(
        self, pattern: str, *, regex: bool = False, max_matches: int = 20, case_sensitive: bool = True
    ) -> list[Place]:
        """Where a text (with regex=True a regular expression) stands: the first max_matches as (start, end, text)."""
        flags = 0 if case_sensitive else re.IGNORECASE
        found: list[Place] = []
        for match in re.finditer(pattern if regex else re.escape(pattern), self.text, flags) if pattern else ():
            if len(found) >= max_matches:
                break
            found.append((*match.span(), match[0]))
        return found

    def chunk(self, size: int, overlap: int = 0) -> list[Place]:
        """The whole text in pieces of `size` characters: a list of (start, end, text)."""
        if size <= 0 or not 0 <= overlap < size:
            raise ValueError(f"chunk(size, overlap) needs size > overlap >= 0, not size {size} and overlap {overlap}")
        text = self.text
        last = max(1, len(text) - overlap)
        starts = range(0, last, size - overlap) if text else ()
        return [(start, min(start + size, len(text)), text[start : start + size]) for start in starts]

    def chunk_documents(self, docs_per_chunk: int = 10) -> list[tuple[int, int, list[str]]]:
        """The documents in groups: a list of (first, end, texts)."""
        if docs_per_chunk <= 0:
            raise ValueError(f"chunk_documents(docs_per_chunk) needs a positive number, not {docs_per_chunk}")
        texts = self._documents()
        return [
            (start, min(start + docs_per_chunk, len(texts)), texts[start : start + docs_per_chunk])
            for start in range(0, len(texts), docs_per_chunk)
        ]

    def num_documents(self) -> int:
        """How many documents there are."""
        return len(self._documents())

    def get_document(self, index: int) -> str:
        """The text of one document, from 0."""
        return self._documents()[index]

    def page(self, number: int) -> str | None:
        """The text of one page, from 1; None when there is no such page."""
        pages = self.text.split(BREAK, number)
        return pages[number - 1] if 0 < number <= len(pages) else None

    def _documents(self) -> list[str]:
        value = self._value()
        if isinstance(value, str):
            return [value]
        if isinstance(value, list):
            return [item if isinstance(item, str) else dumps(item, ensure_ascii=False) for item in value]
        return [dumps(value, ensure_ascii=False)]


def document_helpers(ctx: Ctx) -> dict[str, Callable[..., Any]]:
    """The functions that look at the context without naming it."""

    def peek(n: int = 2000) -> str:
        """The first n characters of the context."""
        return ctx.slice(0, n)

    def tail(n: int = 2000) -> str:
        """The last n characters of the context."""
        return ctx.slice(len(ctx) - n, len(ctx)) if n > 0 else ""

    def lenP() -> int:  # noqa: N802
        """The length of the context in characters."""
        return len(ctx)

    def extract_after(marker: str, max_len: int = 128) -> str | None:
        """The first word behind a marker in the context, without punctuation round it; None when there is none."""
        at = ctx.text.find(marker)
        words = ctx.slice(at + len(marker), at + len(marker) + max_len).split(None, 1) if at >= 0 else []
        return (words[0].strip(_EDGES) or None) if words else None

    return {function.__name__: function for function in (peek, tail, lenP, extract_after)}


def pieces(chunks: object, size: int | None = None) -> list[str]:
    """The texts of what a model hands over as chunks: texts, what `ctx.chunk` or `ctx.chunk_documents` gave, or one."""
    if isinstance(chunks, str):
        return [chunks[at : at + size] for at in range(0, len(chunks), size)] if size else [chunks]
    if not isinstance(chunks, (list, tuple)):
        raise TypeError(f"chunks must be a list of str or what ctx.chunk(…) gave, not {type(chunks).__name__}")
    if len(chunks) == 3 and isinstance(chunks[0], int) and isinstance(chunks[1], int):
        return pieces(chunks[2], size) if isinstance(chunks[2], str) else ["\n\n".join(chunks[2])]
    return [text for chunk in chunks for text in pieces(chunk, size)]
