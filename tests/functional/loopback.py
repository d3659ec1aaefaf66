"""A server on 127.0.0.1 that speaks the three wire formats of the LM clients, and fails in every way they must bear."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

EVENT_STREAM = "text/event-stream"
ND_JSON = "application/x-ndjson"


@dataclass(frozen=True)
class Reply:
    """One answer: `chunks` go out one by one; then the connection is whole, `cut`, or `stall`s until the end, where
    `again` goes out again and again meanwhile."""

    status: int = 200
    content_type: str = EVENT_STREAM
    headers: dict[str, str] = field(default_factory=dict)
    chunks: tuple[bytes, ...] = ()
    cut: bool = False
    stall: bool = False
    again: bytes = b""


@dataclass(frozen=True)
class Seen:
    """A request as it arrived; header names are in lower case."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]


class _Server(ThreadingHTTPServer):
    request_queue_size = 1024  # batches connect at once; a connection that is dropped is tried again after a second


class Loopback:
    """Serves the given replies in order, the last one for ever, and each of `routes` at its path; `seen` is what was
    asked of the former, `looked` the paths of the latter."""

    def __init__(self, *replies: Reply, routes: Mapping[str, Reply] | None = None) -> None:
        self.seen: list[Seen] = []
        self.looked: list[tuple[str, dict[str, str]]] = []
        self.routes = dict(routes or {})
        self._replies = deque(replies)
        self._over = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = False
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def host(self) -> str:
        return self.url.removeprefix("http://")

    def take(self, seen: Seen) -> Reply:
        self.seen.append(seen)
        if not self._replies:
            return web_page(404)
        return self._replies.popleft() if len(self._replies) > 1 else self._replies[0]

    def found(self, path: str, headers: dict[str, str], body: dict[str, Any] | None = None) -> Reply | None:
        """What stands at a path, or at a path for one model."""
        self.looked.append((path, headers))
        return self.routes.get(f"{path} {(body or {}).get('model')}", self.routes.get(path))

    def wait_until_over(self) -> None:
        self._over.wait()

    def pieces(self, reply: Reply) -> Iterator[bytes]:
        """What goes out one by one."""
        yield from reply.chunks
        while reply.again and not self._over.wait(0.01):
            yield reply.again


