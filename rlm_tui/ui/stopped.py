"""Stop and go on: SIGCONT begins the screen anew only where Ctrl+Z gave it back; else it is drawn again.

Textual starts its screen at every SIGCONT, also after a SIGSTOP that nobody can see coming: two readers then share the
keyboard, and the terminal is never restored.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from types import FrameType

from rlm_tui.ui.resized import read_sizes_in_order


class Stopped:
    """Knows whether the terminal was given back; made once the driver has set its handlers, in the main thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop, redraw: Callable[[], object]) -> None:
        self._loop, self._redraw = loop, redraw
        self._is_given_back = False
        stop, go_on = signal.getsignal(signal.SIGTSTP), signal.getsignal(signal.SIGCONT)
        if callable(stop) and callable(go_on):
            self._stop, self._go_on = stop, go_on
            signal.signal(signal.SIGTSTP, self._on_stop)
            signal.signal(signal.SIGCONT, self._on_go_on)
        read_sizes_in_order(loop)

    def resumed(self) -> None:
        """The screen is there again; in the background it is not yet, and another SIGCONT has to come."""
        self._is_given_back = False
        read_sizes_in_order(self._loop)
        self._redraw()

    def _on_stop(self, number: int, frame: FrameType | None) -> None:
        self._is_given_back = True
        self._stop(number, frame)

    def _on_go_on(self, number: int, frame: FrameType | None) -> None:
        if self._is_given_back:
            self._go_on(number, frame)
        else:
            self._redraw()
