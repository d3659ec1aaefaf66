"""`human`: a person answers in place of a model."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from rlm_tui.errors import ProviderError
from rlm_tui.lm.base import OnDelta, Request, Response
from rlm_tui.text import scrub


class HumanLM:
    """Hands each request to `ask`, which the front end gives; without one, nobody is there to answer."""

    def __init__(self, ask: Callable[[Request], Awaitable[str]] | None = None) -> None:
        self._ask = ask

    @property
    def name(self) -> str:
        """`human`."""
        return "human"

    async def complete(self, request: Request, on_delta: OnDelta | None = None) -> Response:
        """What the person writes; ProviderError where nobody is there to be asked."""
        if self._ask is None:
            raise ProviderError("The model `human` needs a person at the screen; use `rlm-tui open` in place of this.")
        text, _ = scrub(await self._ask(request))
        if on_delta is not None:
            on_delta(text)
        return Response(text, finish_reason="stop")

    async def close(self) -> None:
        """There is nothing to give back."""
