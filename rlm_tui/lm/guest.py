"""Models that are no part of this program, of a package or a person's own: whatever they do is an answer or an error.

The protocol asks them for a `Response` or a ProviderError; one that keeps to neither must not stop the engine.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from rlm_tui.errors import ProviderError, RlmTuiError
from rlm_tui.events import Usage, count
from rlm_tui.lm.base import LM, OnDelta, Request, Response
from rlm_tui.lm.sdk import cost
from rlm_tui.text import one_line, scrub

_HOME = "rlm_tui."


class GuestLM:
    """Asks such a model and checks what comes."""

    def __init__(self, lm: LM) -> None:
        self._lm = lm

    @property
    def name(self) -> str:
        """The name that it gives itself."""
        return self._lm.name

    @property
    def held_to(self) -> str:
        """What it is held to, if it tells that."""
        return str(getattr(self._lm, "held_to", ""))

    async def complete(self, request: Request, on_delta: OnDelta | None = None) -> Response:
        """Its answer; ProviderError for all that is none, whatever it raised."""
        try:
            response: object = await self._lm.complete(request, on_delta)
        except ProviderError as error:
            raise _failure(error) from error
        except RlmTuiError:
            raise
        except BaseException as error:
            task = asyncio.current_task()
            if isinstance(error, asyncio.CancelledError) and (task is None or task.cancelling()):
                raise
            said = one_line(f"{type(error).__name__}: {error}", 200).rstrip(".: ")
            raise ProviderError(f"The model {self.name} failed ({said}).") from error
        if not isinstance(response, Response) or not isinstance(response.text, str):
            raise ProviderError(f"The model {self.name} answered with {_kind(response)}, not a Response with a text.")
        return replace(
            response,
            text=scrub(response.text)[0],
            usage=_usage(response.usage),
            finish_reason=_words(response.finish_reason),
            reasoning=_words(response.reasoning),
            note=_words(response.note) or "",
            held_to=_words(response.held_to) or "",
            found_nothing=response.found_nothing is True,
            cached=response.cached is True,
        )

    async def close(self) -> None:
        """Passed on."""
        await self._lm.close()


def _kind(response: object) -> str:
    inner = f" of {type(response.text).__name__}" if isinstance(response, Response) else ""
    return f"{type(response).__name__}{inner}"


def _failure(error: ProviderError) -> ProviderError:
    """The same failure with what can be of its numbers, as an error of this program: its own may be made otherwise."""
    kind: type[ProviderError] = next(each for each in type(error).__mro__ if each.__module__.startswith(_HOME))
    status = count(error.status)
    return kind(scrub(str(error))[0], status=status, retry_after=cost(error.retry_after))


def _words(told: object) -> str | None:
    return scrub(told)[0] if isinstance(told, str) else None


def _usage(told: object) -> Usage:
    """What it tells of tokens and cost, as far as that can be."""
    if not isinstance(told, Usage):
        return Usage()
    return Usage(count(told.input_tokens), count(told.output_tokens), cost(told.cost_usd))


def as_guest(lm: LM) -> LM:
    """A model that is one, behind its checks; one of this program as it is."""
    return lm if type(lm).__module__.startswith(_HOME) else GuestLM(lm)
