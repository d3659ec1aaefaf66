"""The REPL pane: what ran and what came of it, and a prompt for a line of one's own."""

from __future__ import annotations

import builtins
import re

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message

from rlm_tui import events as ev
from rlm_tui.session import commands as cmd
from rlm_tui.session.base import Session
from rlm_tui.text import one_line
from rlm_tui.ui.content.batches import split_key
from rlm_tui.ui.content.parts import live_mark, page_of, turn_of
from rlm_tui.ui.content.repl import Blocks, Transcript, repl
from rlm_tui.ui.lines import line
from rlm_tui.ui.selecting import child_of, whose_prompt
from rlm_tui.ui.widgets.bar import Bar
from rlm_tui.ui.widgets.editor import CodeEditor
from rlm_tui.ui.widgets.lazy_view import LazyView
from rlm_tui.ui.widgets.prompt import PromptEditor
from rlm_tui.ui.widgets.reading import Reading
from rlm_tui.ui.words import child_name

_REMEMBERED = 200
_NAME = re.compile(r"[^\W\d]\w*$")
_HELPERS = ("context", "llm_query", "llm_query_batched", "SHOW_VARS", "answer", *filter(str.islower, dir(builtins)))


class ReplPrompt(PromptEditor):
    """The prompt: Tab behind the beginning of a name completes it, as far as it is certain."""

    def __init__(self) -> None:
        super().__init__(numbers=False)
        self.enter = "runs"
        self.names: list[str] = []

    def _on_key(self, event: events.Key) -> None:  # type: ignore[override]
        row, column = self.cursor_location
        begun = _NAME.search(str(self.document.get_line(row))[:column])
        if event.key == "tab" and begun is not None:
            event.stop()
            event.prevent_default()
            self.insert(completion(begun.group(), self.names))


def completion(begun: str, names: list[str]) -> str:
    """What follows the beginning of a name in every name that begins so."""
    fitting = [name for name in names if name.startswith(begun)] or [begun]
    first, last = min(fitting), max(fitting)
    same = next((at for at, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))
    return first[len(begun) : same]


class ReplPane(Reading, Vertical):
    """Blocks and outputs in order; `>` runs a block of one's own in the same namespace."""

    pane_title = "REPL"
    DEFAULT_CSS = """
    ReplPane { height: 1fr; }
    ReplPane > LazyView { height: 1fr; }
    ReplPane .repl-prompt { height: auto; max-height: 10; }
    ReplPane .repl-mark { width: 2; }
    ReplPane .repl-hint { width: 11; }
    ReplPane PromptEditor { height: auto; max-height: 10; width: 1fr; border: none; padding: 0; }
    ReplPane .repl-reason { display: none; }
    ReplPane.-closed PromptEditor, ReplPane.-closed .repl-hint { display: none; }
    ReplPane.-closed .repl-reason { display: block; }
    """

    class Submitted(Message):
        """A person wants a block of their own to run."""

        def __init__(self, code: str) -> None:
            super().__init__()
            self.code = code

    class Left(Message):
        """The prompt was left."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.lines = LazyView(tail=True)
        self.prompt = ReplPrompt()
        self.mark, self.hint, self.reason = Bar(), Bar(), Bar()
        self.history: list[str] = []
        self.pane_whose = ""
        self._place = 0
        self._blocks = Blocks()
        self._drawn: tuple[object, ...] = ()

    def compose(self) -> ComposeResult:
        """The rows, and the prompt below them."""
        self.mark.add_class("repl-mark")
        self.hint.add_class("repl-hint")
        self.reason.add_class("repl-reason")
        yield self.lines
        with Horizontal(classes="repl-prompt"):
            yield self.mark
            yield self.prompt
            yield self.hint
            yield self.reason

    def show(self, session: Session, selection: str | None) -> None:
        """Draw the blocks so far; the prompt is there when a block can be injected, else the reason why not."""
        owner = child_of(session.view, selection)
        self.pane_whose = child_name(session.view, owner)
        self._show_prompt(session)
        self.prompt.names = [*_HELPERS, *(variable.change.name for variable in session.view.variables())]
        drawn = owner, *self._signature(session)
        if drawn != self._drawn or selection != self._selection:
            if session is not self._session:
                self._blocks = Blocks()
            is_new = selection != self._selection and not session.following
            self._drawn, self._session, self._selection = drawn, session, selection
            transcript = repl(page_of(session, self.lines.columns, self._opened), self._blocks, owner)
            self.lines.show_rows(transcript.rows)
            if is_new:
                self._go_to(session, transcript, selection)

    def _show_prompt(self, session: Session) -> None:
        capability = session.can(cmd.Inject)
        if capability and self.pane_whose:
            capability = whose_prompt(self.pane_whose)
        self.set_class(not capability, "-closed")
        self.hint.show_rows(line(("Enter runs " if capability else "", "dim")))
        self.mark.show_rows(line((">", "user bold" if capability else "dim")))
        self.reason.show_rows(line((one_line(capability.reason), "dim")))

    def _signature(self, session: Session) -> tuple[object, ...]:
        view = session.view
        started, over = view.count(ev.CodeStarted), view.count(ev.CodeFinished)
        changed = view.forgotten, view.count(ev.Edited)
        runs = started > over
        live = live_mark(session, "stdout") if runs else ()
        tick = round(session.now, 1) if runs else 0.0
        return id(session), changed, started, over, live, tick, self.lines.columns, self._opened, session.following

    def _go_to(self, session: Session, transcript: Transcript, selection: str | None) -> None:
        """Bring the block of a selection on screen."""
        node = session.view.node(split_key(selection or "")[0])
        turn = turn_of(session.view, node) if node else None
        wanted = [node.id, *(child.id for child in session.view.children(turn))] if node and turn else []
        head = next((head for name in wanted if (head := transcript.head(name)) is not None), None)
        if head is not None and not self.lines.top <= head < self.lines.top + self.lines.page:
            self.lines.show_rows(transcript.rows, cursor=head, top=head)

    def focus_prompt(self) -> None:
        """Go to the prompt, if a block can be injected now."""
        if not self.has_class("-closed"):
            self.prompt.focus()

    def on_prompt_editor_sent(self, event: PromptEditor.Sent) -> None:
        """Enter hands the block over."""
        event.stop()
        code = self.prompt.said
        if code.strip():
            self.history = [*self.history[1 - _REMEMBERED :], code]
            self._place = len(self.history)
            self.prompt.load("")
            self.post_message(self.Submitted(code))

    def on_key(self, event: events.Key) -> None:
        """Up on the first row and down on the last walk through what was typed before."""
        if not self.prompt.has_focus or event.key not in ("up", "down"):
            return
        by = -1 if event.key == "up" else 1
        row = self.prompt.cursor_location[0]
        if row == (0 if by < 0 else self.prompt.document.line_count - 1):
            event.prevent_default()
            self._recall(by)

    def _recall(self, by: int) -> None:
        self._place = max(0, min(self._place + by, len(self.history)))
        text = self.history[self._place] if self._place < len(self.history) else ""
        self.prompt.load(text)
        self.prompt.move_cursor(self.prompt.document.end)

    def on_code_editor_edited(self, event: CodeEditor.Edited) -> None:
        """Esc leaves the prompt and keeps what was typed."""
        event.stop()
        self.lines.focus()
        self.post_message(self.Left())
