"""Where `{ } h l` lead: through the tree as it stands in the Calls pane, batches included."""

from __future__ import annotations

from itertools import pairwise

import pytest

from rlm_tui.trajectory import View
from rlm_tui.ui.content.tree import CallTree
from rlm_tui.ui.family import first_child, leads, parent, sibling
from tests.trajectories import RUNS


def children(view: View, key: str) -> list[str]:
    """All that stands directly below a selection: the first of them and its siblings."""
    below, child = list[str](), first_child(view, key)
    while child is not None:
        below.append(child)
        child = sibling(view, child, 1)
    return below


@pytest.mark.parametrize("name", RUNS)
def test_parents_and_children_agree_all_over_the_tree(name: str) -> None:
    view = RUNS[name]().trajectory.now()
    todo, seen = [root.id for root in view.roots], set[str]()
    while todo:
        key = todo.pop()
        seen.add(key)
        below = children(view, key)
        assert [parent(view, child) for child in below] == [key] * len(below)
        pairs = pairwise(below)
        assert all(sibling(view, a, 1) == b and sibling(view, b, -1) == a for a, b in pairs)
        todo += below
    tree = CallTree()
    tree.folds = {key: True for key in seen if "#" in key}
    rows = tree.at(view)
    assert {rows.row(index).key for index in range(len(rows))} == seen


def test_a_root_has_nothing_above_and_no_selection_leads_nowhere() -> None:
    view = RUNS["clean"]().trajectory.now()
    root = view.roots[0].id
    assert parent(view, root) is None
    assert leads(view, root, "{") is leads(view, root, "}") is leads(view, None, "h") is None
    assert leads(view, "gone", "l") is leads(view, "gone", "h") is None
