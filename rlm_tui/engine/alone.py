"""A REPL without a root LM: what its code asks goes the one way of all sub-calls, with their retries and limits."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rlm_tui import events as ev
from rlm_tui.engine.broker import Broker
from rlm_tui.engine.budget import Budget
from rlm_tui.engine.children import run_child
from rlm_tui.engine.config import EngineConfig, Lanes, Run
from rlm_tui.engine.deadline import Deadline
from rlm_tui.engine.gate import Gate
from rlm_tui.engine.tree import Nodes
from rlm_tui.repl.base import HostCall
from rlm_tui.repl.process import WorkerREPL

if TYPE_CHECKING:
    from rlm_tui.lm.base import LM


class Alone:
    """One REPL and the LM that answers its host calls, which is made (in a thread) when the first one comes.

    `limits` hold over all blocks together; with a depth of 1 the LM answers in place of child RLMs. `on_event` hears
    what happens, with no trace of it kept; nobody is there whom the gate could ask. Belongs to one event loop.
    """

    def __init__(
        self,
        config: EngineConfig,
        make: Callable[[], LM],
        on_event: Callable[[ev.TraceEvent], object],
        **repl: Any,
    ) -> None:
        """`repl` are the options of WorkerREPL."""
        self.repl = WorkerREPL(self._answer, **repl)
        self._config = config
        self._make = make
        self._on_event = on_event
        self._run: Run | None = None
        self._broker: Broker | None = None
        self._making = asyncio.Lock()

    async def _answer(self, call: HostCall) -> list[str]:
        async with self._making:
            if self._broker is None:
                self._run = self._made(await asyncio.to_thread(self._make))
                self._broker = Broker(self._run, run_child)
        return await self._broker.handle(call)

    def _made(self, lm: LM) -> Run:
        limits = self._config.limits
        budget = Budget(limits, time.monotonic)
        return Run(
            config=self._config,
            emit=self._emit,
            signal=lambda _node, _stream, _piece: None,
            gate=Gate(self._emit),
            nodes=Nodes(self._emit),
            budget=budget,
            deadline=Deadline(budget),
            root_lm=lm,
            sub_lm=lm,
            repl=self.repl,
            lanes=Lanes(limits.concurrency),
            open_repl=WorkerREPL,
        )

    def _emit(self, event: ev.TraceEvent) -> int:
        self._on_event(event)
        return 0

    async def close(self) -> None:
        """End the worker and give back the LM."""
        await self.repl.close()
        if self._run is not None:
            await self._run.sub_lm.close()
