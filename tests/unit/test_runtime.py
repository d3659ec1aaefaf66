"""The thread of an engine's loop."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator

import pytest

from rlm_tui.session.runtime import LoopThread

_AT_ONCE = 4


@pytest.fixture
def _often() -> Iterator[None]:
    """Threads give way to each other as often as can be."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("_often")
def test_threads_that_come_at_once_share_one_loop_which_ends() -> None:
    for number in range(30):
        thread, gate = LoopThread(f"loop {number}"), threading.Barrier(_AT_ONCE)
        heard: set[str] = set()

        def call(thread: LoopThread = thread, gate: threading.Barrier = gate, heard: set[str] = heard) -> None:
            gate.wait()
            thread.start(_name(heard)).result()

        callers = [threading.Thread(target=call) for _ in range(_AT_ONCE)]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()
        assert len([each for each in threading.enumerate() if each.name == f"loop {number}"]) == 1
        thread.close()
        assert heard == {f"loop {number}"}
        assert not [each for each in threading.enumerate() if each.name == f"loop {number}"]


async def _name(heard: set[str]) -> None:
    heard.add(threading.current_thread().name)
