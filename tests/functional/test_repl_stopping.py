"""Interrupting, timeouts, dead workers and closing."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable

import pytest
from repl_kit import Echo, open_repl, run, stdout_of

from rlm_tui.errors import ReplError, UsageError
from rlm_tui.repl.process import WorkerREPL


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that only waits to be reaped does not."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stat:
            return stat.read().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


async def until_dead(pid: int) -> None:
    """Wait for the end of a process."""
    async with asyncio.timeout(10):
        while is_alive(pid):  # noqa: ASYNC110  # another process sets no event here
            await asyncio.sleep(0.005)


@pytest.mark.parametrize(
    "code",
    [
        "while True: pass",
        "import time\ntime.sleep(1000)",
        "import threading\nthreading.Event().wait()",
        "llm_query('hang')",
        "import asyncio\nasyncio.run(asyncio.sleep(1000))",
        "while True: llm_query('a')",
        "import subprocess\nsubprocess.run(['sleep', '1000'])",
    ],
)
async def test_interrupt_stops_a_block_and_keeps_the_state(code: str) -> None:
    echo = Echo()
    async with open_repl(echo) as repl:
        await run(repl, "x = 1")
        seen = asyncio.Event()
        block = asyncio.create_task(repl.run(f"print('go')\n{code}", timeout_s=60, on_output=lambda _: seen.set()))
        await seen.wait()
        repl.interrupt()
        result = await block
        assert result.status == "interrupted"
        assert result.error is not None
        assert result.error.type == "KeyboardInterrupt"
        assert await stdout_of(repl, "print(x, llm_query('in step'))") == "1 <in step>\n"


async def test_interrupt_comes_from_any_thread_and_also_before_the_block_has_begun() -> None:
    async with open_repl() as repl:
        block = asyncio.create_task(run(repl, "while True: pass"))
        await asyncio.sleep(0)
        thread = threading.Thread(target=repl.interrupt)
        thread.start()
        assert (await block).status == "interrupted"
        thread.join()


@pytest.mark.parametrize("stop", [WorkerREPL.interrupt, WorkerREPL.kill])
async def test_a_stop_while_another_worker_starts_stops_the_block_that_waits_for_it(
    stop: Callable[[WorkerREPL], None],
) -> None:
    async with open_repl() as repl:
        pid = repl.facts.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        await until_dead(pid)
        block = asyncio.create_task(run(repl, "while True: pass", timeout_s=5))
        while repl.facts.pid == pid:  # noqa: ASYNC110  # no event tells of it
            await asyncio.sleep(0)
        assert repl.facts.pid is None
        stop(repl)
        error = (await block).error
        assert error is not None
        assert error.type == "KeyboardInterrupt"


async def test_interrupt_outside_a_block_does_nothing() -> None:
    async with open_repl() as repl:
        await run(repl, "x = 1")
        for _ in range(5):
            repl.interrupt()
        assert repl.facts.pid is not None
        os.kill(repl.facts.pid, 2)
        assert await stdout_of(repl, "print(x)") == "1\n"


async def test_a_block_past_its_timeout_is_interrupted() -> None:
    async with open_repl() as repl:
        result = await run(repl, "x = 1\nwhile True: pass", 0.1)
        assert result.status == "interrupted"
        assert result.error is not None
        assert result.error.type == "TimeoutError"
        assert "0.1 s" in result.error.message
        assert 'File "<block 1>", line 2' in result.error.traceback
        assert await stdout_of(repl, "print(x)") == "1\n"


@pytest.mark.parametrize(
    "code",
    [
        "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass",
        "import time\nwhile True:\n    try:\n        time.sleep(1000)\n    except BaseException: pass",
    ],
)
async def test_a_block_that_does_not_stop_is_killed(code: str) -> None:
    async with open_repl() as repl:
        await repl.load("context", "the text")
        result = await run(repl, "x = 1\nprint('said')\n" + code, 0.1)
        assert (result.status, result.stdout) == ("killed", "said\n")
        assert result.error is not None
        assert "did not stop" in result.error.message
        after = await run(repl, "print('x' in globals(), context)")
        assert after.stdout == "False the text\n"
        assert after.notes == (
            "The REPL worker was ended by force; variables set before are lost; context was loaded again.",
        )


async def test_kill_ends_a_block_at_once() -> None:
    async with open_repl() as repl:
        seen = asyncio.Event()
        block = asyncio.create_task(
            repl.run("print(1)\nwhile True: pass", timeout_s=60, on_output=lambda _: seen.set())
        )
        await seen.wait()
        repl.kill()
        assert (await block).status == "killed"
        assert await stdout_of(repl, "print(2)") == "2\n"


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("import os\nos._exit(0)", "exited with code 0"),
        ("import os\nos._exit(5)", "exited with code 5"),
        ("import os\nos.kill(os.getpid(), 9)", "signal 9 (SIGKILL)"),
        ("import ctypes\nctypes.string_at(0)", "signal 11 (SIGSEGV)"),
        ("import os\nif os.fork(): os._exit(0)\nimport time\ntime.sleep(1000)", "exited with code 0"),
        ("import os\nos._exit(77)", "ran out of memory (2048 MB)"),
        ("import os\nos.closerange(0, 256)", "exited with code"),
        ("import os\nfor fd in range(3, 64):\n    try: os.close(fd)\n    except OSError: pass", "exited with code"),
    ],
)
async def test_a_worker_that_dies_is_named_and_replaced(code: str, says: str) -> None:
    async with open_repl() as repl:
        await repl.load("context", "the text")
        result = await run(repl, "print('before')\n" + code)
        assert result.status == "died"
        assert result.stdout.startswith("before\n")
        assert result.error is not None
        assert says in result.error.message
        after = await run(repl, "print(context)")
        assert after.stdout == "the text\n"
        assert says in after.notes[0]


async def test_calls_are_cancelled_when_the_worker_dies() -> None:
    echo = Echo()
    async with open_repl(echo) as repl:
        hang = "import os, threading\nthreading.Thread(target=llm_query, args=('hang',)).start()\n"
        assert (await run(repl, hang + "llm_query('a')\nos._exit(0)")).status == "died"
    assert echo.cancelled == 1


async def test_a_worker_that_dies_between_blocks_is_replaced() -> None:
    async with open_repl() as repl:
        await run(repl, "import threading, os\nthreading.Timer(0.01, os._exit, (3,)).start()")
        assert repl.facts.pid is not None
        await until_dead(repl.facts.pid)
        result = await run(repl, "print(1)")
        assert (result.stdout, result.notes) == (
            "1\n",
            ("The REPL worker exited with code 3; variables set before are lost.",),
        )


FORGED = """
import os, json, struct
def forge(header, payload=b''):
    body = json.dumps(header).encode()
    data = struct.pack('!II', len(body), len(payload)) + body + payload
    os.write(3, data)
