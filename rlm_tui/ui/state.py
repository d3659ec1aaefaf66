"""What the screen itself knows beside the session: where one looks, what is typed, what was just said."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

import msgspec

from rlm_tui.trajectory import Hold
from rlm_tui.ui.asking import Purpose

Pane: TypeAlias = Literal["calls", "step", "chat", "repl", "context", "vars"]
PANES: tuple[Pane, ...] = ("calls", "step", "chat", "repl", "context", "vars")
GUARD_S = 0.35


class _Extent(NamedTuple):
    width: int
    height: int


SMALLEST = _Extent(60, 16)
"""The smallest terminal, in cells, on which the screen can be read."""


class UiState(msgspec.Struct, eq=False):
    """State of the front end; `selection` is a node id, `pinned` says that a person chose it.

    `stays`: the person asked that the panes stay at it, whatever runs.
    """

    selection: str | None = None
    pinned: bool = False
    stays: bool = False
    recent: list[Pane] = msgspec.field(
        default_factory=lambda: list[Pane](["step", "calls", "chat", "repl", "context", "vars"])
    )
    zoomed: bool = False
    screen: Literal["main", "start", "other"] = "main"
    covered: bool = False
    """Whether a window stands over the screen, so that the keys of the screen do not act."""
    typing: bool = False
    editing: bool = False
    unedited: int = 0
    """The hold whose last edit was refused: what was meant for the edit must not run without it."""
    is_warned: bool = False
    """Whether the person was told so; said once more, it runs."""
    asking: Purpose | Literal[""] = ""
    searched: bool = False
    narrowed: str = ""
    """The filter that narrows the tree of calls, or nothing."""
    returns: bool = False
    """Whether leaving the run goes back to the list of saved runs."""
    notice: str = ""
    before_prompt: Pane | Literal[""] = ""
    """The pane from which the prompt of the REPL was opened, until another pane is gone to."""
    keymap: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    """The keys of actions that were given others, by id, in Textual's names."""

    def refuses(self, hold: Hold, text: str, before: str) -> str:
        """Why a text cannot take the place of what is held, else ""; what is refused is kept in mind for `stops`."""
        from rlm_tui.trajectory.numbers import refused_edit

        why = refused_edit(hold.checkpoint, hold.unit, text, before)
        self.unedited, self.is_warned = hold.id if why else 0, False
        return why

    def stops(self, hold: Hold | None) -> bool:
        """Whether what was to go on stays held this once, as it was meant for an edit that was refused."""
        is_first = hold is not None and hold.id == self.unedited and not self.is_warned
        self.is_warned = self.is_warned or is_first
        return is_first

    @property
    def pane(self) -> Pane:
        """The pane that the person is in."""
        return self.recent[0]

    @property
    def came_from(self) -> Pane:
        """Where leaving what is typed in a pane leads."""
        return self.before_prompt or self.pane

    def enter(self, pane: Pane) -> None:
        """Make a pane the one the person is in."""
        if pane != "repl":
            self.before_prompt = ""
        self.recent = [pane, *(other for other in self.recent if other != pane)]


class KeyGuard(msgspec.Struct, eq=False):
    """Keeps a hold from being answered by a key that was meant for something else; times are in seconds.

    Letters wait after a hold appears and after each key that is typed; F-keys cannot be typed by accident and
    wait for the hold alone. A key that comes while letters wait starts the wait anew.
    """

    hold_until: float = 0.0
    letters_until: float = 0.0
    allows: bool = True

    def hold_appeared(self, now: float) -> None:
        """Something new waits for an answer."""
        self.hold_until = self.letters_until = now + GUARD_S

    def saw(self, key: str, now: float, *, typing: bool) -> None:
        """A key was pressed at `now`, maybe before the newest hold: decide whether it may answer that."""
        function_key = key.rpartition("+")[2][:1] == "f" and key.rpartition("+")[2][1:].isdigit()
        self.allows = now >= (self.hold_until if function_key else self.letters_until)
        if (typing and key != "escape") or now < self.letters_until:
            self.letters_until = max(self.letters_until, now + GUARD_S)
