"""`:`: the window of the palette, which says its keys as every other window does."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.command import CommandInput, CommandList, CommandPalette

from rlm_tui.ui.screens.finder import SearchInput
from rlm_tui.ui.widgets.bar import Verb
from rlm_tui.ui.widgets.key_line import KeyLine

_KEYS = Verb("", "↑↓", "choose"), Verb("", "Enter", "do it"), Verb("", "Esc", "close")


class _Wanted(CommandInput, SearchInput):
    """What is typed, drawn safely whatever was pasted."""


class Commands(CommandPalette):
    """The palette with its keys in the last row."""

    def compose(self) -> ComposeResult:
        """What is typed, what is found, and the keys."""
        for widget in super().compose():
            if isinstance(widget, CommandInput):
                widget = _Wanted(placeholder=widget.placeholder, select_on_focus=False)  # noqa: PLW2901
            yield widget
        yield KeyLine(lambda: _KEYS)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Whether a key acts now: none moves in the list while the window has no room for a row of it."""
        if action == "command_list" and not self.query_one(CommandList).scrollable_content_region:
            return False
        return super().check_action(action, parameters)
