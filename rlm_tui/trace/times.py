"""How long the runs of a trace took and how long they were held for a person, in one pass over its events.

The same figures as `View.worked` and `View.waits` give of a trajectory, without its memory.
"""

from __future__ import annotations

from rlm_tui import events as ev


class Times:
    """Seconds of every root RLM so far, those held for a person apart; what waits at once counts once."""

    def __init__(self) -> None:
        self.held = 0.0
        self._took = 0.0
        self._is_told = True
        self._now = 0.0
        self._begun: dict[str, float] = {}
        self._holds: set[int] = set()
        self._held_since = 0.0

    @property
    def worked(self) -> float | None:
        """Seconds without those held; None where the trace does not tell."""
        under_way = sum(self._now - begun for begun in self._begun.values())
        return max(0.0, self._took + under_way - self.waited) if self._is_told else None

    @property
    def waited(self) -> float:
        """Seconds held for a person, with those of a hold that is still open."""
        return self.held + (self._now - self._held_since if self._holds else 0.0)

    def take(self, event: ev.TraceEvent) -> None:
        """Take in the next event."""
        self._now = max(self._now, event.t)
        match event:
            case ev.NodeOpened(type="rlm", parent=""):
                self._begun[event.node] = event.t
            case ev.NodeClosed() if event.node in self._begun:
                self._took += event.t - self._begun.pop(event.node)
                self._is_told = self._is_told and event.timed
            case ev.Held():
                self._held_since = self._held_since if self._holds else event.t
                self._holds.add(event.hold)
            case ev.Released() if event.hold in self._holds:
                self._holds.remove(event.hold)
                self.held += 0.0 if self._holds else event.t - self._held_since
