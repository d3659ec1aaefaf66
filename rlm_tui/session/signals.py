"""The signals by which a process is told to end: Ctrl-C, kill, and the terminal being closed."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def told_to_end(act: Callable[[str], object]) -> Iterator[None]:
    """Call `act` (in the main thread) for each such signal, so that worker, trace and terminal are left in order.

    It gets why the run ends: "" for Ctrl-C, which is the person's, else a sentence that names the signal. A
    signal that the caller ignores stays ignored, as nohup wants it.
    """
    before = {}
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            before[number] = signal.signal(number, lambda number, _frame: act(_why(number)))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _why(number: int) -> str:
    return "" if number == signal.SIGINT else f"rlm-tui was told to end ({signal.Signals(number).name})."
