"""The host's end of the channel: frames that are bounded, typed and never trusted."""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import Callable
from typing import Any, TypeAlias

import msgspec

from rlm_tui.repl.messages import Message, decode
from rlm_tui.repl.worker import wire
from rlm_tui.text import one_line

_CHUNK = 1 << 18
_SENDS = 16
_MOST_UNSENT = 4 * wire.MAX_CALLS
"""More pieces than a worker that reads what it is sent ever leaves waiting."""
_MAX_REASON = 200
OnMessage: TypeAlias = Callable[[Message, bytes], None]
OnEnd: TypeAlias = Callable[[str], None]


class Channel:
    """Reads frames as the loop brings them and sends frames whole; `on_end` gets "" or what was broken."""

    def __init__(self, sock: socket.socket, on_message: OnMessage, on_end: OnEnd) -> None:
        sock.setblocking(False)
        self._sock = sock
        self._on_message = on_message
        self._on_end = on_end
        self._buffer = bytearray()
        self._loop = asyncio.get_running_loop()
        self._unsent: deque[memoryview] = deque()
        self._loop.add_reader(sock.fileno(), self._readable)

    def send(self, header: dict[str, Any], payload: bytes = b"") -> None:
        """Send one frame; a worker that is gone is not an error here, as its end is told by `on_end`."""
        front = wire.pack(header, len(payload))
        parts = [front + payload] if len(payload) < _CHUNK else [front, payload]
        self._unsent.extend(memoryview(part) for part in parts)
        self._flush()
        if len(self._unsent) > _MOST_UNSENT:
            self._unsent.clear()
            self._end("it does not read what it is sent")

    def _flush(self) -> None:
        try:
            for _ in range(_SENDS):  # not to the end at once: a large load must not keep the loop from others
                if not self._unsent:
                    break
                sent = self._sock.send(self._unsent[0][:_CHUNK])
                self._unsent[0] = self._unsent[0][sent:]
                if not self._unsent[0]:
                    self._unsent.popleft()
        except (BlockingIOError, InterruptedError):
            pass
        except OSError:
            self._unsent.clear()
        if self._unsent:
            self._loop.add_writer(self._sock.fileno(), self._flush)
        elif self._sock.fileno() >= 0:
            self._loop.remove_writer(self._sock.fileno())

    def close(self) -> None:
        """Stop reading and give back the socket; idempotent."""
        self._unsent.clear()
        if self._sock.fileno() >= 0:
            self._loop.remove_reader(self._sock.fileno())
            self._loop.remove_writer(self._sock.fileno())
            self._sock.close()

    def _readable(self) -> None:
        try:
            data = self._sock.recv(_CHUNK)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not data:
            self._end("")
            return
        self._buffer += data
        try:
            while (frame := self._next()) and self._sock.fileno() >= 0:
                self._on_message(_message(frame[0]), frame[1])
        except wire.FrameError as exc:
            self._end(str(exc))

    def _end(self, why: str) -> None:
        self._loop.remove_reader(self._sock.fileno())
        self._buffer.clear()
        self._on_end(why)

    def _next(self) -> tuple[bytes, bytes] | None:
        start = wire.LENGTHS.size
        if len(self._buffer) < start:
            return None
        header_size, size = wire.LENGTHS.unpack_from(self._buffer)
        if header_size > wire.MAX_HEADER or size > wire.MAX_FROM_WORKER:
            raise wire.FrameError("a frame announces more bytes than any may have")
        middle, end = start + header_size, start + header_size + size
        if len(self._buffer) < end:
            return None
        with memoryview(self._buffer) as view:
            frame = bytes(view[start:middle]), bytes(view[middle:end])
        del self._buffer[:end]
        return frame


def _message(header: bytes) -> Message:
    try:
        message: Message = decode(header)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as exc:
        raise wire.FrameError(one_line(str(exc), _MAX_REASON)) from None
    return message
