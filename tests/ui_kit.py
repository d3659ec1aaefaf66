"""Puts a session on a screen in tests: keys go in, what is drawn comes out, and waits are for conditions."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from textual.app import App
from textual.pilot import Pilot

from rlm_tui.session.base import Session
from rlm_tui.ui.app import RlmTuiApp
from rlm_tui.ui.state import GUARD_S
from rlm_tui.ui.widgets.bar import Bar

_PATIENCE_S = 60.0


class Clock:
    """The clock of the key guard, moved by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Watcher:
    """Who sees the screen of an app."""

    app: App[Any]
    pilot: Pilot[Any]

    async def until(self, met: Callable[[], bool]) -> None:
        """Let the app work until a condition is met."""
        end = time.monotonic() + _PATIENCE_S
        while not met():
            assert time.monotonic() < end, f"never met; the screen says:\n{self.screen()}"
            await self.pilot.pause(0.01)
        await self.pilot.pause()

    def screen(self) -> str:
        """Every row of the screen as text."""
        return "\n".join(
            "".join(segment.text for segment in row) for row in self.app.screen._compositor.render_strips()
        )


class Hand(Watcher):
    """A person at the screen of the app."""

    app: RlmTuiApp

    def __init__(self, app: RlmTuiApp, pilot: Pilot[Any], clock: Clock) -> None:
        self.app, self.pilot, self.clock = app, pilot, clock

    async def press(self, *keys: str) -> None:
        """Press keys with enough time before the first for the guard to be over."""
        self.clock.now += 2 * GUARD_S
        await self.pilot.press(*keys)
        await self._drawn()

    async def _drawn(self) -> None:
        """Let the app take in what the keys led to and draw it, as it does thirty times a second."""
        await self.pilot.pause()
        if not self.app._exit:
            self.app.tick()
        await self.until(lambda: self.app._exit or not self.app._pace.is_stale)

    async def type(self, text: str) -> None:
        """Type a text."""
        names = {" ": "space", "=": "equals_sign", "(": "left_parenthesis", ")": "right_parenthesis", "+": "plus"}
        await self.pilot.press(*(names.get(char, char) for char in text))
        await self.pilot.pause()

    async def held(self, checkpoint: str) -> None:
        """Wait until something is held at a checkpoint, and seen."""
        await self.until(
            lambda: (
                self.app.main.is_ready
                and self.app.session.phase == "held"
                and self.app.session.trajectory.now().holds()[0].checkpoint == checkpoint
                and "HELD" in self.bar("Header")
            )
        )

    def bar(self, name: str) -> str:
        """What a bar of the main screen says."""
        return "\n".join(self.app.main.query_one(name, Bar).rows)


@asynccontextmanager
async def on_screen(session: Session, size: tuple[int, int] = (120, 36), **options: Any) -> AsyncIterator[Hand]:
    """The app of a session in a terminal of a size, its panes mounted."""
    clock = Clock()
    app = RlmTuiApp(session, clock=clock, **options)
    async with app.run_test(size=size) as pilot:
        hand = Hand(app, pilot, clock)
        await hand.until(lambda: app.main.is_ready)
        yield hand
