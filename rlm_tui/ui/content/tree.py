"""The call tree as rows: which are open, which stands where; only what may still change is walked again."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TypeAlias

from rlm_tui.trajectory import Node, View
from rlm_tui.ui.content.batches import BATCH, batch_key, batch_of, split_key
from rlm_tui.ui.content.growing import Growing
from rlm_tui.ui.content.reading import below
from rlm_tui.ui.content.tally import Tally
from rlm_tui.ui.content.twigs import Row, Twig

Facts: TypeAlias = tuple[tuple[str, str], list[tuple[str, str]], str, str]
"""What a row says: symbol, label, time, tokens."""


@dataclass(slots=True)
class _Trunk:
    """The rows below a root, one chunk an iteration that is over: `until` are the seqs since which they stand."""

    chunks: list[list[Row]] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    until: list[int] = field(default_factory=list)

    def forget(self, index: int) -> None:
        """Drop the chunks from `index` on."""
        del self.chunks[index:], self.ends[index:], self.until[index:]

    def keep(self, rows: list[Row], closed: int) -> None:
        """Add the next chunk."""
        self.chunks.append(rows)
        self.ends.append(len(rows) + (self.ends[-1] if self.ends else 0))
        self.until.append(max(closed, self.until[-1] if self.until else 0))


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Rows in sequence: the root, those of a trunk up to `whole` chunks, then those that still grow."""

    start: int
    root: str
    trunk: _Trunk | None = None
    whole: int = 0
    growing: Growing | None = None

    @property
    def settled(self) -> int:
        return self.trunk.ends[self.whole - 1] if self.trunk and self.whole else 0

    @property
    def size(self) -> int:
        return self.settled + (self.growing.stem.size if self.growing else 1)

    def row(self, index: int) -> Row:
        """The row at an index of the stretch; 0 is the root."""
        if index == 0 or self.trunk is None or self.growing is None:
            return Row(self.root, 0)
        if index > self.settled:
            return self.growing.stem.row(index - self.settled)
        index -= 1
        chunk = bisect_right(self.trunk.ends, index)
        return self.trunk.chunks[chunk][index - (self.trunk.ends[chunk - 1] if chunk else 0)]


class TreeRows:
    """The open rows at one moment."""

    def __init__(self, stretches: list[_Stretch], view: View) -> None:
        self._stretches = stretches
        self._starts = [stretch.start for stretch in stretches]
        self._view = view

    def __len__(self) -> int:
        last = self._stretches[-1] if self._stretches else None
        return last.start + last.size if last else 0

    def row(self, index: int) -> Row:
        """The row at an index."""
        stretch = self._stretches[bisect_right(self._starts, index) - 1]
        return stretch.row(index - stretch.start)

    def find(self, key: str) -> int | None:
        """The row of a selection, or of the nearest thing that holds it; None when there is no such node."""
        wanted = self._up(key)
        for stretch in self._stretches:
            if wanted and stretch.root == wanted[-1]:
                return stretch.start + self._within(stretch, wanted)
        return None

    def _up(self, key: str) -> list[str]:
        """The selection, its batch, and what is above it, up to the root."""
        node_id, batch = split_key(key)
        node, path = self._view.node(node_id), [key] if batch else []
        while node is not None:
            path.append(node.id)
            own = batch_of(self._view, node)
            if own:
                path.append(batch_key(node, own))
            node = self._view.node(node.parent)
        return path

    def _within(self, stretch: _Stretch, wanted: list[str]) -> int:
        root, nodes, trunk = self._view.node(stretch.root), self._view.tree.nodes, stretch.trunk
        if root is None or len(wanted) < 2 or trunk is None or stretch.growing is None:
            return 0
        opened = nodes[wanted[-2]].opened
        chunk = bisect_right(root.children, opened, key=lambda child: nodes[child].opened) - 1
        if chunk >= stretch.whole:
            twig = next((twig for key in wanted if (twig := stretch.growing.twigs.get(key)) is not None), None)
            return stretch.settled + twig.index() if twig is not None else 0
        places, start = {key: rank for rank, key in enumerate(wanted)}, 1 + (trunk.ends[chunk - 1] if chunk else 0)
        found = [(places[row.key], start + nth) for nth, row in enumerate(trunk.chunks[chunk]) if row.key in places]
        return min(found)[1] if found else 0


