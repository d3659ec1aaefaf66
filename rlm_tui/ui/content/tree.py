"""The call tree as rows: which are open, which stands where; only what may still change is walked again."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from rlm_tui import events as ev
from rlm_tui.trajectory import Node, View

BATCH = "#"
QUEUED = "queued"
Batches: TypeAlias = dict[str, str]
Facts: TypeAlias = tuple[tuple[str, str], list[tuple[str, str]], str, str]
"""What a row says: symbol, label, time, tokens."""


class Row(NamedTuple):
    """A row of the tree: a node id, or `CODE#BATCH` for the calls of one batch, and how deep it stands."""

    key: str
    depth: int


def batch_key(node: Node, batch: str) -> str:
    """The selection that means a whole batch: the block that made the calls, and the batch."""
    return f"{node.parent}{BATCH}{batch}"


def split_key(key: str) -> tuple[str, str]:
    """The node of a selection, and the batch in it or nothing."""
    node, _, batch = key.partition(BATCH)
    return node, batch


def held_batches(view: View) -> Batches:
    """The batch of every sub-call that waits before it was sent."""
    return {hold.node: hold.batch for hold in view.holds() if hold.batch}


def batch_of(view: View, node: Node, held: Batches) -> str:
    """The batch that a sub-call belongs to by now, or nothing; those of a batch that wait for a slot are QUEUED."""
    if node.type != "subcall":
        return ""
    if view.fact(node, ev.SubcallRequested) is not None:
        return node.batch
    return held.get(node.id) or (QUEUED if node.in_batch else "")


def members(view: View, key: str) -> list[Node]:
    """The sub-calls of a batch, in order."""
    code, batch = split_key(key)
    node, held = view.node(code), held_batches(view)
    return [child for child in view.children(node) if batch_of(view, child, held) == batch] if node else []


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
    """Rows in sequence: those of a trunk up to `whole` chunks, then loose ones."""

    start: int
    root: str
    trunk: _Trunk | None
    whole: int
    loose: list[Row]

    @property
    def settled(self) -> int:
        return self.trunk.ends[self.whole - 1] if self.trunk and self.whole else 0

    @property
    def size(self) -> int:
        return 1 + self.settled + len(self.loose)

    def row(self, index: int) -> Row:
        """The row at an index of the stretch; 0 is the root."""
        if index == 0:
            return Row(self.root, 0)
        index -= 1
        if index >= self.settled or self.trunk is None:
            return self.loose[index - self.settled]
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
        node, held, path = self._view.node(node_id), held_batches(self._view), [key] if batch else []
        while node is not None:
            path.append(node.id)
            own = batch_of(self._view, node, held)
            if own:
                path.append(batch_key(node, own))
            node = self._view.node(node.parent)
        return path

    def _within(self, stretch: _Stretch, wanted: list[str]) -> int:
        places = {key: rank for rank, key in enumerate(wanted)}
        start, rows = self._near(stretch, wanted)
        found = [(places[row.key], start + index) for index, row in enumerate(rows) if row.key in places]
        return min(found)[1] if found else 0

    def _near(self, stretch: _Stretch, wanted: list[str]) -> tuple[int, list[Row]]:
        """The rows among which a selection stands, and the index of the first: one chunk, or the loose ones."""
        root, nodes = self._view.node(stretch.root), self._view.tree.nodes
        if root is None or len(wanted) < 2 or stretch.trunk is None:
            return 1, []
        opened = nodes[wanted[-2]].opened
        chunk = bisect_right(root.children, opened, key=lambda child: nodes[child].opened) - 1
        if chunk >= stretch.whole:
            return 1 + stretch.settled, stretch.loose
        return 1 + (stretch.trunk.ends[chunk - 1] if chunk else 0), stretch.trunk.chunks[chunk]


class CallTree:
    """What a person opened and closed, and the rows that come of it at any moment."""

    def __init__(self) -> None:
        self.folds: dict[str, bool] = {}
        self.batches: dict[str, Facts] = {}
        self.version = 0
        self._trunks: dict[str, _Trunk] = {}

    def is_open(self, key: str) -> bool:
        """Whether what is below a row shows: all but batches, unless a person chose."""
        return self.folds.get(key, BATCH not in key)

    def fold(self, key: str, is_open: bool, view: View) -> None:
        """Open or close a row."""
        self.folds[key] = is_open
        self.version += 1
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

    def _stretch(self, view: View, root: Node, start: int) -> _Stretch:
        if not self.is_open(root.id):
            return _Stretch(start, root.id, None, 0, [])
        trunk = self._trunks.setdefault(root.id, _Trunk())
        nodes, ids, held = view.tree.nodes, root.children, held_batches(view)
        count = bisect_right(ids, view.seq, key=lambda child: nodes[child].opened)
        while len(trunk.chunks) < count:
            child = nodes[ids[len(trunk.chunks)]]
            if child.closed is None or child.closed > view.seq:
                break
            trunk.keep(self._flat(view.now(), child, 1, held), child.closed)
        whole = min(bisect_right(trunk.until, view.seq), count)
        loose = [row for child in ids[whole:count] for row in self._flat(view, nodes[child], 1, held)]
        return _Stretch(start, root.id, trunk, whole, loose)

    def _flat(self, view: View, top: Node, depth: int, held: Batches) -> list[Row]:
        """A node and all open rows below it, in reading order."""
        rows: list[Row] = []
        stack: list[tuple[str, Node | None, list[Node], int]] = [(top.id, top, [], depth)]
        while stack:
            key, node, inside, level = stack.pop()
            rows.append(Row(key, level))
            if self.is_open(key):
                below = entries(view, node, held) if node else [(child.id, child, []) for child in inside]
                stack.extend((*entry, level + 1) for entry in reversed(below))
        return rows


def entries(view: View, node: Node, held: Batches) -> list[tuple[str, Node | None, list[Node]]]:
    """The children of a node, those of one batch as one entry that stands where its first call stands."""
    entries: dict[str, tuple[str, Node | None, list[Node]]] = {}
    for child in view.children(node):
        batch = batch_of(view, child, held)
        if batch:
            key = batch_key(child, batch)
            entries.setdefault(key, (key, None, []))[2].append(child)
        else:
            entries[child.id] = (child.id, child, [])
    return list(entries.values())