"""


@pytest.mark.parametrize(
    "code",
    [
        "os.write(3, b'\\xff' * 64)",
        "os.write(3, struct.pack('!II', 5, 0) + b'abcde')",
        "forge({'op': 'done', 'id': 999, 'status': 'ok'})",
        "forge({'op': 'loaded', 'id': 1, 'problem': ''})",
        "forge({'op': 'value', 'id': 4242, 'is_there': True})",
        "forge({'op': 'shutdown', 'id': 1})",
        "forge({'op': 'call', 'id': 1, 'function': 'f', 'is_batch': False, 'sizes': [5]}, b'abc')",
        "forge({'op': 'call', 'id': 1, 'function': 'f', 'is_batch': True, 'sizes': [-3, 6]}, b'abc')",
        "forge({'op': 'call', 'id': 1, 'function': 'f', 'is_batch': True, 'sizes': []})",
        "forge({'op': 'call', 'id': 1, 'function': 'f', 'is_batch': True, 'sizes': [1], 'start': 9, 'total': 2}, b'a')",
        "forge({'op': 'call', 'id': 1, 'function': 'f', 'is_batch': True, 'sizes': [1], 'total': 2**63}, b'a')",
        "forge({'op': 'done', 'id': 2, 'status': 'ok', 'error': None, 'via': None, 'changes': [], 'names': [], "
        "'notes': [], 'dropped': [10**400]})",
        "os.write(3, struct.pack('!II', 4, 0) + b'\"\\xff\\xfe\"')",
        "for i in range(5000):\n"
        "    forge({'op': 'call', 'id': i + 9000, 'function': 'f', 'is_batch': False, 'sizes': [4]}, b'hang')",
    ],
)
async def test_forged_frames_end_the_worker_and_not_the_host(code: str) -> None:
    async with open_repl() as repl:
        result = await run(repl, f"{FORGED}\n{code}\nimport time\ntime.sleep(1000)")
        assert result.status == "died", result
        assert result.error is not None
        assert "broke the protocol" in result.error.message
        assert await stdout_of(repl, "print(6 * 7)") == "42\n"


async def test_a_forged_end_of_a_block_leaves_the_next_in_step() -> None:
    lists = "'changes': [], 'names': [], 'notes': [], 'dropped': []"
    async with open_repl() as repl:
        await run(
            repl, FORGED + "forge({'op': 'done', 'id': 1, 'status': 'ok', 'error': None, 'via': None, " + lists + "})"
        )
        assert await stdout_of(repl, "print(6 * 7)") == "42\n"


async def test_a_lookup_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rlm_tui.repl.process._LOOKUP_S", 0.1)
    async with open_repl() as repl:
        await run(repl, "class L:\n    def __str__(self):\n        while True: pass\nx = L()\ny = 1")
        assert await repl.lookup("x") is None
        assert await repl.lookup("y") == "1"


async def test_a_context_that_does_not_fit_is_one_sentence() -> None:
    async with open_repl(memory_mb=150) as repl:
        with pytest.raises(ReplError, match="context cannot be loaded: it does not fit the memory"):
            await repl.load("context", "x" * 200_000_000)


async def test_nothing_outlives_close() -> None:
    threads, tasks = threading.active_count(), len(asyncio.all_tasks())
    descriptors = len(os.listdir("/proc/self/fd"))
    async with open_repl() as repl:
        out = await stdout_of(
            repl, "import subprocess, os\np = subprocess.Popen(['sleep', '1000'])\nprint(os.getpid(), p.pid)"
        )
    pids = [int(word) for word in out.split()]
    for pid in pids:
        await until_dead(pid)
    await repl.close()
    assert (threading.active_count(), len(asyncio.all_tasks())) == (threads, tasks)
    assert len(os.listdir("/proc/self/fd")) == descriptors
    with pytest.raises(ReplError, match="closed"):
        await run(repl, "1")


DAEMON = """
import os
if os.fork():
    os._exit(0)
