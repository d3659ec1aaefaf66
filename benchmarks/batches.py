"""Sub-calls and iterations over a server on this machine, through the OpenAI client, beside rlms 0.1.3 in the same run.

The blocks measure themselves: what they time is what a block of a real run waits for. Both engines run the same ones.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks import rlms_peer
from benchmarks.model_server import ECHOED, model_server
from rlm_tui.context.load import Loading
from rlm_tui.events import Limits
from rlm_tui.session.live import LiveSession
from rlm_tui.session.setup import Setup
from tests.driving import Driver, block

DELAY_S = 0.1
CASES = ((200, 16, 1.10, 1.10), (1000, 64, 1.5, 1.2))
"""Prompts, how many at once, the limit and the wish, as multiples of what the model alone takes."""
ITERATION_MS, MOST_MB = 10.0, 400
_BATCH = f"""import json, time
prompts = [f"{{i:06}} what is it? ".ljust(SIZE, "x") for i in range(COUNT)]
begun = time.perf_counter()
found = llm_query_batched(prompts)
took = time.perf_counter() - begun
right = sum(a == p[:{ECHOED}] for a, p in zip(found, prompts))
answer["content"] = json.dumps([took, right])
answer["ready"] = True"""
_STAMP = (
    "import time\ntry:\n    stamps.append(time.perf_counter())\nexcept NameError:\n    stamps = []\nprint(len(stamps))"
)
_STAMPED = """import json, statistics
gaps = [b - a for a, b in zip(stamps, stamps[1:])]
answer["content"] = json.dumps(statistics.median(gaps))
answer["ready"] = True"""


def batch(count: int, size: int = 40) -> list[str]:
    """The root LM's one answer: a batch that times itself."""
    return [block(_BATCH.replace("COUNT", str(count)).replace("SIZE", str(size)))]


def stamped(count: int) -> list[str]:
    """The root LM's answers: `count` small blocks that note the time, and one that tells the median between them."""
    return [*[block(_STAMP)] * count, block(_STAMPED)]


def ours(url: str, *, width: int = 16, limit: int = 5, chars: int = 10) -> Any:
    """What a scripted run over the server answered, the trace on."""
    limits = Limits(iterations=limit, subcalls=100_000, concurrency=width)
    with tempfile.TemporaryDirectory() as folder:
        document, trace = Path(folder, "document.txt"), Path(folder, "run.rlm.jsonl")
        document.write_text("x" * chars)
        setup = Setup(
            model="m", base_url=url, dialect="rlms", limits=limits, sandbox="none", trace=trace, is_attended=False
        )
        session = LiveSession(setup, Loading([str(document)]), title="document.txt")
        session.loading.start()
        try:
            finished = Driver(session).start().end()
            return json.loads(session.log.text(finished.answer))
        finally:
            session.close()


async def bare(url: str, count: int, width: int) -> float:
    """Seconds that a bare aiohttp client takes for the same requests: the floor of server and machine."""
    import aiohttp

    places = asyncio.Semaphore(width)

    async def one(session: aiohttp.ClientSession, number: int) -> None:
        message = {"role": "user", "content": f"{number:06} what is it?"}
        async with places, session.post(f"{url}/chat/completions", json={"messages": [message]}) as response:
            await response.json()

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        begun = time.perf_counter()
        await asyncio.gather(*(one(session, number) for number in range(count)))
        return time.perf_counter() - begun


def batches(peer: str | None) -> bool:
    """Batches beside a bare client and rlms; whether the limits are kept."""
    kept = True
    for count, width, limit, wish in CASES:
        with model_server(DELAY_S, batch(count)) as url:
            ideal = -(-count // width) * DELAY_S
            floor = asyncio.run(bare(url, count, width)) / ideal
            runs = [ours(url, width=width) for _ in range(3)]
            assert all(right == count for _, right in runs), "an answer is wrong or not in its place"
            took = statistics.median(seconds for seconds, _ in runs)
            theirs = "-"
            if peer is not None:
                their_ideal = -(-count // rlms_peer.WIDTH) * DELAY_S
                theirs = f"{rlms_peer.ask(peer, url)[0] / their_ideal:.2f} (at {rlms_peer.WIDTH})"
        ratio, verdict = took / ideal, "ok" if took / ideal <= limit else "OVER"
        kept = kept and verdict == "ok"
        print(
            f"{count:5} prompts of {DELAY_S * 1000:g} ms, {width:3} at once: {ratio:.2f} of the ideal, bare client "
            f"{floor:.2f}, rlms {theirs}  limit {limit:g}, wish {wish:g}  {verdict}"
        )
    return kept


def iterations(peer: str | None, count: int = 30) -> bool:
    """Whole iterations over the server; whether the limit is kept."""
    kept = True
    for chars in (10, 100_000_000):
        with model_server(0.0, stamped(count)) as url:
            took = ours(url, limit=count + 3, chars=chars) * 1000
            theirs = "-" if peer is None else f"{rlms_peer.ask(peer, url, limit=count + 3, chars=chars) * 1000:.0f} ms"
        verdict = "ok" if took <= ITERATION_MS else "OVER"
        kept = kept and verdict == "ok"
        size = f"{chars // 1_000_000} MB" if chars >= 1_000_000 else f"{chars} B"
        print(
            f"one iteration over the server, context of {size}: {took:.1f} ms, rlms {theirs}  "
            f"limit {ITERATION_MS:g} ms  {verdict}"
        )
    return kept


def memory(count: int = 10_000, size: int = 10_000) -> bool:
    """The command on a batch of large prompts: twice the larger of its two processes; whether the limit is kept."""
    with model_server(0.0, batch(count, size)) as url, tempfile.TemporaryDirectory() as folder:
        document = Path(folder, "document.txt")
        document.write_text("x")
        words = ["run", str(document), "-q", "What?", "-m", "m", "--base-url", url, "--dialect", "rlms"]
        limits = ["--sandbox", "none", "--max-subcalls", str(count), "--max-concurrency", "64"]
        command = [sys.executable, "-m", "rlm_tui", *words, *limits]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        with subprocess.Popen(command, env={**os.environ, "RLM_TUI_HOME": folder}, **quiet) as process:
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, "the run with large prompts failed"
    used = 2 * usage.ru_maxrss // (1024 if sys.platform != "darwin" else 1 << 20)
    verdict = "ok" if used <= MOST_MB else "OVER"
    print(f"{count} prompts of {size // 1000} kB: host and worker at most {used} MB  limit {MOST_MB} MB  {verdict}")
    return used <= MOST_MB


def main() -> bool:
    """All of it; whether every limit is kept."""
    peer = rlms_peer.python()
    return all([memory(), batches(peer), iterations(peer)])
