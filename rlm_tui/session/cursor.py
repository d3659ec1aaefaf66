"""What live and replayed sessions share: the folded trajectory, the cursor in it, and the live text beside it."""

from __future__ import annotations

from collections.abc import Iterable

from rlm_tui import events as ev
from rlm_tui.session.base import Delta, LiveText, Stream
from rlm_tui.session.notebook import Notebook
from rlm_tui.trajectory import Trajectory, View

_KEPT = 200_000
_SAID: tuple[Stream, ...] = ("text", "reasoning", "waiting")
_ENDS: dict[type[ev.TraceEvent], tuple[Stream, ...]] = {
    ev.LmResponded: _SAID,
    ev.LmFailed: _SAID,
    ev.SubcallFinished: _SAID,
    ev.CodeFinished: ("stdout",),
    ev.NodeClosed: (*_SAID, "stdout"),
}


class Cursor:
    """A trajectory and the place in it that is looked at; belongs to the front end's thread."""

    def __init__(self) -> None:
        self.trajectory = Trajectory()
        self.live = LiveText()
        self.notebook = Notebook()
        self.values: dict[str, str] = {}
        self._at: int | None = None

    @property
    def view(self) -> View:
        """The trajectory at the cursor."""
        return self.trajectory.now() if self._at is None else self.trajectory.at(self._at)

    @property
    def following(self) -> bool:
        """Whether the cursor follows the end."""
        return self._at is None

    def seek(self, seq: int | None) -> None:
        """Look at another moment; None, or one past the end, follows the end."""
        at_end = seq is None or seq >= self.trajectory.last
        self._at = None if at_end or seq is None else max(0, seq)

    def take(self, events: Iterable[ev.TraceEvent], deltas: Iterable[Delta] = (), now: float = 0.0) -> None:
        """Fold new events and keep the transient text that goes with them, which came at `now`."""
        parts = self.live.parts
        for delta in deltas:
            key = delta.node, delta.stream
            before = "" if delta.stream == "waiting" else parts.get(key, "")
            parts[key] = (before + delta.text)[-_KEPT:]
            self.live.heard[delta.node] = now
        for event in events:
            self.trajectory.fold(event)
            for stream in _ENDS.get(type(event), ()):
                parts.pop((event.node, stream), None)
            if isinstance(event, ev.NodeClosed):
                self.live.heard.pop(event.node, None)
