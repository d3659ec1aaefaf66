"""What Chat and REPL take of the screen's thread on a long run: opened, grown by a turn, walked through, one huge part.

`PYTHONPATH=. python benchmarks/panes.py [ITERATIONS]`. Each figure stands beside the same on a run of 80 iterations
of the same process, in turn with it, or beside a limit; 1 when a limit is broken.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from collections.abc import Callable
from typing import TypeAlias

from benchmarks.open import Figure
from rlm_tui.ui.widgets.chat import ChatPane
from rlm_tui.ui.widgets.repl import ReplPane
from tests.functional.panes_kit import Desk, desk
from tests.trajectories import Recorder, StillSession, peeked

ROUNDS, SHORT, SIZE = 5, 80, (120, 36)
HUGE = "\n".join(f"{number:>6} the quick brown fox" for number in range(200_000))
AnyPane: TypeAlias = ChatPane | ReplPane
PANES: dict[str, Callable[[], AnyPane]] = {"Chat": ChatPane, "REPL": ReplPane}


def turn(run: Recorder, number: int, code: str = "", output: str = "") -> None:
    """One iteration: what was printed before, a response with a block, its output."""
    node = run.iteration(number)
    code = code or f"part = context[{number * 1000}:]\nprint(part[:200])"
    printed = ("user", f"Output of block {number - 1}:\n" + f"line of {number} " * (number % 40))
    said = f"I look at part {number}.\n```repl\n{code}\n```"
    run.ask(node, said, prior=2 * number - 2, new=(("assistant", said), printed))
    run.end_block(run.begin_block(node, code, number), output or "printed\n" * (number % 9 + 1))
    run.finish_iteration(node, number)


def long_run(iterations: int) -> Recorder:
    """A run of so many iterations."""
    run = peeked()
    for number in range(2, iterations + 1):
        turn(run, number)
    return run


async def first_shown(make: Callable[[], AnyPane], run: Recorder) -> float:
    """Milliseconds of the screen's thread until a pane has drawn a run for the first time."""
    async with desk(make(), StillSession(peeked()), SIZE) as at:
        return await shown(at, StillSession(run), None)


async def shown(at: Desk[AnyPane], session: StillSession, selection: str | None) -> float:
    """Milliseconds that one drawing of a pane takes."""
    begun = time.perf_counter()
    at.pane.show(session, selection)  # type: ignore[arg-type]
    spent = time.perf_counter() - begun
    await at.pilot.pause()
    return spent * 1000


async def grown(make: Callable[[], AnyPane], run: Recorder, count: int) -> float:
    """Milliseconds to draw one more iteration."""
    session = StillSession(run)
    async with desk(make(), session, SIZE) as at:
        spent = []
        for number in range(count + 1, count + 2 * ROUNDS):
            turn(run, number)
            spent.append(await shown(at, session, None))
        return statistics.median(spent)


async def walked(make: Callable[[], AnyPane], run: Recorder, count: int) -> float:
    """Milliseconds to come to an iteration anywhere."""
    session = StillSession(run)
    async with desk(make(), session, SIZE) as at:
        places = [count * part // (2 * ROUNDS) or 1 for part in range(2 * ROUNDS)]
        return statistics.median([await shown(at, session, f"1.{number}") for number in places])


async def huge(make: Callable[[], AnyPane]) -> tuple[float, float]:
    """Milliseconds to open and then to unfold a text of 200,000 lines."""
    run = peeked()
    turn(run, 2, output=HUGE)
    node = run.iteration(3)
    run.ask(node, "Now.", prior=4, new=(("user", HUGE),))
    begun = await first_shown(make, run)
    async with desk(make(), StillSession(run), SIZE) as at:
        kinds = [key for row in _rows(at.pane) if (key := row.key).startswith("fold:")]
        started = time.perf_counter()
        at.pane.unfold(set(kinds))
        return begun, (time.perf_counter() - started) * 1000


def _rows(pane: AnyPane):  # type: ignore[no-untyped-def]
    return (pane.lines if isinstance(pane, ReplPane) else pane).rows


async def measured(iterations: int) -> list[Figure]:
    """All figures."""
    long, short, figures = long_run(iterations), long_run(SHORT), list[Figure]()
    for name, make in PANES.items():
        first = [(await first_shown(make, long), await first_shown(make, short)) for _ in range(ROUNDS)]
        ours, peer = (statistics.median(times) for times in zip(*first, strict=True))
        figures.append(Figure(f"{name}: opened on {iterations:,} iterations", ours, "ms", 100))
        figures.append(Figure(f"{name}: the same / {SHORT} iterations", ours, "ms", None, peer))
        walk = await walked(make, long, iterations), await walked(make, short, SHORT)
        figures.append(Figure(f"{name}: walked to an iteration / {SHORT}", walk[0], "ms", 3, walk[1]))
        more = await grown(make, long_run(iterations), iterations), await grown(make, long_run(SHORT), SHORT)
        figures.append(Figure(f"{name}: one more iteration / {SHORT}", more[0], "ms", 3, more[1]))
        opened, unfolded = await huge(make)
        figures.append(Figure(f"{name}: opened on a text of 200,000 lines", opened, "ms", 100))
        figures.append(Figure(f"{name}: that text unfolded", unfolded, "ms", 100))
    return figures


def main(iterations: int) -> int:
    """Measure; 1 when a limit is broken."""
    figures = asyncio.run(measured(iterations))
    for figure in figures:
        print(figure.line())
    return 0 if all(figure.is_kept for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if sys.argv[1:] else 8_000))
