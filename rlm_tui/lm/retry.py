"""Another try where an endpoint was busy: exponential backoff with jitter, or what the endpoint asked for."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable

from rlm_tui.errors import ProviderBusyError, ProviderError
from rlm_tui.lm.base import LM, OnDelta, Request, Response

_FIRST_DELAY_S = 1.0
_LONGEST_DELAY_S = 60.0


async def complete_with_retries(
    lm: LM,
    request: Request,
    *,
    on_delta: OnDelta | None = None,
    on_failure: Callable[[ProviderError, float | None], None],
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    attempts: int = 4,
) -> Response:
    """Ask up to `attempts` times while the endpoint is busy.

    `on_failure` gets each error and the seconds until the next try, or None when there is none; the last error is
    then raised. A retry streams from the start again.
    """
    for attempt in range(1, attempts + 1):
        try:
            return await lm.complete(request, on_delta)
        except ProviderError as error:
            last = attempt == attempts or not isinstance(error, ProviderBusyError)
            delay = None if last else backoff(attempt, error.retry_after)
            on_failure(error, delay)
            if delay is None:
                raise
        await sleep(delay)
    raise ValueError("attempts must be at least 1")


def backoff(attempt: int, retry_after: float | None = None) -> float:
    """Seconds to wait after the failed try `attempt` (from 1); never less than `retry_after`, never over 60 s."""
    full = _FIRST_DELAY_S * 2.0 ** (attempt - 1)
    jittered = full * random.uniform(0.5, 1.0)  # noqa: S311
    return min(max(jittered, retry_after or 0.0), _LONGEST_DELAY_S)
