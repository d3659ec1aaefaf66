"""A prompt at the bottom of the screen, in place of a dialog: a title, a text of one or more lines, and its keys."""

from __future__ import annotations

import codeop

from textual import events
from textual.app import ComposeResult
from textual.message import Message
from textual.widget import Widget
from textual.widgets import TextArea

from rlm_tui.ui.asking import Asking, Enter, Purpose
from rlm_tui.ui.lines import clip, indent, line, split, wrap_text
from rlm_tui.ui.widgets.bar import Bar
from rlm_tui.ui.widgets.editor import CodeEditor

_SENDING = ("f5", "f10")


class PromptEditor(CodeEditor):
    """The text of a prompt: `enter` says whether Enter sends it, or goes on to a new line; `by_key` lets F5 send."""

    class Sent(Message):
        """The person sent the text."""

    enter: Enter = "sends"
    by_key = False

    @property
    def said(self) -> str:
        """What is sent: of code not the empty row on which Enter ended it."""
        return self.text.rstrip() if self.enter == "runs" else self.text

    def _is_sent_by(self, key: str) -> bool:
        if key in _SENDING:
            return self.by_key
        is_done = self.enter == "sends" or (self.enter == "runs" and is_complete(self.text, self.cursor_location[0]))
        return key == "enter" and is_done

    def _on_key(self, event: events.Key) -> None:  # type: ignore[override]
        if self._is_sent_by(event.key):
            event.stop()
            event.prevent_default()
            self.post_message(self.Sent())
        elif event.key in ("alt+enter", "shift+enter") or (event.key == "enter" and self.enter == "runs"):
            event.stop()
            event.prevent_default()
            self.insert(f"\n{self._margin()}" if self.enter == "runs" else "\n")

    def _margin(self) -> str:
        """What a row of code begins with below the one at the cursor: its margin, one step more below a colon."""
        row, column = self.cursor_location
        above = str(self.document.get_line(row))[:column]
        return above[: len(above) - len(above.lstrip())] + " " * self.indent_width * above.rstrip().endswith(":")


def is_complete(code: str, row: int) -> bool:
    """Whether Enter on a row of a block runs it: one whole statement, or a last line that is empty."""
    lines = code.split("\n")
    if row < len(lines) - 1:
        return False
    if len(lines) > 1 and lines[-1].strip():
        return False
    try:
        return codeop.compile_command(code, symbol="exec") is not None
    except (SyntaxError, ValueError, OverflowError):
        return True


class Prompt(Widget):
    """Opened with `ask`; posts `Submitted`, or nothing when it is left. What was typed is kept for the next time."""

    DEFAULT_CSS = """
    Prompt { height: auto; max-height: 12; display: none; layout: vertical; }
    Prompt PromptEditor { height: auto; max-height: 10; border: none; padding: 0 1; }
    """

    class Typed(Message):
        """What stands in the prompt for a purpose is another text now."""

        def __init__(self, purpose: Purpose, text: str) -> None:
            super().__init__()
            self.purpose: Purpose = purpose
            self.text = text

    class Submitted(Typed):
        """The text was sent."""

    class Left(Message):
        """The prompt was closed without sending."""

    def __init__(self) -> None:
        super().__init__(id="prompt", markup=False)
        self._asking: Asking | None = None
        self._fault = ""
        self._drafts: dict[Purpose, str] = {}

    def compose(self) -> ComposeResult:
        """A title row over the text."""
        yield Bar(id="prompt-title")
        yield PromptEditor(numbers=False)

    @property
    def is_open(self) -> bool:
        """Whether it asks for something now."""
        return self._asking is not None

    def ask(self, asking: Asking, text: str | None = None) -> None:
        """Open it for a purpose, with a text to begin with, else the draft that was left there."""
        self._keep()
        self._asking, self._fault = asking, ""
        self.display = True
        editor = self.query_one(PromptEditor)
        editor.enter, editor.by_key = asking.enter, True
        editor.load(self._drafts.get(asking.purpose, "") if text is None else text)
        editor.move_cursor(editor.document.end)
        self._draw_title()
        editor.focus()

    def close(self) -> None:
        """Hide it and keep what was typed."""
        self._keep()
        self._asking = None
        self.display = False

    def keep(self, purpose: Purpose, text: str) -> None:
        """Keep a text that comes back for the next time."""
        self._drafts[purpose] = text

    def _keep(self) -> None:
        if self._asking is not None:
            self._drafts[self._asking.purpose] = self.query_one(PromptEditor).text

    def tell(self, fault: str) -> None:
        """Say what is wrong with the text, in the place of the keys; nothing brings them back."""
        if fault != self._fault:
            self._fault = fault
            self._draw_title()

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        """Tell of a text that is looked at while it is typed."""
        event.stop()
        if self._asking is not None:
            self.post_message(self.Typed(self._asking.purpose, self.query_one(PromptEditor).text))

    def _draw_title(self) -> None:
        if self._asking is not None:
            left, width = line((f" {self._asking.title}", "user bold")), self.app.size.width
            right = line((f"{self._fault} ", "careful") if self._fault else (f"{self._asking.hint} ", "dim"))
            rows = [split(left, clip(right, max(0, width - left.cells - 1)), width)]
            if self._fault and left.cells + right.cells >= width:
                rows = [left, *indent(wrap_text(self._fault, width - 2, "careful"), 1)]
            self.query_one("#prompt-title", Bar).show_all(rows)

    def on_resize(self) -> None:
        """The title keeps its right end in sight."""
        self._draw_title()

    def on_prompt_editor_sent(self, event: PromptEditor.Sent) -> None:
        """Enter or F5 sends."""
        event.stop()
        self.send()

    def send(self) -> None:
        """Hand the text over, if there is any."""
        text = self.query_one(PromptEditor).said
        if self._asking is not None and (text.strip() or self._asking.may_be_empty):
            purpose = self._asking.purpose
            self.query_one(PromptEditor).load("")
            self.post_message(self.Submitted(purpose, text))

    def on_code_editor_edited(self, event: CodeEditor.Edited) -> None:
        """Esc leaves the prompt."""
        event.stop()
        self.post_message(self.Left())
