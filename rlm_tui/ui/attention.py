"""Calls a person who looks elsewhere: when something waits for them or is over, never for progress."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Literal, TypeAlias

from rlm_tui.session.base import Session
from rlm_tui.text import one_line
from rlm_tui.ui.selecting import open_hold
from rlm_tui.ui.states import ENDS, PHASES, UNFINISHED
from rlm_tui.ui.words import hold_words

How: TypeAlias = Literal["bell", "title", "off"]
_KEEP_TITLE, _OLD_TITLE, _BELL = "\x1b[22;0t", "\x1b[23;0t", "\x07"
_OSC_9 = ("iTerm.app", "WezTerm", "ghostty")
_OSC_9_TERMS = ("xterm-kitty", "foot", "xterm-ghostty")


class Attention:
    """Watches a session beside the focus of the window; `write` takes bytes for the terminal as text."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._seen: tuple[int, int | None] = 0, None
        self._is_called = False

    def look(self, session: Session, how: How, *, has_focus: bool) -> None:
        """Call when something new waits or is over; what was there before, or was seen, calls nobody."""
        hold = open_hold(session) if session.phase == "held" else None
        now = (len(session.trajectory.finished), hold.id if hold is not None else None)
        before, self._seen = self._seen, now
        is_news = now[0] > before[0] or now[1] not in (None, before[1])
        if has_focus:
            self.clear()
        elif is_news and how != "off" and session.phase != "replay":
            self._call(_words(session), how)

    def clear(self) -> None:
        """The person is back: the window has its old title."""
        if self._is_called:
            self._is_called = False
            self._write(_OLD_TITLE)

    def _call(self, words: str, how: How) -> None:
        said = "" if self._is_called else _KEEP_TITLE
        self._is_called = True
        said += f"\x1b]0;{words} · rlm-tui\x07"
        if how == "bell":
            said += _BELL + (f"\x1b]9;rlm-tui: {words}\x07" if _has_osc_9() else "")
        self._write(said)


def _words(session: Session) -> str:
    """What happened, safe in any title: no control character reaches it."""
    hold, view = open_hold(session), session.trajectory.now()
    over = view.finished
    if session.phase == "held" and hold is not None:
        return one_line(f"{PHASES['held'].brief[0]}: {hold_words(view, hold)}", 80)
    end = ENDS[over.status] if over is not None else UNFINISHED
    return one_line(f"{end.brief[0]}: {session.title}", 80)


def _has_osc_9() -> bool:
    """Terminals that show the sequence as a notification; others may print it."""
    return os.environ.get("TERM_PROGRAM") in _OSC_9 or os.environ.get("TERM", "") in _OSC_9_TERMS
