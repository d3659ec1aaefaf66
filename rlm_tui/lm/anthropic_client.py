"""Anthropic's messages API."""

from __future__ import annotations

from typing import Any

from rlm_tui.events import Usage, count
from rlm_tui.lm.base import Request
from rlm_tui.lm.endpoint import Endpoint
from rlm_tui.lm.sdk import Answer, SdkLM
from rlm_tui.lm.wire import anthropic_body


class AnthropicLM(SdkLM):
    """Messages, streamed where somebody watches; the model is the endpoint's, whatever the request calls it.

    Importing the SDK takes seconds, so it happens here: construct in a thread. Raises UsageError or
    ProviderAuthError for an endpoint that must not or cannot be used. A seed is not sent: the API has none.
    """

    _path = "/v1/messages"

    def __init__(self, endpoint: Endpoint) -> None:
        endpoint.check()
        import anthropic

        super().__init__(endpoint, anthropic, anthropic.AsyncAnthropic)
        self._messages: Any = self._client.messages  # loads the SDK's resources now, not on the loop

    def _body(self, request: Request) -> dict[str, Any]:
        return anthropic_body(self._endpoint, request)

    async def _create(self, body: dict[str, Any]) -> Any:
        temperature = body.pop("temperature", None)  # newer SDKs have no argument for it, the API still has
        extra = None if temperature is None else {"temperature": temperature}
        return await self._messages.create(**body, stream=True, extra_body=extra)

    def _take(self, event: Any, answer: Answer) -> None:
        kind = getattr(event, "type", "")
        answer.begun = answer.begun or kind in ("message_start", "message")
        if kind == "message_start":
            answer.usage = _usage(getattr(event.message, "usage", None), answer.usage)
        elif kind == "content_block_delta":
            answer.add(getattr(event.delta, "text", None))
            answer.think(getattr(event.delta, "thinking", None))
        elif kind == "message_delta":
            answer.usage = _usage(getattr(event, "usage", None), answer.usage)
            answer.finish(getattr(event.delta, "stop_reason", None))
        elif kind == "message":
            for block in event.content:
                answer.add(getattr(block, "text", None))
                answer.think(getattr(block, "thinking", None))
            answer.usage = _usage(getattr(event, "usage", None), answer.usage)
            answer.finish(getattr(event, "stop_reason", None))
        answer.whole = answer.whole or kind in ("message_stop", "message")


def _usage(usage: Any, before: Usage) -> Usage:
    """Input counts what was cached as well; a later report that leaves a count out keeps the earlier one."""
    fresh = count(getattr(usage, "input_tokens", None))
    cached = [count(getattr(usage, f"cache_{how}_input_tokens", None)) or 0 for how in ("creation", "read")]
    output = count(getattr(usage, "output_tokens", None))
    return Usage(
        before.input_tokens if fresh is None else fresh + sum(cached),
        before.output_tokens if output is None else output,
    )