def _handler(loopback: Loopback) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            headers = {name.lower(): value for name, value in self.headers.items()}
            self._answer(loopback.found(self.path, headers, body) or loopback.take(Seen(self.path, headers, body)))

        def do_GET(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            self._answer(loopback.found(self.path, headers) or web_page(404))

        def _answer(self, reply: Reply) -> None:
            self.close_connection = True
            try:
                self._send(reply)
            except OSError:
                return  # the client has gone away, as it does when it is cancelled

        def _send(self, reply: Reply) -> None:
            self.send_response(reply.status)
            for name, value in {"content-type": reply.content_type, **reply.headers}.items():
                self.send_header(name, value)
            if reply.status != HTTPStatus.NO_CONTENT:
                self.send_header("transfer-encoding", "chunked")
            self.send_header("connection", "close")
            self.end_headers()
            for chunk in loopback.pieces(reply):
                self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
                self.wfile.flush()
            if reply.stall:
                loopback.wait_until_over()
            elif not reply.cut and reply.status != HTTPStatus.NO_CONTENT:
                self.wfile.write(b"0\r\n\r\n")

        def log_message(self, *_: object) -> None:
            """Nothing is written to stderr."""

    return Handler


def failure(status: int, message: str = "went wrong", headers: dict[str, str] | None = None, **more: object) -> Reply:
    """An error as both APIs write it."""
    body = json.dumps({"type": "error", "error": {"message": message, **more}}).encode()
    return Reply(status, "application/json", headers or {}, (body,))


def web_page(status: int = 200) -> Reply:
    return Reply(status, "text/html; charset=utf-8", {}, (b"<!doctype html><html><body>Sign in</body></html>",))


def data(*events: object, done: bool = True) -> tuple[bytes, ...]:
    """Events as server-sent data lines, closed as OpenAI closes a stream."""
    lines = [f"data: {json.dumps(event)}\n\n".encode() for event in events]
    return (*lines, b"data: [DONE]\n\n") if done else tuple(lines)


def delta(finish_reason: str | None = None, **members: object) -> dict[str, object]:
    """One chunk of a chat completion."""
    choice = {"index": 0, "delta": members, "finish_reason": finish_reason}
    return {"id": "c", "object": "chat.completion.chunk", "created": 0, "model": "m", "choices": [choice]}


def openai_stream(
    *pieces: str | None, finish_reason: str | None = "stop", usage: tuple[int, int] | None = None
) -> Reply:
    """A streamed chat completion; `usage` is tokens in and out."""
    events = [delta(role="assistant", content=""), *(delta(content=piece) for piece in pieces), delta(finish_reason)]
    if usage is not None:
        counts = {"prompt_tokens": usage[0], "completion_tokens": usage[1], "total_tokens": sum(usage)}
        events.append({**delta(), "choices": [], "usage": counts})
    return Reply(chunks=data(*events))


def llamacpp_events(
    *pieces: str, thoughts: tuple[str, ...] = (), finish_reason: str = "stop", tokens_in: int = 14, cached: int = 0
) -> list[dict[str, Any]]:
    """The events of one streamed answer of llama.cpp as it sends them, with `return_progress`."""
    told = {"total": tokens_in, "cache": cached, "processed": cached, "time_ms": 0}
    role = delta(role="assistant", content=None)
    texts = [*({"reasoning_content": each} for each in thoughts), *({"content": each} for each in pieces)]
    usage = {"completion_tokens": len(texts), "prompt_tokens": tokens_in, "total_tokens": tokens_in + len(texts)}
    timings = {"cache_n": cached, "prompt_n": tokens_in - cached, "prompt_ms": 1.2, "predicted_n": len(texts)}
    usage_event = {**delta(), "choices": [], "timings": {**timings, "predicted_ms": 5.1, "predicted_per_second": 577.4}}
    return [
        {**role, "prompt_progress": told},
        {**role, "prompt_progress": {**told, "processed": tokens_in, "time_ms": 1}},
        role,
        *(delta(**text) for text in texts),
        delta(finish_reason),
        {**usage_event, "usage": {**usage, "prompt_tokens_details": {"cached_tokens": cached}}},
    ]


def llamacpp_stream(*pieces: str, **more: Any) -> Reply:
    """One streamed answer of llama.cpp; `more` is that of `llamacpp_events`."""
    return Reply(chunks=data(*llamacpp_events(*pieces, **more)))


def named(*events: dict[str, Any]) -> tuple[bytes, ...]:
    """Events as Anthropic sends them: each line of data after the name of its type."""
    return tuple(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode() for event in events)


def anthropic_events(*pieces: str, thinking: str = "", stop_reason: str = "end_turn") -> list[dict[str, Any]]:
    """The events of one streamed message, with 10 fresh and 5 cached input tokens and 7 of output."""
    usage = {"input_tokens": 10, "cache_read_input_tokens": 5, "output_tokens": 1}
    start = {"id": "m", "type": "message", "role": "assistant", "content": [], "model": "m", "usage": usage}
    block = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
    thoughts = [{"type": "thinking_delta", "thinking": thinking}] if thinking else []
    texts = [{"type": "text_delta", "text": piece} for piece in pieces]
    return [
        {"type": "message_start", "message": start},
        block,
        {"type": "ping"},
        *({"type": "content_block_delta", "index": 0, "delta": each} for each in (*thoughts, *texts)),
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": stop_reason}, "usage": {"output_tokens": 7}},
        {"type": "message_stop"},
    ]


def anthropic_stream(*pieces: str, thinking: str = "", stop_reason: str = "end_turn") -> Reply:
    """A streamed message."""
    return Reply(chunks=named(*anthropic_events(*pieces, thinking=thinking, stop_reason=stop_reason)))


def ollama_events(
    *pieces: str | None, thinking: str = "", done_reason: str | None = "stop", usage: tuple[int, int] | None = None
) -> list[dict[str, Any]]:
    """The lines of one streamed chat of Ollama's own API."""
    thoughts = [{"role": "assistant", "content": "", "thinking": thinking}] if thinking else []
    messages = [*thoughts, *({"role": "assistant", "content": piece} for piece in pieces)]
    counts = {} if usage is None else {"prompt_eval_count": usage[0], "eval_count": usage[1]}
    last = {"message": {"role": "assistant", "content": ""}, "done": True, "done_reason": done_reason, **counts}
    return [*({"model": "m", "message": message, "done": False} for message in messages), {"model": "m", **last}]


def lines(*events: object) -> tuple[bytes, ...]:
    """Events as Ollama sends them: one JSON object a line."""
    return tuple(json.dumps(event).encode() + b"\n" for event in events)


def ollama_stream(
    *pieces: str | None, thinking: str = "", done_reason: str | None = "stop", usage: tuple[int, int] | None = None
) -> Reply:
    """A streamed chat of Ollama's own API."""
    events = ollama_events(*pieces, thinking=thinking, done_reason=done_reason, usage=usage)
    return Reply(content_type=ND_JSON, chunks=lines(*events))


def plain_json(body: object, status: int = 200) -> Reply:
    """A JSON body."""
    return Reply(status, "application/json", {}, (json.dumps(body).encode(),))
