"""Keeps a response within bounds while it comes in: what an SDK buffers whole could fill the memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from rlm_tui.errors import ProviderError
from rlm_tui.lm.endpoint import Endpoint

MOST_AT_ONCE = 8_000_000
"""Bytes of one event of a stream, or of a body that is no stream: far beyond any model's answer."""
_BREAKS = (b"\n\n", b"\r\n\r\n", b"\r\r")
_LINE = (b"\n",)
_LONGEST_BREAK = 4


def bounded(endpoint: Endpoint) -> Callable[[Any], Awaitable[None]]:
    """A response hook for the SDKs' HTTP client: reading on past the bound raises ProviderError."""

    async def hook(response: Any) -> None:
        read, breaks = response.aiter_bytes, breaks_of(response.headers.get("content-type", ""))
        response.aiter_bytes = lambda *sizes: within_bounds(read(*sizes), endpoint, response.status_code, breaks)

    return hook


def breaks_of(content_type: str) -> tuple[bytes, ...]:
    """What ends a piece of a stream of this type; a body that is no stream is one piece."""
    return _BREAKS if "event-stream" in content_type else _LINE if "ndjson" in content_type else ()


async def within_bounds(
    chunks: AsyncIterator[bytes], endpoint: Endpoint, status: int, breaks: tuple[bytes, ...]
) -> AsyncIterator[bytes]:
    """The pieces of a body as they come; ProviderError when one event, or a body that is no stream, is too large."""
    size, end = 0, b""
    async for chunk in chunks:
        seen = end + chunk
        last = max((seen.rfind(mark) for mark in breaks), default=-1)
        size = len(seen) - last if last >= 0 else size + len(chunk)
        end = seen[-_LONGEST_BREAK + 1 :]
        if size > MOST_AT_ONCE:
            megabytes = MOST_AT_ONCE // 1_000_000
            said = f"{endpoint.host} answered {endpoint.name} with over {megabytes} MB in one piece"
            raise ProviderError(f"{said}, so it was given up; check the base URL.", status=status)
        yield chunk
