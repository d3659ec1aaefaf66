"""A terminal may go away while it is written to: what is written then goes nowhere, and the app ends.

The thread in which Textual writes would die of it; the queue before it fills, and the app waits for it without end.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from textual.driver import Driver


class Line:
    """The file of a terminal, written to as long as there is one."""

    def __init__(self, file: io.TextIOBase, on_gone: Callable[[], object]) -> None:
        self._file, self._on_gone, self._is_gone = file, on_gone, False

    def write(self, text: str) -> None:
        """Write, and never fail."""
        self._tried(lambda: self._file.write(text))

    def flush(self) -> None:
        """Send what was written, and never fail."""
        self._tried(self._file.flush)

    def fileno(self) -> int:
        """The number of the file."""
        return self._file.fileno()

    def _tried(self, act: Callable[[], object]) -> None:
        if self._is_gone:
            return
        try:
            act()
        except OSError:
            self._is_gone = True
            self._on_gone()


def surviving(driver: type[Driver], on_gone: Callable[[], object]) -> type[Driver]:
    """A driver of a terminal that calls `on_gone`, in its writing thread, when that terminal is gone."""

    class Surviving(driver):  # type: ignore[misc, valid-type]
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            if isinstance(file := getattr(self, "_file", None), io.TextIOBase):
                self._file = Line(file, on_gone)

    return Surviving
