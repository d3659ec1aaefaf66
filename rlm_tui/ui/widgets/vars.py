"""The Vars pane: the variables of the REPL."""

from __future__ import annotations

from textual.message import Message

from rlm_tui import events as ev
from rlm_tui.session import commands as cmd
from rlm_tui.session.base import Session
from rlm_tui.ui.content.parts import page_of
from rlm_tui.ui.content.vars import VAR, last_changes, variables
from rlm_tui.ui.selecting import child_of
from rlm_tui.ui.widgets.lines_view import LinesView
from rlm_tui.ui.words import child_name


class VarsPane(LinesView):
    """Name, type, size, preview; Enter opens one in full."""

    pane_title = "Vars"
    pane_note = ""
    pane_whose = ""

    class Wanted(Message):
        """A variable was opened whose value is not at hand yet."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._session: Session | None = None
        self._selection: str | None = None
        self._opened: frozenset[str] = frozenset()
        self._drawn: tuple[object, ...] = ()
        self._asked: dict[str, int] = {}

    def show(self, session: Session, selection: str | None) -> None:
        """Draw the variables of the selected RLM as its last block left them."""
        view, self._selection = session.view, selection
        repl, self.pane_whose = child_of(view, selection), child_name(view, child_of(view, selection))
        counts = view.count(ev.CodeFinished), view.count(ev.RunStarted), view.forgotten
        drawn = id(session), repl, counts, self.columns, self._opened, id(session.values), view.at_end
        if drawn != self._drawn:
            self._drawn, self._session = drawn, session
            page = page_of(session, self.columns, self._opened)
            changed = len(last_changes(page, repl))
            self.pane_note = f"{changed} changed" if changed else ""
            is_at_hand = view.at_end and not repl  # the worker of a child ends with it
            self.show_rows(variables(page, session.values if is_at_hand else {}, repl))
            self._want(session, is_at_hand)

    def unfold(self, keys: set[str]) -> None:
        """Nothing of a variable is folded but its value, which is not searched."""

    def on_lines_view_entered(self, event: LinesView.Entered) -> None:
        """Open or close a variable."""
        event.stop()
        if event.key.startswith(VAR) and self._session is not None:
            self._opened ^= {event.key}
            self.show(self._session, self._selection)

    def _want(self, session: Session, at_end: bool) -> None:
        """Ask for the values of what is open, once after each block; those of an earlier moment are gone."""
        names = {key.removeprefix(VAR) for key in self._opened} - {"context"}
        if not (at_end and names and session.can(cmd.Show)):
            return
        blocks = session.view.count(ev.CodeFinished)
        for name in sorted(names & {variable.change.name for variable in session.view.variables()}):
            if self._asked.get(name) != blocks:
                self._asked[name] = blocks
                self.post_message(self.Wanted(name))

    def on_lines_view_moved(self, event: LinesView.Moved) -> None:
        """A variable selects no node."""
        event.stop()

    def on_lines_view_resized(self, event: LinesView.Resized) -> None:
        """Draw for the new width."""
        event.stop()
        if self._session is not None:
            self.show(self._session, self._selection)
