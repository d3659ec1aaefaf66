"""The tree of a run as the engine grows it: opens and closes nodes, and knows which are still open."""

from __future__ import annotations

from collections import Counter
from typing import TypedDict, Unpack

from rlm_tui import events as ev
from rlm_tui.engine.gate import Emit

_LETTERS: dict[ev.NodeType, str] = {"rlm": "", "iteration": "", "lm": "lm", "code": "code", "subcall": "sub"}


class NodeFacts(TypedDict, total=False):
    """What else `node.opened` tells."""

    title: str
    depth: int
    role: ev.Role
    by: ev.Author
    asks: ev.Asks
    batch: str


class Nodes:
    """Names nodes by their place (`1.3.code1.sub7`), so that a trace reads well and a re-run gives equal names."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._children: Counter[tuple[str, str]] = Counter()
        self._open: dict[str, None] = {}

    def open(
        self,
        kind: ev.NodeType,
        parent: str = "",
        **more: Unpack[NodeFacts],
    ) -> str:
        """Open a node below `parent` and return its id."""
        letters = _LETTERS[kind]
        self._children[parent, letters] += 1
        number = self._children[parent, letters]
        node = f"{parent}.{letters}{number}" if parent else f"{letters}{number}"
        self._open[node] = None
        self._emit(ev.NodeOpened(node=node, type=kind, parent=parent, **more))
        return node

    def close(self, node: str, outcome: ev.Outcome = "ok") -> None:
        """Close a node; a second time does nothing."""
        if node in self._open:
            del self._open[node]
            self._emit(ev.NodeClosed(node=node, outcome=outcome))

    def close_below(self, node: str, outcome: ev.Outcome) -> None:
        """Close whatever is still open below a node, innermost first, and the node itself."""
        for each in [n for n in self._open if n == node or n.startswith(node + ".")][::-1]:
            self.close(each, outcome)
