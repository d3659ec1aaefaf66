"""A view of choices: the cursor stands on rows that can be chosen only, never on a heading or a blank row."""

from __future__ import annotations

from rlm_tui.ui.widgets.lines_view import LinesView


class ChoicesView(LinesView):
    """Rows of which those with a key can be chosen."""

    def _move(self, index: int) -> None:
        index = max(0, min(index, len(self.rows) - 1))
        ahead, back = range(index, len(self.rows)), range(index, -1, -1)
        ways = (ahead, back) if index >= self.cursor else (back, ahead)
        found = next((at for way in ways for at in way if self.rows[at].key), None)
        if found is None:
            return
        super()._move(found)
        if not any(row.key for row in self.rows[:found]):
            self.scroll_to(y=0, animate=False)  # the headings above the first choice can be reached by it alone
