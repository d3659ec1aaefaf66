"""An editor for held code and other texts: drawn through safe(), stored exactly as typed or loaded."""

from __future__ import annotations

from typing import overload

from rich.cells import cell_len
from textual import events
from textual.document._document import Document, EditResult, Location
from textual.document._document_navigator import DocumentNavigator
from textual.document._wrapped_document import WrappedDocument
from textual.geometry import Size
from textual.message import Message
from textual.widgets import TextArea

from rlm_tui.text import safe


class ExactDocument(Document):
    r"""Lines are what stands between `\n`, and nothing else ends one, so every text comes back as it went in.

    What is drawn and measured is the safe form of each line, one code point for one, so that the cursor stays true and
    nothing stands outside of what can be scrolled to.
    """

    def __init__(self, text: str) -> None:
        super().__init__("")
        self._lines = text.split("\n")
        self._drawn = _drawn(self._lines)

    @property
    def lines(self) -> list[str]:
        """The lines as they are drawn."""
        return self._drawn

    @overload
    def __getitem__(self, line_index: int) -> str: ...

    @overload
    def __getitem__(self, line_index: slice) -> list[str]: ...

    def __getitem__(self, line_index: int | slice) -> str | list[str]:
        """A line, or some, as drawn."""
        return self._drawn[line_index]

    def get_size(self, tab_width: int) -> Size:
        """Columns and rows that the drawn lines take."""
        widest = max((cell_len(each.expandtabs(tab_width)) for each in self._drawn), default=0)
        return Size(widest, len(self._drawn))

    def replace_range(self, start: Location, end: Location, text: str) -> EditResult:
        """Put `text` where a range stood; returns where it ends and what was replaced."""
        (top, left), (bottom, right) = sorted((start, end))
        replaced = self.get_text_range((top, left), (bottom, right))
        lines = self._lines
        before = lines[top][:left] if top < len(lines) else ""
        after = lines[bottom][right:] if bottom < len(lines) else ""
        new = (before + text).split("\n")
        end_location = (top + len(new) - 1, len(new[-1]))
        new[-1] += after
        lines[top : bottom + 1] = new
        self._drawn[top : bottom + 1] = _drawn(new)
        return EditResult(end_location, replaced)


def _drawn(lines: list[str]) -> list[str]:
    return [safe(each, multiline=True) for each in lines]


class CodeEditor(TextArea):
    """A text area whose stored text is never altered by how it is drawn.

    Esc leaves it (the edit is kept), Tab indents; no letter that is typed here is a command.
    """

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

    def __init__(self, *, id: str | None = None, classes: str | None = None, numbers: bool = True) -> None:  # noqa: A002
        super().__init__(
            soft_wrap=False,
            tab_behavior="indent",
            show_line_numbers=numbers,
            highlight_cursor_line=numbers,
            theme="css",
            id=id,
            classes=classes,
        )
        self.indent_width = 4

    def load(self, text: str, *, read_only: bool = False) -> None:
        """Show a text from its start, without history of what stood here before."""
        self.read_only = read_only
        self.load_text(text)
        self.move_cursor((0, 0))

    def on_resize(self) -> None:
        """What a narrow screen pushed out of sight at the left comes back where there is room again."""
        self.call_after_refresh(self._back_to_margin)

    def _back_to_margin(self) -> None:
        self.scroll_to(x=0, animate=False, immediate=True)
        self.scroll_cursor_visible()

    def _set_document(self, text: str, language: str | None) -> None:  # noqa: ARG002
        self.document = ExactDocument(text)
        self.wrapped_document = WrappedDocument(self.document, tab_width=self.indent_width)
        self.navigator = DocumentNavigator(self.wrapped_document)
        self._build_highlight_map()
        self.move_cursor((0, 0))
        self._rewrap_and_refresh_virtual_size()

    def _on_paste(self, event: events.Paste) -> None:  # type: ignore[override]
        r"""Terminals paste a line end as `\r`; it is a new line, which the base class then inserts."""
        event.text = event.text.replace("\r\n", "\n").replace("\r", "\n")

    def _on_key(self, event: events.Key) -> None:  # type: ignore[override]
        """Esc belongs to the person: it leaves, and the base class must not move the focus by itself."""
        if event.key == "escape":
            event.stop()
            event.prevent_default()
            self.post_message(self.Edited(self, self.text))
