"""The Chat pane: the conversation as the root LM saw it."""

from __future__ import annotations

from rlm_tui import events as ev
from rlm_tui.session.base import Session
from rlm_tui.ui.content.batches import split_key
from rlm_tui.ui.content.chat import Messages, Talk, chat
from rlm_tui.ui.content.parts import live_mark, page_of, turn_of
from rlm_tui.ui.content.window import window_note
from rlm_tui.ui.lines import NO_SPAN
from rlm_tui.ui.selecting import child_of
from rlm_tui.ui.widgets.lazy_view import LazyView
from rlm_tui.ui.widgets.reading import Reading
from rlm_tui.ui.words import child_name


class ChatPane(Reading, LazyView):
    """Messages by role; a long one is folded, Enter opens it; a selected node scrolls to its exchange."""

    pane_title = "Chat"

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(tail=True, id=id)
        self.pane_note = NO_SPAN
        self.pane_whose = ""
        self._messages = Messages()
        self._drawn: tuple[object, ...] = ()
        self._place = 0

    def show(self, session: Session, selection: str | None) -> None:
        """Draw the conversation of the selected RLM."""
        owner = child_of(session.view, selection)
        self.pane_note, self.pane_whose = window_note(session, owner), child_name(session.view, owner)
        drawn = self._signature(session, selection)
        if drawn == self._drawn:
            return
        if session is not self._session:
            self._messages = Messages()
        has_moved = selection != self._selection or self._walked_to(session) != self._place
        self._drawn, self._session, self._selection = drawn, session, selection
        self._place = self._walked_to(session)
        talk = chat(page_of(session, self.columns, self._opened), selection, self._messages)
        self.show_rows(talk.rows)
        if has_moved:
            self._land(talk)

    @staticmethod
    def _walked_to(session: Session) -> int:
        """The moment to which a person walked; 0 while the newest one is followed."""
        return 0 if session.following else session.view.seq

    def on_show(self) -> None:
        """It comes onto the screen: go to what is selected, or to the newest message."""
        if self._session is not None:
            self._land(chat(page_of(self._session, self.columns, self._opened), self._selection, self._messages))

    def _land(self, talk: Talk) -> None:
        """Go to the messages of the selection; the newest ones are shown to their end."""
        if self._session is None:
            return
        part = talk.part_of(self._head(self._session, self._selection))
        if part is not None and part < talk.newest:
            self._go_to(talk, part)
        else:
            self._to_newest(talk)

    def _to_newest(self, talk: Talk) -> None:
        """The end of the conversation, or the beginning of a last message that is longer than the screen."""
        self.show_rows(talk.rows)
        self._settle_end()
        count = len(talk.rows)
        self.show_rows(talk.rows, cursor=count - 1, top=max(0, min(talk.last_heading(), count - self.page)))

    def _signature(self, session: Session, selection: str | None) -> tuple[object, ...]:
        view = session.view
        kinds = ev.NodeOpened, ev.LmRequested, ev.LmResponded, ev.LmFailed, ev.Edited, ev.Reset
        counts = tuple(view.count(kind) for kind in kinds)
        words, live = len(view.queued_words()), live_mark(session, "text")
        return id(session), counts, words, live, selection, self.columns, self._opened, self._walked_to(session)

    def _head(self, session: Session, selection: str | None) -> str:
        """The LM call whose messages belong to a selection."""
        view = session.view
        node = view.node(split_key(selection or "")[0])
        if node is None or node.type in ("lm", "rlm"):
            return node.id if node else ""
        turn = turn_of(view, node)
        return next((child.id for child in view.children(turn) if child.type == "lm"), "")

    def _go_to(self, talk: Talk, part: int) -> None:
        head = talk.row_of(part)
        if not self._is_seen(head):
            self.show_rows(talk.rows, cursor=head, top=head)
