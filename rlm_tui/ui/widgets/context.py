"""The Context pane: outline and text of the documents, hits of a search marked; what is long is indexed in slices."""

from __future__ import annotations

import time

from textual import events
from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.timer import Timer

from rlm_tui.context.document import Document, Part
from rlm_tui.session.base import Session
from rlm_tui.text import short_bytes
from rlm_tui.ui.content.context import (
    GUTTER,
    DocumentRows,
    OutlineRows,
    about_rows,
    absent,
    entry_at,
    outline_size,
)
from rlm_tui.ui.content.parts import page_of
from rlm_tui.ui.content.passages import Passages, banner, child_context
from rlm_tui.ui.finding import Finding
from rlm_tui.ui.lines import Line
from rlm_tui.ui.rows import TextRows
from rlm_tui.ui.selecting import child_of
from rlm_tui.ui.widgets.bar import Bar
from rlm_tui.ui.widgets.lines_view import LinesView
from rlm_tui.ui.words import child_name

_SLICE_S = 0.006
_BEAT_S = 0.03
_WIDE = 72
_OUTLINE, _WIDEST_OUTLINE, _FULL_TEXT = 26, 44, 104
_ABOUT = 4


class ContextPane(Vertical):
    """Documents and pages on the left (or above), the text beside them."""

    pane_title = "Context"
    pane_note = ""
    pane_whose = ""
    DEFAULT_CSS = """
    ContextPane { height: 1fr; }
    ContextPane > #context-body { height: 1fr; layout: vertical; }
    ContextPane #context-outline { height: 30%; }
    ContextPane #context-text { height: 1fr; padding-left: 1; }
    ContextPane.-wide > #context-body { layout: horizontal; }
    ContextPane.-wide #context-outline { height: 1fr; }
    ContextPane.-lone #context-outline { display: none; }
    ContextPane > #context-about { height: auto; display: none; padding-left: 1; }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.outline = LinesView(keep_cursor=True, id="context-outline")
        self.text = LinesView(id="context-text")
        self.about = Bar(id="context-about")
        self.finding: Finding | None = None
        self._session: Session | None = None
        self._document: Document | None = None
        self._rows: DocumentRows | None = None
        self._outline_key: tuple[object, ...] = ()
        self._outline_cost = 0.0
        self._outline_at = 0.0
        self._wanted: int | None = None
        self._passages: Passages | None = None
        self._passage_key = (-1, 0, 0)
        self._led_by: str | None = None
        self._selected: str | None = None
        self._timer: Timer | None = None
        self._child: tuple[object, ...] = ()

    def compose(self) -> ComposeResult:
        """What to know of the documents, outline and text."""
        yield self.about
        with Container(id="context-body"):
            yield self.outline
            yield self.text

    def on_mount(self) -> None:
        """The beat on which slices of work are done, while there is any."""
        self._timer = self.set_interval(_BEAT_S, self._beat, pause=True)

    def on_unmount(self) -> None:
        """No thread outlives the pane."""
        if self.finding is not None:
            self.finding.cancel()

    def on_resize(self, event: events.Resize) -> None:
        """The outline stands on the left where there is room, and takes what the text leaves free."""
        is_wide = event.size.width >= _WIDE
        self.set_class(is_wide, "-wide")
        spared = max(_OUTLINE, min(_WIDEST_OUTLINE, event.size.width - _FULL_TEXT))
        self.outline.styles.width = spared if is_wide else None

    def show(self, session: Session, selection: str | None) -> None:
        """Draw the document as far as it is loaded."""
        self._session, self._selected = session, selection
        if not self.text.size:  # it has no width yet; laid out, it is drawn again
            return
        owner = child_of(session.view, selection)
        self.pane_whose = child_name(session.view, owner)
        if owner:
            self._show_child(session, owner)
            return
        if self._child:
            self._child, self._rows, self._outline_key, self._led_by = (), None, (), None
            self.text.show_rows([], cursor=0, top=0)
        document = session.document
        is_empty = document is not None and not any(part.text for part in document.parts)
        if document is None or not document.parts or (is_empty and session.phase == "loading"):
            self._document = self._rows = None
            self.pane_note = ""
            self._show_absent(session, selection)
            return
        self._passages = None
        if document is not self._document:
            self._document, self._rows, self._outline_key = document, None, ()
        self.set_class(sum(outline_size(document)[:2]) <= 2 and not document.parts[0].headings, "-lone")
        self._show_about(document)
        self._show_outline(document)
        self._show_part(self._rows.index if self._rows else 0)

    def _show_child(self, session: Session, owner: str) -> None:
        """The text that a child RLM was asked about."""
        self.pane_note, self.about.display, self._passages = "", False, None
        self.set_class(True, "-lone")
        drawn = id(session), owner, self.text.columns
        if drawn != self._child:
            self._child, self._document, self._rows = drawn, None, None
            page = page_of(session, self.text.columns)
            self.text.show_rows(child_context(page, owner), cursor=0, top=0)

    def _show_absent(self, session: Session, selection: str | None) -> None:
        """What a trace holds of a document that is not at hand; without a trace, what will appear here."""
        view, log = session.view, session.log
        origin = session.origin
        known, columns = self._passages, self.outline.columns
        found = origin is not None and (known.again(view, log, columns) if known else Passages(view, log, columns))
        self._passages = found or None
        self.set_class(not found, "-lone")
        if not found or origin is None:
            self.about.display = False
            self.text.show_rows(absent(view.started, self.text.columns, session.trouble))
            return
        self._show_banner(banner(view, found, origin.attachment.words, max(2, self.size.width - 2))[:_ABOUT])
        node = view.node(selection.partition("#")[0]) if selection and selection != self._led_by else None
        self._led_by = selection
        index = found.of_node(node) if node is not None else None
        self.outline.show_rows(found, cursor=index)
        if index is not None:
            self.outline.move_cursor(index)
        self._show_passage(found, self.outline.cursor)

    def _show_passage(self, passages: Passages, index: int) -> None:
        key = index, self.text.columns, len(passages)
        if key[:2] != self._passage_key[:2] or not key[0]:
            top = None if key[0] == self._passage_key[0] else 0
            self.text.show_rows(passages.rows(index, self.text.columns), cursor=top, top=top)
        self._passage_key = key

    def _show_banner(self, rows: list[Line]) -> None:
        self.about.display = True
        self.about.styles.height = len(rows)
        self.about.show_rows(*rows)

    def _show_about(self, document: Document) -> None:
        self.pane_note = f"{short_bytes(document.weight)} in the REPL"
        rows = about_rows(document, self.size.width - 1, _ABOUT)
        self.about.display = bool(rows)
        if rows:
            self._show_banner(rows)

    def _show_outline(self, document: Document) -> None:
        """Made anew when it grew, but never for more than a small part of the time."""
        key, now = self._outline_wanted(document), time.monotonic()
        if key == self._outline_key:
            return
        if now - self._outline_at < 20 * self._outline_cost:
            self._work()
            return
        self.outline.show_rows(OutlineRows(document, self.outline.columns))
        self._outline_key, self._outline_at, self._outline_cost = key, now, time.monotonic() - now

    def _outline_wanted(self, document: Document) -> tuple[object, ...]:
        """What the rows of the outline depend on: the document, as far as it is read, and the width."""
        return id(document), *outline_size(document), self.outline.columns

    def _show_part(self, index: int) -> None:
        document = self._document
        if document is None:
            return
        part, columns = document.parts[index], self._text_width(document.parts[index])
        rows = self._rows
        if rows is None or rows.index != index or rows.part is not part:
            self._rows = self._new_rows(part, index, columns)
            self.text.show_rows(self._rows, cursor=0, top=0)
        elif rows.text.width != max(4, columns):
            self._wanted = rows.text.bounds(self.text.top)[0] if len(rows) else None
            self._rows = self._new_rows(part, index, columns)
        elif len(part.text) != len(rows.text.text):
            rows.text.grow(part.text)
        else:
            return
        self._beat()

    def _text_width(self, part: Part) -> int:
        return self.text.columns - (GUTTER if part.is_paged else 0)

    def _new_rows(self, part: Part, index: int, columns: int) -> DocumentRows:
        rows = DocumentRows(part, index, TextRows(part.text, columns))
        rows.finding = self.finding
        return rows

    def _work(self) -> None:
        if self._timer is not None:
            self._timer.resume()

    def _beat(self) -> None:
        """A slice of work: more rows of the text, the outline, the count of hits; the beat rests when all is done."""
        rows, until = self._rows, time.monotonic() + _SLICE_S
        if rows is not None:
            while not rows.text.is_complete and time.monotonic() < until:
                rows.text.index()
            self.text.show_rows(rows)
            self._arrive(rows)
        document = self._document
        outline_due = document is not None and self._outline_key != self._outline_wanted(document)
        if outline_due and document is not None:
            self._show_outline(document)
        self._follow_search()
        is_busy = (rows is not None and not rows.text.is_complete) or outline_due
        is_busy = is_busy or (self.finding is not None and not self.finding.is_done)
        if self._timer is not None:
            (self._timer.resume if is_busy else self._timer.pause)()

    def _arrive(self, rows: DocumentRows) -> None:
        """Go to the place that is wanted, once its row is known."""
        if self._wanted is None or not (rows.text.is_complete or rows.text.knows(self._wanted)):
            return
        row, self._wanted = rows.text.row_of(self._wanted), None
        if self.text.top <= row < self.text.top + self.text.page:
            self.text.move_cursor(row)
        else:
            self.text.show_rows(rows, cursor=row, top=max(0, row - self.text.page // 4))

    def go_to(self, part: int, offset: int) -> None:
        """Bring a place of the document on screen, as soon as its row is known."""
        self._show_part(part)
        self._wanted = offset
        self._beat()

    def on_lines_view_moved(self, event: LinesView.Moved) -> None:
        """The cursor of the outline leads through the text."""
        event.stop()
        if self._passages is not None and event.view is self.outline:
            self._show_passage(self._passages, event.index)
        entry = entry_at(self.outline.rows, event.index) if event.view is self.outline else None
        if entry is not None:
            self.go_to(entry.part, entry.offset)

    def on_lines_view_entered(self, event: LinesView.Entered) -> None:
        """Enter on the outline goes on into the text."""
        event.stop()
        self.on_lines_view_moved(event)
        self.text.focus()

    def on_lines_view_resized(self, event: LinesView.Resized) -> None:
        """Draw for the new width."""
        event.stop()
        if self._session is not None:
            self.show(self._session, self._selected)

    @property
    def place(self) -> tuple[int, int | None]:
        """The part that is shown, from 0, and the page at which its cursor stands, where it has pages."""
        rows = self._rows
        if rows is None or not len(rows):
            return 0, None
        row = min(max(self.text.cursor, self.text.top), self.text.top + self.text.page - 1, len(rows) - 1)
        return rows.index, rows.part.page_of(rows.text.bounds(row)[0])

    def search(self, query: str, document: Document | None) -> None:
        """Look for a text in a document from now on and mark where it stands; no text ends it."""
        if self.finding is not None:
            self.finding.cancel()
        self.finding = Finding(document, query) if query.strip() and document is not None else None
        self._mark_hit(None)
        self._beat()

    def _follow_search(self) -> None:
        """Search again when the document has grown since."""
        finding = self.finding
        if finding is not None and finding.is_done and finding.chars != finding.document.chars:
            self.finding = Finding(finding.document, finding.query)
            if self._rows is not None:
                self._rows.finding = self.finding

    def _mark_hit(self, place: tuple[int, int] | None) -> None:
        if self._rows is not None:
            self._rows.finding, self._rows.hit = self.finding, place
            self.text.show_rows(self._rows)

    def show_hit(self, number: int) -> None:
        """Go to a hit of the search, by its number from 0, and mark it before the others."""
        if self.finding is not None and number < self.finding.total:
            part, start, end = self.finding.hit(number)
            self._show_part(part)
            self._mark_hit((start, end))
            self.go_to(part, start)
