"""The process above the worker: what a block starts ends with the session, and a block waits for its own alone."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from repl_kit import open_repl, run, stdout_of

from rlm_tui.repl.process import WorkerREPL


class Alive:
    """A pipe that all that a block starts holds open by `HOLD`."""

    def __init__(self, folder: Path) -> None:
        path = folder / "held"
        os.mkfifo(path)
        self.fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        self.hold = (
            f"import os, signal, subprocess, time\nos.set_inheritable(os.open({str(path)!r}, os.O_WRONLY), True)\n"
        )

    @property
    def is_any(self) -> bool:
        """Whether a process still holds it open."""
        try:
            return os.read(self.fd, 1) != b""
        except BlockingIOError:
            return True


@pytest.fixture
def alive(tmp_path: Path) -> Iterator[Alive]:
    alive = Alive(tmp_path)
    yield alive
    os.close(alive.fd)


HOP = """
hopped, hops = os.pipe()
if not os.fork():
    os.setsid()
    ends = time.monotonic() + 20
    while time.monotonic() < ends:
        if os.fork(): os._exit(0)
        os.write(hops, b"x")
    os._exit(0)
for _ in range(100): os.read(hopped, 1)
"""
MANY = """
for _ in range(300):
    if not os.fork():
        os.setsid()
        if os.fork(): os._exit(0)
        time.sleep(1000)
"""
STUBBORN = """
if not os.fork():
    os.setsid()
    for number in {*signal.valid_signals()} - {signal.SIGKILL, signal.SIGSTOP}: signal.signal(number, signal.SIG_IGN)
    time.sleep(1000)
"""


@pytest.mark.parametrize("code", [HOP, MANY, STUBBORN])
async def test_what_a_block_started_ends_with_the_session(alive: Alive, code: str) -> None:
    async with open_repl() as repl:
        await stdout_of(repl, alive.hold + code)
        assert alive.is_any
    assert not alive.is_any


async def test_what_a_block_started_ends_with_a_worker_that_ends_by_itself(alive: Alive) -> None:
    async with open_repl() as repl:
        apart = "subprocess.Popen(['sleep', '1000'], close_fds=False, start_new_session=True)\n"
        result = await run(repl, f"{alive.hold}{apart}os._exit(3)")
        assert result.error is not None
        assert "exited with code 3" in result.error.message
        assert not alive.is_any


async def test_a_block_waits_for_no_children_but_its_own() -> None:
    async with open_repl() as repl:
        await stdout_of(repl, "import os, subprocess\nfor _ in range(20): subprocess.run('true &', shell=True)")
        with_none = "try: print(os.wait())\nexcept ChildProcessError: print('none')"
        assert await stdout_of(repl, with_none) == "none\n"
        with_one = "pid = os.fork()\nif not pid: os._exit(7)\nprint(os.wait() == (pid, 7 << 8))"
        assert await stdout_of(repl, with_one) == "True\n"


@contextmanager
def _interrupted(repl: WorkerREPL) -> Iterator[asyncio.Event]:
    """Interrupts what runs as soon as the event is set."""
    said = asyncio.Event()

    async def interrupt() -> None:
        await said.wait()
        repl.interrupt()

    task = asyncio.create_task(interrupt())
    yield said
    task.cancel()


@pytest.mark.parametrize("who", ["os.getpid()", "os.getppid()"])
async def test_what_stopped_itself_or_its_keeper_is_interrupted(who: str) -> None:
    async with open_repl() as repl:
        with _interrupted(repl) as said:
            code = (
                f"import os, signal\nx = 1\nprint('on', flush=True)\nos.kill({who}, signal.SIGSTOP)\nwhile True: pass"
            )
            result = await repl.run(code, timeout_s=30, on_output=lambda _: said.set())
        assert result.status == "interrupted"
        assert await stdout_of(repl, "print(x)") == "1\n"


async def test_a_stopped_keeper_still_ends_all(alive: Alive) -> None:
    async with open_repl() as repl:
        await stdout_of(repl, alive.hold + STUBBORN + "os.kill(os.getppid(), signal.SIGSTOP)")
    assert not alive.is_any


async def test_a_worker_whose_keeper_was_killed_ends_with_it_and_is_replaced(alive: Alive) -> None:
    async with open_repl() as repl:
        result = await run(repl, f"{alive.hold}os.kill(os.getppid(), signal.SIGKILL)\nwhile True: pass")
        assert result.error is not None
        assert "signal 9" in result.error.message
        assert not alive.is_any
        assert await stdout_of(repl, "print(1)") == "1\n"


async def test_an_interrupt_never_reaches_the_block_after_the_one_that_it_was_meant_for() -> None:
    async with open_repl() as repl:
        for _ in range(100):
            await repl.run("print('nearly over')", timeout_s=30, on_output=lambda _: repl.interrupt())
            assert await stdout_of(repl, "for _ in range(20_000): pass\nprint(1)") == "1\n"


async def test_no_block_begins_in_a_worker_that_was_killed() -> None:
    async with open_repl() as repl:
        for number in range(10):
            repl.kill()
            await asyncio.sleep(0)
            assert await stdout_of(repl, f"for _ in range(20_000): pass\nprint({number})") == f"{number}\n"


KEEPS_STOPPED = """
keeper = os.getppid()
if not os.fork():
    os.setsid()
    ends = time.monotonic() + 60
    while time.monotonic() < ends:
        try: os.kill(keeper, signal.SIGSTOP)
        except OSError: break
    os._exit(0)
signal.signal(signal.SIGINT, signal.SIG_IGN)
print("on", flush=True)
while True: pass
"""


async def test_a_keeper_that_is_kept_from_running_keeps_nobody_waiting(
    alive: Alive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rlm_tui.repl.child._KEEPER_S", 0.1)
    async with open_repl() as repl:
        said = asyncio.Event()
        code = alive.hold + KEEPS_STOPPED
        block = asyncio.create_task(repl.run(code, timeout_s=60, on_output=lambda _: said.set()))
        await said.wait()
        repl.kill()
        assert (await block).status == "killed"
        assert await stdout_of(repl, "print(1)") == "1\n"


HOST = """
import asyncio, sys
from rlm_tui.repl.process import WorkerREPL

async def never(call): return []

async def main():
    repl = WorkerREPL(never)
    await repl.start()
    await repl.run(sys.argv[1], timeout_s=60, on_output=lambda text: print(text, flush=True))

asyncio.run(main())
"""


async def test_all_ends_with_a_host_that_is_killed_while_the_worker_cannot_listen(alive: Alive) -> None:
    apart = "subprocess.Popen(['sleep', '1000'], close_fds=False, start_new_session=True)\n"
    code = f"{alive.hold}{apart}print('on', flush=True)\npow(7, 10**9)"
    command = (sys.executable, "-c", HOST, code)
    host = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert host.stdout is not None
    assert await host.stdout.readline() == b"on\n"
    host.kill()
    await host.wait()
    async with asyncio.timeout(10):
        while alive.is_any:  # noqa: ASYNC110  # another process sets no event here
            await asyncio.sleep(0.005)
