"""A run at any moment: `at(seq)` is a view of what the fold has stamped."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, overload

from rlm_tui import events as ev
from rlm_tui.trajectory.fold import START, Fold
from rlm_tui.trajectory.nodes import BITS, CODES, MASK, Activity, Hold, Node, Place, Variable


class View:
    """A run as it stood right after one event; every question compares stamps, nothing is copied."""

    __slots__ = ("seq", "tree")

    def __init__(self, tree: Fold, seq: int) -> None:
        self.tree = tree
        self.seq = seq

    def at(self, seq: int) -> View:
        """The same run as it stood right after the event `seq`."""
        return View(self.tree, max(START, min(seq, self.tree.last)))

    def now(self) -> View:
        """The same run as far as it is known."""
        return View(self.tree, self.tree.last)

    @property
    def at_end(self) -> bool:
        """Whether this is the newest moment known."""
        return self.seq >= self.tree.last

    @property
    def t(self) -> float:
        """Seconds since the start at this moment."""
        return self.tree.time(self.seq)

    @property
    def started(self) -> ev.RunStarted | None:
        """The newest question asked by now."""
        started: ev.RunStarted | None = _last(self.tree.started, self.seq)
        return started

    @property
    def limits(self) -> ev.Limits:
        """What the newest question may spend by now: what it was asked with, or what a person granted since."""
        limits: ev.Limits | None = _last(self.tree.limits, self.seq)
        return limits or ev.Limits()

    @property
    def finished(self) -> ev.RunFinished | None:
        """How the newest question ended, or None while it runs."""
        asked = self.started
        over = [event for seq, event in self.tree.finished if seq <= self.seq]
        return over[-1] if over and (asked is None or over[-1].node == asked.node) else None

    @property
    def roots(self) -> Sequence[Node]:
        """The nodes below no other: the root RLMs, and in a damaged trace what has lost the node that it was below."""
        return self._visible(self.tree.roots)

    @property
    def questions(self) -> list[Node]:
        """The root RLMs, one a question."""
        return [root for root in self.roots if root.type == "rlm"]

    @property
    def root(self) -> Node | None:
        """The root RLM of the newest question."""
        roots = self.roots
        return next((root for root in reversed(roots) if root.type == "rlm"), roots[-1] if roots else None)

    def node(self, node_id: str) -> Node | None:
        """A node that had been opened by now."""
        node = self.tree.nodes.get(node_id)
        return node if node is not None and node.opened <= self.seq else None

    def children(self, node: Node) -> Sequence[Node]:
        """The children opened by now, in order; only those that are looked at cost anything."""
        return self._visible(node.children)

    def _visible(self, ids: list[str]) -> Sequence[Node]:
        nodes = self.tree.nodes
        if not ids or nodes[ids[-1]].opened <= self.seq:
            return _Visible(nodes, ids, len(ids))
        return _Visible(nodes, ids, bisect_right(ids, self.seq, key=lambda node_id: nodes[node_id].opened))

    def outcome(self, node: Node) -> ev.Outcome | None:
        """How a node ended, or None while it is open."""
        return node.outcome if node.done(self.seq) else None

    def elapsed(self, node: Node, now: float | None = None) -> float:
        """Seconds a node took, or has taken by `now` (default: this moment)."""
        end = node.closed_t if node.done(self.seq) else self.t if now is None else max(now, self.t)
        return max(0.0, end - node.opened_t)

    def took(self, node: Node, now: float | None = None) -> float | None:
        """Seconds as `elapsed`, or None when the trace does not tell."""
        return self.elapsed(node, now) if node.timed else None

    def worked(self, node: Node, now: float | None = None) -> float | None:
        """Seconds as `took`, without those waited for a person, and for a block of theirs before it could begin."""
        clock = self.t if now is None else max(now, self.t)
        took = self.took(node, clock)
        return None if took is None else max(0.0, took - self.waited(node, clock) - self._stood_back(node, clock))

    def _stood_back(self, node: Node, now: float) -> float:
        """Seconds from the moment that a person let a block run to the one at which it began, as theirs still ran."""
        if node.type != "code" or not self.tree.own:
            return 0.0
        starts = self.facts(node, ev.CodeStarted)
        begun = starts[0] if starts else self.seq + 1
        let = [seq for seq in self.facts(node, ev.Released) if seq < begun]
        if not let or (node.done(self.seq) and not starts):
            return 0.0
        return max(0.0, (self.tree.time(begun) if starts else now) - self.tree.time(let[-1]))

    def usage(self, node: Node) -> ev.Usage:
        """What a node and everything below it spent by now."""
        return node.spent.at(self.seq)

    def is_partial(self, node: Node) -> bool:
        """Whether `usage` is less than was spent, as a call did not tell its part."""
        return node.spent.lacks_at(self.seq)

    def fact(self, node: Node, kind: type[ev.TraceEvent]) -> int | None:
        """The seq of the newest event of a kind that a node owns, or None."""
        code = CODES[kind]
        for stamp in reversed(node.stamps):
            if stamp & MASK == code and stamp >> BITS <= self.seq:
                return stamp >> BITS
        return None

    def facts(self, node: Node, kind: type[ev.TraceEvent] | None = None) -> list[int]:
        """The seqs of all events (of a kind) that a node owns by now, in order."""
        code = None if kind is None else CODES[kind]
        stamps = node.stamps[: bisect_right(node.stamps, self.seq << BITS | MASK)]
        return [stamp >> BITS for stamp in stamps if code is None or stamp & MASK == code]

    def count(self, kind: type[ev.TraceEvent], *, since: int = 0) -> int:
        """How many events of a kind there were by now, after the event `since`."""
        seqs = self.tree.counts.get(kind.__name__, ())
        return _count(seqs, self.seq) - _count(seqs, since)

    def holds(self) -> list[Hold]:
        """What waits for a person, oldest first."""
        end = bisect_right(self.tree.holds, self.seq, key=lambda hold: hold.seq)
        begin = self.tree.first_held[end - 1] if end else 0
        return [hold for hold in self.tree.holds[begin:end] if hold.released is None or hold.released > self.seq]

    def waited(self, node: Node, now: float | None = None) -> float:
        """Seconds by `now` (default: this moment) that a node waited for a person, itself or below it."""
        waited = self.tree.waited.get(node.id)
        return 0.0 if waited is None else waited.until(self.t if now is None else now)

    def last_block(self, repl: str = "") -> int | None:
        """The seq at which the newest block of a REPL ended, or None; `repl` as `Fold.repl_of` has it."""
        blocks = self.tree.blocks.get(repl, [])
        count = _count(blocks, self.seq)
        return blocks[count - 1] if count and (repl or blocks[count - 1] > self.forgotten) else None

    @property
    def forgotten(self) -> int:
        """The seq at which conversation and REPL were forgotten last, or 0."""
        count = _count(self.tree.resets, self.seq)
        return self.tree.resets[count - 1] if count else START

    def variables(self, repl: str = "") -> list[Variable]:
        """The variables of a REPL by now, newest change first kept last in the list of each name."""
        emptied = self.tree.emptied.get(repl, [])
        since, found = emptied[_count(emptied, self.seq) - 1] if _count(emptied, self.seq) else START, []
        for changes in self.tree.variables.get(repl, {}).values():
            index = bisect_right(changes, self.seq, key=lambda variable: variable.seq)
            if index and changes[index - 1].seq >= since and changes[index - 1].change.change != "removed":
                found.append(changes[index - 1])
        return found

    def conversation(self, rlm: str) -> list[Place]:
        """The messages that an RLM's LM had been sent by now, in order."""
        places: list[Place] = []
        for seq, prior, count in self.tree.requests.get(rlm, []):
            if seq > self.seq:
                break
            del places[prior:]
            places.extend(Place(seq, nth) for nth in range(count))
        return places

    def own_block(self) -> Node | None:
        """The block of the person's own that runs at this moment; None also while it waits for them itself."""
        node: Node | None = _last(self.tree.own, self.seq)
        if node is None or node.done(self.seq) or self.fact(node, ev.CodeFinished) is not None:
            return None
        return None if any(self._is_below(hold.node, node) for hold in self.holds()) else node

    def _is_below(self, node_id: str, above: Node) -> bool:
        node = self.node(node_id)
        while node is not None and node is not above:
            node = self.node(node.parent)
        return node is not None

    def queued_words(self) -> list[int]:
        """The seqs of `told` events whose words still wait for a request to carry them."""
        sent, told = self.tree.told_out, self.tree.told
        count = _count(sent, self.seq)
        since = sent[count - 1] if count else START
        return told[_count(told, since) : _count(told, self.seq)]

    def deeds(self) -> list[int]:
        """The seqs of what a person did by now."""
        return self.tree.deeds[: _count(self.tree.deeds, self.seq)]

    def activity(self) -> Activity | None:
        """What the engine was doing at this moment."""
        return self.tree.activity(self.seq)

    def remarks(self) -> list[int]:
        """The seqs of notes and limits by now."""
        return self.tree.remarks[: _count(self.tree.remarks, self.seq)]

    def troubles(self) -> list[int]:
        """The seqs of what failed by now for good: requests, blocks, sub-calls."""
        return self._once(self.tree.troubles)

    def repairs(self) -> list[int]:
        """The seqs of parsed responses in which something was mended, cut off or missing."""
        return self.tree.repairs[: _count(self.tree.repairs, self.seq)]

    def problems(self) -> list[int]:
        """The seqs of what failed by now, and of responses and answers that were not as the model was asked."""
        return self._once(self.tree.problems)

    def _once(self, seqs: list[int]) -> list[int]:
        """Those by now, without what a later one of them tells too."""
        retold = self.tree.retold
        return [seq for seq in seqs[: _count(seqs, self.seq)] if retold.get(seq, self.seq + 1) > self.seq]

    def step_number(self) -> int:
        """How many steps are complete by now (steps are counted from 1)."""
        return bisect_right(self.tree.steps, self.seq, key=lambda step: step.seq)


