"""The footer: at most eight verbs that act now."""

from __future__ import annotations

from collections.abc import Sequence

from rlm_tui.ui.widgets.bar import Verb, VerbBar


class Footer(VerbBar):
    """The last row of a screen."""

    def show(self, verbs: Sequence[Verb]) -> None:
        """Draw the verbs of this moment."""
        self.show_rows(self.verbs_line(verbs, self.size.width or self.app.size.width, 0))
