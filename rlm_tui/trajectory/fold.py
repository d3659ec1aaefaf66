"""Events folded once into stamped nodes.

Every fact carries the seq at which it became true, so a view only compares stamps for what is asked: no copies,
no checkpoints, and a seek costs what is on screen. The fold keeps small facts and the seqs of events; texts stay
in the log and are decoded when looked at.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from sys import intern
from typing import Any, ClassVar

from rlm_tui import events as ev
from rlm_tui.trajectory.nodes import BITS, CODES, MASK, Activity, Hold, Node, Step, Variable
from rlm_tui.trajectory.spending import amounts_of
from rlm_tui.trajectory.waited import Waited

START = 0
_SHORT = 64
_DEEPEST = 400
"""Nodes above a node; what a trace nests deeper stands beside these, as every sum is told to all nodes above."""
_BY_HAND: tuple[ev.Release, ...] = ("skip", "retry", "answer")
_DOING = ("asking", "code", "subcall", "idle")


class Fold:
    """What is known of a run: its nodes, and every fact with the seq at which it became true."""

    def __init__(self, events: Iterable[ev.TraceEvent] = ()) -> None:
        self.last = START
        self.nodes: dict[str, Node] = {}
        self.roots: list[str] = []
        self.steps: list[Step] = []
        self.stops: set[ev.Checkpoint] = set()
        self.started: list[tuple[int, ev.RunStarted]] = []
        self.finished: list[tuple[int, ev.RunFinished]] = []
        self.limits: list[tuple[int, ev.Limits]] = []
        """What may be spent: as a question was asked, and after each time that a person raised a limit."""
        self.holds: list[Hold] = []
        self.first_held = array("Q")
        """For each hold the place of the oldest one that had not ended when it came."""
        self.waited: defaultdict[str, Waited] = defaultdict(Waited)
        self.variables: dict[str, dict[str, list[Variable]]] = {}
        self.begun: dict[str, list[int]] = {}
        self.blocks: dict[str, list[int]] = {}
        self.emptied: dict[str, list[int]] = {}
        """When a REPL lost all its variables: it was reset, or its worker died. These four are by REPL (`repl_of`)."""
        self.resets: list[int] = []
        self.requests: dict[str, list[tuple[int, int, int]]] = {}
        self.told: list[int] = []
        self.told_out: list[int] = []
        """When what was told left the queue: with a request, or forgotten."""
        self.deeds: list[int] = []
        """What a person did: edited, told, ran of their own, answered, skipped or had done again."""
        self.own: list[tuple[int, Node]] = []
        """The person's own blocks, and when they began."""
        self._held_in: dict[str, int] = {}
        """How many holds are at or below each block of the person's own and each sub-call that is under way."""
        self._open_holds = 0
        self.remarks: list[int] = []
        self.troubles: list[int] = []
        self.repairs: list[int] = []
        self.problems: list[int] = []
        """The troubles, and the responses and answers that the model was told to do otherwise."""
        self.retold: dict[int, int] = {}
        """Requests that failed, and where the sub-call that they were made for failed for it: one trouble, not two."""
        self._failed: dict[str, list[int]] = {}
        self.grown: list[str] = []
        """Every node when it was opened, and a sub-call when its batch was known: what the tree of calls grows by."""
        self.grown_at = array("Q")
        self._asked: Counter[str] = Counter()
        self._kin: Counter[str] = Counter()
        self._doing = array("Q")
        self._doers: list[str] = []
        self.seqs = array("Q")
        self.times = array("d")
        self.counts: dict[str, array[int]] = {}
        for event in events:
            self.fold(event)

    def fold(self, event: ev.TraceEvent) -> None:
        """Take in the next event; events must come in order of seq."""
        self.last = event.seq
        self.seqs.append(event.seq)
        self.times.append(event.t)
        kind = type(event)
        if not (isinstance(event, ev.SubcallRequested) and event.refused):
            self.counts.setdefault(kind.__name__, array("Q")).append(event.seq)
        node = self.nodes.get(event.node)
        if node is not None:
            node.stamps.append(event.seq << BITS | CODES[kind])
        handler = self._handlers.get(kind)
        if handler is not None:
            handler(self, event)

    def _run_started(self, event: ev.RunStarted) -> None:
        self.started.append((event.seq, event))
        self.limits.append((event.seq, event.limits))
        for change in event.loaded:
            self._change(self.repl_of(event.node), event.seq, change)
        self._act(event.seq, "idle", event.node)

    def _run_finished(self, event: ev.RunFinished) -> None:
        self.finished.append((event.seq, event))
        self._act(event.seq, "idle", event.node)
        self._step(event, "the end")

    def _node_opened(self, event: ev.NodeOpened) -> None:
        # Only a node that is already there can be a parent, and "" means none: so no trace can make a cycle.
        if event.node in self.nodes or not event.node:
            return
        parent = self.nodes.get(event.parent)
        if parent is not None and parent.level == _DEEPEST:
            parent = self.nodes[parent.parent]
        above = parent.id if parent else ""
        title = _interned(event.title)
        node = Node(event.node, event.type, above, event.depth, event.role, title, event.by, event.seq, event.t)
        node.stamps.append(event.seq << BITS | CODES[ev.NodeOpened])
        node.in_batch, node.asks, node.level = bool(event.batch), event.asks, parent.level + 1 if parent else 0
        if event.type == "subcall" and not event.asks:
            node.in_batch, node.asks = _told_by_title(event.title)
        self.nodes[event.node] = node
        self._grow(event.seq, node)
        (parent.children if parent else self.roots).append(event.node)
        if node.is_own:
            self._begin_work(node, event.t)
        if event.type == "rlm" and parent is not None:
            self._kin[self.rlm_of(above) or ""] += 1
            node.number = self._kin[self.rlm_of(above) or ""]

    def _grow(self, seq: int, node: Node) -> None:
        self.grown.append(node.id)
        self.grown_at.append(seq)

    def _node_closed(self, event: ev.NodeClosed) -> None:
        node = self.nodes.get(event.node)
        if node is not None and node.closed is None:
            node.closed, node.closed_t, node.outcome = event.seq, event.t, event.outcome
            node.timed = event.timed
            self._end_work(node, event.t)

    def _iteration_started(self, event: ev.IterationStarted) -> None:
        node = self.nodes.get(event.node)
        if node is not None:
            node.number = event.number

    def _iteration_finished(self, event: ev.IterationFinished) -> None:
        if event.refused:
            self.problems.append(event.seq)
            self._step(event, "refused")

    def _lm_requested(self, event: ev.LmRequested) -> None:
        self._act(event.seq, "asking", event.node)
        owner = self.rlm_of(event.node)
        if owner is not None:
            self.requests.setdefault(owner, []).append((event.seq, event.prior, len(event.messages)))
            if owner in self.roots and self.nodes[event.node].title != ev.COMPACTION:
                self.told_out.append(event.seq)

    def _lm_responded(self, event: ev.LmResponded) -> None:
        self._spend(event.node, event.seq, event.usage)
        if event.usage.tokens is None and event.by == "model" and not event.cached:
            self._lack(event.node, event.seq, 1)
        self._act(event.seq, "idle", event.node)

    def _lm_failed(self, event: ev.LmFailed) -> None:
        if event.retry_in_s is None:
            self._trouble(event)
            self._failed.setdefault(self._call_of(event.node), []).append(event.seq)

    def _parsed(self, event: ev.ResponseParsed) -> None:
        if event.problem or event.truncated or event.repairs:
            self.repairs.append(event.seq)
        if event.problem:
            self.problems.append(event.seq)
        self._step(event, "response")

    def _code_started(self, event: ev.CodeStarted) -> None:
        node = self.nodes.get(event.node)
        if node is not None:
            node.number = event.number
            if node.is_own:
                self.deeds.append(event.seq)
                self.own.append((event.seq, node))
        self.begun.setdefault(self.repl_of(event.node), []).append(event.seq)
        self._act(event.seq, "code", event.node)

    def _code_finished(self, event: ev.CodeFinished) -> None:
        if event.status != "ok":
            self._trouble(event)
        owner = self.repl_of(event.node)
        self.blocks.setdefault(owner, []).append(event.seq)
        if event.status in ("killed", "died"):
            self._emptied(owner, event.seq)
        for change in event.changes:
            self._change(owner, event.seq, change)
        self._act(event.seq, "idle", event.node)
        self._step(event, "output")

    def _subcall_requested(self, event: ev.SubcallRequested) -> None:
        node = self.nodes.get(event.node)
        if node is not None:
            node.number = event.index
            self._join(node, event)
            self._asked[node.parent] += 1
            self._begin_work(node, event.t)
        self._act(event.seq, "subcall", event.node)

    def _join(self, node: Node, event: ev.Held | ev.SubcallRequested) -> None:
        """From here on a sub-call is one of its batch, even if it is never sent."""
        if not node.batch_since:
            node.batch, node.batch_since = _interned(event.batch), event.seq
            self._grow(event.seq, node)

    def _subcall_finished(self, event: ev.SubcallFinished) -> None:
        self._spend(event.node, event.seq, event.usage)
        failed = self._failed.pop(event.node, ())
        if event.error:
            self._trouble(event)
            self.retold.update(dict.fromkeys(failed, event.seq))
        node = self.nodes.get(event.node)
        if node is not None:
            self._lack(event.node, event.seq, _gaps_of(event, node))
            node.cached = event.cached
            self._end_work(node, event.t)
            self._asked[node.parent] -= 1
            if self._asked[node.parent] <= 0:
                self._act(event.seq, "code", node.parent)

    def _held(self, event: ev.Held) -> None:
        hold = Hold(event.hold, event.checkpoint, event.node, event.why, event.batch, event.seq, unit=event.unit)
        first = self.first_held[-1] if self.first_held else 0
        while first < len(self.holds) and self.holds[first].released is not None:
            first += 1
        self.first_held.append(first)
        self.holds.append(hold._replace(needs_answer=event.needs_answer, has_failed=event.has_failed))
        node = self.nodes.get(event.node)
        if node is not None and node.type == "subcall" and event.batch:
            self._join(node, event)
        self._count_holds(event.t, 1)
        self._wait(event.node, event.t, holds=1)
        self._wait_in_work(event.node, event.t, 1)
        self.stops.add(event.checkpoint)
        self._step(event, event.checkpoint)

    def _released(self, event: ev.Released) -> None:
        if event.how in _BY_HAND:
            self.deeds.append(event.seq)
        for index in range(len(self.holds) - 1, -1, -1):
            hold = self.holds[index]
            if hold.id == event.hold and hold.released is None:
                self.holds[index] = hold._replace(released=event.seq)
                if hold.node in self.nodes and self.nodes[hold.node].opened < hold.seq:
                    self._wait(hold.node, event.t, holds=-1)
                    self._wait_in_work(hold.node, event.t, -1)
                self._count_holds(event.t, -1)
                return

    def _reset(self, event: ev.Reset) -> None:
        self.resets.append(event.seq)
        self.told_out.append(event.seq)
        self.emptied.setdefault("", []).append(event.seq)
        self._remark(event)

    def _emptied(self, owner: str, seq: int) -> None:
        """What was loaded into a REPL is loaded into the worker that takes the place of a dead one, too."""
        self.emptied.setdefault(owner, []).append(seq)
        for change in self.started[-1][1].loaded if self.started and not owner else ():
            self._change(owner, seq, change)

    def _change(self, owner: str, seq: int, change: ev.VarChange) -> None:
        self.variables.setdefault(owner, {}).setdefault(change.name, []).append(Variable(seq, change))

    def _told(self, event: ev.Told) -> None:
        self.told.append(event.seq)
        self.deeds.append(event.seq)

    def _edited(self, event: ev.Edited) -> None:
        self.deeds.append(event.seq)

    def _remark(self, event: ev.TraceEvent) -> None:
        self.remarks.append(event.seq)

    def _note(self, event: ev.Note) -> None:
        self._remark(event)
        if event.limits is not None:
            self.limits.append((event.seq, event.limits))

    def _trouble(self, event: ev.TraceEvent) -> None:
        self.troubles.append(event.seq)
        self.problems.append(event.seq)

    def _act(self, seq: int, kind: str, node_id: str) -> None:
        node = self.nodes.get(node_id)
        self._doing.append(seq << BITS | _DOING.index(kind))
        self._doers.append(node.id if node is not None else node_id)

    def activity(self, seq: int) -> Activity | None:
        """What the engine did at a moment."""
        index = bisect_right(self._doing, seq << BITS | MASK) - 1
        if index < 0:
            return None
        since = self._doing[index] >> BITS
        return Activity(since, self.time(since), _DOING[self._doing[index] & MASK], self._doers[index])

    def time(self, seq: int) -> float:
        """Seconds since the start at the event `seq`, or at the last one before it."""
        index = bisect_right(self.seqs, seq)
        return self.times[index - 1] if index else 0.0

    def _step(self, event: ev.TraceEvent, label: str) -> None:
        self.steps.append(Step(event.seq, event.node, label))

    def _spend(self, node_id: str, seq: int, usage: ev.Usage) -> None:
        node, amounts = self.nodes.get(node_id), amounts_of(usage)
        while node is not None:
            node.spent.add(seq, *amounts)
            node = self.nodes.get(node.parent)

    def _lack(self, node_id: str, seq: int, more: int) -> None:
        """Note of a node and all above it that a call (or `more` of them) did not tell what it spent."""
        node = self.nodes.get(node_id) if more else None
        while node is not None:
            node.spent.lack(seq, more)
            node = self.nodes.get(node.parent)

    def _wait(self, node_id: str, t: float, *, holds: int = 0, working: int = 0) -> None:
        """Note of a node and all above it that holds, or what works, begin or end."""
        node = self.nodes.get(node_id)
        while node is not None:
            self.waited[node.id].add(t, holds=holds, working=working)
            node = self.nodes.get(node.parent)

    def _count_holds(self, t: float, more: int) -> None:
        """What works is told to the nodes above it only while something is held: else none of them could wait."""
        before, self._open_holds = self._open_holds, self._open_holds + more
        if not before or not self._open_holds:
            for node_id in [node_id for node_id, holds in self._held_in.items() if not holds]:
                self._wait(self.nodes[node_id].parent, t, working=more)

    def _begin_work(self, node: Node, t: float) -> None:
        """From here on nothing above a node waits, whatever else is held."""
        if node.id not in self._held_in:
            self._held_in[node.id] = 0
            self._work(node, t, 1)

    def _end_work(self, node: Node, t: float) -> None:
        if self._held_in.pop(node.id, None) == 0:
            self._work(node, t, -1)

    def _work(self, node: Node, t: float, more: int) -> None:
        if self._open_holds:
            self._wait(node.parent, t, working=more)

    def _wait_in_work(self, node_id: str, t: float, holds: int) -> None:
        """What is under way does not work while something in it is held, so that what is above it waits."""
        node = self.nodes.get(node_id) if self._held_in else None
        while node is not None:
            before = self._held_in.get(node.id)
            if before is not None:
                after = self._held_in[node.id] = max(0, before + holds)
                self._wait(node.parent, t, working=(not after) - (not before))
            node = self.nodes.get(node.parent)

    def rlm_of(self, node_id: str) -> str | None:
        """The RLM that a node belongs to."""
        node = self.nodes.get(node_id)
        while node is not None and node.type != "rlm":
            node = self.nodes.get(node.parent)
        return node.id if node is not None else None

    def _call_of(self, node_id: str) -> str:
        """The sub-call that a node is, or works for; "" where it is none's."""
        node = self.nodes.get(node_id)
        while node is not None and node.type != "subcall":
            node = self.nodes.get(node.parent)
        return node.id if node is not None else ""

    def repl_of(self, node_id: str) -> str:
        """The child RLM whose REPL a node runs in; "" for the one that all questions share."""
        owner = self.rlm_of(node_id)
        return owner if owner is not None and self.nodes[owner].parent else ""

    _handlers: ClassVar[dict[type[ev.TraceEvent], Callable[[Fold, Any], None]]] = {
        ev.RunStarted: _run_started,
        ev.RunFinished: _run_finished,
        ev.NodeOpened: _node_opened,
        ev.NodeClosed: _node_closed,
        ev.IterationStarted: _iteration_started,
        ev.IterationFinished: _iteration_finished,
        ev.LmRequested: _lm_requested,
        ev.LmResponded: _lm_responded,
        ev.LmFailed: _lm_failed,
        ev.ResponseParsed: _parsed,
        ev.CodeStarted: _code_started,
        ev.CodeFinished: _code_finished,
        ev.SubcallRequested: _subcall_requested,
        ev.SubcallFinished: _subcall_finished,
        ev.Held: _held,
        ev.Released: _released,
        ev.Told: _told,
        ev.Reset: _reset,
        ev.Edited: _edited,
        ev.Note: _note,
        ev.LimitHit: _remark,
    }


def _told_by_title(title: str) -> tuple[bool, ev.Asks]:
    """Whether a sub-call is one of a batch and whom it asks, in traces that tell neither: by its function."""
    if title.endswith("()"):
        return False, "tool"
    return "batch" in title, "rlm" if title.startswith(("rlm", "recursive")) else "lm"


def _gaps_of(event: ev.SubcallFinished, node: Node) -> int:
    """1 for a call to an LM that does not tell what it spent; one that does tells for all below it.

    One that took no time was answered by a person; a child RLM of ours tells by its own calls.
    """
    if event.usage.tokens is not None:
        return -node.spent.gaps
    is_asked = event.latency_s is None or event.latency_s > 0
    return int(is_asked and not (event.error or event.cached or node.children or node.asks == "tool"))


def _interned(text: str) -> str:
    """One object for equal short texts: a title stands at a hundred thousand sub-calls."""
    return intern(text) if len(text) <= _SHORT else text
