"""The line whose words narrow a list while they are typed; every list has the same manners."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import TextArea

from rlm_tui.ui.widgets.bar import Verb
from rlm_tui.ui.widgets.editor import CodeEditor
from rlm_tui.ui.widgets.prompt import PromptEditor

ALL = Verb("", "Esc", "show all")
TYPING = (Verb("", "↑↓", "choose"), Verb("", "Enter", "keep"), ALL)
"""The keys of the line."""


class FilterLine(PromptEditor):
    """Enter keeps the words and goes to the list, Esc takes them away; the arrows are those of the list.

    It keeps its row while it is not seen, so that the list stands still.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "screen.choose(-1)", "up", show=False),
        Binding("down", "screen.choose(1)", "down", show=False),
    ]

    class Typed(Message):
        """Other words stand there."""

    class Left(Message):
        """One goes back to the list."""

    def __init__(self, *, id: str) -> None:  # noqa: A002
        super().__init__(numbers=False, id=id)
        self.visible = False

    def open(self) -> None:
        """Type in it, from the next key on."""
        self.visible = True
        self.screen.set_focus(self)

    def leave(self, *, is_kept: bool) -> None:
        """Go back to the list, with the words or without."""
        if not is_kept:
            self.load("")
        self.visible = bool(self.text)
        self.post_message(self.Left())

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        """What is typed acts at once."""
        event.stop()
        self.post_message(self.Typed())

    def on_prompt_editor_sent(self, event: PromptEditor.Sent) -> None:
        """Enter keeps the words."""
        event.stop()
        self.leave(is_kept=True)

    def on_code_editor_edited(self, event: CodeEditor.Edited) -> None:
        """Esc takes the words away."""
        event.stop()
        self.leave(is_kept=False)
