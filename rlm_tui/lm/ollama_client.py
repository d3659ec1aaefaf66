"""Ollama's own API, /api/chat: the only one of its two that takes the size of the window (`num_ctx`)."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from typing import Any

from rlm_tui.errors import ProviderBusyError, ProviderError
from rlm_tui.events import Usage, count
from rlm_tui.lm.base import Request
from rlm_tui.lm.bounded import bounded
from rlm_tui.lm.endpoint import Endpoint
from rlm_tui.lm.explain import explain, no_completion
from rlm_tui.lm.proxy import transport
from rlm_tui.lm.sdk import NO_KEY, Answer, StreamLM
from rlm_tui.lm.wire import ollama_body


class _RefusedError(Exception):
    """A reply that is no answer, with all that can be told from it; `status_code` is 0 inside a stream."""

    def __init__(self, status_code: int, response: Any, body: object) -> None:
        super().__init__()
        self.status_code, self.response, self.body = status_code, response, body

    @property
    def message(self) -> str:
        """What the server said."""
        return str(self.body)


class OllamaLM(StreamLM):
    """Chat, always streamed; the model is the endpoint's, whatever the request calls it.

    Importing the SDK takes a moment, so it happens here: construct in a thread. Raises UsageError or
    ProviderAuthError for an endpoint that must not or cannot be used.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        endpoint.check()
        import httpx
        import ollama

        client = ollama.AsyncClient(
            endpoint.root,
            timeout=httpx.Timeout(endpoint.silence_s, connect=endpoint.connect_s),
            follow_redirects=False,  # a key must not travel on to where a redirect points
            transport=transport(endpoint, httpx),
            event_hooks={"response": [_whole_or_refused(endpoint)]},
            # A small packed answer could unpack to any size; without a key the SDK would take another one's.
            headers={"accept-encoding": "identity", "authorization": f"Bearer {endpoint.api_key or NO_KEY}"},
        )
        errors = (httpx.HTTPError, TimeoutError, _RefusedError, ValueError, RecursionError)
        super().__init__(endpoint, client, errors, (_RefusedError,))
        self._response_error: type[Exception] = ollama.ResponseError

    def _body(self, request: Request) -> dict[str, Any]:
        return ollama_body(self._endpoint, request)

    async def _send(self, body: dict[str, Any], *, is_watched: bool) -> Any:  # noqa: ARG002
        """The stream with its first piece read: only then has the server said whether it takes the request."""
        pieces = await self._client.chat(**body, stream=True)
        first = await anext(pieces, None)
        return contextlib.aclosing(_chained(first, pieces))

    async def _open(self, body: Mapping[str, Any], *, is_watched: bool) -> Any:
        with self._explained():
            return await super()._open(body, is_watched=is_watched)

    async def _read(self, stream: Any, answer: Answer) -> None:
        with self._stages.counted(answer.watch) as begun, self._explained():
            async for piece in stream.thing:
                self._take(piece, answer)
                begun()
        if not answer.begun:
            raise no_completion(self._endpoint, "nothing", 200)
        if not answer.whole:
            raise ProviderBusyError(f"{self._endpoint.host} cut the answer of {self.name} short; try again.")

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        """What the SDK makes of an error in the middle of a stream, and of lines that are no answer."""
        try:
            yield
        except self._response_error as error:
            raise explain(
                _RefusedError(0, None, {"error": str(getattr(error, "error", error))}), self._endpoint
            ) from error
        except (ValueError, AttributeError, TypeError) as error:  # servers send what no SDK promises
            raise no_completion(self._endpoint, "other lines", 200) from error

    def _take(self, piece: Any, answer: Answer) -> None:
        answer.begun = True
        answer.add(piece.message.content)
        answer.think(piece.message.thinking)
        if piece.done:
            answer.usage = Usage(count(piece.prompt_eval_count), count(piece.eval_count))
            answer.finish(piece.done_reason)
            answer.whole = True


async def _chained(first: Any, pieces: AsyncIterator[Any]) -> AsyncIterator[Any]:
    async with contextlib.aclosing(pieces):  # type: ignore[type-var]
        if first is not None:
            yield first
            async for piece in pieces:
                yield piece


def _whole_or_refused(endpoint: Endpoint) -> Callable[[Any], Awaitable[None]]:
    """A response hook: keeps a reply within bounds, and raises for one that is no stream of answers."""
    within_bounds = bounded(endpoint)

    async def hook(response: Any) -> None:
        await within_bounds(response)
        if response.status_code >= 300:
            raise _RefusedError(response.status_code, response, _body_of(await response.aread()))
        if "text/html" in response.headers.get("content-type", "").lower():
            said = f"{endpoint.host} answered {endpoint.name} with a web page (HTML); check the base URL."
            raise ProviderError(said, status=200)

    return hook


def _body_of(raw: bytes) -> object:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return raw.decode("utf-8", "replace")
