"""sys.stdout, sys.stderr and sys.stdin of a block: bounded, unforgeable, never really closed."""

from __future__ import annotations

import io
import threading
from os import register_at_fork, write
from weakref import WeakSet

from . import wire
from .clip import Clip

KEEP = 400_000
"""Characters kept of each end of a stream, per block."""
_LATE_KEEP = 1_000
_FLUSH_AT = 8_192


class Threads:
    """Knows the threads that earlier blocks left behind, so that their output is not taken for a later block's."""

    def __init__(self) -> None:
        self._stale: WeakSet[threading.Thread] = WeakSet()
        self._main = threading.main_thread()
        self.idle = True

    def retire(self) -> None:
        """The block is over: all threads that still live are its leftovers."""
        self.idle = True
        self._stale.update(thread for thread in threading.enumerate() if thread is not self._main)

    def is_late(self) -> bool:
        """True when the calling thread belongs to no running block."""
        return self.idle or (bool(self._stale) and threading.current_thread() in self._stale)


class OutStream(io.TextIOBase):
    """A text stream onto a pipe of the host; state is in slots, so that attributes set on it can be swept away."""

    __slots__ = ("_clip", "_fd", "_late", "_lock", "_pending", "_pending_chars", "_threads", "replaced")

    def __init__(self, fd: int, threads: Threads) -> None:
        self._fd = fd
        self._threads = threads
        self._renew_lock()
        self.begin()
        register_at_fork(after_in_child=self._renew_lock)

    def _renew_lock(self) -> None:
        self._lock = threading.RLock()

    def begin(self) -> None:
        """Forget the block before."""
        vars(self).clear()
        self._clip = Clip(KEEP)
        self._late = Clip(_LATE_KEEP)
        self._pending: list[str] = []
        self._pending_chars = 0
        self.replaced = 0

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """Always UTF-8."""
        return "utf-8"

    @property
    def errors(self) -> str:  # type: ignore[override]
        """Lone surrogates become U+FFFD."""
        return "replace"

    @property
    def buffer(self) -> io.RawIOBase:
        """The stream for bytes."""
        return _Bytes(self)

    def fileno(self) -> int:
        """The descriptor behind this stream, for child processes."""
        return self._fd

    def writable(self) -> bool:
        """Always."""
        return True

    def close(self) -> None:
        """Flush only: later blocks print too."""
        self.flush()

    def write(self, text: str, /) -> int:
        """Take a text; whole lines go out at once."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        with self._lock:
            if self._threads.is_late():
                self._late.add(text)
                return len(text)
            head = self._clip.add(text)
            if head:
                self._pending.append(head)
                self._pending_chars += len(head)
                if self._pending_chars > _FLUSH_AT or "\n" in head:
                    self.flush()
        return len(text)

    def flush(self) -> None:
        """Send what is pending."""
        with self._lock:
            text, self._pending, self._pending_chars = "".join(self._pending), [], 0
            if text:
                self._emit(text)

    def finish(self) -> int:
        """The block is over: send the tail; returns how many characters were dropped."""
        with self._lock:
            self.flush()
            rest = self._clip.rest()
            if rest:
                self._emit(rest)
            return self._clip.dropped

    def take_late(self) -> str:
        """What threads of earlier blocks have printed meanwhile."""
        with self._lock:
            late, self._late = self._late, Clip(_LATE_KEEP)
        return late.text()

    def _emit(self, text: str) -> None:
        encoded, replaced = wire.encode(text)
        self.replaced += replaced
        data = memoryview(encoded)
        try:
            while data:
                data = data[write(self._fd, data) :]
        except OSError:  # the pipe is gone: a block that closed it prints into the void
            return


class _Bytes(io.RawIOBase):
    """`sys.stdout.buffer`: bytes in, text out."""

    def __init__(self, text: OutStream) -> None:
        self._text = text

    def writable(self) -> bool:
        """Always."""
        return True

    def write(self, data: object, /) -> int:
        """Write bytes as UTF-8."""
        view = memoryview(data)  # type: ignore[arg-type]
        self._text.write(str(view, "utf-8", "replace"))
        return view.nbytes


class NoInput(io.TextIOBase):
    """sys.stdin of a block: reading it is an error that says so."""

    def read(self, _size: int | None = -1, /) -> str:
        """Nobody types into a block."""
        return no_input()

    def readline(self, _size: int = -1, /) -> str:  # type: ignore[override]
        """Nobody types into a block."""
        return no_input()

    def readable(self) -> bool:
        """Always, in principle."""
        return True

    def close(self) -> None:
        """Nothing to close."""


def no_input(_prompt: object = "", /) -> str:
    """input() does not work here: nobody types into a block; read `context` instead."""
    raise RuntimeError("input() does not work in a code block: nobody types here; read `context` instead")
