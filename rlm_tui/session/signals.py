"""The signals by which a process is told to end: Ctrl-C, kill, and the terminal being closed."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def told_to_end(act: Callable[[], object]) -> Iterator[None]:
    """Call `act` (in the main thread) for each such signal, so that worker, trace and terminal are left in order.

    A signal that the caller ignores stays ignored, as nohup wants it.
    """
    before = {}
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            before[number] = signal.signal(number, lambda _number, _frame: act())
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
