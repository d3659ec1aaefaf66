"""OpenAI and every server that speaks its chat completions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any

from rlm_tui.events import Usage, count
from rlm_tui.lm.base import Request
from rlm_tui.lm.endpoint import Endpoint
from rlm_tui.lm.providers import provider_of
from rlm_tui.lm.sdk import Answer, SdkLM, cost
from rlm_tui.lm.wire import openai_body


class OpenAILM(SdkLM):
    """Chat completions, streamed where somebody watches; the model is the endpoint's, whatever the request calls it.

    Importing the SDK takes about a second, so it happens here: construct in a thread. Raises UsageError or
    ProviderAuthError for an endpoint that must not or cannot be used.
    """

    _path = "/chat/completions"

    def __init__(self, endpoint: Endpoint) -> None:
        endpoint.check()
        import openai

        super().__init__(endpoint, openai, openai.AsyncOpenAI)
        self._completions: Any = self._client.chat.completions  # loads the SDK's resources now, not on the loop
        self._extra = provider_of(endpoint.provider).also

    def _body(self, request: Request) -> dict[str, Any]:
        body = openai_body(self._endpoint, request)
        if "grammar" in body and self._is_thinking and request.shape is not None:
            body["grammar"] = request.shape.thinking
        return body

    async def _create(self, body: dict[str, Any]) -> Any:
        extra = {**self._extra, **{name: body.pop(name) for name in ("grammar",) if name in body}}
        return await self._completions.create(**body, stream=True, extra_body=extra)

    def _take(self, event: Any, answer: Answer) -> None:
        _take_usage(getattr(event, "usage", None), answer)
        choices = getattr(event, "choices", None)
        answer.begun = answer.begun or choices is not None
        if _read_share(event) is not None:
            answer.read(_read_share(event))
            return
        if choices is None and _says_choices(event) and getattr(event, "usage", None) is None:
            raise TypeError("choices that are none")
        for choice in choices or ():
            _take_message(getattr(_object(choice), "delta", None) or getattr(choice, "message", None), answer)
            answer.finish(getattr(choice, "finish_reason", None))
            answer.whole = True


def _read_share(event: Any) -> float | None:
    """How much of the prompt is read, if this is an event that tells it (llama.cpp's `prompt_progress`).

    What the server had in its cache costs no time and counts on neither side.
    """
    progress = getattr(event, "prompt_progress", None)
    told = vars(progress) if isinstance(progress, SimpleNamespace) else progress
    if not isinstance(told, Mapping):
        return None
    total, cached, done = (count(told.get(name)) or 0 for name in ("total", "cache", "processed"))
    return (done - cached) / (total - cached) if total > cached else 1.0


def _take_message(message: Any, answer: Answer) -> None:
    """Text is in content; servers of open models put what was thought into one of two other fields."""
    for piece in _pieces(getattr(_object(message), "content", None)):
        answer.add(piece)
    if getattr(message, "tool_calls", None):
        answer.note("the model called a tool in its own way, which no tool is offered for")
    answer.think(getattr(message, "reasoning_content", None) or getattr(message, "reasoning", None))
    answer.add(getattr(message, "refusal", None))


def _says_choices(event: Any) -> bool:
    """Whether choices are there, be it null; the SDK's events have the member in any case."""
    said = getattr(event, "model_fields_set", None)
    return hasattr(event, "choices") if said is None else "choices" in said


def _object(value: object) -> object:
    """The same; TypeError for what has no members, as what stands in their place would be taken for nothing."""
    if value is not None and not hasattr(value, "__dict__"):
        raise TypeError(f"a {type(value).__name__} in the place of an object")
    return value


def _pieces(content: Any) -> Iterator[object]:
    """Content as text, or as a list of parts, of which some are text or have one; what is neither is passed on."""
    if not isinstance(content, list):
        yield getattr(content, "text", content)
        return
    for part in content:
        if isinstance(part, Mapping):
            yield part.get("text")
        else:
            yield getattr(part, "text", None) if hasattr(part, "__dict__") else part


def _take_usage(usage: Any, answer: Answer) -> None:
    if usage is None:
        return
    answer.usage = Usage(
        count(getattr(usage, "prompt_tokens", None)),
        count(getattr(usage, "completion_tokens", None)),
        cost(getattr(usage, "cost", None)),
    )
