"""Child RLMs: the same loop one level deeper, with a REPL, a context and a conversation of its own."""

from __future__ import annotations

import asyncio
import hashlib

from rlm_tui import events as ev
from rlm_tui.engine.broker import Broker
from rlm_tui.engine.config import Run
from rlm_tui.engine.ending import Ending
from rlm_tui.engine.loop import RootLoop, opening
from rlm_tui.text import one_line

_OUTCOMES: dict[ev.RunStatus, ev.Outcome] = {"answered": "ok", "limit": "ok"}


async def run_child(parent: Run, subcall: str, query: str, text: str) -> Ending:
    """Let a child RLM answer `query` over `text`, below the node of the sub-call that asked for it.

    Its worker starts while its first request is under way, and ends with it whatever happens.
    """
    digest = await asyncio.to_thread(_sha256, text)
    run = parent.child(ev.ContextInfo(parts=(ev.ContextPart("prompt", "text", len(text), digest),)))
    node = run.open("rlm", subcall, title=one_line(query))
    broker = Broker(run, run_child)
    repl = run.repl = run.open_repl(broker.handle)
    starting: asyncio.Task[None] | None = None
    outcome: ev.Outcome = "cancelled"
    run.budget.resume()  # a child at work is not waited for as a sub-LM is: its time counts
    try:
        await repl.load("context", text)
        await run.tools.load_into(repl)
        starting = asyncio.create_task(repl.start())
        ending = await RootLoop(run, node, broker, opening(run, query)).run()
        outcome = _OUTCOMES.get(ending.status, "error")
        return ending
    except Exception:
        outcome = "error"
        raise
    finally:
        run.budget.pause()
        run.nodes.close_below(node, outcome)
        if starting is not None:
            await asyncio.gather(starting, return_exceptions=True)
        await repl.close()


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
