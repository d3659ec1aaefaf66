"""The Chat pane: the conversation as the root LM saw it."""

from __future__ import annotations

from rlm_tui import events as ev
from rlm_tui.session.base import Session
from rlm_tui.ui.content.chat import Messages, Talk, chat
from rlm_tui.ui.content.parts import FOLD, NODE, iteration_of, live_mark, page_of
from rlm_tui.ui.content.tree import split_key
from rlm_tui.ui.widgets.calls import NodeSelected
from rlm_tui.ui.widgets.lines_view import LinesView


class ChatPane(LinesView):
    """Messages by role; a long one is folded, Enter opens it; a selected node scrolls to its exchange."""

    pane_title = "Chat"

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(tail=True, id=id)
        self._session: Session | None = None
        self._selection: str | None = None
        self._opened: frozenset[str] = frozenset()
        self._messages = Messages()
        self._drawn: tuple[object, ...] = ()

    def show(self, session: Session, selection: str | None) -> None:
        """Draw the conversation of the selected RLM."""
        drawn = self._signature(session, selection)
        if drawn == self._drawn:
            return
        if session is not self._session:
            self._messages = Messages()
        is_new = selection != self._selection
        self._drawn, self._session, self._selection = drawn, session, selection
        talk = chat(page_of(session, self.columns, self._opened), selection, self._messages)
        self.show_rows(talk.rows)
        if is_new:
            self._go_to(talk, self._head(session, selection))

    def _signature(self, session: Session, selection: str | None) -> tuple[object, ...]:
        view = session.view
        counts = tuple(view.count(kind) for kind in (ev.NodeOpened, ev.LmRequested, ev.LmResponded, ev.LmFailed))
        words, live = len(view.queued_words()), live_mark(session, "text")
        return id(session), counts, words, live, selection, self.columns, self._opened, session.following

    def _head(self, session: Session, selection: str | None) -> str:
        """The LM call whose messages belong to a selection."""
        view = session.view
        node = view.node(split_key(selection or "")[0])
        if node is None or node.type in ("lm", "rlm"):
            return node.id if node else ""
        turn = iteration_of(view, node)
        return next((child.id for child in view.children(turn) if child.type == "lm"), "")

    def _go_to(self, talk: Talk, lm: str) -> None:
        head = talk.heads.get(lm)
        if head is not None and not self.top <= head < self.top + self.page:
            self.show_rows(talk.rows, cursor=head, top=head)

    def on_lines_view_entered(self, event: LinesView.Entered) -> None:
        """Open or close a long message, or select the exchange that it belongs to."""
        event.stop()
        if event.key.startswith(FOLD) and self._session is not None:
            self._opened ^= {event.key}
            self.show(self._session, self._selection)
        elif event.key.startswith(NODE):
            self.post_message(NodeSelected(event.key.removeprefix(NODE)))

    def on_lines_view_moved(self, event: LinesView.Moved) -> None:
        """Reading on selects nothing."""
        event.stop()

    def on_lines_view_resized(self, event: LinesView.Resized) -> None:
        """Draw for the new width."""
        event.stop()
        if self._session is not None:
            self.show(self._session, self._selection)
