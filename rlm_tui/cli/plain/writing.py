"""A text of several lines that a person types, up to a lone full stop."""

from __future__ import annotations

from collections.abc import Callable

END, CANCEL = ".", ".cancel"


class Writing:
    """Lines are added until the end is; `send` then gives the text to `done`, again where it was refused."""

    def __init__(self, done: Callable[[str], None]) -> None:
        self._done = done
        self._lines: list[str] = []
        self.is_cancelled = False

    def add(self, line: str) -> bool:
        """Take a line; tells whether the writing is over."""
        self.is_cancelled = line.strip() == CANCEL
        if self.is_cancelled or line.rstrip() == END:
            return True
        self._lines.append(line)
        return False

    def send(self) -> None:
        """Give the text to whom it is for."""
        self._done("\n".join(self._lines))
