"""Blocks with `await` at their top: they run in an event loop of their own, whose tasks end with the block."""

from __future__ import annotations

from traceback import FrameSummary
from types import CodeType
from typing import Any

CO_COROUTINE = 0x80
"""The flag of code that awaits (inspect.CO_COROUTINE, without the import)."""


def run_awaiting(body: CodeType, last: CodeType | None, namespace: dict[str, Any]) -> object:
    """Run a block and return the value of its last expression, or None."""
    from asyncio import Runner

    async def block() -> object:
        await _value(body, namespace)
        return await _value(last, namespace) if last is not None else None

    with Runner() as runner:
        return runner.run(block())


async def _value(code: CodeType, namespace: dict[str, Any]) -> object:
    value = eval(code, namespace)  # noqa: S307  # running what the model wrote is what a REPL is for
    return await value if code.co_flags & CO_COROUTINE else value


def without_loop(frames: list[FrameSummary]) -> list[FrameSummary]:
    """A traceback without the event loop that drove the block."""
    first = next((at for at, frame in enumerate(frames) if frame.filename.startswith("<block ")), 0)
    is_loop = all("asyncio" in frame.filename for frame in frames[:first])
    return frames[first:] if is_loop else frames
