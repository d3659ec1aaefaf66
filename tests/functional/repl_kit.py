"""What the tests of the REPL share: a handler that echoes, and a worker that is always closed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from rlm_tui.errors import ReplError
from rlm_tui.repl.base import BlockResult, HostCall
from rlm_tui.repl.process import WorkerREPL

TIMEOUT_S = 30.0


@dataclass
class Echo:
    """Answers each prompt with itself in angle brackets; `hang` prompts are never answered."""

    calls: list[HostCall] = field(default_factory=list)
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    cancelled: int = 0

    async def __call__(self, call: HostCall) -> list[str]:
        self.calls.append(call)
        self.asked.set()
        if "refuse" in call.prompts:
            raise ReplError("There are no calls left.")
        if "hang" in call.prompts:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                self.cancelled += 1
                raise
        return [f"<{prompt}>" for prompt in call.prompts]


@asynccontextmanager
async def open_repl(handler: Echo | None = None, *, memory_mb: int = 2048) -> AsyncIterator[WorkerREPL]:
    """A started worker."""
    repl = WorkerREPL(handler or Echo(), memory_mb=memory_mb)
    try:
        await repl.start()
        yield repl
    finally:
        await repl.close()


async def run(repl: WorkerREPL, code: str, timeout_s: float = TIMEOUT_S) -> BlockResult:
    """Run one block."""
    return await repl.run(code, timeout_s=timeout_s)


async def stdout_of(repl: WorkerREPL, code: str) -> str:
    """Run one block that must go well; its stdout."""
    result = await run(repl, code)
    assert result.status == "ok", result
    return result.stdout
