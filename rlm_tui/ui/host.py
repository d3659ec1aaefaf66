"""What controllers, screens and the palette may ask of the app; app.py does it, and they need not know how."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from textual.app import App
from textual.command import Provider
from textual.message_pump import MessagePump

from rlm_tui.session.base import Session
from rlm_tui.session.commands import SessionCommand
from rlm_tui.ui.actions import Keymap
from rlm_tui.ui.asking import Asking, Purpose
from rlm_tui.ui.state import Pane, UiState
from rlm_tui.ui.theme import Fault

if TYPE_CHECKING:
    from textual.theme import Theme

    from rlm_tui.config import Settings
    from rlm_tui.ui.opening import Wanted


class Panes(Protocol):
    """The screen of the run, as the controllers use it."""

    @property
    def on_screen(self) -> list[Pane]:
        """The panes that are drawn now."""
        ...

    def pane(self, name: Pane) -> Any:
        """The widget of a pane."""
        ...

    def enter(self, name: Pane) -> None:
        """Bring a pane onto the screen and give it the focus."""
        ...

    def show_run(self) -> None:
        """Bring up Step where no pane on screen tells what becomes of a question."""
        ...

    def relayout(self) -> None:
        """Lay out for the panes that were used last."""
        ...

    def ask(self, asking: Asking, text: str | None = None) -> None:
        """Open the prompt at the bottom."""
        ...

    def keep(self, purpose: Purpose, text: str) -> None:
        """Keep a text for the next time that its prompt is opened."""
        ...

    @property
    def finder(self) -> Any:
        """The widget of the search."""
        ...

    def find(self) -> None:
        """Open the line of the search."""
        ...

    def send_prompt(self) -> None:
        """Send what stands in the prompt."""
        ...

    def close_prompt(self) -> None:
        """Close the prompt and go back to the pane."""
        ...


class Host(App[int], inherit_bindings=False):
    """The app as it is seen from below: one session, one state of the front end, and what can be done with them."""

    session: Session
    ui: UiState
    main: Panes
    settings: Settings | None
    wanted: Wanted | None
    """What is to be shown when this run has been left: a saved run, or the list of them."""

    @property
    @abstractmethod
    def themes_at_hand(self) -> list[Theme]:
        """The themes that can be chosen, ours first."""

    @property
    @abstractmethod
    def faults(self) -> list[Fault]:
        """The theme files that are passed over, and why."""

    @property
    def theme_names(self) -> tuple[str, ...]:
        """The themes that can be chosen, ours first."""
        return tuple(theme.name for theme in self.themes_at_hand)

    @property
    @abstractmethod
    def is_open(self) -> bool:
        """Whether the session is there; before, only its title is."""

    @property
    @abstractmethod
    def ui_below(self) -> UiState:
        """The state of the front end below what stands over it."""

    @abstractmethod
    def sync(self) -> UiState:
        """The state of the front end, with what Textual knows of it."""

    @abstractmethod
    def tick(self) -> None:
        """Take in what happened, and draw it."""

    @abstractmethod
    def redraw(self) -> None:
        """Draw what the session shows now, on the screen that is on top."""

    @abstractmethod
    def perform(self, action_id: str) -> None:
        """Do an action, or say why it cannot be done."""

    @abstractmethod
    def method_of(self, action_id: str) -> Callable[[], None]:
        """What does an action: `gate.run` is `run` of the controller `gate`."""

    @abstractmethod
    def send(self, command: SessionCommand) -> None:
        """Hand a command to the session."""

    @abstractmethod
    def say(self, notice: str, *, outlasts: bool = False) -> None:
        """Say something in the gate bar for a few seconds; `outlasts`: also when something else waits by then."""

    @abstractmethod
    def unsay(self) -> None:
        """Take back what was said last."""

    @abstractmethod
    def look_at(self, node_id: str | None, *, pinned: bool) -> None:
        """Select a node for every pane."""

    @abstractmethod
    def go_to(self, seq: int, node: str) -> None:
        """Go to a moment, and look at a node of it."""

    @abstractmethod
    def finish_edit(self) -> None:
        """Close the editor of what is held; what was changed is sent and stays held."""

    @abstractmethod
    def answered(self, purpose: Purpose, text: str) -> None:
        """Do what a prompt asked for with what was written."""

    @abstractmethod
    def typed(self, purpose: Purpose, text: str) -> str:
        """Do what can be done while a text is typed; returns what is wrong with it, or nothing."""

    @abstractmethod
    def remap(self, keymap: Keymap) -> None:
        """Give actions other keys, by id."""

    @abstractmethod
    def confirm(self, sentence: str, verb: str, then: Callable[[], None]) -> None:
        """Ask before something is lost."""

    @abstractmethod
    def open_start(self) -> None:
        """Ask for question and model."""

    @abstractmethod
    def open_runs(self) -> None:
        """Show the saved runs."""

    @abstractmethod
    def replay_instead(self, path: Path) -> None:
        """End this session, after a question where something is lost, and replay a saved run."""

    @abstractmethod
    def copy_text(self, text: str, name: str) -> None:
        """Copy a text and say what was copied."""

    @abstractmethod
    def open_summary(self) -> None:
        """Show what the run comes to."""


def host_of(below: MessagePump | Provider) -> Host:
    """The app of a screen or of the palette, as what it is."""
    return cast(Host, below.app)
