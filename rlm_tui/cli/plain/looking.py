"""The panes as lines, for the commands that look: calls, step, chat, REPL, context, variables."""

from __future__ import annotations

from collections.abc import Iterator

from rlm_tui.cli.plain.linear import WIDTH, EveryFold, Section, sections, spoken_row
from rlm_tui.cli.plain.tell import page_at
from rlm_tui.context.document import Document
from rlm_tui.filter import Filter, FilterError, parse
from rlm_tui.session.base import Session
from rlm_tui.text import plural
from rlm_tui.ui.content.calls import CallRows, scene
from rlm_tui.ui.content.chat import chat
from rlm_tui.ui.content.context import OutlineRows, absent
from rlm_tui.ui.content.narrowed import NarrowedRows, Narrowing
from rlm_tui.ui.content.passages import child_context
from rlm_tui.ui.content.repl import repl
from rlm_tui.ui.content.step import step
from rlm_tui.ui.content.summary import Summary
from rlm_tui.ui.content.tree import CallTree
from rlm_tui.ui.content.vars import variables
from rlm_tui.ui.family import Way, leads
from rlm_tui.ui.lines import Rows
from rlm_tui.ui.selecting import child_of
from rlm_tui.ui.state import UiState
from rlm_tui.ui.words import child_name, is_cut


class Looking:
    """Says panes of the moment that is looked at; remembers the rows of `calls`, their filter and the page."""

    def __init__(self, session: Session, ui: UiState) -> None:
        self._session, self._ui = session, ui
        self._keys: list[str] = []
        self._meant: Filter | None = None
        self.page: int | None = None

    def calls(self) -> Iterator[str]:
        """The tree, numbered for `show`."""
        session = self._session
        rows = CallRows(CallTree(), scene(session.view, session.log, is_cut=is_cut(session)), WIDTH, self._narrowed())
        self._keys = [rows.rows.row(index).key for index in range(len(rows))]
        if not self._keys:
            yield "calls: none that the filter finds; f alone shows all." if self._meant else "calls: none yet."
        for index in range(len(rows)):
            yield f"{index + 1}. {'  ' * rows.rows.row(index).depth}{spoken_row(rows[index])}"

    def step(self, number: str = "") -> list[str]:
        """What is looked at, or a row of `calls`, which is looked at from then on."""
        if number:
            if not self._keys:
                next(self.calls())
            if not number.isdecimal() or not 1 <= int(number) <= len(self._keys):
                return [f"note: there is no row {number}; calls lists {plural(len(self._keys), 'row')}."]
            self._ui.selection, self._ui.pinned = self._keys[int(number) - 1], True
        return _said(step(page_at(self._session), self._ui.selection))

    def chat(self) -> list[str]:
        """The conversation."""
        return self._of_whom(_said(chat(page_at(self._session), self._ui.selection).rows))

    def repl(self) -> list[str]:
        """Every block and its output."""
        return self._of_whom(_said(repl(page_at(self._session), owner=self._child).rows))

    def vars(self) -> list[str]:
        """The variables, each a line."""
        return self._of_whom([spoken_row(row) for row in variables(page_at(self._session), repl=self._child)[:]])

    @property
    def _child(self) -> str:
        """The child RLM that is looked at; "" is the root."""
        return child_of(self._session.view, self._ui.selection)

    def _of_whom(self, said: list[str]) -> list[str]:
        child = child_name(self._session.view, self._child)
        return [f"of {child}:", *said] if child else said

    def context(self, number: str = "") -> list[str]:
        """The outline of the document, or one page of it; of several documents one of them."""
        document = self._session.document
        if self._child:
            return [row.text for row in child_context(page_at(self._session), self._child)[:] if row.text]
        if document is None or not document.parts:
            return [row.text for row in absent(self._session.view.started, WIDTH, self._session.trouble) if row.text]
        if not number:
            return ["context:", *(f"  {spoken_row(row)}" for row in OutlineRows(document, WIDTH)[:])]
        if not number.isdecimal():
            return ["note: a page is named by its number, as in: context 3."]
        self.page = int(number) if len(document.parts) == 1 and document.parts[0].is_paged else None
        return _page(document, int(number))

    def summary(self) -> Iterator[str]:
        """What the run comes to, and its iterations."""
        told = Summary(self._session, WIDTH, EveryFold())
        yield from _said(told.facts(dense=True))
        yield from (f"iteration {spoken_row(row)}" for row in told.turns()[:])

    def filter(self, text: str) -> Iterator[str]:
        """The calls that a filter finds, with what holds them; without a filter all of them."""
        try:
            self._meant = parse(text) if text.strip() else None
        except FilterError as error:
            yield f"note: {error}"
            return
        yield from self.calls()

    def _narrowed(self) -> NarrowedRows | None:
        if self._meant is None:
            return None
        narrowing = Narrowing(self._meant, "")
        narrowing.look(self._session.view, self._session.log)
        while not narrowing.is_done:
            narrowing.look(self._session.view, self._session.log)
        return narrowing.rows

    def lead(self, way: Way) -> list[str]:
        """Go to the sibling, the parent or the first child of what is looked at, and say it."""
        key = leads(self._session.view, self._ui.selection, way)
        if key is not None:
            self._ui.selection, self._ui.pinned = key, True
        return self.step()


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
