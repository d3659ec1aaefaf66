"""The lines that a person types or a pipe brings, taken without ever blocking the session."""

from __future__ import annotations

import os
import select


class LinesIn:
    """Lines from a file descriptor."""

    def __init__(self, fd: int = 0) -> None:
        self._fd = fd
        self._rest = b""
        self._lines: list[str] = []
        self.is_terminal = os.isatty(fd)
        self.has_ended = False

    def wait(self, timeout_s: float) -> None:
        """Take in what there is, or what comes within a time."""
        if self.has_ended or self._lines:
            timeout_s = min(timeout_s, 0.02)
        if self.has_ended:
            select.select([], [], [], timeout_s)
            return
        readable, _, _ = select.select([self._fd], [], [], timeout_s)
        if readable:
            self._take(self._read())

    def _read(self) -> bytes:
        try:
            return os.read(self._fd, 1 << 16)
        except OSError:
            return b""  # the terminal has gone

    def _take(self, data: bytes) -> None:
        *whole, self._rest = (self._rest + data).split(b"\n")
        if not data:
            self.has_ended = True
            whole, self._rest = ([self._rest] if self._rest else []), b""
        self._lines += [line.decode(errors="replace").removesuffix("\r") for line in whole]

    @property
    def next(self) -> str | None:
        """The line that would be taken now; None when there is none."""
        return self._lines[0] if self._lines else None

    def take(self) -> str:
        """Take a line."""
        return self._lines.pop(0)

    @property
    def is_over(self) -> bool:
        """Whether no line is left and none will come."""
        return self.has_ended and not self._lines
