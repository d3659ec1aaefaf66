"""What one redraw of the Calls pane costs while 10,000 sub-calls are under way, beside 1,100.

`PYTHONPATH=. python benchmarks/tree.py`. A redraw takes in ten calls that are over and ten that are sent, finds the
selection and makes the rows of a screen. It must not cost more than a frame of 16 ms, nor grow with the calls.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Iterator

from benchmarks.open import Figure
from rlm_tui import events as ev
from rlm_tui.ui.content.batches import BATCH
from rlm_tui.ui.content.calls import CallRows, scene
from rlm_tui.ui.content.tree import CallTree
from tests.trajectories import Recorder

MANY, FEW = 10_000, 1_100
SCREEN, WIDTH, AT_ONCE, NEWS, ROUNDS = 34, 60, 64, 10, 101
FRAME_MS, MOST = 16.0, 2.0
CODE = "1.1.code1"


def run_of(count: int, batch: str) -> Recorder:
    """A run whose one block has made so many calls: as a batch, most of it waits for a slot; else all are sent."""
    run = Recorder()
    run.start()
    run.iteration(1)
    run.open(CODE, "code", "1.1", title="answers = ask(prompts)")
    for index in range(count):
        title = "llm_query_batched" if batch else "llm_query"
        run.open(f"{CODE}.sub{index + 1}", "subcall", CODE, depth=1, role="sub", title=title)
        if not batch or index < AT_ONCE:
            send(run, index, batch)
    return run


def send(run: Recorder, index: int, batch: str) -> None:
    """A call gets its slot."""
    node, prompt = f"{CODE}.sub{index + 1}", f"What stands in part {index}?"
    name = "llm_query_batched" if batch else "llm_query"
    run.emit(ev.SubcallRequested(node=node, function=name, prompt=prompt, model="s", batch=batch, index=index))


def news(run: Recorder, batch: str, turn: int) -> None:
    """Ten calls are over, and ten get their slots."""
    for index in range(turn * NEWS, (turn + 1) * NEWS):
        node = f"{CODE}.sub{index + 1}"
        run.emit(ev.SubcallFinished(node=node, text="none", usage=ev.Usage(300, 5), latency_s=0.4))
        run.close(node)
        if batch:
            send(run, index + AT_ONCE, batch)


def redraws(count: int, batch: str, opened: tuple[str, ...], rounds: int) -> float:
    """Milliseconds that a redraw takes, the median."""
    run, tree, took = run_of(count, batch), CallTree(), []
    for key in opened:
        tree.fold(f"{CODE}{BATCH}{key}", True, run.trajectory.now())
    for turn in range(rounds):
        news(run, batch, turn)
        begun = time.perf_counter()
        view = run.trajectory.now()
        rows = CallRows(tree, scene(view, run.log), WIDTH)
        middle = rows.rows.find(f"{CODE}.sub{count // 2}") or 0
        for index in range(max(0, middle - SCREEN), min(len(rows), middle)):
            rows.at(index)
        took.append(time.perf_counter() - begun)
    return 1000 * statistics.median(took)


def figures() -> Iterator[Figure]:
    """Each state of a large block, beside the same of a small one."""
    for name, batch, opened in (
        ("a batch, closed", "b1", ()),
        ("a batch, opened, with those that wait", "b1", ("b1", "queued")),
        ("single calls", "", ()),
    ):
        many, few = (redraws(count, batch, opened, ROUNDS) for count in (MANY, FEW))
        yield Figure(f"{name}: of {MANY:,} calls", many, "ms", FRAME_MS)
        yield Figure(f"{name}: of {MANY:,} / of {FEW:,}", many, "ms", MOST, few)


def main() -> int:
    """Print the figures; 1 when a limit is broken."""
    kept = True
    for figure in figures():
        print(figure.line())
        kept = kept and figure.is_kept
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
