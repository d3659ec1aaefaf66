"""What counts as a terminal: stderr and /dev/tty, as Textual draws through stderr and reads from fd 0."""

from __future__ import annotations

import os
import sys

from rlm_tui.errors import UsageError


def can_draw() -> bool:
    """Whether a screen can be drawn here."""
    return os.environ.get("TERM", "") not in ("", "dumb") and sys.stderr.isatty()


def require(command: str) -> None:
    """Refuse in one sentence where no screen can be drawn; put the terminal on fd 0 where something was piped in."""
    if not can_draw():
        raise UsageError(f"{command} needs a terminal to draw on; without one, {_elsewhere(command)}.")
    if not os.isatty(0):
        attach_tty(command)


def _elsewhere(command: str) -> str:
    return "use rlm-tui run" + (f", or rlm-tui {command} --plain" if command in ("open", "replay") else "")


def attach_tty(command: str) -> None:
    """Put /dev/tty on fd 0."""
    try:
        tty = os.open("/dev/tty", os.O_RDWR)
    except OSError:
        raise UsageError(f"{command} needs a terminal for its keys; without one, {_elsewhere(command)}.") from None
    os.dup2(tty, 0)
    os.close(tty)
