"""Requests past the SDK, which takes 5 ms of CPU time a call; this takes 0.4 ms.

Addresses, headers and keys are the SDK's, and so are the errors as far as `explain` sees them.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from io import BytesIO
from types import SimpleNamespace, TracebackType
from typing import Any, Self

from rlm_tui.lm.bounded import breaks_of, within_bounds
from rlm_tui.lm.endpoint import Endpoint, below
from rlm_tui.lm.proxy import proxy_of

_DONE = b"[DONE]"
_MOST_AT_ONCE = 1 << 20  # a longer body is written piece by piece, so that all else goes on meanwhile


class WireError(Exception):
    """What a server refused, in the terms of the SDKs' errors; without a status code it came inside an answer."""

    def __init__(self, body: Any, response: Any = None) -> None:
        inner = body.get("error", body) if isinstance(body, Mapping) else body
        said = inner if isinstance(inner, Mapping) else {}
        self.body = body
        self.message = str(said.get("message", "")) if isinstance(inner, Mapping) else str(inner or "")
        self.param = said.get("param")
        self.response = response
        self.status_code: int | None = response.status_code if response is not None else None
        super().__init__(self.message)


class Poster:
    """One pool of connections for an endpoint; it belongs to the event loop that uses it."""

    def __init__(self, endpoint: Endpoint, headers: Mapping[str, str], tls: Callable[[], Any]) -> None:
        import aiohttp

        self._aiohttp = aiohttp
        self._endpoint = endpoint
        self._headers = {**headers, "accept-encoding": "identity", "content-type": "application/json"}
        self._tls = tls() if not endpoint.is_plain else True
        self._proxy = proxy_of(endpoint) or None
        self._session: Any = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self.errors: tuple[type[Exception], ...] = (aiohttp.ClientError, TimeoutError, WireError)

    async def post(self, path: str, body: Mapping[str, Any]) -> Reply:
        """Send a request and return its reply when its head has come; WireError for a status that is no success."""
        import orjson

        url = below(self._endpoint.base_url, path)
        raw = orjson.dumps(body)
        response = await self._posted(url, raw)
        reply = Reply(response, self._endpoint)
        if reply.status_code >= 300:
            async with reply:
                raise WireError(await reply.error_body(), reply)
        return reply

    async def _posted(self, url: str, raw: bytes) -> Any:
        """The response; where a kept connection turns out to be closed, the request never came and goes out anew."""
        while True:
            told = SimpleNamespace(reused=False)
            try:
                data = BytesIO(raw) if len(raw) > _MOST_AT_ONCE else raw
                return await self._ready().post(
                    url,
                    data=data,
                    headers=self._headers,
                    proxy=self._proxy,
                    allow_redirects=False,
                    trace_request_ctx=told,
                )
            except self._aiohttp.ClientConnectionError as error:
                if not told.reused or isinstance(error, TimeoutError):
                    raise

    def _ready(self) -> Any:
        """The session of the running loop; a program may use one client from several loops, one after the other."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._drop()
            aiohttp, end = self._aiohttp, self._endpoint
            timeout = aiohttp.ClientTimeout(None, sock_connect=end.connect_s, sock_read=end.silence_s)
            connector = aiohttp.TCPConnector(limit=0, ssl=self._tls)
            cookies = aiohttp.DummyCookieJar()
            tracing = aiohttp.TraceConfig()
            tracing.on_connection_reuseconn.append(_mark_reused)
            self._session = aiohttp.ClientSession(
                connector=connector, timeout=timeout, cookie_jar=cookies, trace_configs=[tracing]
            )
            self._loop = loop
        return self._session

    def _drop(self) -> None:
        if self._session is not None:
            with suppress(RuntimeError):  # its loop is closed, and its connections with it
                self._session.connector.close()

    async def close(self) -> None:
        """Give back the connections."""
        if self._loop is asyncio.get_running_loop():
            await self._session.close()
        else:
            self._drop()


async def _mark_reused(_: object, context: SimpleNamespace, __: object) -> None:
    context.trace_request_ctx.reused = True


class Reply:
    """A response as the SDKs' streams are read: headers, and either the whole body or its events one by one."""

    def __init__(self, response: Any, endpoint: Endpoint) -> None:
        self.response = self
        self.headers: Mapping[str, str] = response.headers
        self.status_code: int = response.status
        self.num_bytes_downloaded = 0
        self._response = response
        self._endpoint = endpoint

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        if kind is None:
            self._response.release()
        else:
            self._response.close()

    async def _chunks(self) -> AsyncIterator[bytes]:
        breaks = breaks_of(self.headers.get("content-type", ""))
        raw = self._response.content.iter_any()
        async for chunk in within_bounds(raw, self._endpoint, self.status_code, breaks):
            self.num_bytes_downloaded += len(chunk)
            yield chunk

    async def aread(self) -> bytes:
        """The whole body."""
        return b"".join([chunk async for chunk in self._chunks()])

    async def error_body(self) -> Any:
        """What an error says of itself; a connection that is cut while it says so changes nothing about it."""
        import aiohttp

        with suppress(ValueError, RecursionError, aiohttp.ClientError, TimeoutError):
            return json.loads(decoded(await self.aread()))
        return None

    async def __aiter__(self) -> AsyncIterator[Any]:
        """The events of a stream, as objects; WireError for one that is an error."""
        lines: list[bytes] = []
        async for line in self._lines():
            if line.startswith(b"data:"):
                lines.append(line[5:].strip())
            elif not line and lines:
                raw, lines = b"\n".join(lines), []
                if raw == _DONE:
                    continue
                yield _event(raw)

    async def _lines(self) -> AsyncIterator[bytes]:
        rest: list[bytes] = []
        async for chunk in self._chunks():
            *ended, last = chunk.split(b"\n")
            for line in ended:
                yield (b"".join([*rest, line])).removesuffix(b"\r")
                rest = []
            rest.append(last)


def decoded(raw: bytes) -> str:
    """What a server sent, as text; a byte that is no UTF-8 is a lone surrogate, which an answer counts and mends."""
    return raw.decode("utf-8-sig", "surrogateescape")


def _event(raw: bytes) -> Any:
    text = decoded(raw)
    event = json.loads(text, object_hook=lambda members: SimpleNamespace(**members))
    if getattr(event, "error", None):
        raise WireError(json.loads(text))
    return event
