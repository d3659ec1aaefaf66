"""Requests to a server whose window is one for all of them: together as long as they fit, then one after the other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from rlm_tui.lm.failures import CrowdedError
from rlm_tui.lm.watch import Watch


class Turns:
    """Lets requests go at once until they were too much for the window, as llama.cpp's slots may share it (`-kvu`)."""

    def __init__(self) -> None:
        self._is_crowded = False
        self._lock = asyncio.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    @asynccontextmanager
    async def turn(self, watch: Watch) -> AsyncIterator[None]:
        """A request's time; its CrowdedError makes all later ones wait for each other."""
        if self._is_crowded:
            watch.queue()
            async with self._own_lock():
                watch.begin()
                yield
            return
        try:
            yield
        except CrowdedError:
            self._is_crowded = True
            raise

    def _own_lock(self) -> asyncio.Lock:
        """The lock of the running loop; a program may use one client from several loops, one after the other."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._lock, self._loop = asyncio.Lock(), loop
        return self._lock
