"""What a block may have left behind in the process, put back before the next one."""

from __future__ import annotations

import builtins
import gc
import resource
import signal
import sys
import threading
from contextlib import suppress
from types import ModuleType

_SPARE = 8 << 20
_THREAD_STACK = 1 << 20


def limit_resources(memory_mb: int) -> None:
    """Bound the memory, so that too much of it is a MemoryError; small stacks for many threads."""
    threading.stack_size(_THREAD_STACK)
    with suppress(ValueError, OSError):  # macOS refuses it
        resource.setrlimit(resource.RLIMIT_AS, (memory_mb * 1_000_000,) * 2)


class Guard:
    """Remembers the process as it was at the start and puts it back: timers, handlers, traces, streams, built-ins."""

    def __init__(self, module: ModuleType) -> None:
        self._module = module
        self._builtins = {name: value for name, value in vars(builtins).items() if name != "_"}
        self._streams = {name: getattr(sys, name) for name in ("stdin", "stdout", "stderr")}
        self._hooks = {name: getattr(sys, name) for name in ("excepthook", "unraisablehook", "displayhook")}
        self._handlers = {number: signal.getsignal(number) for number in signal.valid_signals()}
        self._recursion = sys.getrecursionlimit()
        self._switch = sys.getswitchinterval()
        self._gc = gc.get_threshold()
        self._spare: bytearray | None = bytearray(_SPARE)

    def restore(self) -> None:
        """After a block and before the next: as at the start, except for what modules and variables hold."""
        sys.settrace(None)
        sys.setprofile(None)
        threading.settrace(None)
        threading.setprofile(None)
        self._restore_signals()
        vars(builtins).update(self._builtins)
        for name, value in (self._streams | self._hooks).items():
            setattr(sys, name, value)
            setattr(sys, f"__{name}__", value)
        sys.modules["__main__"] = self._module
        vars(self._module)["__builtins__"] = builtins
        sys.setrecursionlimit(self._recursion)
        sys.setswitchinterval(self._switch)
        gc.callbacks.clear()
        gc.set_threshold(*self._gc)
        gc.enable()
        with suppress(MemoryError):
            self._spare = self._spare or bytearray(_SPARE)

    def free_spare(self) -> None:
        """After a MemoryError: give back the spare memory, so that the error can be told."""
        self._spare = None

    def _restore_signals(self) -> None:
        for timer in (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF):
            signal.setitimer(timer, 0)
        for number, handler in self._handlers.items():
            if handler is not None and signal.getsignal(number) is not handler:
                with suppress(OSError, ValueError):
                    signal.signal(number, handler)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, self._handlers)
