"""What stands over a screen for which the terminal is too small: the size that it needs."""

from __future__ import annotations

from rlm_tui.ui.actions import key_of
from rlm_tui.ui.lines import wrap_text
from rlm_tui.ui.state import SMALLEST, UiState
from rlm_tui.ui.widgets.bar import Bar

ACT_UNSEEN = ("app.leave", "app.suspend", "app.copy")
"""The actions whose keys are taken while nothing can be seen of the rest."""


class TooSmall(Bar):
    """Shown by the class `tiny` of its screen, over the rest and not in place of it."""

    def __init__(self) -> None:
        super().__init__(id="too-small")

    def fit(self, width: int, height: int, ui: UiState) -> None:
        """Take the size of the terminal, in cells."""
        self.screen.set_class(width < SMALLEST.width or height < SMALLEST.height, "tiny")
        words = f"rlm-tui needs {SMALLEST.width}x{SMALLEST.height}; this is {width}x{height}."
        keys = f"Until it is larger no key acts but {key_of('app.leave', ui)}, which quits."
        self.show_rows(*wrap_text(words, width, "careful"), *wrap_text(keys, width, "muted"))
