"""The Vars pane: the variables of the REPL."""

from __future__ import annotations

from collections.abc import Mapping

from textual.message import Message

from rlm_tui import events as ev
from rlm_tui.session import commands as cmd
from rlm_tui.session.base import Session
from rlm_tui.ui.content.parts import page_of
from rlm_tui.ui.content.vars import VAR, last_changes, variables
from rlm_tui.ui.selecting import child_of
from rlm_tui.ui.widgets.lines_view import LinesView
from rlm_tui.ui.widgets.reading import Reading
from rlm_tui.ui.words import child_name

_LOOKED_AT = 2_000


class VarsPane(Reading, LinesView):
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
        self._drawn: tuple[object, ...] = ()
        self._asked: dict[str, int] = {}
        self._stood, self._block = 0, 0

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
            is_read = self.top != self._stood  # the person scrolled: nothing jumps under their eyes
            self.show_rows(variables(page, session.values if is_at_hand else {}, repl))
            block = view.last_block(repl) or 0
            if block != self._block and not is_read:
                self._bring_up(last_changes(page, repl))
            self._block, self._stood = block, self._stood if is_read else self.top
            self._want(session, is_at_hand)

    def _bring_up(self, changes: Mapping[str, ev.VarChange]) -> None:
        """Show the beginning, or the first of what the last block changed where that is further down.

        It depends on the moment alone, so that a moment looks the same from wherever one comes.
        """
        places = (at for at, row in enumerate(self.rows[:_LOOKED_AT]) if row.key.removeprefix(VAR) in changes)
        first = next(places, 0)
        self.show_rows(self.rows, top=0 if first < self.page else max(0, min(first - 1, len(self.rows) - self.page)))

    def unfold(self, keys: set[str]) -> None:
        """Nothing of a variable is folded but its value, which is not searched."""

    def on_lines_view_entered(self, event: LinesView.Entered) -> None:
        """Open or close a variable."""
        event.stop()
        if event.key.startswith(VAR):
            self._opened ^= {event.key}
            self.show_again()

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
