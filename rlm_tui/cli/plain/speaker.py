"""The linear front end, as those know it who do what was typed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from rlm_tui.session import commands as cmd
from rlm_tui.session.base import Session
from rlm_tui.ui.state import UiState


class Speaker(Protocol):
    """Says lines, asks, and hands commands on."""

    session: Session
    ui: UiState

    @property
    def is_terminal(self) -> bool:
        """Whether a person types, so that a screen editor can be opened."""
        ...

    def say(self, lines: Iterable[str]) -> None:
        """Write lines to stdout."""
        ...

    def send(self, command: cmd.SessionCommand, settled: Callable[[], bool] | None = None) -> None:
        """Hand a command to the session; `settled` tells when it has had its effect."""
        ...

    def again(self) -> None:
        """Send once more what was refused."""
        ...

    def tell(self, first: int, last: int) -> None:
        """Say the events after `first` up to `last` anew."""
        ...

    def confirm(self, sentence: str, then: Callable[[], None]) -> None:
        """Ask before something is lost."""
        ...

    def write(self, hint: str, done: Callable[[str], None]) -> None:
        """Take the next lines as a text."""
        ...

    def where(self) -> None:
        """Say the state and what can be done."""
        ...

    def more(self) -> None:
        """Say what was left out."""
        ...

    def help(self) -> None:
        """Say what can be done now, and why the rest cannot."""
        ...

    def quit(self) -> None:
        """Quit; asks while something runs."""
        ...
