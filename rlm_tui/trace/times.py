"""How long the runs of a trace took and how long they were held for a person, in one pass over its events.

The same figures as `View.worked` and `View.waited` give of a trajectory, without its memory.
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
        self._own: dict[str, set[int]] = {}
        """The blocks of the person's own, and what is held in each: while one runs that waits for nobody, none does."""
        self._above: dict[str, str] = {}
        """What each node at or below such a block is below."""

    @property
    def worked(self) -> float | None:
        """Seconds without those held; None where the trace does not tell."""
        under_way = sum(self._now - begun for begun in self._begun.values())
        return max(0.0, self._took + under_way - self.waited) if self._is_told else None

    @property
    def waited(self) -> float:
        """Seconds held for a person, with those of a hold that is still open."""
        return self.held + (self._now - self._held_since if self._waits else 0.0)

    @property
    def _waits(self) -> bool:
        return bool(self._holds) and all(self._own.values())

    def take(self, event: ev.TraceEvent) -> None:
        """Take in the next event."""
        self._now, waited = max(self._now, event.t), self._waits
        match event:
            case ev.NodeOpened(type="rlm", parent=""):
                self._begun[event.node] = event.t
            case ev.NodeOpened() if event.node and event.node not in self._above:
                self._open(event)
            case ev.NodeClosed():
                self._close(event)
            case ev.Held():
                self._hold(event)
            case ev.Released():
                for holds in (self._holds, *self._own.values()):
                    holds.discard(event.hold)
        if waited and not self._waits:
            self.held += event.t - self._held_since
        elif self._waits and not waited:
            self._held_since = event.t

    def _open(self, event: ev.NodeOpened) -> None:
        is_own = event.type == "code" and event.by == "user"
        if is_own:
            self._own[event.node] = set()
        if is_own or event.parent in self._above:
            self._above[event.node] = event.parent

    def _hold(self, event: ev.Held) -> None:
        self._holds.add(event.hold)
        node = event.node
        while node in self._above:
            self._own.get(node, self._holds).add(event.hold)
            node = self._above[node]

    def _close(self, event: ev.NodeClosed) -> None:
        self._own.pop(event.node, None)
        if not self._own:
            self._above.clear()
        if event.node in self._begun:
            self._took += event.t - self._begun.pop(event.node)
            self._is_told = self._is_told and event.timed
