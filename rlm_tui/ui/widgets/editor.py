"""An editor for held code and other texts: drawn through safe(), stored exactly as typed or loaded."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import TextArea

from rlm_tui.text import safe


class CodeEditor(TextArea):
    """A text area whose stored text is never altered by how it is drawn.

    Esc leaves it (the edit is kept), Tab indents; no letter that is typed here is a command.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "leave the editor", show=False),
    ]

    class Edited(Message):
        """The person left the editor; `text` is what stands in it."""

        def __init__(self, editor: CodeEditor, text: str) -> None:
            super().__init__()
            self.editor = editor
            self.text = text

        @property
        def control(self) -> CodeEditor:
            """The editor that was left."""
            return self.editor

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(
            soft_wrap=False,
            tab_behavior="indent",
            show_line_numbers=True,
            highlight_cursor_line=True,
            id=id,
            classes=classes,
        )
        self.indent_width = 4

    def load(self, text: str, *, read_only: bool = False) -> None:
        """Show a text from its start, without history of what stood here before."""
        self.read_only = read_only
        self.load_text(text)
        self.move_cursor((0, 0))

    def get_line(self, line_index: int) -> Text:
        """The line as it is drawn: one code point for one, so the cursor stays true."""
        return Text(safe(self.document.get_line(line_index), multiline=True), end="", no_wrap=True)

    def action_leave(self) -> None:
        """Leave the editor and keep what was typed."""
        self.post_message(self.Edited(self, self.text))