os.setsid()
print(os.getpid(), flush=True)
os.execvp("sleep", ["sleep", "1000"])
"""
APART = f"""
import subprocess, sys
p = subprocess.Popen(["sleep", "1000"], start_new_session=True)
q = subprocess.Popen([sys.executable, "-c", {DAEMON!r}], stdout=subprocess.PIPE, start_new_session=True)
print(p.pid, int(q.stdout.readline()))
"""


async def test_a_close_that_is_cancelled_still_ends_the_worker_and_gives_all_back() -> None:
    repl = WorkerREPL(Echo())
    await repl.start()
    pid, closing = repl.facts.pid, asyncio.ensure_future(repl.close())
    assert pid is not None
    open_before = len(os.listdir("/proc/self/fd"))
    while not closing.done():
        await asyncio.sleep(0)
        closing.cancel()
    await asyncio.wait({closing})
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert len(os.listdir("/proc/self/fd")) < open_before


async def test_what_a_block_put_apart_does_not_outlive_close_either() -> None:
    async with open_repl() as repl:
        out = await stdout_of(repl, APART)
        pids = [int(word) for word in out.split()]
        assert all(map(is_alive, pids))
    for pid in pids:
        await until_dead(pid)


async def test_close_ends_a_running_block() -> None:
    async with open_repl() as repl:
        seen = asyncio.Event()
        block = asyncio.create_task(
            repl.run("print(1)\nwhile True: pass", timeout_s=60, on_output=lambda _: seen.set())
        )
        await seen.wait()
        await repl.close()
        assert (await block).status == "killed"


async def test_a_cancelled_run_ends_its_worker() -> None:
    echo = Echo()
    async with open_repl(echo) as repl:
        pid = repl.facts.pid
        block = asyncio.create_task(run(repl, "llm_query('hang')"))
        await echo.asked.wait()
        block.cancel()
        with pytest.raises(asyncio.CancelledError):
            await block
        assert pid is not None
        assert not is_alive(pid)
        assert echo.cancelled == 1
        assert await stdout_of(repl, "print(1)") == "1\n"


async def test_the_worker_sees_neither_environment_nor_descriptors_of_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "canary")
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    held = os.open(__file__, os.O_RDONLY)
    try:
        os.set_inheritable(held, True)
        async with open_repl() as repl:
            out = await stdout_of(
                repl,
                "import os, sys\nprint(sorted(os.environ), '/nowhere' in sys.path, len(os.listdir('/proc/self/fd')))",
            )
    finally:
        os.close(held)
    assert "SECRET_KEY" not in out
    assert "PYTHON" not in out
    assert out.split("]")[1] == " False 7\n"  # 0, 1, 2, the channel, two pipes, and the listing itself


async def test_a_python_that_cannot_start_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nonexistent/python")
    with pytest.raises(ReplError, match="cannot be started"):
        await WorkerREPL(Echo()).start()


async def test_a_worker_that_ends_while_it_starts_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rlm_tui.repl.child._PROGRAM", "/nonexistent/worker.py")
    with pytest.raises(ReplError, match=r"did not start: .*No such file"):
        await WorkerREPL(Echo()).start()


def test_the_strong_sandbox_is_refused_and_an_unknown_one_too() -> None:
    for name in ("strong", "iron"):
        with pytest.raises(UsageError, match=f"--sandbox '?{name}"):
            WorkerREPL(Echo(), sandbox=name)


async def test_a_worker_ends_with_its_host() -> None:
    host = """
