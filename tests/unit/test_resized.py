"""The size of the terminal that is read last is the one it has."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator

import pytest

from rlm_tui.ui.resized import read_sizes_in_order


@pytest.fixture(autouse=True)
def _handler() -> Iterator[None]:
    before = signal.getsignal(signal.SIGWINCH)
    yield
    signal.signal(signal.SIGWINCH, before)


def test_a_change_of_size_while_another_is_handled_is_read_after_it() -> None:
    window, sent = ["80x24"], list[str]()
    done = asyncio.Event()

    def resize(size: str) -> None:
        window[0] = size
        signal.raise_signal(signal.SIGWINCH)

    def handle(*_: object) -> None:
        size = window[0]
        if size == "1x1":
            resize("120x36")
        sent.append(size)
        if size == window[0]:
            done.set()

    async def drag() -> None:
        signal.signal(signal.SIGWINCH, handle)
        read_sizes_in_order(asyncio.get_running_loop())
        resize("1x1")
        await done.wait()

    asyncio.run(asyncio.wait_for(drag(), 30))
    assert sent == ["1x1", "120x36"]


@pytest.mark.parametrize("nobody", [signal.SIG_DFL, signal.SIG_IGN])
def test_where_nobody_listens_nothing_is_changed(nobody: signal.Handlers) -> None:
    signal.signal(signal.SIGWINCH, nobody)
    loop = asyncio.new_event_loop()
    read_sizes_in_order(loop)
    loop.close()
    assert signal.getsignal(signal.SIGWINCH) is nobody
