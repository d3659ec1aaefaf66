"""What the app asks of every screen that fills the window; dialogs stand over one and draw themselves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from textual import events
from textual.screen import Screen

from rlm_tui.ui.actions import key_name, key_of
from rlm_tui.ui.host import Host, host_of


class FullScreen(Screen[None]):
    """Draws all of itself, its bars, or its header alone whenever the app says that these have changed."""

    covers: ClassVar[bool] = False
    """Whether nothing below it is drawn meanwhile."""
    asks: ClassVar[bool] = False
    """Whether the question is written on it."""

    @property
    def owner(self) -> Host:
        """The app, as what it is."""
        return host_of(self)

    @property
    def is_there(self) -> bool:
        """Whether it can be drawn: one that closes is attached longer than what is on it."""
        return self.is_attached and self.is_mounted and self.is_running

    def show_all(self) -> None:
        """Draw everything."""

    def show_bars(self) -> None:
        """Draw the bars: keys, what is said, whether one types."""

    def show_header(self) -> None:
        """Draw the header alone: its clock has moved on."""

    def on_key(self, event: events.Key) -> None:
        """Nothing has taken a key so far; one that no binding takes either is said to mean nothing."""
        if event.key not in self.active_bindings:
            shown = key_of("app.help", self.owner.ui)
            self.owner.say(f"{key_name(event.key)} means nothing here; {shown} lists the keys that act.")

    def on_screen_resume(self) -> None:
        """What stood over it is gone: its keys act again."""
        self.show_bars()


def in_sight(stack: Iterable[Screen[Any]]) -> list[FullScreen]:
    """The full screens that are drawn, from the lowest that is not covered to the top."""
    full = [screen for screen in stack if isinstance(screen, FullScreen)]
    lowest = max((at for at, screen in enumerate(full) if screen.covers), default=0)
    return [screen for screen in full[lowest:] if screen.is_there]
