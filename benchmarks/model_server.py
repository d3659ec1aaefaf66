"""A model server that is fast enough not to be what is measured: one process, one loop, no framework.

Run it as `python benchmarks/model_server.py DELAY_S ROOT_ANSWERS.json`; it prints its port. A request with a
system message is the root LM's and gets the next of the answers at once; every other one is a sub-call and gets the
first words of its prompt back after the delay, streamed as two events where it asks for a stream.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path

ECHOED = 24
_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: %s\r\ncontent-length: %d\r\n\r\n%s"
_NOT_FOUND = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"
_USAGE = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}


class Http(asyncio.Protocol):
    """One connection: reads requests by their content-length and answers each after its delay."""

    def __init__(self, delay_s: float, root: Iterator[str]) -> None:
        self._delay, self._root = delay_s, root
        self._buffer = bytearray()
        self._loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = bytes(self._buffer[:end]).lower()
            size = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
            if len(self._buffer) < end + 4 + size:
                return
            body = bytes(self._buffer[end + 4 : end + 4 + size])
            del self._buffer[: end + 4 + size]
            if body:
                self._answer(json.loads(body))
            else:
                self._transport.write(_NOT_FOUND)  # somebody asks what this server is

    def _answer(self, body: dict[str, object]) -> None:
        messages = body["messages"]
        assert isinstance(messages, list)
        is_root = messages[0]["role"] == "system"
        text = next(self._root) if is_root else _text_of(messages[-1]["content"])[:ECHOED]
        reply = _streamed(text) if body.get("stream") else _whole(text)
        if is_root:
            self._transport.write(reply)
        else:
            self._loop.call_later(self._delay, self._transport.write, reply)


def _text_of(content: object) -> str:
    return content if isinstance(content, str) else str(content[0]["text"])  # type: ignore[index]


def _whole(text: str) -> bytes:
    message = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    about = {"id": "c", "object": "chat.completion", "created": 0, "model": "m"}
    body = json.dumps({**about, "choices": [message], "usage": _USAGE}).encode()
    return _HEAD % (b"application/json", len(body), body)


def _streamed(text: str) -> bytes:
    about = {"id": "c", "object": "chat.completion.chunk", "created": 0, "model": "m"}
    choice = {"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": None}
    last = {"index": 0, "delta": {}, "finish_reason": "stop"}
    events = [{**about, "choices": [choice]}, {**about, "choices": [last], "usage": _USAGE}]
    body = b"".join(b"data: %s\n\n" % json.dumps(event).encode() for event in events) + b"data: [DONE]\n\n"
    return _HEAD % (b"text/event-stream", len(body), body)


async def _serve(delay_s: float, answers: list[str]) -> None:
    root = cycle(answers)
    server = await asyncio.get_running_loop().create_server(lambda: Http(delay_s, root), "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextmanager
def model_server(delay_s: float, answers: list[str]) -> Iterator[str]:
    """The base URL of such a server in a process of its own."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(answers, file)
        file.flush()
        words = [sys.executable, __file__, str(delay_s), file.name]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            try:
                yield f"http://127.0.0.1:{process.stdout.readline().strip()}/v1"
            finally:
                process.kill()


if __name__ == "__main__":
    asyncio.run(_serve(float(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text("utf-8"))))
