"""A live worker: its process, its channel and its output, and the requests that wait for a reply."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import count
from typing import Any, TypeAlias, TypeVar

from rlm_tui.errors import ReplError
from rlm_tui.repl.base import OnOutput
from rlm_tui.repl.calls import refuse
from rlm_tui.repl.channel import Channel
from rlm_tui.repl.child import Child, name_exit
from rlm_tui.repl.messages import Began, Call, Done, Loaded, Message, Ready, Value
from rlm_tui.repl.output import Drain
from rlm_tui.repl.worker import wire

_START_S = 30.0
_POLL_S = 0.2
_PATIENCE_S = 1.0
_REFUSE_S = 0.2

OnCall: TypeAlias = Callable[[Call, bytes], None]
OnBegan: TypeAlias = Callable[[], None]
_M = TypeVar("_M", Loaded, Value, Done)


class WorkerGoneError(Exception):
    """The worker ended before it replied."""


class Connection:
    """Speaks with one worker until that worker ends."""

    def __init__(self, memory_mb: int, on_call: OnCall, on_began: OnBegan) -> None:
        self.child = Child(memory_mb)
        self.breach = ""
        self.is_gone = False
        self._on_call = on_call
        self._on_began = on_began
        self._loop = asyncio.get_running_loop()
        self._ids = count(1)
        self._ready: asyncio.Future[None] = self._loop.create_future()
        self._replies: dict[int, tuple[type, asyncio.Future[tuple[Any, bytes]]]] = {}
        self._poll: asyncio.TimerHandle | None = None
        self._refusing = 0
        self.channel = Channel(self.child.sock, self._on_message, self._on_end)
        self._out, self._err = (Drain(fd) for fd in self.child.outputs)

    @property
    def is_alive(self) -> bool:
        """Whether it may be asked anything."""
        return not self.is_gone and not self.child.is_ending and self.child.is_alive

    def refuse_later(self, call_id: int) -> None:
        """Refuse a call that belongs to no block; not at once, so that a thread that asks for ever takes little."""
        if self._refusing >= wire.MAX_CALLS:
            raise wire.FrameError("too many calls at once")
        self._refusing += 1
        self._loop.call_later(_REFUSE_S, self._refuse, call_id)

    def _refuse(self, call_id: int) -> None:
        self._refusing -= 1
        refuse(self.channel, call_id)

    async def opened(self) -> None:
        """Wait until the worker says that it is up; ReplError when it does not."""
        try:
            async with asyncio.timeout(_START_S):  # wait_for of Python 3.11 may swallow a cancellation
                await self._ready
        except (WorkerGoneError, TimeoutError) as exc:
            problem = self._err.begin(None).strip().splitlines()[-1:] or ["it said nothing"]
            raise ReplError(f"The REPL worker did not start: {problem[0]}.") from exc

    async def ask(self, header: dict[str, Any], payload: bytes, reply: type[_M]) -> tuple[_M, bytes]:
        """Send a request and wait for its reply; WorkerGoneError when there will be none."""
        if self.is_gone:
            raise WorkerGoneError
        request = next(self._ids)
        future: asyncio.Future[tuple[_M, bytes]] = self._loop.create_future()
        self._replies[request] = (reply, future)
        self._poll = self._poll or self._loop.call_later(_POLL_S, self._look)
        self.channel.send({**header, "id": request}, payload)
        return await future

    def begin_output(self, on_output: OnOutput | None) -> str:
        """A block begins; returns what was written since the last one ended."""
        return self._out.begin(on_output) + self._err.begin(on_output)

    def end_output(self) -> tuple[tuple[str, int], tuple[str, int]]:
        """Text and dropped characters of stdout and of stderr."""
        return self._out.end(), self._err.end()

    async def ended(self) -> str:
        """Let the worker end, and tell how it did, as the rest of a sentence about it."""
        status = await self.child.end(_PATIENCE_S)
        if self.breach:
            return f"broke the protocol ({self.breach})"
        if self.child.was_stubborn:
            return "gave up its channel and was ended"
        return name_exit(status, self.child.memory_mb)

    async def close(self) -> None:
        """End the process with all it started and give back every descriptor; idempotent."""
        self._on_end("")
        self.child.kill()
        try:
            await self.child.end()
        finally:
            if self._poll:
                self._poll.cancel()
            self._out.close()
            self._err.close()
            self.channel.close()
            self.child.release()

    def _on_message(self, message: Message, payload: bytes) -> None:
        if isinstance(message, Call):
            self._on_call(message, payload)
        elif isinstance(message, Began):
            self._on_began()
        elif isinstance(message, Ready):
            if not self._ready.done():
                self.child.pid = message.pid
                self._ready.set_result(None)
        else:
            self._settle(message, payload)

    def _settle(self, message: Loaded | Value | Done, payload: bytes) -> None:
        expected, future = self._replies.get(message.id, (None, None))
        if future is None or type(message) is not expected:
            raise wire.FrameError("a reply that nobody waits for")
        del self._replies[message.id]
        if not future.done():
            future.set_result((message, payload))

    def _on_end(self, why: str) -> None:
        self.is_gone = True
        self.breach = self.breach or why
        if why:
            self.child.kill()
        waiting: list[asyncio.Future[Any]] = [self._ready, *(future for _, future in self._replies.values())]
        self._replies.clear()
        for future in waiting:
            if not future.done():
                future.set_exception(WorkerGoneError())
                future.exception()  # retrieved: nobody may be waiting any more

    def _look(self) -> None:
        # A forked child may keep the channel open after the worker itself is gone.
        self._poll = None
        if not self.child.is_alive:
            self._on_end("")
        elif self._replies:
            self._poll = self._loop.call_later(_POLL_S, self._look)
