"""The iterations of a root that are under way: a later moment adds what has happened since, and nothing else."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence

from rlm_tui.trajectory import Node, View
from rlm_tui.ui.content.batches import batch_key, batch_of
from rlm_tui.ui.content.reading import place_of
from rlm_tui.ui.content.twigs import Twig


class Growing:
    """The twigs of some iterations of one root, as they stood at the moment of the last `at()`."""

    def __init__(self, root: str, is_open: Callable[[str], bool]) -> None:
        self.stem = Twig(root, -1, is_open=True)
        self.twigs: dict[str, Twig] = {}
        self._is_open = is_open
        self._view: View | None = None
        self._read = 0

    def at(self, view: View) -> None:
        """Take in what happened since the last moment; an earlier one, or another run, begins anew."""
        before = self._view
        if before is None or before.tree is not view.tree or view.seq < before.seq:
            self.clear()
        self._view = view
        end = bisect_right(view.tree.grown_at, view.seq)
        for node_id in view.tree.grown[self._read : end]:
            self._take(view, view.tree.nodes[node_id])
        self._read = end

    def clear(self) -> None:
        """Forget everything."""
        self.stem, self.twigs = Twig(self.stem.key, -1, is_open=True), {}
        self._read = 0

    def keep(self, view: View, tops: Sequence[str]) -> None:
        """Hold these iterations and no others."""
        if any(key not in tops for key in self.stem.below):
            self.clear()
            self.at(view)
        for top in tops:
            if top not in self.twigs:
                self._plant(view, view.tree.nodes[top])

    def fold(self, key: str, is_open: bool) -> None:
        """A person opened or closed a row."""
        if key in self.twigs:
            self.twigs[key].fold(is_open)

    def _plant(self, view: View, top: Node) -> None:
        self.twigs[top.id] = self._grow(top.id, top.opened, self.stem)
        stack = [top]
        while stack:
            for child in view.children(stack.pop()):
                self._add(view, child)
                stack.append(child)

    def _grow(self, key: str, place: float, home: Twig) -> Twig:
        twig = self.twigs[key] = Twig(key, place, is_open=self._is_open(key))
        home.add(twig)
        return twig

    def _take(self, view: View, node: Node) -> None:
        if node.id in self.twigs:
            self._regroup(view, node)
        elif node.parent in self.twigs:
            self._add(view, node)

    def _add(self, view: View, node: Node) -> None:
        self._grow(node.id, place_of(view, node), self._home(view, node))

    def _home(self, view: View, node: Node) -> Twig:
        """The twig that a node stands below: that of its batch, else that of its parent."""
        above, batch = self.twigs[node.parent], batch_of(view, node)
        if not batch:
            return above
        key = batch_key(node, batch)
        home = self.twigs.get(key) or self._grow(key, node.opened, above)
        if node.opened < home.place:
            home.place = node.opened
            above.stir()
        return home

    def _regroup(self, view: View, node: Node) -> None:
        """A call may belong to another batch by now; one that is left by its last call is gone."""
        twig, home = self.twigs[node.id], self._home(view, node)
        old = twig.up
        if old is None or old is home or old is self.stem:
            return
        old.remove(twig)
        home.add(twig)
        if old.key == node.parent or old.up is None:
            return
        if not old.below:
            old.up.remove(old)
            del self.twigs[old.key]
        elif twig.place == old.place:
            old.place = old.first_place()
            old.up.stir()
