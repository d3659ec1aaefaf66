"""The last row of what stands over a screen: its keys, and whether letters are keys or text."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rlm_tui.ui.widgets.bar import Verb, VerbBar
from rlm_tui.ui.widgets.gate_bar import is_typing, mode_of


class KeyLine(VerbBar):
    """Stands in place of the last row of the screen below, whose keys do not act meanwhile."""

    DEFAULT_CSS = "KeyLine { dock: bottom; background: $surface; }"

    def __init__(self, keys: Callable[[], Sequence[Verb]]) -> None:
        super().__init__()
        self._keys = keys

    def on_mount(self) -> None:
        """Another focus may make text of what was keys."""
        self.watch(self.screen, "focused", self.draw)

    def on_resize(self) -> None:
        """The mode stays at the right end."""
        self.draw()

    def draw(self) -> None:
        """Draw the keys of now."""
        mode = mode_of(typing=is_typing(self.screen.focused))
        self.show_verbs(self._keys(), mode, self.app.size.width)
