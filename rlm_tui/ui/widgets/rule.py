"""One thin line."""

from __future__ import annotations

from textual.strip import Strip

from rlm_tui.ui.lines import line
from rlm_tui.ui.widgets.bar import Bar, strip_of


class Rule(Bar):
    """A thin line over the whole width."""

    def render_line(self, y: int) -> Strip:  # noqa: ARG002
        """The line."""
        return strip_of(self, line(("─" * self.size.width, "rule")), self.size.width)