import asyncio
from rlm_tui.repl.process import WorkerREPL
async def main():
    repl = WorkerREPL(None)
    await repl.run("import os, subprocess\\np = subprocess.Popen(['sleep', '1000'])", timeout_s=30)
    print((await repl.run("print(os.getpid(), p.pid)", timeout_s=30)).stdout, end='', flush=True)
    await repl.run("while True: pass", timeout_s=600)
asyncio.run(main())
"""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", host, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    pids = [int(word) for word in (await process.stdout.readline()).split()]
    assert len(pids) == 2
    process.kill()
    await process.wait()
    for pid in pids:
        await until_dead(pid)


async def test_the_worker_imports_nothing_of_the_package_and_none_of_its_dependencies() -> None:
    async with open_repl() as repl:
        code = "import sys\nprint([m for m in sys.modules if m.split('.')[0] in ('rlm_tui', 'msgspec', 'asyncio')])"
        assert await stdout_of(repl, code) == "[]\n"


async def test_a_flood_on_a_descriptor_leaves_the_host_small_and_free() -> None:
    turns = 0

    async def count_turns() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    async with open_repl() as repl:
        counting = asyncio.create_task(count_turns())
        result = await run(repl, "import os\nwhile True: os.write(1, b'x' * 65536)", 0.3)
        counting.cancel()
        assert result.status == "interrupted"
        assert len(result.stdout) < 1_000_000
        assert turns > 100
