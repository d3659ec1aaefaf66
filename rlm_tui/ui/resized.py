"""Reads the size of the terminal one change at a time, so that the last one read is the one it has.

Textual reads it inside the handler of SIGWINCH; a second change while the first is handled is then read and sent before
it, and the screen keeps a size that the window had once.
"""

from __future__ import annotations

import asyncio
import signal
from types import FrameType


def read_sizes_in_order(loop: asyncio.AbstractEventLoop) -> None:
    """Let the loop handle each change of size, where no other comes between; the driver must be listening already."""
    handle = signal.getsignal(signal.SIGWINCH)
    if not callable(handle):
        return

    def later(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(handle, number, frame)

    signal.signal(signal.SIGWINCH, later)
