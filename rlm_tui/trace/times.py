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
        self._holds: dict[int, str] = {}
        self._held_since = 0.0
        self._held_in: dict[str, int] = {}
        """How many holds are in each block of the person's own and each sub-call that is under way."""
        self._working = 0
        """Those of them in which none is: while there is one, nothing waits."""
        self._above: dict[str, str] = {}
        """What each node at or below one of them is below."""

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
        return bool(self._holds) and not self._working

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
            case ev.SubcallRequested() if event.node:
                self._begin_work(event.node, "")
            case ev.SubcallFinished():
                self._end_work(event.node)
            case ev.Held() if event.hold not in self._holds:
                self._holds[event.hold] = event.node
                self._hold_in(event.node, 1)
            case ev.Released() if event.hold in self._holds:
                self._hold_in(self._holds.pop(event.hold), -1)
        if waited and not self._waits:
            self.held += event.t - self._held_since
        elif self._waits and not waited:
            self._held_since = event.t

    def _open(self, event: ev.NodeOpened) -> None:
        if event.type == "code" and event.by == "user":
            self._begin_work(event.node, event.parent if event.parent in self._above else "")
        elif event.parent in self._above:
            self._above[event.node] = event.parent

    def _begin_work(self, node: str, parent: str) -> None:
        self._above.setdefault(node, parent)
        if node not in self._held_in:
            self._held_in[node] = 0
            self._working += 1

    def _end_work(self, node: str) -> None:
        self._working -= self._held_in.pop(node, None) == 0

    def _hold_in(self, node: str, holds: int) -> None:
        while node in self._above:
            before = self._held_in.get(node)
            if before is not None:
                after = self._held_in[node] = max(0, before + holds)
                self._working += (not after) - (not before)
            node = self._above[node]

    def _close(self, event: ev.NodeClosed) -> None:
        self._end_work(event.node)
        if not self._held_in:
            self._above.clear()
        if event.node in self._begun:
            self._took += event.t - self._begun.pop(event.node)
            self._is_told = self._is_told and event.timed
