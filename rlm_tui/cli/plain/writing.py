"""A text of several lines that a person types, up to a lone full stop."""

from __future__ import annotations

from collections.abc import Callable

END, CANCEL = ".", ".cancel"


class Writing:
    """Lines are added until the end is; `done` then gets the text."""

    def __init__(self, done: Callable[[str], None]) -> None:
        self._done = done
        self._lines: list[str] = []

    def add(self, line: str) -> bool:
        """Take a line; tells whether the writing is over."""
        if line.strip() == CANCEL:
            return True
        if line.rstrip() != END:
            self._lines.append(line)
            return False
        self._done("\n".join(self._lines))
        return True
