"""One question at a time: who may ask a conversation, from whatever thread or event loop."""

from __future__ import annotations

import asyncio
import threading

from rlm_tui.errors import UsageError


class Turns:
    """Gives the turn to one asker: a second one is refused, and waits only for a question that is being ended."""

    def __init__(self) -> None:
        self._taken = threading.Lock()
        self._ended = threading.Event()
        self._ended.set()

    def take(self) -> None:
        """Take the turn; UsageError while a question is being worked on."""
        while not self._taken.acquire(blocking=False):
            self._refuse_unless_ending()
            self._ended.wait()

    async def take_soon(self) -> None:
        """The same without blocking the running event loop."""
        for _ in range(2):  # an `async for` that was left is closed by the loop, two rounds later
            await asyncio.sleep(0)
        while not self._taken.acquire(blocking=False):
            self._refuse_unless_ending()
            await asyncio.to_thread(self._ended.wait)

    def _refuse_unless_ending(self) -> None:
        if self._ended.is_set() and self._taken.locked():
            raise UsageError("A question is being worked on; wait for its end, or take another RLM.")

    def ending(self) -> None:
        """The question that has the turn is being ended: who comes now may wait."""
        self._ended.clear()

    def give_back(self) -> None:
        """The next may ask; from any thread."""
        self._taken.release()
        self._ended.set()
