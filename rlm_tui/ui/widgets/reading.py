"""What panes of folding rows share: Enter opens a fold or follows a row to its node, a new width draws again."""

from __future__ import annotations

from textual.message_pump import MessagePump

from rlm_tui.session.base import Session
from rlm_tui.ui.content.parts import FOLD, NODE
from rlm_tui.ui.widgets.calls import NodeSelected
from rlm_tui.ui.widgets.lines_view import LinesView


class Reading(MessagePump):
    """Mixed into a pane that draws one session and one selection; it keeps which folds are open."""

    _session: Session | None = None
    _selection: str | None = None
    _opened: frozenset[str] = frozenset()

    def show(self, session: Session, selection: str | None) -> None:
        """Draw what is selected; each pane does it in its own way."""
        raise NotImplementedError

    def show_again(self) -> None:
        """Draw the same once more, for a new width or another fold."""
        if self._session is not None:
            self.show(self._session, self._selection)

    def unfold(self, keys: set[str]) -> None:
        """Open folds by their keys."""
        self._opened |= keys
        self.show_again()

    def on_lines_view_entered(self, event: LinesView.Entered) -> None:
        """Open or close a fold, or select the node that a row leads to; any other row is the screen's to answer."""
        if event.key.startswith((FOLD, NODE)):
            event.stop()
        if event.key.startswith(FOLD):
            self._opened ^= {event.key}
            self.show_again()
        elif event.key.startswith(NODE):
            self.post_message(NodeSelected(event.key.removeprefix(NODE)))

    def on_lines_view_moved(self, event: LinesView.Moved) -> None:
        """Reading on selects nothing."""
        event.stop()

    def on_lines_view_resized(self, event: LinesView.Resized) -> None:
        """Draw for the new width."""
        event.stop()
        self.show_again()
