"""Everything that can be asked of a view, as plain data: equal snapshots are equal runs."""

from __future__ import annotations

from typing import Any

from rlm_tui import events as ev
from rlm_tui.trajectory import View


def snapshot(view: View) -> dict[str, Any]:
    """What a view tells, question by question."""
    nodes = [node for node in view.tree.nodes.values() if node.opened <= view.seq]
    children = [node.id for node in nodes if node.type == "rlm" and node.parent]
    return {
        "nodes": [
            (
                *(node.id, node.type, node.parent, node.depth, node.role, node.title, node.by),
                *(
                    view.outcome(node),
                    view.elapsed(node),
                    view.waited(node),
                    view.usage(node),
                    view.is_partial(node),
                    view.facts(node),
                ),
                [child.id for child in view.children(node)],
            )
            for node in nodes
        ],
        "run": (view.started, view.finished, [node.id for node in view.roots], view.t),
        "holds": [hold._replace(released=None) for hold in view.holds()],
        "variables": {repl: (view.variables(repl), view.last_block(repl)) for repl in ("", *children)},
        "forgotten": view.forgotten,
        "talk": {node.id: view.conversation(node.id) for node in nodes if node.type == "rlm"},
        "words": view.queued_words(),
        "activity": view.activity(),
        "remarks": view.remarks(),
        "problems": (view.troubles(), view.repairs(), view.problems()),
        "steps": view.tree.steps[: view.step_number()],
        "counts": {kind.__name__: view.count(kind) for kind in ev.KINDS},
    }
