"""One pane alone on a screen, over a recorded run."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Generic, TypeVar

from textual.app import App, ComposeResult
from textual.message import Message
from textual.pilot import Pilot
from textual.widget import Widget

from rlm_tui.ui.theme import DARK, load_themes
from tests.trajectories import StillSession
from tests.ui_kit import Watcher

P = TypeVar("P", bound=Widget)


class PaneApp(App[None]):
    """Mounts one pane and keeps what it posts."""

    CSS = "Screen { background: $background; color: $text; }"

    def __init__(self, pane: Widget) -> None:
        super().__init__()
        for theme in load_themes()[0]:
            self.register_theme(theme)
        self.theme = DARK
        self.pane = pane
        self.posted: list[Message] = []

    def compose(self) -> ComposeResult:
        yield self.pane

    def on_node_selected(self, message: Message) -> None:
        self.posted.append(message)

    on_repl_pane_submitted = on_node_selected
    on_code_editor_edited = on_node_selected


class Desk(Watcher, Generic[P]):
    """A pane, its app, and the hands on it."""

    def __init__(self, app: PaneApp, pane: P, pilot: Pilot[Any], session: StillSession) -> None:
        self.app, self.pane, self.pilot, self.session = app, pane, pilot, session
        self.selection: str | None = None

    async def show(self, selection: str | None = None) -> None:
        """What the frame does after a batch."""
        self.selection = selection
        self.pane.show(self.session, selection)  # type: ignore[attr-defined]
        await self.pilot.pause()

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    def screen(self) -> str:
        """Every row of the screen as text, without what only fills it."""
        return "\n".join(row.rstrip() for row in super().screen().split("\n"))

    def texts(self, kind: type[Message], name: str) -> list[str]:
        """What messages of a kind said."""
        return [getattr(message, name) for message in self.app.posted if isinstance(message, kind)]


@asynccontextmanager
async def desk(pane: P, session: StillSession, size: tuple[int, int] = (86, 30)) -> AsyncIterator[Desk[P]]:
    """A pane on a screen of a size, drawn once and focused."""
    app = PaneApp(pane)
    async with app.run_test(size=size) as pilot:
        place = Desk(app, pane, pilot, session)
        await place.show()
        target = pane if pane.focusable else next(child for child in pane.query("*") if child.focusable)
        target.focus()
        await pilot.pause()
        yield place
