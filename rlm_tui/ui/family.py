"""Where `{ } h l` lead from a selection: to the sibling before and after, to the parent, to the first child."""

from __future__ import annotations

from typing import Literal, TypeAlias

from rlm_tui.trajectory import View
from rlm_tui.ui.content.tree import batch_key, batch_of, entries, held_batches, members, split_key

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
    own = batch_of(view, node, held_batches(view))
    return batch_key(node, own) if own else node.parent or None


def children(view: View, key: str) -> list[str]:
    """What stands right below a selection, in reading order."""
    node_id, batch = split_key(key)
    if batch:
        return [call.id for call in members(view, key)]
    node = view.node(node_id)
    return [entry[0] for entry in entries(view, node, held_batches(view))] if node is not None else []


def first_child(view: View, key: str) -> str | None:
    """The first thing below a selection, or None."""
    below = children(view, key)
    return below[0] if below else None


def sibling(view: View, key: str, by: int) -> str | None:
    """The selection beside this one, `by` places on; None where there is none."""
    above = parent(view, key)
    around = children(view, above) if above is not None else [root.id for root in view.roots]
    at = around.index(key) + by if key in around else -1
    return around[at] if 0 <= at < len(around) else None
