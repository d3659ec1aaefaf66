"""What a traceback shows of a block: its own lines, and no frame of the worker or of Python's parser."""

from __future__ import annotations

import asyncio

from rlm_tui.repl.base import BlockResult, HostCall
from rlm_tui.repl.process import WorkerREPL


def _run(code: str) -> BlockResult:
    async def echo(call: HostCall) -> list[str]:
        return list(call.prompts)

    async def run() -> BlockResult:
        repl = WorkerREPL(echo, sandbox="none")
        try:
            return await repl.run(code, timeout_s=30)
        finally:
            await repl.close()

    return asyncio.run(run())


def test_a_syntax_error_shows_the_line_of_the_block_and_nothing_else() -> None:
    error = _run("x = 1\ny = (2,").error
    assert error is not None
    assert error.type == "SyntaxError"
    assert "y = (2," in error.traceback
    assert [line for line in error.traceback.splitlines() if 'File "' in line] == ['  File "<block 1>", line 2']
