"""Keys act in the order in which they are pressed: each has done what it does before the next one is looked at.

Textual queues a key at what has the focus and reads the next one at once; where keys come in one piece, as over a slow
line, what is typed after a key that opens a prompt would be taken for keys, and a key of the app would overtake others.
What is typed while the app is still opening waits until there is a place for it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeAlias

from textual.app import App
from textual.events import Key, Paste
from textual.message_pump import MessagePump

Typed: TypeAlias = Key | Paste
_LAPS = 3
"""How often what a key set going is followed: a row that is left tells its pane, that the screen, and that the rest."""


class InOrder:
    """What was typed and waits; `act` takes one key in, with the time at which it was pressed.

    Keys with Ctrl wait for nothing until the app is open.
    """

    def __init__(self, app: App[Any], act: Callable[[Typed, float], Awaitable[None]]) -> None:
        self._app, self._act = app, act
        self._kept: deque[tuple[Typed, float]] = deque()
        self._is_open = False
        self.is_busy = False
        """Whether a key is on its way, so that the next one waits."""

    @property
    def is_waiting(self) -> bool:
        """Whether keys still wait for the app to open."""
        return not self._is_open

    async def take(self, typed: Typed, pressed_at: float, *, is_up: bool, is_urgent: bool) -> None:
        """A key was pressed; `is_up` says that it could act now, `is_urgent` that it waits for no other."""
        self._is_open = self._is_open or (is_up and not self._kept)
        is_ctrl = isinstance(typed, Key) and typed.key.startswith("ctrl+")
        if is_urgent or (is_ctrl and not self._is_open):
            await self._act(typed, pressed_at)
        elif self.is_busy or not self._is_open:
            self._kept.append((typed, pressed_at))
        else:
            await self._press(typed, pressed_at)

    async def open(self) -> None:
        """There is a place now for what was typed before."""
        if not self._is_open:
            self._is_open = True
            await self._next()

    async def _next(self) -> None:
        self.is_busy = False
        if self._kept and self._app.screen_stack:
            await self._press(*self._kept.popleft())

    async def _press(self, typed: Typed, pressed_at: float) -> None:
        self.is_busy, way = True, self._way()
        await self._act(typed, pressed_at)
        await self._follow(way if typed.is_forwarded else [self._app], 0, _LAPS)

    def _way(self) -> list[MessagePump]:
        """The queues that a key passes: from what has the focus up to the app."""
        return list((self._app.focused or self._app.screen).ancestors_with_self)

    async def _follow(self, way: Sequence[MessagePump], at: int, laps: int) -> None:
        """Go behind a key from queue to queue, and then behind what it set going in them."""
        while at < len(way):
            at += 1
            if way[at - 1].call_later(self._follow, way, at, laps):
                return  # it comes back here, once all that is queued there before it is done
        if laps and self._app.screen_stack:
            await self._follow(list(dict.fromkeys([*way[:-1], *self._way()])), 0, laps - 1)
        else:
            await self._next()
