"""When to draw: what changed soon, a clock that moved on, and never for more than a fifth of the time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Literal

from rlm_tui.session.base import Session
from rlm_tui.ui.words import own_running

_LONGEST_REST_S = 0.5
_BEATS = 8
_MOVING = ("running", "loading", "interrupting")


class Pace:
    """Holds drawing back, so that keys are heard however much there is to draw."""

    def __init__(self) -> None:
        self.is_stale = False
        self._rest_until = 0.0
        self._beat = 0

    def draw(self, redraw: Callable[[], None]) -> None:
        """Draw what changed, unless it is time to rest; it stays stale then."""
        begun = time.perf_counter()
        if begun >= self._rest_until:
            redraw()
            done = time.perf_counter()
            self.is_stale, self._rest_until = False, done + min(_LONGEST_REST_S, 4 * (done - begun))

    def moved(self, session: Session) -> Literal["", "beat", "second"]:
        """Whether the clock of a run that goes on has moved on since the last call: by a beat, by a second."""
        is_moving = session.phase in _MOVING or own_running(session) is not None
        if not is_moving or self._beat == int(session.now * _BEATS):
            return ""
        before, self._beat = self._beat, int(session.now * _BEATS)
        return "beat" if before // _BEATS == self._beat // _BEATS else "second"
