"""Drains one output pipe of the worker, whoever writes to it, into bounded text."""

from __future__ import annotations

import asyncio
import codecs
import os

from rlm_tui.repl.base import OnOutput
from rlm_tui.repl.worker.clip import Clip

_CHUNK = 1 << 16
_KEEP = 450_000  # a little over what the worker itself keeps, so that its own cut comes through whole
_LATE_KEEP = 1_000
_PAUSE_S = 0.002


class Drain:
    """Reads a pipe for as long as the worker lives; what comes between blocks is kept apart."""

    def __init__(self, fd: int) -> None:
        os.set_blocking(fd, False)
        self._fd = fd
        self._loop = asyncio.get_running_loop()
        self._late = Clip(_LATE_KEEP)
        self._begin_with(None, None)
        self._is_open = True
        self._pause: asyncio.TimerHandle | None = None
        self._resume()

    def begin(self, on_output: OnOutput | None) -> str:
        """A block begins; returns what was written since the last one ended."""
        self._read_all()
        late, self._late = self._late.text(), Clip(_LATE_KEEP)
        self._begin_with(Clip(_KEEP), on_output)
        return late

    def end(self) -> tuple[str, int]:
        """The block is over: its text, and how many characters were dropped."""
        self._read_all()
        clip = self._clip or Clip(0)
        self._take(self._decoder.decode(b"", final=True))
        self._begin_with(None, None)
        return clip.text(), clip.dropped

    def close(self) -> None:
        """Stop reading; the pipe itself belongs to the process object; idempotent."""
        self._is_open = False
        if self._pause is not None:
            self._pause.cancel()
        self._loop.remove_reader(self._fd)

    def _begin_with(self, clip: Clip | None, on_output: OnOutput | None) -> None:
        self._clip = clip
        self._on_output = on_output
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def _readable(self) -> None:
        self._read()
        room = (self._late if self._clip is None else self._clip).room
        if not room and self._pause is None and self._is_open:
            # What comes now is dropped anyway: read it slowly, so that a flood does not take the loop for itself.
            self._loop.remove_reader(self._fd)
            self._pause = self._loop.call_later(_PAUSE_S, self._resume)

    def _resume(self) -> None:
        self._pause = None
        self._loop.add_reader(self._fd, self._readable)

    def _read(self) -> bool:
        try:
            data = os.read(self._fd, _CHUNK)
        except (BlockingIOError, InterruptedError):
            return False
        if not data:
            self.close()
            return False
        self._take(self._decoder.decode(data))
        return True

    def _read_all(self) -> None:
        # A pipe holds at most 1 MB; a child that keeps writing must not keep the host here.
        for _ in range(64):
            if not self._is_open or not self._read():
                return

    def _take(self, text: str) -> None:
        if self._clip is None:
            self._late.add(text)
            return
        head = self._clip.add(text)
        if head and self._on_output is not None:
            self._on_output(head)
