"""The worker's end of the channel: one thread reads, any thread asks, SIGINT never splits a frame."""

from __future__ import annotations

import signal
from _thread import allocate_lock, get_ident, start_new_thread
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import count
from os import _exit, getpgrp, getpid, killpg, write
from queue import SimpleQueue
from socket import socket
from threading import BoundedSemaphore
from types import FrameType
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from . import wire

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Future, Semaphore

Frame: TypeAlias = tuple[dict[str, Any], bytes | bytearray]
_W = TypeVar("_W", "SimpleQueue[Frame]", "_Awaited")


class HostError(RuntimeError):
    """The host refused or gave up a call."""

    __module__ = "builtins"  # a traceback then names it without a module that the block does not know


class Interrupts:
    """Turns SIGINT into KeyboardInterrupt while a block runs, but never inside a send."""

    def __init__(self) -> None:
        self.running = False
        self.fired = False
        self._shielded = False
        self._waiting = False

    def handle(self, _signum: int, _frame: FrameType | None) -> None:
        """The SIGINT handler."""
        if not self.running:
            return
        if self._shielded:
            self._waiting = True
            return
        self.fired = True
        raise KeyboardInterrupt

    def begin(self) -> None:
        """A block starts: from here on SIGINT counts."""
        self.fired = self._shielded = self._waiting = False
        self.running = True

    def shield(self) -> None:
        """Hold SIGINT back until `unshield`."""
        self._shielded = True

    def unshield(self) -> None:
        """Let SIGINT through again, the one that waited first."""
        self._shielded = False
        if self._waiting:
            self._waiting = False
            self.fired = True
            raise KeyboardInterrupt


class Link:
    """Owns the channel socket; `jobs` are for the main thread, replies go to whoever waits for their id."""

    def __init__(self, channel: socket, interrupts: Interrupts) -> None:
        self.jobs: SimpleQueue[Frame] = SimpleQueue()
        self._channel = channel
        self._fd = channel.fileno()
        self._interrupts = interrupts
        self._lock = allocate_lock()
        self._pid = getpid()
        self._main = get_ident()
        self._ids = count(1)
        self._waiting: dict[int, SimpleQueue[Frame] | _Awaited] = {}
        self._slots = BoundedSemaphore(wire.MAX_CALLS // 8)  # with the parts ahead still fewer than the host bears
        self._places: Semaphore
        self._loop: AbstractEventLoop | None = None

    @property
    def in_worker(self) -> bool:
        """False in a forked child, which must keep off the channel."""
        return getpid() == self._pid

    def start(self) -> None:
        """Begin to read; the thread is not one that user code can see in `threading`."""
        start_new_thread(self._read_forever, ())

    def call(self, parts: Iterable[Frame]) -> list[Frame]:
        """Ask the host and wait for its reply to each part, in order; of many parts only a few are under way."""
        frames: list[Frame] = []
        waiting: deque[tuple[int, SimpleQueue[Frame]]] = deque()
        with self._slots:
            try:
                for part in _marked(parts, self._ids):
                    if len(waiting) == wire.PARTS_AHEAD:
                        frames.append(waiting[0][1].get())
                        self._waiting.pop(waiting.popleft()[0], None)
                    waiting.append(self._begin(part, SimpleQueue()))
                return frames + [answer.get() for _, answer in waiting]
            finally:
                self._forget(waiting)

    async def call_async(self, parts: Iterable[Frame]) -> list[Frame]:
        """The same for code that awaits: many calls may be under way in one thread."""
        from asyncio import Semaphore, get_running_loop

        loop = get_running_loop()
        if self._loop is not loop:
            self._loop, self._places = loop, Semaphore(wire.MAX_CALLS // 8)
        frames: list[Frame] = []
        waiting: deque[tuple[int, _Awaited]] = deque()
        async with self._places:
            try:
                for part in _marked(parts, self._ids):
                    if len(waiting) == wire.PARTS_AHEAD:
                        frames.append(await waiting[0][1].future)
                        self._waiting.pop(waiting.popleft()[0], None)
                    waiting.append(self._begin(part, _Awaited(loop, loop.create_future())))
                return frames + [await answer.future for _, answer in waiting]
            finally:
                self._forget(waiting)

    def _begin(self, part: Frame, answer: _W) -> tuple[int, _W]:
        header, payload = part
        self._check(payload)
        self._waiting[header["id"]] = answer
        self.send(header, payload)
        return header["id"], answer

    def _forget(self, waiting: Iterable[tuple[int, object]]) -> None:
        for call_id, _ in waiting:
            self._waiting.pop(call_id, None)

    def _check(self, payload: bytes | bytearray) -> None:
        if not self.in_worker:
            raise RuntimeError("the host can only be called from the worker process itself, not from a forked child")
        if len(payload) > wire.MAX_FROM_WORKER:
            raise ValueError(f"the prompts have {len(payload):,} bytes; one call takes {wire.MAX_FROM_WORKER:,}")

    def send(self, header: dict[str, Any], payload: bytes | bytearray = b"") -> None:
        """Write one frame whole; a channel that is gone ends the worker."""
        front = wire.pack(header, len(payload))
        data = memoryview(front + payload)
        is_main = get_ident() == self._main
        if is_main:
            self._interrupts.shield()
        try:
            with self._lock:
                while data:
                    data = data[write(self._fd, data) :]
        except OSError:
            _exit(1)
        finally:
            if is_main:
                self._interrupts.unshield()

    def _read_forever(self) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())  # they are for the main thread
        try:
            while True:
                self._deliver(*self._read())
        except (OSError, EOFError, wire.FrameError, ValueError):
            end_group()
        except MemoryError:
            _exit(wire.OUT_OF_MEMORY)

    def _deliver(self, header: dict[str, Any], payload: bytearray) -> None:
        if header["op"] != "reply":
            self.jobs.put((header, payload))
        elif waiter := self._waiting.get(header["id"]):
            waiter.put((header, payload))

    def _read(self) -> tuple[dict[str, Any], bytearray]:
        header_size, size = wire.LENGTHS.unpack(self._take(wire.LENGTHS.size))
        header = wire.unpack(self._take(header_size))
        try:
            return header, self._take(size)
        except MemoryError:
            for start in range(0, size, 1 << 20):
                self._take(min(1 << 20, size - start))
            return {**header, "too_big": True}, bytearray()

    def _take(self, size: int) -> bytearray:
        data = bytearray(size)
        view = memoryview(data)
        while view:
            got = self._channel.recv_into(view)
            if not got:
                raise EOFError
            view = view[got:]
        return data


def _marked(parts: Iterable[Frame], ids: Iterator[int]) -> Iterator[Frame]:
    """The parts as calls of their own that name the first of them."""
    first = 0
    for header, payload in parts:
        call_id = next(ids)
        first = first or call_id
        yield {**header, "op": "call", "id": call_id, "first": first}, payload


class _Awaited:
    """Takes a reply from the reader thread to the event loop that waits for it."""

    def __init__(self, loop: AbstractEventLoop, future: Future[Frame]) -> None:
        self._loop = loop
        self.future = future

    def put(self, frame: Frame) -> None:
        """Hand the reply over; a loop that is closed waits no more."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._settle, frame)

    def _settle(self, frame: Frame) -> None:
        if not self.future.done():
            self.future.set_result(frame)


def end_group() -> None:
    """End this process and every child it left in its group: the host is gone."""
    if getpgrp() == getpid():
        with suppress(OSError):
            killpg(0, signal.SIGKILL)
    _exit(0)
