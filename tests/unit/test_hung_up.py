"""A terminal that goes away while it is written to: the app hears of it once, and nobody fails."""

from __future__ import annotations

import io

from rlm_tui.ui.hung_up import Line


class Leaving(io.StringIO):
    """A terminal that goes away after some writes; everything that is tried then fails."""

    def __init__(self, stays: int) -> None:
        super().__init__()
        self.left, self.failed = stays, 0

    def write(self, text: str) -> int:
        self._tried()
        return super().write(text)

    def flush(self) -> None:
        self._tried()

    def _tried(self) -> None:
        if not self.left:
            self.failed += 1
            raise OSError("hung up")
        self.left -= 1


def test_a_terminal_that_is_gone_is_told_of_once_and_left_alone() -> None:
    terminal, told = Leaving(3), []
    line = Line(terminal, lambda: told.append("gone"))
    line.write("a")
    line.flush()
    line.write("b")
    assert (terminal.getvalue(), told) == ("ab", [])
    line.flush()
    line.write("c")
    line.flush()
    assert told == ["gone"]
    assert (terminal.getvalue(), terminal.failed) == ("ab", 1)
