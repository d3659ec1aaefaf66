"""The panes as lines, for the commands that look: calls, step, chat, REPL, context, variables."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from rlm_tui.cli.plain.linear import WIDTH, Section, sections, spoken_row
from rlm_tui.cli.plain.tell import page_at
from rlm_tui.context.document import Document
from rlm_tui.context.search import Hit, excerpt, find
from rlm_tui.session.base import Session
from rlm_tui.text import plural
from rlm_tui.ui.content.calls import CallRows, scene
from rlm_tui.ui.content.chat import chat
from rlm_tui.ui.content.context import OutlineRows, absent
from rlm_tui.ui.content.repl import repl
from rlm_tui.ui.content.step import step
from rlm_tui.ui.content.tree import CallTree
from rlm_tui.ui.content.vars import variables
from rlm_tui.ui.lines import Rows
from rlm_tui.ui.selecting import interesting

_HITS = 10


class Looking:
    """Says panes of the moment that is looked at; remembers the rows of `calls` and the search."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._keys: list[str] = []
        self._hits: Iterator[Hit] = iter(())
        self._query = ""

    def calls(self) -> Iterator[str]:
        """The tree, numbered for `show`."""
        session = self._session
        rows = CallRows(CallTree(), scene(session.view, session.log), WIDTH)
        self._keys = [rows.rows.row(index).key for index in range(len(rows))]
        if not self._keys:
            yield "calls: none yet."
        for index in range(len(rows)):
            yield f"{index + 1}. {'  ' * rows.rows.row(index).depth}{spoken_row(rows[index])}"

    def step(self, number: str = "") -> list[str]:
        """The step of this moment, or a row of `calls`."""
        chosen = interesting(self._session.view)
        if number:
            if not self._keys:
                next(self.calls())
            if not number.isdecimal() or not 1 <= int(number) <= len(self._keys):
                return [f"note: there is no row {number}; calls lists {plural(len(self._keys), 'row')}."]
            chosen = self._keys[int(number) - 1]
        return _said(step(page_at(self._session), chosen))

    def chat(self) -> list[str]:
        """The conversation."""
        return _said(chat(page_at(self._session), None).rows)

    def repl(self) -> list[str]:
        """Every block and its output."""
        return _said(repl(page_at(self._session)).rows)

    def vars(self) -> list[str]:
        """The variables, each a line."""
        return [spoken_row(row) for row in variables(page_at(self._session))[:]]

    def context(self, number: str = "") -> list[str]:
        """The outline of the document, or one page of it; of several documents one of them."""
        document = self._session.document
        if document is None or not document.parts:
            return [row.text for row in absent(self._session.view.started, WIDTH) if row.text]
        if not number:
            return ["context:", *(f"  {spoken_row(row)}" for row in OutlineRows(document, WIDTH)[:])]
        if not number.isdecimal():
            return ["note: a page is named by its number, as in: context 3."]
        return _page(document, int(number))

    def find(self, query: str) -> list[str]:
        """The first hits of a search in the document."""
        document = self._session.document
        if document is None:
            return self.context()
        self._query, self._hits = query, find(document, query)
        return self.next() if query.strip() else ["note: find what? as in: find magic number."]

    def next(self) -> list[str]:
        """The next hits."""
        document = self._session.document
        hits = list(islice(self._hits, _HITS)) if document is not None else []
        if document is None or not hits:
            return [f"find: no more hits of {self._query}."]
        return [f"{document.place(hit.part, hit.offset)}: {excerpt(document, hit).text}" for hit in hits]


def _said(rows: Rows) -> list[str]:
    return [line for section in sections(rows) for line in section.lines()]


def _page(document: Document, number: int) -> list[str]:
    is_lone = len(document.parts) == 1
    part = document.parts[0] if is_lone else None
    most = len(part.pages) if part is not None else len(document.parts)
    noun = "page" if is_lone else "document"
    if not 1 <= number <= most:
        return [f"note: there is no {noun} {number}; the context has {plural(most, noun)}."]
    text = part.page_text(number) if part is not None else document.parts[number - 1].text
    name = f"page {number}" if part is not None else document.parts[number - 1].name
    return list(Section(name, body=tuple(text.split("\n"))).lines())
