"""Where `{ } h l` lead from a selection: to the sibling before and after, to the parent, to the first child."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Literal, TypeAlias

from rlm_tui.trajectory import Node, View
from rlm_tui.ui.content.batches import batch_key, batch_of, split_key
from rlm_tui.ui.content.reading import below, place_of

Way: TypeAlias = Literal["{", "}", "h", "l"]


def leads(view: View, key: str | None, way: Way) -> str | None:
    """The selection to which a way leads from another one; None when it leads nowhere."""
    if key is None:
        return None
    if way in "{}":
        return sibling(view, key, -1 if way == "{" else 1)
    return parent(view, key) if way == "h" else first_child(view, key)


def parent(view: View, key: str) -> str | None:
    """What holds a selection: a batch for its calls, a block for its batch; None at a root."""
    node_id, batch = split_key(key)
    if batch:
        return node_id
    node = view.node(node_id)
    if node is None:
        return None
    own = batch_of(view, node)
    return batch_key(node, own) if own else node.parent or None


def first_child(view: View, key: str) -> str | None:
    """The first thing below a selection, or None."""
    node_id, batch = split_key(key)
    node = view.node(node_id)
    if node is None:
        return None
    if not batch:
        return next((_entry(view, child) for child in view.children(node)), None)
    return next((child.id for child in view.children(node) if batch_of(view, child) == batch), None)


def sibling(view: View, key: str, by: int) -> str | None:
    """The selection beside this one, before (-1) or after (1) it; None where there is none.

    Beside a call of a batch stand the other calls of it; beside a batch, what is no call of it.
    """
    node_id, batch = split_key(key)
    node = view.node(node_id)
    if node is None:
        return None
    first = next((call for call in view.children(node) if batch_of(view, call) == batch), None) if batch else node
    above = view.node(first.parent) if first is not None else None
    around = below(view, above) if above is not None else view.roots
    own = batch_of(view, node)
    for place in _outward(view, around, first, by):
        other = batch_of(view, around[place])
        if batch and other == batch:
            continue
        if own and not batch:
            if other == own:
                return around[place].id
            continue
        return batch_key(around[place], other) if other else around[place].id
    return None


def _outward(view: View, around: Sequence[Node], start: Node | None, by: int) -> range:
    """The places from the one beside a node to the end in one direction; nodes stand in the order of their places."""
    if start is None:
        return range(0)
    at = bisect_left(around, place_of(view, start), key=lambda node: place_of(view, node))
    return range(at + 1, len(around)) if by > 0 else range(at - 1, -1, -1)


def _entry(view: View, node: Node) -> str:
    own = batch_of(view, node)
    return batch_key(node, own) if own else node.id
