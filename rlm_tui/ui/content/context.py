"""The Context pane: the outline of the documents, their text page by page, and where a search hit."""

from __future__ import annotations

from bisect import bisect_left

from rlm_tui import events as ev
from rlm_tui.context.document import Document, Part
from rlm_tui.context.outline import Row, outline_rows
from rlm_tui.session.base import NOT_NAMED
from rlm_tui.text import one_line, plural
from rlm_tui.ui.finding import Finding
from rlm_tui.ui.lines import BLANK, Line, Rows, Span, clip, line, paint, rjust, split, wrap_text
from rlm_tui.ui.rows import Provider, TextRows

HIT, HIT_NOW = "background on careful", "background on accent"
GUTTER = 7
_WAITING = "The documents, their outline and their text appear here once one is open."


def absent(started: ev.RunStarted | None, width: int, trouble: str = "") -> list[Line]:
    """What the pane says without a document; `trouble`: why none could be opened."""
    if started is None or not started.context.parts:
        why = _WAITING if started is None else f"{NOT_NAMED}."
        return wrap_text(trouble or why, width, "failed" if trouble else "dim")
    parts = started.context.parts
    size = f"{parts[0].name}, " if len(parts) == 1 else f"{plural(len(parts), 'document')}, "
    said = f"The document is not at hand: {size}{plural(started.context.chars, 'character')}."
    hint = "Open the trace beside its document to read it here; all that was printed or passed on stands in the steps."
    return [*wrap_text(said, width, "text"), BLANK, *wrap_text(hint, width, "dim")]


def about_rows(document: Document, width: int, most: int) -> list[Line]:
    """What a person should know of the documents beside their text: shape, warnings, notes; at most `most` rows."""
    shape = document.parts[0].shape if len(document.parts) == 1 else ""
    told = [(shape, "dim")] if shape else []
    told += [(f"⚠ {words}", "careful") for words in document.warnings]
    told += [(f"· {words}", "muted") for words in document.notes]
    rows = [row for words, role in told for row in wrap_text(words, max(2, width), role)]
    if len(rows) <= most:
        return rows
    return [*rows[: most - 1], clip(Line((*rows[most - 1].spans, *line((" …", "dim")).spans)), width)]


class OutlineRows(Provider):
    """Parts, headings and pages of a document, one a row."""

    def __init__(self, document: Document, width: int) -> None:
        self.entries = _without_doubles(outline_rows(document))
        self._document = document
        self._width = width
        self._lone = len(document.parts) == 1
        self._places = [(entry.part, entry.offset) for entry in self.entries]

    def __len__(self) -> int:
        return len(self.entries)

    def at(self, index: int) -> Line:
        """One entry: what it is called, and its page."""
        entry = self.entries[index]
        if entry.kind == "part":
            shape = one_line(self._document.parts[entry.part].shape) if not self._lone else ""
            return clip(line((entry.label, "text bold"), (f"  {shape}" if shape else "", "dim")), self._width)
        if entry.kind == "page":
            number = rjust(str(entry.page), 5)
            return clip(Line((number, Span("  "), *line((entry.label, "muted")).spans)), self._width)
        margin = " " * min(12, 2 * entry.level - (2 if self._lone else 0))
        page = line((f" {entry.page}", "dim")) if entry.page else line()
        return split(line(margin, (entry.label, "text")), page, self._width)

    def row_of(self, part: int, offset: int) -> int:
        """The entry in which a place stands."""
        return max(0, bisect_left(self._places, (part, offset + 1)) - 1)


def _without_doubles(entries: list[Row]) -> list[Row]:
    """No page beside a heading that begins on it: the heading says its page."""
    told = {(entry.part, entry.page) for entry in entries if entry.kind == "heading"}
    return [entry for entry in entries if entry.kind != "page" or (entry.part, entry.page) not in told]


def outline_size(document: Document) -> tuple[int, int, int]:
    """What changes when the outline may: how many parts, and pages and headings of the last, the only one to grow."""
    last = document.parts[-1]
    return len(document.parts), len(last.pages), len(last.headings)


class DocumentRows(Provider):
    """The text of one part with its page numbers in a gutter and the hits of a search marked."""

    def __init__(self, part: Part, index: int, text: TextRows) -> None:
        self.part, self.index, self.text = part, index, text
        self.finding: Finding | None = None
        self.hit: tuple[int, int] | None = None

    def __len__(self) -> int:
        return len(self.text)

    def at(self, index: int) -> Line:
        """One row of the text."""
        begin, end = self.text.bounds(index)
        row = self.text.at(index)
        if self.finding is not None:
            row = self._marked(row, begin, end)
        return Line((self._gutter(begin, end), *row.spans)) if self.part.is_paged else row

    def _marked(self, row: Line, begin: int, end: int) -> Line:
        places = self.finding.within(self.index, begin, end) if self.finding else []
        if not places or "\t" in self.text.text[begin:end]:
            return paint(row, [(0, len(row.text))], HIT) if places else row
        shown = paint(row, [(max(0, start - begin), stop - begin) for start, stop in places], HIT)
        if self.hit and begin < self.hit[1] and self.hit[0] < end:
            shown = paint(shown, [(max(0, self.hit[0] - begin), self.hit[1] - begin)], HIT_NOW)
        return shown

    def _gutter(self, begin: int, end: int) -> Span:
        pages = self.part.pages
        nth = bisect_left(pages, begin)
        starts_here = nth < len(pages) and pages[nth] < max(end, begin + 1)
        return Span(f"{f'p.{nth + 1}' if starts_here else '':<{GUTTER}}", "dim")


def entry_at(rows: Rows, index: int) -> Row | None:
    """The entry of the outline on a row."""
    return rows.entries[index] if isinstance(rows, OutlineRows) and index < len(rows) else None
