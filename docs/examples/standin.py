"""A stand-in for a model server: speaks the OpenAI wire format on this machine and answers from a list."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self


class Server:
    """Serves `answers` in order at `url`; `asked` is what came in."""

    def __init__(self, answers: list[str]) -> None:
        self.asked: list[dict[str, object]] = []
        self._answers = iter(answers)
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01})
        self.url = f"http://127.0.0.1:{self._http.server_port}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def _stream(self, body: dict[str, object]) -> bytes:
        self.asked.append(body)
        text = next(self._answers)
        head = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": body["model"]}
        tokens = {"prompt_tokens": 500, "completion_tokens": len(text) // 4, "total_tokens": 500 + len(text) // 4}
        said = {"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        parts = [{**head, "choices": [said]}, {**head, "choices": [], "usage": tokens}]
        return b"".join(f"data: {json.dumps(part)}\n\n".encode() for part in parts) + b"data: [DONE]\n\n"

    def _handler(server) -> type[BaseHTTPRequestHandler]:  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                self.send_response(200)
                self.send_header("content-type", "text/event-stream")
                self.end_headers()
                self.wfile.write(server._stream(body))

            def log_message(self, *_: object) -> None:
                """Nothing is written."""

        return Handler
