"""`/`, `n` and `N` in the linear mode: the search of the app, its hits by group, each one sentence."""

from __future__ import annotations

from collections.abc import Iterator

from rlm_tui.session import commands as cmd
from rlm_tui.session.base import Session
from rlm_tui.text import one_line, plural
from rlm_tui.ui.finding import Finding
from rlm_tui.ui.searching import GROUPS, At, Search, counted
from rlm_tui.ui.state import UiState

_SAID = 3
_SLICE_S, _PATIENCE_S = 0.05, 20.0
_BEFORE, _AFTER = 60, 120


class Hits:
    """What was searched last; the hit that is stood on selects its node, so that `show` says the step."""

    def __init__(self, session: Session, ui: UiState) -> None:
        self._session, self._ui = session, ui
        self._search: Search | None = None
        self._finding: Finding | None = None
        self._at: At | None = None

    def find(self, query: str) -> Iterator[str]:
        """How many hits each group has, and the first of each."""
        if not query.strip():
            yield "note: find what? as in: find magic number, or find ~error."
            return
        self._begin(query)
        search = self._worked()
        if search.fault:
            yield f"note: {search.fault}" + ("" if search.is_filter else " It is read as plain text.")
        more = " It is not searched to its end; find again goes on." if search.is_busy else ""
        if not search.total:
            yield f"find: no hit of {query} so far.{more}" if more else f"find: {query} stands nowhere."
            return
        yield f"find: {plural(search.total, 'hit')} of {query}: {counted(search.counts).replace(' · ', ', ')}.{more}"
        for group, count in search.counts:
            yield from (self._said(search, At(group, nth)) for nth in range(min(count, _SAID)))
        yield "note: n goes to each in turn, N to the one before."

    def _begin(self, query: str) -> None:
        self._ui.searched = True
        if self._search is not None and self._search.query == query.strip():
            return
        self.close()
        search = Search(self._session, query, lambda: self._finding)
        self._search, self._at = search, None
        document = self._session.document
        if document is not None and not search.is_filter:
            self._finding = Finding(document, query)

    def _worked(self) -> Search:
        """The search, gone on with to its end or as long as a person would wait."""
        search = self._search
        assert search is not None  # noqa: S101
        for _ in range(int(_PATIENCE_S / _SLICE_S)):
            search.work(_SLICE_S)
            if not search.is_busy:
                break
            if search.percent is None and self._finding is not None:
                self._finding.wait(_SLICE_S)
        return search

    def step(self, by: int) -> list[str]:
        """Go to the next hit or the one before, and say it."""
        search = self._search
        at = search.beside(self._at, by) if search is not None else None
        if search is None or at is None:
            return ["find: there is no hit."]
        self._at, hit = at, search.hit(at)
        if hit.node:
            if hit.seq > self._session.view.seq or hit.group == "var":
                self._session.send(cmd.Seek(hit.seq))
            self._ui.selection, self._ui.pinned = hit.node, True
        return [self._said(search, at)]

    def _said(self, search: Search, at: At) -> str:
        hit = search.hit(at)
        words = one_line(f"{hit.before[-_BEFORE:]}{hit.found}{hit.after[:_AFTER]}", 2 * _AFTER)
        place = search.place(at).replace(" · ", ", ")
        return f"hit {search.number(at):,}, {GROUPS[at.group]}, {place}: {words}"

    def close(self) -> None:
        """End the search through the document."""
        if self._finding is not None:
            self._finding.cancel()
            self._finding = None
