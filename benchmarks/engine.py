"""What the engine adds to an iteration: a scripted model without latency, the real worker, the trace on.

Then, over a server on this machine, iterations and batches of sub-calls beside the official rlms 0.1.3 (batches.py).

Run it as `PYTHONPATH=. python benchmarks/engine.py [ITERATIONS]`.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from unittest import mock

from benchmarks import batches
from benchmarks.model_server import model_server
from rlm_tui import events as ev
from rlm_tui.events import Limits
from rlm_tui.repl.base import HostCall
from rlm_tui.repl.process import WorkerREPL
from tests.driving import block, live

ITERATION_MS, START_MS, ROUND_TRIP_MS, CHILD_MS, HIT_MS = 3.0, 150.0, 0.5, 120.0, 1.0
FLAT = 1.5
"""How much longer an iteration of the last quarter may take than one of the first."""
LARGE = 100_000_000


def iterations(count: int, chars: int = 10) -> list[float]:
    """Milliseconds of each iteration of a run of `count` with one small block each, over a context of `chars`."""
    with tempfile.TemporaryDirectory() as folder:
        root = [*[block(f"x = {i}; print(x)") for i in range(count)], "FINAL(done)"]
        limits = Limits(iterations=count + 2)
        with live(Path(folder), root, text="x" * chars, limits=limits) as run:
            run.start().end()
            began = [event.t for event in run.of(ev.IterationStarted)]
    return [(b - a) * 1000 for a, b in pairwise(began)]


def child(count: int) -> float:
    """Milliseconds that a child RLM of two turns takes, worker and all; `count` of them one after the other."""
    with tempfile.TemporaryDirectory() as folder:
        root = [block(f"for _ in range({count}): rlm_query('what?')"), "FINAL(done)"]
        sub = {"Output of block": "FINAL(yes)", "You answer": block("print(context)")}
        limits = Limits(iterations=3 * count + 3, depth=2)
        with live(Path(folder), root, sub=sub, limits=limits) as run:
            run.start().end()
            return statistics.median(event.latency_s or 0.0 for event in run.of(ev.SubcallFinished)) * 1000


def hit(cache: str, count: int) -> float:
    """Milliseconds that an answer from the cache takes, as its block waits for it; `count` of them in turn."""
    code = f"""from statistics import median
from time import perf_counter
times = [perf_counter()]
for _ in range({count} + 1):
    llm_query('again')
    times.append(perf_counter())
FINAL(median(b - a for a, b in zip(times[1:], times[2:])) * 1000)"""
    with tempfile.TemporaryDirectory() as folder, mock.patch.dict(os.environ, {"RLM_TUI_HOME": folder}):
        limits = Limits(subcalls=count + 1)
        with (
            model_server(0.0, [block(code)]) as url,
            live(Path(folder), [], model="m", base_url=url, dialect="paper", cache=cache, limits=limits) as run,
        ):
            return float(run.session.log.text(run.start().end().answer))


async def worker(calls: int) -> tuple[float, float]:
    """Milliseconds to start a worker, and of one llm_query round trip."""

    async def echo(call: HostCall) -> list[str]:
        return list(call.prompts)

    begun = time.perf_counter()
    repl = WorkerREPL(echo, sandbox="none")
    await repl.start()
    started = time.perf_counter() - begun
    begun = time.perf_counter()
    await repl.run(f"for _ in range({calls}): llm_query('hello')", timeout_s=60)
    trip = (time.perf_counter() - begun) / calls
    await repl.close()
    return started * 1000, trip * 1000


def line(name: str, value: float, limit: float) -> bool:
    """Print one figure beside its limit; whether it keeps to it."""
    verdict = "ok" if value <= limit else "OVER"
    print(f"{name:34} {value:8.3f} ms  limit {limit:g} ms  ratio {value / limit:.2f}  {verdict}")
    return verdict == "ok"


def main(count: int) -> int:
    """Measure; 1 when a limit is broken."""
    times = iterations(count)
    quarter = max(1, count // 4)
    first, last = statistics.median(times[:quarter]), statistics.median(times[-quarter:])
    started, trip = asyncio.run(worker(2000))
    kept = [
        line("one iteration, trace on", statistics.median(times), ITERATION_MS),
        line("worker start", started, START_MS),
        line("one llm_query round trip", trip, ROUND_TRIP_MS),
        line("one child RLM of two turns", child(20), CHILD_MS),
        *(line(f"an answer from the cache: {cache}", hit(cache, 500), HIT_MS) for cache in ("memory", "disk")),
        line(f"last quarter of {count} iterations", last, FLAT * first),
    ]
    print(f"first quarter {first:.2f} ms, last quarter {last:.2f} ms an iteration")
    kept.append(batches.main())
    # last, as what this process takes now counts as the peak of every process that it starts later
    kept.append(line("one iteration, context of 100 MB", statistics.median(iterations(count, LARGE)), ITERATION_MS))
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 100))
