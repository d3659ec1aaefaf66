"""What was just said in the gate bar: for a few seconds, or until something else waits for the person."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from textual.screen import Screen

from rlm_tui.session.base import Phase
from rlm_tui.text import safe
from rlm_tui.ui.state import UiState

_FOR_S = 4.0


class Moment(NamedTuple):
    """Where a person stands: what a notice was said to."""

    phase: Phase
    hold: int
    """The number of what is held; 0 when nothing is."""
    screen: Screen[Any] | None


class Notices:
    """Puts a notice into the state of the front end and tells when that has had its time."""

    def __init__(self, ui: UiState, clock: Callable[[], float]) -> None:
        self._ui, self._clock = ui, clock
        self._until, self._to, self._outlasts = 0.0, Moment("loading", 0, None), False

    def say(self, notice: str, to: Moment, *, outlasts: bool = False) -> None:
        """Say something now; `outlasts`: it has its time whatever waits for the person meanwhile."""
        self._ui.notice, self._outlasts = safe(notice), outlasts
        self._until, self._to = self._clock() + _FOR_S, to

    def clear(self) -> None:
        """Say nothing any more."""
        self._ui.notice = ""

    def is_past(self, now: Moment) -> bool:
        """Whether something was said that has had its time, or something else waits for the person since."""
        is_news = not self._outlasts and now[:2] != self._to[:2] and now.phase in ("held", "finished")
        is_over = is_news or now.screen is not self._to.screen or self._clock() >= self._until
        return bool(self._ui.notice) and is_over
