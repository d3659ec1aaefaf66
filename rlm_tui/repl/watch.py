"""The clock of a running block: its own time, its timeout, SIGINT and then SIGKILL."""

from __future__ import annotations

import asyncio

from rlm_tui.repl.child import Child

GRACE_S = 2.0
"""How long a block may go on after the SIGINT of its timeout."""


class Watch:
    """Counts the time of a block without the time of its host calls, and stops it when that is used up."""

    def __init__(self, child: Child, timeout_s: float) -> None:
        self.timeout_s = timeout_s
        self.timed_out = False
        self.why = ""
        """Why it was ended, where that was not its own timeout."""
        self.killed = False
        self._child = child
        self._loop = asyncio.get_running_loop()
        self._own = 0.0
        self._calls = 0
        self._since = self._loop.time()
        self.has_begun = False
        self._is_over = False
        self._is_wanted = False
        self._grace_ends = 0.0
        self._timer = self._loop.call_later(timeout_s, self._tick)

    @property
    def elapsed_s(self) -> float:
        """Own time so far."""
        return self._own if self._calls else self._own + self._loop.time() - self._since

    def hold(self) -> None:
        """A host call begins."""
        self._own = self.elapsed_s
        self._calls += 1

    def release(self) -> None:
        """A host call ended."""
        self._calls -= 1
        if not self._calls:
            self._since = self._loop.time()

    def began(self) -> None:
        """The worker runs the block: a SIGINT that came too early is sent now."""
        self.has_begun = True
        if self._is_wanted:
            self._child.interrupt()

    def interrupt(self) -> None:
        """Send SIGINT, now or as soon as the block has begun."""
        self._is_wanted = True
        if self.has_begun and not self._is_over:
            self._child.interrupt()

    def end(self, why: str) -> None:
        """Do as at the timeout, now."""
        if not self._is_over and not self.timed_out:
            self.why = why
            self._timer.cancel()
            self._time_out()

    def kill(self) -> None:
        """End the worker at once."""
        if not self._is_over:
            self.killed = True
            self._child.kill()

    def stop(self) -> None:
        """The block is over."""
        self._own = self.elapsed_s
        self._calls += 1
        self._is_over = True
        self._timer.cancel()

    def _tick(self) -> None:
        wait = self.timeout_s - self.elapsed_s
        if self.timed_out:
            wait = self._grace_ends - self._loop.time()
            if wait <= 0:
                self.kill()
                return
        elif wait <= 0:
            self._time_out()
            return
        self._timer = self._loop.call_later(max(wait, 0.01), self._tick)

    def _time_out(self) -> None:
        self.timed_out = True
        self._grace_ends = self._loop.time() + GRACE_S
        self.interrupt()
        self._timer = self._loop.call_later(GRACE_S, self._tick)
