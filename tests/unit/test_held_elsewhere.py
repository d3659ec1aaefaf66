"""What is said to be shown of what is held is what the Step pane draws."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rlm_tui import events as ev
from rlm_tui.trajectory import View
from rlm_tui.ui.content.batches import batch_key, batch_of
from rlm_tui.ui.content.parts import HELD, Page
from rlm_tui.ui.content.step import step
from rlm_tui.ui.selecting import in_reading_order, shows
from tests.trajectories import RUNS, Recorder

WAITS: dict[ev.NodeType, tuple[ev.Checkpoint, ...]] = {
    "rlm": ("at_limit",),
    "iteration": ("before_final", "at_limit"),
    "lm": ("before_request", "after_response"),
    "code": ("before_code", "after_code", "before_batch", "at_limit"),
    "subcall": ("before_subcall", "after_subcall"),
}


def selections(view: View) -> Iterator[str]:
    """Every node that can be selected, and every batch."""
    for node in view.tree.nodes.values():
        yield node.id
        if batch := batch_of(view, node):
            yield batch_key(node, batch)


def is_drawn(page: Page, selection: str) -> bool:
    return any(row.key == HELD for row in step(page, selection)[:])


def held_at(name: str, node: str, checkpoint: ev.Checkpoint) -> Recorder:
    """A recorded run that waits at a node: before what it does, right when it was opened; else at its end."""
    whole, run = RUNS[name](), Recorder()
    until = whole.trajectory.nodes[node].opened if checkpoint.startswith("before") else whole.trajectory.last
    for seq in range(1, until + 1):
        run.log.emit(whole.log.event(seq))
    run.emit(ev.Held(node=node, hold=99, checkpoint=checkpoint, why="step", content="7"))
    return run


@pytest.mark.parametrize("name", RUNS)
def test_what_is_said_to_be_shown_is_what_step_draws(name: str) -> None:
    for node in list(RUNS[name]().trajectory.nodes.values()):
        for checkpoint in WAITS[node.type]:
            run = held_at(name, node.id, checkpoint)
            view = run.trajectory.now()
            hold = view.holds()[-1]
            if len(view.holds()) > 1:
                continue
            page = Page(view, run.log, 80)
            assert is_drawn(page, in_reading_order(view, node.id)), (checkpoint, node.id)
            for selection in selections(view):
                assert shows(view, selection, hold) == is_drawn(page, selection), (checkpoint, node.id, selection)
