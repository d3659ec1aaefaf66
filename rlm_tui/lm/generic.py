"""`generic:FILE.toml`: an endpoint with a shape of its own: a template of its request, and paths into its answer.

url = "https://host/generate"
model = "my-model"
key_variable = "MY_KEY"                  # sent as a bearer, or where headers have {key}
[headers]                                # optional
x-api-key = "{key}"
[request]                                # any JSON; what is not known ({temperature}, {seed}, …) is left out
inputs = "{prompt}"
parameters = { temperature = "{temperature}", max_new_tokens = 1000 }
[answer]                                 # paths; numbers count from 0
text = "0.generated_text"
input_tokens = "usage.in"                # optional, as output_tokens and finish_reason are
"""

from __future__ import annotations

import json
import os
import re
from typing import Any

import msgspec

from rlm_tui import files, paths
from rlm_tui.errors import ProviderError, UsageError
from rlm_tui.events import Usage, count
from rlm_tui.lm.base import OnDelta, Request, Response
from rlm_tui.lm.endpoint import SILENCE_S, Endpoint
from rlm_tui.lm.explain import explain
from rlm_tui.lm.post import decoded
from rlm_tui.lm.proxy import check_proxy
from rlm_tui.lm.said import said
from rlm_tui.text import one_line, scrub

_NOTHING = object()


class _Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    text: str
    input_tokens: str = ""
    output_tokens: str = ""
    finish_reason: str = ""


class Definition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the file says."""

    answer: _Answer
    request: dict[str, Any]
    model: str
    url: str = ""
    key_variable: str = ""
    headers: dict[str, str] = {}


def load(name: str) -> Definition:
    """The checked content of a file; UsageError, with the place in it, for one that cannot be meant."""
    try:
        return msgspec.convert(files.read_toml(paths.typed(name)), Definition)
    except OSError as error:
        raise UsageError(f"The endpoint {name} cannot be read: {files.why(error)}.") from None
    except ValueError as error:
        place = str(error).replace("`$.", "`").replace("`$`", "the file")
        raise UsageError(f"The endpoint {name} cannot be used: {one_line(place, 160)}.") from None


def endpoint(name: str, silence_s: float | None = None) -> tuple[Definition, Endpoint]:
    """The definition in a file and where it leads; headers carry the key where the file wants it."""
    found = load(name)
    key = os.environ.get(found.key_variable, "").strip() or None if found.key_variable else None
    headers = found.headers or ({"authorization": "Bearer {key}"} if key else {})
    filled = tuple((each, text.replace("{key}", key or "")) for each, text in headers.items())
    where = Endpoint(
        "generic",
        found.model,
        found.url,
        found.key_variable,
        key,
        key_needed=bool(found.key_variable),
        headers=filled,
        silence_s=silence_s or SILENCE_S,
    )
    return found, where


class GenericLM:
    """Asks such an endpoint; nothing of its answer is shown before it is whole."""

    def __init__(self, name: str, silence_s: float | None = None) -> None:
        from rlm_tui.lm.post import Poster

        self._definition, self._endpoint = endpoint(name, silence_s)
        self._endpoint.check()
        check_proxy(self._endpoint)
        self._poster = Poster(self._endpoint, dict(self._endpoint.headers), lambda: True)
        self._errors: tuple[type[Exception], ...] = (*self._poster.errors, ValueError, RecursionError)

    @property
    def name(self) -> str:
        """`generic/MODEL`, with the model that the file names."""
        return self._endpoint.name

    async def complete(self, request: Request, on_delta: OnDelta | None = None) -> Response:
        """Fill in the template and follow the paths into what comes back; it is shown when it is whole."""
        try:
            reply = await self._poster.post("", fill(self._definition.request, _values(self._definition, request)))
            async with reply:
                content = json.loads(decoded(await reply.aread()))
        except self._errors as error:
            raise explain(error, self._endpoint) from error
        response = self._read(content)
        if on_delta is not None and response.text:
            on_delta(response.text)
        return response

    def _read(self, content: Any) -> Response:
        paths, host = self._definition.answer, self._endpoint.host
        text = _at(content, paths.text)
        if not isinstance(text, str):
            raise ProviderError(f"{host} answered {self.name} without a text at {paths.text!r}; check answer.text.")
        counts = [_at(content, path) for path in (paths.input_tokens, paths.output_tokens)]
        known = [count(each) for each in counts]
        reason = _at(content, paths.finish_reason)
        ended = said(reason, self._endpoint) if isinstance(reason, str) else "stop"
        return Response(scrub(text)[0], Usage(*known), ended)

    async def close(self) -> None:
        """Give back connections."""
        await self._poster.close()


def _values(definition: Definition, request: Request) -> dict[str, Any]:
    spoken = [message for message in request.messages if message.role != "system"]
    alone = spoken[0].content if len(spoken) == 1 else None
    prompt = "\n\n".join(f"{message.role}: {message.content}" for message in spoken) if alone is None else alone
    return {
        "{prompt}": scrub(prompt)[0],
        "{system}": scrub("\n\n".join(m.content for m in request.messages if m.role == "system"))[0],
        "{messages}": [{"role": m.role, "content": scrub(m.content)[0]} for m in request.messages],
        "{model}": definition.model,
        "{temperature}": request.temperature,
        "{max_tokens}": request.max_tokens,
        "{seed}": request.seed,
        "{stop}": list(request.stop) or None,
    }


def fill(template: Any, values: dict[str, Any]) -> Any:
    """A template with its placeholders replaced; a member whose placeholder has no value is left out."""
    if isinstance(template, dict):
        filled = {name: fill(each, values) for name, each in template.items()}
        return {name: each for name, each in filled.items() if each is not None}
    if isinstance(template, list):
        return [fill(each, values) for each in template]
    if not isinstance(template, str) or template in values:
        return values[template] if isinstance(template, str) else template
    # All at once: what a prompt holds is never a placeholder.
    return re.sub(r"\{(?:model|system|prompt)\}", lambda found: values[found[0]], template)


def _at(content: Any, path: str) -> Any:
    """What stands at a path, or nothing."""
    for step in path.split(".") if path else [""]:
        if isinstance(content, dict):
            content = content.get(step, _NOTHING)
        elif isinstance(content, list) and step.isdecimal() and int(step) < len(content):
            content = content[int(step)]
        else:
            return None
    return None if content is _NOTHING else content
