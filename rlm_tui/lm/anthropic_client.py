"""Anthropic's messages API."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rlm_tui.events import Usage
from rlm_tui.lm.base import Message, Request
from rlm_tui.lm.endpoint import Endpoint
from rlm_tui.lm.sdk import Answer, SdkLM, count
from rlm_tui.text import scrub

_MAX_TOKENS = 8192  # the API wants a number; every current model writes at least this many


class AnthropicLM(SdkLM):
    """Messages, always streamed; the model is the endpoint's, whatever the request calls it.

    Importing the SDK takes seconds, so it happens here: construct in a thread. Raises UsageError or
    ProviderAuthError for an endpoint that must not or cannot be used. A seed is not sent: the API has none.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        endpoint.check()
        import anthropic

        super().__init__(endpoint, anthropic, anthropic.AsyncAnthropic)
        self._messages: Any = self._client.messages  # loads the SDK's resources now, not on the loop

    def _body(self, request: Request) -> dict[str, Any]:
        system, messages = split_system(request.messages)
        body: dict[str, Any] = {
            "model": self._endpoint.model,
            "messages": messages,
            "system": system or None,
            "max_tokens": request.max_tokens or _MAX_TOKENS,
            "temperature": request.temperature,
            "stop_sequences": list(request.stop) or None,
        }
        return {key: value for key, value in body.items() if value is not None}

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


def split_system(messages: Iterable[Message]) -> tuple[str, list[dict[str, str]]]:
    """The system prompt, and the turns: alternating, none empty, a user first, as the API wants them.

    What an assistant says before any user has spoken goes to the system prompt.
    """
    system: list[str] = []
    turns: list[dict[str, str]] = []
    for role, raw in messages:
        content, _ = scrub(raw)
        if not content.strip():
            continue
        if role == "system" or (role == "assistant" and not turns):
            system.append(content)
        elif turns and turns[-1]["role"] == role:
            turns[-1]["content"] += "\n\n" + content
        else:
            turns.append({"role": role, "content": content})
    return "\n\n".join(system), turns


def _usage(usage: Any, before: Usage) -> Usage:
    """Input counts what was cached as well; a later report that leaves a count out keeps the earlier one."""
    fresh = count(getattr(usage, "input_tokens", None))
    cached = [count(getattr(usage, f"cache_{how}_input_tokens", None)) or 0 for how in ("creation", "read")]
    output = count(getattr(usage, "output_tokens", None))
    return Usage(
        before.input_tokens if fresh is None else fresh + sum(cached),
        before.output_tokens if output is None else output,
    )
