"""Another try where an endpoint was busy: exponential backoff with jitter, or what the endpoint asked for."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable

from rlm_tui.errors import ProviderBusyError, ProviderError
from rlm_tui.lm.base import LM, OnDelta, Request, Response
from rlm_tui.lm.failures import ModelLoadingError
from rlm_tui.lm.watch import Watch
from rlm_tui.text import short_seconds

_FIRST_DELAY_S = 1.0
_LONGEST_DELAY_S = 60.0
_LONGEST_ASKED_S = 600.0
_DAY_S = 86_400.0
_LOADING_S = 1.0
_MOST_LOADING = 900


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
    then raised. A retry streams from the start again. A server that is loading the model is waited for.
    """
    attempt, loading = 1, 0
    while True:
        if isinstance(on_delta, Watch):
            on_delta.begin()
        try:
            return await lm.complete(request, on_delta)
        except ModelLoadingError as error:
            loading += 1
            if loading > _MOST_LOADING:
                on_failure(error, None)
                raise
            if isinstance(on_delta, Watch):
                on_delta.load()
            delay = _LOADING_S
        except ProviderError as error:
            told = _too_long(error) if (error.retry_after or 0.0) > _LONGEST_ASKED_S else error
            wait = backoff(attempt, error.retry_after) if _is_worth_it(error, attempt, attempts) else None
            on_failure(told, wait)
            if wait is None:
                raise told from error.__cause__
            attempt, delay = attempt + 1, wait
        await sleep(delay)


def _is_worth_it(error: ProviderError, attempt: int, attempts: int) -> bool:
    is_near = (error.retry_after or 0.0) <= _LONGEST_ASKED_S
    return isinstance(error, ProviderBusyError) and attempt < attempts and is_near


def _too_long(error: ProviderError) -> ProviderError:
    """The same error, saying why it is not waited for."""
    is_long = (error.retry_after or 0.0) > _DAY_S
    asked = "more than a day" if is_long else short_seconds(error.retry_after)
    text = f"{error} It asks to be left alone for {asked}, so it is not asked again."
    return type(error)(text, status=error.status, retry_after=error.retry_after)


def backoff(attempt: int, retry_after: float | None = None) -> float:
    """Seconds to wait after the failed try `attempt` (from 1): at most 60, or what was asked for and a little more.

    The little more is so that many calls which were told the same do not all come back in the same moment.
    """
    jittered = min(_FIRST_DELAY_S * 2.0 ** (attempt - 1), _LONGEST_DELAY_S) * random.uniform(0.5, 1.0)  # noqa: S311
    asked = retry_after or 0.0
    return max(jittered, asked + random.uniform(0.0, min(1.0, asked / 10)))  # noqa: S311
