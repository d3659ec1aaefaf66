"""What stands over a screen for which the terminal is too small: the size that it needs."""

from __future__ import annotations

from rlm_tui.ui.lines import wrap_text
from rlm_tui.ui.state import SMALLEST
from rlm_tui.ui.widgets.bar import Bar


class TooSmall(Bar):
    """Shown by the class `tiny` of its screen, over the rest and not in place of it."""

    def __init__(self) -> None:
        super().__init__(id="too-small")

    def fit(self, width: int, height: int) -> None:
        """Take the size of the terminal, in cells."""
        self.screen.set_class(width < SMALLEST.width or height < SMALLEST.height, "tiny")
        words = f"rlm-tui needs {SMALLEST.width}x{SMALLEST.height}; this is {width}x{height}."
        self.show_rows(*wrap_text(words, width, "careful"))
