"""What a request is on the wire, without an SDK: the body that a client sends, and a curl command that sends it.

Bodies are those of OpenAI's chat completions, of Anthropic's messages and of Ollama's chat.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable
from typing import Any

from rlm_tui.lm.base import Message, Request
from rlm_tui.lm.endpoint import Endpoint, below
from rlm_tui.lm.providers import provider_of
from rlm_tui.text import scrub

_MAX_TOKENS = 8192  # Anthropic's API wants a number; every current model writes at least this many
_API_VERSION = "2026-10-21"  # of Anthropic's API, as its SDK sends it
_END = "REQUEST"


def body_of(endpoint: Endpoint, request: Request) -> dict[str, Any]:
    """The whole JSON body that the client for an endpoint sends where somebody watches the answer come.

    What a server has refused before, and a grammar for a model that turned out to think, are the client's to change.
    """
    made = {"anthropic": anthropic_body, "ollama": ollama_body}.get(endpoint.provider, openai_body)
    return {**made(endpoint, request), **provider_of(endpoint.provider).also, "stream": True}


def openai_body(endpoint: Endpoint, request: Request) -> dict[str, Any]:
    """A chat completion; OpenAI's reasoning models refuse the old name of a limit, most other servers know no other."""
    limit = "max_completion_tokens" if endpoint.host == "api.openai.com" else "max_tokens"
    return _given(
        {
            "model": endpoint.model,
            "messages": [{"role": m.role, "content": scrub(m.content)[0]} for m in request.messages],
            "stream_options": {"include_usage": True},
            limit: request.max_tokens,
            "temperature": request.temperature,
            "seed": request.seed,
            "stop": list(request.stop) or None,
            **_shaped(endpoint, request),
        }
    )


def _shaped(endpoint: Endpoint, request: Request) -> dict[str, Any]:
    """The member that holds an answer to its shape, where the server has one."""
    name, shape = provider_of(endpoint.provider).shaped_by, request.shape
    if not name or shape is None:
        return {}
    if name == "grammar":
        return {name: shape.grammar}
    schema = json.loads(shape.schema)
    whole = {"type": "json_schema", "json_schema": {"name": "turn", "strict": True, "schema": schema}}
    return {name: whole if name == "response_format" else schema}


def anthropic_body(endpoint: Endpoint, request: Request) -> dict[str, Any]:
    """A message; a seed is not sent, as the API has none."""
    system, messages = split_system(request.messages)
    return _given(
        {
            "model": endpoint.model,
            "messages": messages,
            "system": system or None,
            "max_tokens": request.max_tokens or _MAX_TOKENS,
            "temperature": request.temperature,
            "stop_sequences": list(request.stop) or None,
        }
    )


def ollama_body(endpoint: Endpoint, request: Request) -> dict[str, Any]:
    """A chat of Ollama's own API; what is not asked for is the model's own (its Modelfile, else the server's)."""
    options = _given(
        {
            "num_ctx": endpoint.window,
            "num_predict": request.max_tokens,
            "temperature": request.temperature,
            "seed": request.seed,
            "stop": list(request.stop) or None,
        }
    )
    return _given(
        {
            "model": endpoint.model,
            "messages": [{"role": m.role, "content": scrub(m.content)[0]} for m in request.messages],
            "tools": [],  # as its SDK sends it
            "think": endpoint.think,
            "options": options or None,
            **_shaped(endpoint, request),
        }
    )


def _given(body: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in body.items() if value is not None}


def split_system(messages: Iterable[Message]) -> tuple[str, list[dict[str, str]]]:
    """The system prompt, and the turns: alternating, none empty, a user first, as Anthropic's API wants them.

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


def curl(endpoint: Endpoint, request: Request) -> str:
    """A shell command that sends the same request; the key is `$KEY`, to be set by whoever runs it.

    The body stands in a here-document, so that neither quotes in it nor its length matter.
    """
    is_anthropic = endpoint.provider == "anthropic"
    path = {"anthropic": "/v1/messages", "ollama": "/api/chat"}.get(endpoint.provider, "/chat/completions")
    headers = ['"Authorization: Bearer $KEY"', '"Content-Type: application/json"']
    headers += [f'"anthropic-version: {_API_VERSION}"'] if is_anthropic else []
    url = below(endpoint.root if endpoint.provider == "ollama" else endpoint.base_url, path)
    url = f'"{url}"' if url.startswith("$") else shlex.quote(url)
    flags = " \\\n".join(f"  -H {header}" for header in headers)
    body = as_json(body_of(endpoint, request))
    return f"curl -N {url} \\\n{flags} \\\n  --data-binary @- <<'{_END}'\n{body}\n{_END}"


def as_json(value: Any) -> str:
    """JSON for a person: indented, every character as itself where it is one that can be seen."""
    return json.dumps(value, ensure_ascii=False, indent=2)
