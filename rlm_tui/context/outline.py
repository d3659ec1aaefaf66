"""The outline of a document for display: its parts, their pages and headings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from rlm_tui.context.document import Document, Part
from rlm_tui.text import one_line

_PEEK = 400


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the outline: where it leads (part, offset) and how deep it stands (0 is a part)."""

    kind: Literal["part", "page", "heading"]
    label: str
    part: int
    offset: int
    level: int
    page: int | None = None


def outline_rows(document: Document) -> list[Row]:
    """All rows in document order; a page is labelled with its first words, or `(no text)`."""
    return [row for index, part in enumerate(document.parts) for row in _part_rows(index, part)]


def _part_rows(index: int, part: Part) -> Iterator[Row]:
    yield Row("part", one_line(part.name), index, 0, 0)
    rows = [Row("heading", one_line(h.title), index, h.offset, h.level, part.page_of(h.offset)) for h in part.headings]
    if part.is_paged:
        rows += [_page_row(index, part, page) for page in range(1, len(part.pages) + 1)]
    yield from sorted(rows, key=lambda row: (row.offset, row.kind))


def _page_row(index: int, part: Part, page: int) -> Row:
    start = part.pages[page - 1]
    words = one_line(part.page_text(page)[:_PEEK], 60) or "(no text)"
    return Row("page", words, index, start, 1, page)
