"""`human`: a person answers in place of a model, at the hold before each request."""

from __future__ import annotations

from rlm_tui.errors import ProviderError
from rlm_tui.lm.base import OnDelta, Request, Response


class HumanLM:
    """Stands where a model would; the gate takes the person's answer, so whoever gets as far as to ask has nobody."""

    @property
    def name(self) -> str:
        """`human`."""
        return "human"

    async def complete(self, request: Request, on_delta: OnDelta | None = None) -> Response:  # noqa: ARG002
        """ProviderError: nobody is there to be asked."""
        raise ProviderError("The model `human` needs a person at the screen; use `rlm-tui open` in place of this.")

    async def close(self) -> None:
        """There is nothing to give back."""