class Trajectory(Fold):
    """All that happened, folded; readers ask `at(seq)` or `now()`."""

    def at(self, seq: int) -> View:
        """The run as it stood right after the event `seq`."""
        return self.now().at(seq)

    def now(self) -> View:
        """The run as far as it is known."""
        return View(self, self.last)


class _Visible(Sequence[Node]):
    """The first `count` nodes of a list of ids."""

    __slots__ = ("_count", "_ids", "_nodes")

    def __init__(self, nodes: dict[str, Node], ids: list[str], count: int) -> None:
        self._nodes, self._ids, self._count = nodes, ids, count

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> Node: ...

    @overload
    def __getitem__(self, index: slice) -> list[Node]: ...

    def __getitem__(self, index: int | slice) -> Node | list[Node]:
        places = range(self._count)[index]
        if isinstance(places, int):
            return self._nodes[self._ids[places]]
        return [self._nodes[self._ids[place]] for place in places]

    def __iter__(self) -> Iterator[Node]:
        return (self._nodes[node_id] for node_id in islice(self._ids, self._count))


def _count(seqs: Sequence[int], seq: int) -> int:
    return bisect_right(seqs, seq)


def _last(stamped: list[tuple[int, Any]], seq: int) -> Any:
    index = bisect_right(stamped, seq, key=lambda item: item[0])
    return stamped[index - 1][1] if index else None
