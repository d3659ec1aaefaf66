"""The order in which what stands below a node is read: as it was opened, but a block of one's own as it ran."""

from __future__ import annotations

from collections.abc import Sequence

from rlm_tui import events as ev
from rlm_tui.trajectory import Node, View


def place_of(view: View, node: Node) -> float:
    """Where a node stands among its siblings: at the seq at which it was opened.

    A block of the person's own that ran while code was held ran before it, and stands right above it. Whether that was
    so is known when it is opened, so its place never changes.
    """
    held = _held_then(view, node) if node.is_own else None
    return node.opened if held is None else held.opened - 1 / (node.opened + 2)


def _held_then(view: View, own: Node) -> Node | None:
    """The code that was there, and had neither begun nor ended, when a person's block was opened."""
    above = view.node(own.parent)
    codes = [each for each in view.children(above) if each.type == "code" and not each.is_own] if above else []
    last = next((code for code in reversed(codes) if code.opened < own.opened), None)
    if last is None or last.done(own.opened):
        return None
    return last if all(seq > own.opened for seq in view.facts(last, ev.CodeStarted)) else None


def below(view: View, node: Node) -> Sequence[Node]:
    """What stands below a node by now, as it is read."""
    children = view.children(node)
    if node.type != "iteration" or not any(child.is_own for child in children):
        return children
    return sorted(children, key=lambda child: place_of(view, child))
