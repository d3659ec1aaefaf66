"""A real terminal for tests: a pseudo-terminal whose screen pyte keeps, driven by keys and by waiting for text."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Self

import pyte
from pyte.screens import Char

from rlm_tui.ui.state import GUARD_S

KEYS = {
    "enter": "\r",
    "escape": "\x1b",
    "tab": "\t",
    "up": "\x1b[A",
    "down": "\x1b[B",
    "right": "\x1b[C",
    "left": "\x1b[D",
    "home": "\x1b[H",
    "end": "\x1b[F",
    "f5": "\x1b[15~",
    "f10": "\x1b[21~",
    "f11": "\x1b[23~",
    "ctrl+c": "\x03",
    "ctrl+q": "\x11",
    "ctrl+p": "\x10",
    "ctrl+z": "\x1a",
}
_PATIENCE_S = 60.0
_FRAMES_S = 0.15
_TOO_SOON = "Too soon after the hold"


class Terminal:
    """Runs a command in a terminal of `columns` x `lines`; everything it wrote is kept in `written`."""

    def __init__(
        self, command: Sequence[str], *, columns: int = 120, lines: int = 36, env: Mapping[str, str] | None = None
    ) -> None:
        self.screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self.screen)
        self.written = bytearray()
        self.status: int | None = None
        environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", **(env or {})}
        environment.pop("NO_COLOR", None)
        self.pid, self._fd = pty.fork()
        if self.pid == 0:  # the child
            os.execvpe(command[0], list(command), environment)  # noqa: S606
        self.resize(columns, lines)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def resize(self, columns: int, lines: int) -> None:
        """Change the size as a window does."""
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.screen.resize(lines, columns)

    def press(self, *keys: str) -> None:
        """Press keys by name (see KEYS) or as text; a lone surrogate is the byte that it stands for."""
        for key in keys:
            os.write(self._fd, KEYS.get(key, key).encode(errors="surrogateescape"))

    @property
    def text(self) -> str:
        """What the screen shows."""
        return "\n".join(line.rstrip() for line in self.screen.display)

    def wait(self, *texts: str, gone: bool = False) -> None:
        """Wait until all texts are on the screen (or, with `gone`, none of them is)."""
        end = time.monotonic() + _PATIENCE_S
        while not all((text in self.text) is not gone for text in texts):
            if not self._pump(end - time.monotonic()):
                raise AssertionError(f"never {'went' if gone else 'came'}: {texts}; the screen was:\n{self.text}")

    def until(self, met: Callable[[], bool]) -> None:
        """Take in what is written until a condition is met."""
        end = time.monotonic() + _PATIENCE_S
        while not met():
            assert self._pump(end - time.monotonic()), f"never met; the screen was:\n{self.text}"

    def hang_up(self) -> None:
        """Close the terminal under the program, as a window that is closed or a line that breaks does."""
        os.close(self._fd)
        self._fd = os.open(os.devnull, os.O_RDONLY)

    def press_until(self, key: str, text: str) -> None:
        """Press a key that acts at the gate; once more, and never twice, where the gate says that it was too soon."""
        self.press(key)
        self.until(lambda: text in self.text or _TOO_SOON in self.text)
        if text not in self.text:
            guarded = time.monotonic() + GUARD_S
            while (left := guarded - time.monotonic()) > 0:
                self._pump(left)
            self.press(key)
        self.until(lambda: text in self.text and _TOO_SOON not in self.text)

    def drawn(self, columns: int, lines: int) -> None:
        """Change the size and wait until the program has drawn a screen of that size down to its bars."""
        self.resize(columns, lines)
        self.screen.erase_in_display(2)
        self.until(lambda: bool("".join(self.screen.display[-2:]).strip()) or self._is_too_small())

    def _is_too_small(self) -> bool:
        columns, lines = self.screen.columns, self.screen.lines
        return columns * lines < 60 or f"is{columns}x{lines}" in "".join(self.text.split())

    def at_rest(self) -> str:
        """The screen that others are compared with: once it is whole nothing is written any more, frame after frame."""
        while select.select([self._fd], [], [], _FRAMES_S)[0] and self._pump(1.0):
            pass
        return self.text

    def cells(self, text: str) -> list[Char]:
        """The first cell of the text, wherever it stands on the screen: its colours and its weight."""
        rows = enumerate(self.screen.display)
        return [self.screen.buffer[y][match.start()] for y, row in rows for match in re.finditer(re.escape(text), row)]

    def finish(self) -> int:
        """Wait for the end of the command; returns its exit code."""
        end = time.monotonic() + _PATIENCE_S
        while self._pump(end - time.monotonic()):
            pass
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            while pid == 0 and time.monotonic() < end:
                self._pump(0.05)
                pid, status = os.waitpid(self.pid, os.WNOHANG)
            assert pid, f"still running; the screen was:\n{self.text}"
            self.status = os.waitstatus_to_exitcode(status)
        return self.status

    def _pump(self, patience_s: float) -> bool:
        """Take in what was written; False when nothing more comes."""
        if patience_s <= 0:
            return False
        readable, _, _ = select.select([self._fd], [], [], min(patience_s, 1.0))
        if not readable:
            return True
        try:
            data = os.read(self._fd, 1 << 16)
        except OSError:
            return False
        self.written += data
        self._stream.feed(data)
        return bool(data)

    def close(self) -> None:
        """Kill what still runs and release the terminal."""
        if self.status is None:
            try:
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
            except (ProcessLookupError, ChildProcessError):
                self.status = -1
        os.close(self._fd)


def python(*words: str) -> list[str]:
    """A command line that runs this interpreter's rlm-tui."""
    return [sys.executable, "-m", "rlm_tui", *words]
