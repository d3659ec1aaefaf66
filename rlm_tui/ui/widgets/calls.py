"""The Calls pane: the tree of the run, with a cursor that selects for every other pane."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from rlm_tui.filter import Filter
from rlm_tui.session.base import Session
from rlm_tui.ui.content.calls import CallRows, empty, header, scene
from rlm_tui.ui.content.narrowed import NarrowedRows, Narrowing
from rlm_tui.ui.content.tree import CallTree
from rlm_tui.ui.family import first_child
from rlm_tui.ui.selecting import clock_of, interesting
from rlm_tui.ui.widgets.lines_view import LinesView
from rlm_tui.ui.words import is_cut

_SOON_S = 0.03


class NodeSelected(Message):
    """A person selected a node: its id, or `CODE#BATCH` for the calls of one batch."""

    def __init__(self, node_id: str) -> None:
        super().__init__()
        self.node_id = node_id


class Narrowed(Message):
    """The filter has found more; the title tells how much."""


class CallsPane(LinesView):
    """The exact tree: root, iterations, LM calls, code blocks, sub-calls."""

    pane_note = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("h,left", "fold(0)", "Close / parent", show=False),
        Binding("l,right", "fold(1)", "Open / child", show=False),
    ]

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(keep_cursor=True, id=id)
        self.tree_state = CallTree()
        self._session: Session | None = None
        self._shown: CallRows | None = None
        self._selection: str | None = None
        self._posted: list[str] = []
        self._narrowing: Narrowing | None = None

    def narrow(self, meant: Filter | None, text: str = "") -> None:
        """Show only what a filter finds, and what holds it; None shows all again."""
        self._narrowing = Narrowing(meant, text) if meant is not None else None
        if self._session is not None:
            self.show(self._session, self._selection)
        self.post_message(Narrowed())

    @property
    def narrowed(self) -> str:
        """The filter that narrows the tree, or ""."""
        return self._narrowing.text if self._narrowing else ""

    @property
    def pane_title(self) -> str:
        """The name of the pane; narrowed, how many of how many it shows."""
        return f"Calls {self._narrowing.note}" if self._narrowing else "Calls"

    def _looked(self, session: Session) -> NarrowedRows | None:
        """What the filter finds by now; the rest of a long run is looked through a little later."""
        narrowing = self._narrowing
        if narrowing is None:
            return None
        narrowing.look(session.view, session.log)
        if not narrowing.is_done:
            self.set_timer(_SOON_S, self._go_on)
        return narrowing.rows

    def _go_on(self) -> None:
        if self._narrowing is not None and not self._narrowing.is_done and self._session is not None:
            self.show(self._session, self._selection)
            self.post_message(Narrowed())

    def show(self, session: Session, selection: str | None) -> None:
        """Draw the tree as it stands; a selection from outside moves the cursor and posts nothing."""
        if session is not self._session:
            self.tree_state = CallTree()
        self._session, self._selection = session, selection
        moment = scene(session.view, session.log, clock_of(session), session.notebook, is_cut(session))
        rows = CallRows(self.tree_state, moment, self.columns, self._looked(session))
        self._shown = rows
        if not len(rows):
            self.show_rows(empty(self.columns, self.narrowed), cursor=0)
            return
        wanted = selection if selection is not None else interesting(session.view)
        index = rows.rows.find(wanted) if wanted else None
        self.show_rows(rows)
        self.pane_note = header(self.columns).text.strip()
        if not self._is_echo(selection) and index is not None:
            if not rows.rows.row(index).depth and index != self.cursor and index >= self.top + self.page // 2:
                self.scroll_to(y=index - self.page // 2, animate=False)  # a root with what stands below it
            self.move_cursor(index)

    def _is_echo(self, selection: str | None) -> bool:
        """Whether a selection is one that the cursor has made and moved on from since."""
        if selection in self._posted:
            del self._posted[: self._posted.index(selection) + 1]
        else:
            self._posted.clear()
        return bool(self._posted)

    def _again(self, key: str) -> None:
        if self._session is not None:
            self.show(self._session, key)

    def on_lines_view_moved(self, event: LinesView.Moved) -> None:
        """Tell the other panes what is selected now."""
        event.stop()
        if event.key:
            self._posted.append(event.key)
            self.post_message(NodeSelected(event.key))

    def on_lines_view_entered(self, event: LinesView.Entered) -> None:
        """Open or close the row; one that holds nothing is read in Step."""
        event.stop()
        if self._session is None or not event.key:
            return
        if first_child(self._session.view, event.key) is None:
            self._ask("pane.step")
        else:
            self._fold(event.key, not self.tree_state.is_open(event.key))

    def _fold(self, key: str, is_open: bool) -> None:
        if self._session is not None:
            self.tree_state.fold(key, is_open, self._session.view)
            self._again(key)

    def action_fold(self, which: int) -> None:
        """Right opens a row or goes to its first child; left closes it or goes to its parent."""
        if self._shown is None or not len(self._shown):
            return
        row = self._shown.rows.row(self.cursor)
        following = self._shown.rows.row(self.cursor + 1) if self.cursor + 1 < len(self._shown) else None
        has_rows = following is not None and following.depth > row.depth
        if which and has_rows:
            self._move(self.cursor + 1)
        elif which or has_rows:
            self._open(row.key, bool(which))
        elif not self.cursor:
            self._ask("walk.parent")
        else:
            self._move(self._parent_row(row.depth))

    def _open(self, key: str, is_open: bool) -> None:
        """Open or close a row; of one that holds nothing that is said."""
        if self._session is not None and first_child(self._session.view, key) is None:
            self._ask("walk.child")
        else:
            self._fold(key, is_open)

    def _ask(self, action: str) -> None:
        """Have the app say why there is no way."""
        self.call_later(self.app.run_action, f"perform('{action}')")

    def _parent_row(self, depth: int) -> int:
        rows = self._shown
        index = self.cursor
        while rows is not None and index > 0 and rows.rows.row(index).depth >= depth:
            index -= 1
        return index

    def on_lines_view_resized(self, event: LinesView.Resized) -> None:
        """Draw for the new width."""
        event.stop()
        if self._session is not None:
            self.show(self._session, self._selection)