class CallTree:
    """What a person opened and closed, and the rows that come of it at any moment."""

    def __init__(self) -> None:
        self.folds: dict[str, bool] = {}
        self.batches: dict[str, Facts] = {}
        self.tallies: dict[str, Tally] = {}
        self._trunks: dict[str, _Trunk] = {}
        self._growing: dict[str, Growing] = {}

    def is_open(self, key: str) -> bool:
        """Whether what is below a row shows: all but batches, unless a person chose."""
        return self.folds.get(key, BATCH not in key)

    def fold(self, key: str, is_open: bool, view: View) -> None:
        """Open or close a row."""
        self.folds[key] = is_open
        for growing in self._growing.values():
            growing.fold(key, is_open)
        node = view.node(split_key(key)[0])
        while node is not None and node.parent in view.tree.nodes and view.tree.nodes[node.parent].parent:
            node = view.node(node.parent)
        trunk = self._trunks.get(node.parent) if node else None
        if trunk is not None and node is not None:
            trunk.forget(view.tree.nodes[node.parent].children.index(node.id))

    def at(self, view: View) -> TreeRows:
        """The rows at a moment."""
        stretches: list[_Stretch] = []
        start = 0
        for root in view.roots:
            stretches.append(self._stretch(view, root, start))
            start += stretches[-1].size
        return TreeRows(stretches, view)

    def calls(self, key: str) -> Twig | None:
        """The batch of a selection with its calls, while its block is under way."""
        return next((growing.twigs[key] for growing in self._growing.values() if key in growing.twigs), None)

    def _stretch(self, view: View, root: Node, start: int) -> _Stretch:
        if not self.is_open(root.id):
            return _Stretch(start, root.id)
        trunk = self._trunks.setdefault(root.id, _Trunk())
        if root.id not in self._growing:
            self._growing[root.id] = Growing(root.id, self.is_open)
        growing = self._growing[root.id]
        growing.at(view)
        nodes, ids = view.tree.nodes, root.children
        count = bisect_right(ids, view.seq, key=lambda child: nodes[child].opened)
        while len(trunk.chunks) < count:
            child = nodes[ids[len(trunk.chunks)]]
            if child.closed is None or child.closed > view.seq:
                break
            twig = growing.twigs.get(child.id)
            trunk.keep(self._flat(view.now(), child, 1) if twig is None else twig.rows(1), child.closed)
        whole = min(bisect_right(trunk.until, view.seq), count)
        growing.keep(view, ids[whole:count])
        return _Stretch(start, root.id, trunk, whole, growing)

    def _flat(self, view: View, top: Node, depth: int) -> list[Row]:
        """A node and all open rows below it, in reading order."""
        rows: list[Row] = []
        stack: list[tuple[str, Node | None, list[Node], int]] = [(top.id, top, [], depth)]
        while stack:
            key, node, inside, level = stack.pop()
            rows.append(Row(key, level))
            if self.is_open(key):
                inner = entries(view, node) if node else [(child.id, child, []) for child in inside]
                stack.extend((*entry, level + 1) for entry in reversed(inner))
        return rows


def entries(view: View, node: Node) -> list[tuple[str, Node | None, list[Node]]]:
    """The children of a node, those of one batch as one entry that stands where its first call stands."""
    entries: dict[str, tuple[str, Node | None, list[Node]]] = {}
    for child in below(view, node):
        batch = batch_of(view, child)
        if batch:
            key = batch_key(child, batch)
            entries.setdefault(key, (key, None, []))[2].append(child)
        else:
            entries[child.id] = (child.id, child, [])
    return list(entries.values())
