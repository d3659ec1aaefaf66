"""What a block may do to its worker's channel and output costs the host little, and one sentence tells of it."""

from __future__ import annotations

import array
import asyncio
import fcntl
import os
import signal
import termios

import pytest
from repl_kit import Echo, open_repl, run, stdout_of

from rlm_tui.errors import ReplError
from rlm_tui.repl.output import Drain
from rlm_tui.repl.worker import wire

FORGED = """
import os, json, struct, signal, time
def forge(header, payload=b''):
    body = json.dumps(header).encode()
    data = memoryview(struct.pack('!II', len(body), len(payload)) + body + payload)
    while data: data = data[os.write(3, data):]
def call(id, prompt=b'echo', **more):
    forge({'op': 'call', 'id': id, 'function': 'f', 'is_batch': False, 'sizes': [4], **more}, prompt)
"""
OVER = """
forge({'op': 'done', 'id': 1, 'status': 'ok', 'error': None, 'via': None,
       'changes': [], 'names': [], 'notes': [], 'dropped': []})
"""
DEAF = """
pid = os.getpid()
if not os.fork():
    os.kill(pid, signal.SIGSTOP)
    for id in range(1_000_000): call(id)
"""


async def _keeper_ended() -> None:
    """Wait for the one child of this process, and leave it to be waited for."""
    await asyncio.to_thread(os.waitid, os.P_ALL, 0, os.WEXITED | os.WNOWAIT)


@pytest.mark.parametrize(
    "code",
    [
        "forge({'op': 'call', 'id': 1, 'function': 'f', 'is_batch': True, 'sizes': [0] * 100_000})",
        "for id in range(20): call(id, b'hang', question='q' * 100_000)",
        DEAF,
    ],
)
async def test_calls_that_would_fill_the_memory_of_the_host_end_the_worker(
    code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rlm_tui.repl.calls._MAX_BYTES", 1_000_000)
    async with open_repl() as repl:
        result = await run(repl, f"{FORGED}\n{code}\ntime.sleep(1000)")
        assert result.status == "died"
        assert result.error is not None
        assert "broke the protocol" in result.error.message
        assert await stdout_of(repl, "print(6 * 7)") == "42\n"


async def test_calls_without_end_after_a_block_end_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rlm_tui.repl.connection._REFUSE_S", 1000.0)  # none is refused while they come, however slowly
    async with open_repl() as repl:
        done = await run(repl, f"{FORGED}{OVER}for id in range(100_000): call(id)")
        assert done.status == "ok"
        await _keeper_ended()
        result = await run(repl, "print(6 * 7)")
        assert result.stdout == "42\n"
        assert "broke the protocol (too many calls at once)" in result.notes[0]


async def test_what_floods_the_output_between_blocks_is_read_slowly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rlm_tui.repl.output._PAUSE_S", 1000.0)
    ours, theirs = os.pipe()
    fcntl.fcntl(theirs, fcntl.F_SETPIPE_SZ, 1 << 20)
    drain = Drain(ours)
    os.write(theirs, b"x" * 500_000)
    for _ in range(50):
        await asyncio.sleep(0)
    waiting = array.array("i", [0])
    fcntl.ioctl(ours, termios.FIONREAD, waiting)
    assert 0 < waiting[0] < 500_000
    assert drain.begin(None).startswith("x" * 1_000)
    drain.close()
    os.close(ours)
    os.close(theirs)


async def test_a_batch_of_many_small_prompts_comes_in_parts_and_is_answered_in_order() -> None:
    echo, count = Echo(), wire.MAX_TEXTS + 10
    async with open_repl(echo) as repl:
        code = f"a = llm_query_batched([str(i) for i in range({count})])\nprint(len(a), a[-1])"
        assert await stdout_of(repl, code) == f"{count} <{count - 1}>\n"
    assert [len(call.prompts) for call in echo.calls] == [wire.MAX_TEXTS, 10]


async def test_what_is_loaded_while_the_worker_is_dead_is_there_in_the_next() -> None:
    async with open_repl() as repl:
        assert repl.facts.pid is not None
        os.kill(repl.facts.pid, signal.SIGKILL)
        await _keeper_ended()
        await repl.load("_result_1", "loaded")
        result = await run(repl, "print(_result_1)")
        assert result.stdout == "loaded\n"
        assert "signal 9" in result.notes[0]


async def test_a_stopped_worker_does_not_keep_what_is_loaded_waiting_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rlm_tui.repl.process._LOAD_S", 0.1)
    async with open_repl() as repl:
        assert repl.facts.pid is not None
        os.kill(repl.facts.pid, signal.SIGSTOP)
        with pytest.raises(ReplError, match="_result_1 cannot be loaded: the REPL worker was ended"):
            await repl.load("_result_1", "loaded")
        monkeypatch.undo()
        assert await stdout_of(repl, "print(_result_1)") == "loaded\n"
