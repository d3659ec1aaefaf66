"""What the calls of one batch come to: counted once when a call is over, so that ten thousand cost no more than ten."""

from __future__ import annotations

from itertools import islice

from rlm_tui.events import Asks, Outcome, SubcallFinished, Usage
from rlm_tui.trajectory import Node, View
from rlm_tui.ui.content.twigs import Twig


def was_stopped(view: View, call: Node) -> bool:
    """Whether a sub-call ended before it had an answer, as what asked for it was interrupted."""
    return view.outcome(call) == "cancelled" and view.fact(call, SubcallFinished) is None


class Tally:
    """The sum over the calls of a batch that are over; `still` are those under way."""

    def __init__(self) -> None:
        self._begin_anew()

    def _begin_anew(self) -> None:
        self.failed = self.stopped = self.skipped = self.cached = self.count = 0
        self.still: list[Node] = []
        self._begun, self._ended = float("inf"), 0.0
        self._used = Usage()
        self._seq, self._of = -1, (0, 0)
        self._first: Node | None = None

    @property
    def asks(self) -> Asks:
        """Whom the calls ask."""
        return self._first.asks if self._first is not None else ""

    @property
    def outcome(self) -> Outcome:
        """How the calls that are over went: what all of them came to, else ok."""
        outcomes: dict[Outcome, int] = {"error": self.failed, "cancelled": self.stopped, "skipped": self.skipped}
        return next((outcome for outcome, count in outcomes.items() if count == self.count), "ok")

    @property
    def done(self) -> int:
        """How many calls are over."""
        return self.count - len(self.still)

    def at(self, view: View, twig: Twig) -> None:
        """Count on to a moment; an earlier one, or a batch that has lost calls, is counted anew."""
        of = id(twig), twig.losses
        if of != self._of or view.seq < self._seq:
            self._begin_anew()
        self._of, self._seq = of, view.seq
        nodes = view.tree.nodes
        self.add(view, [nodes[key] for key in islice(twig.below, self.count, None)])

    def add(self, view: View, calls: list[Node]) -> None:
        """Take in further calls, and see which are over by now."""
        self.count += len(calls)
        self._first = min((*calls, *([self._first] if self._first else [])), key=lambda call: call.opened, default=None)
        self._begun = min([self._begun, *(call.opened_t for call in calls)])
        looked, self.still = self.still + calls, []
        for call in looked:
            if call.done(view.seq):
                self.failed += call.outcome == "error"
                self.stopped += was_stopped(view, call)
                self.skipped += call.outcome == "skipped"
                self.cached += call.cached
                self._ended = max(self._ended, call.closed_t, call.opened_t)
                self._used += view.usage(call)
            else:
                self.still.append(call)

    def used(self, view: View) -> Usage:
        """What all of them spent by now."""
        return sum((view.usage(call) for call in self.still), self._used)

    def seconds(self, view: View, now: float) -> float:
        """From the first call to the last answer, or to now, without those that their block waited for a person."""
        if self._first is None:
            return 0.0
        latest = max((call.opened_t for call in self.still), default=0.0)
        end, code = max(self._ended, latest, now if self.still else 0.0), view.tree.nodes.get(self._first.parent)
        waited = view.waited(code, end) - view.waited(code, self._begun) if code is not None else 0.0
        return max(0.0, end - self._begun - waited)
