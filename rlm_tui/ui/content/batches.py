"""The batches of sub-calls in a tree: which call belongs to which, at any moment."""

from __future__ import annotations

from rlm_tui.trajectory import Hold, Node, View
from rlm_tui.ui.words import hold_words

BATCH = "#"
QUEUED = "queued"


def batch_key(node: Node, batch: str) -> str:
    """The selection that means a whole batch: the block that made the calls, and the batch."""
    return f"{node.parent}{BATCH}{batch}"


def split_key(key: str) -> tuple[str, str]:
    """The node of a selection, and the batch in it or nothing."""
    node, _, batch = key.partition(BATCH)
    return node, batch


def batch_of(view: View, node: Node) -> str:
    """The batch that a sub-call belongs to by now, or nothing; those of a batch that wait for a slot are QUEUED."""
    if node.type != "subcall":
        return ""
    if 0 < node.batch_since <= view.seq:
        return node.batch
    return QUEUED if node.in_batch else ""


def place_in(view: View, node: Node) -> str:
    """Where a sub-call stands in its batch: ` · 2 of 3`; "" outside of one."""
    batch = batch_of(view, node)
    if not batch or batch == QUEUED:
        return ""
    calls = members(view, batch_key(node, batch))
    return f" · {calls.index(node) + 1} of {len(calls)}"


def members(view: View, key: str) -> list[Node]:
    """The sub-calls of a batch, in order."""
    code, batch = split_key(key)
    node = view.node(code)
    return [child for child in view.children(node) if batch_of(view, child) == batch] if node else []


def held_one(view: View, hold: Hold) -> str:
    """The one thing that a hold holds, whatever waits beside it: `sub-call 2 of 3 of iteration 1, not sent yet`."""
    node, is_call = view.node(hold.node), hold.checkpoint in ("before_subcall", "after_subcall")
    nth = place_in(view, node).replace(" · ", " ") if node is not None and is_call else ""
    return hold_words(view, hold, nth=nth)
