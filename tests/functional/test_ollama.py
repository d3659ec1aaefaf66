"""Ollama's own API: the real SDK against a server on this machine."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from loopback import (
    ND_JSON,
    Loopback,
    Reply,
    Seen,
    failure,
    lines,
    ollama_events,
    ollama_stream,
    plain_json,
    web_page,
)
from test_lm_clients import REQUEST

from rlm_tui.errors import ProviderAuthError, ProviderBusyError, ProviderError
from rlm_tui.events import Usage
from rlm_tui.lm.base import Message, Request, Response
from rlm_tui.lm.failures import ModelLoadingError
from rlm_tui.lm.registry import make_lm
from rlm_tui.lm.watch import Watch


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LLM_API_KEY", "OLLAMA_HOST", "HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OLLAMA_API_KEY", "a-key-of-another-service")


async def ask(
    *replies: Reply, request: Request = REQUEST, watch: Watch | None = None, **more: Any
) -> tuple[Response, list[Seen]]:
    with Loopback(*replies) as server:
        lm = make_lm("ollama/m-1", base_url=f"{server.url}/v1", **more)
        try:
            return await lm.complete(request, watch), server.seen
        finally:
            await lm.close()


async def fail(reply: Reply, **more: Any) -> ProviderError:
    with Loopback(reply) as server:
        lm = make_lm("ollama/m-1", base_url=f"{server.url}/v1", **more)
        with pytest.raises(ProviderError) as caught:
            await lm.complete(REQUEST)
        await lm.close()
        assert server.host in str(caught.value)
        assert "m-1" in str(caught.value)
        assert len(server.seen) == 1
        return caught.value


async def test_it_streams_over_the_api_of_its_own() -> None:
    shown: list[tuple[str, str]] = []
    watch = Watch(lambda *sign: shown.append(sign))
    response, (seen,) = await ask(ollama_stream("It is ", "42.", usage=(11, 3)), watch=watch)
    assert response == Response("It is 42.", Usage(11, 3), "stop")
    assert [piece for sign, piece in shown if sign == "text"] == ["It is ", "42."]
    assert seen.path == "/api/chat"
    assert seen.body["messages"] == [message._asdict() for message in REQUEST.messages]
    assert (seen.body["model"], seen.body["stream"]) == ("m-1", True)


async def test_what_is_not_asked_for_is_the_models_own() -> None:
    _, (seen,) = await ask(ollama_stream("ok"))
    assert not {"options", "think", "format"} & seen.body.keys()


async def test_the_window_and_thinking_are_asked_for() -> None:
    request = Request(REQUEST.messages, "x", temperature=0.5, max_tokens=9, seed=4, stop=("END",))
    _, (seen,) = await ask(ollama_stream("ok"), request=request, window=16_384, think=False)
    options = {"num_ctx": 16_384, "num_predict": 9, "temperature": 0.5, "seed": 4, "stop": ["END"]}
    assert (seen.body["options"], seen.body["think"]) == (options, False)


async def test_a_model_that_cannot_think_is_asked_again_without_and_it_says_so() -> None:
    refusal = plain_json({"error": '"m-1" does not support thinking'}, 400)
    response, seen = await ask(refusal, ollama_stream("ok"), think=True)
    assert response.text == "ok"
    assert response.note == "sent without think, which this model refuses"
    assert ["think" in each.body for each in seen] == [True, False]


async def test_thinking_is_no_answer() -> None:
    shown: list[tuple[str, str]] = []
    response, _ = await ask(ollama_stream("42", thinking="Hm."), watch=Watch(lambda *sign: shown.append(sign)))
    assert (response.text, response.reasoning, response.note) == ("42", "Hm.", "")
    assert ("reasoning", "Hm.") in shown
    response, _ = await ask(ollama_stream(thinking="Hm."))
    assert response.text == ""
    assert "only reasoning" in response.note


@pytest.mark.parametrize("key", [None, "sk-mine"])
async def test_a_key_of_another_service_is_never_sent(key: str | None) -> None:
    _, (seen,) = await ask(ollama_stream("ok"), api_key=key)
    assert seen.headers["authorization"] == f"Bearer {key or 'no-key'}"


@pytest.mark.parametrize("reply", [ollama_stream(), ollama_stream(""), ollama_stream(None)])
async def test_empty_and_null_content_is_an_empty_text(reply: Reply) -> None:
    assert (await ask(reply))[0].text == ""


async def test_a_prompt_that_was_cut_is_told_by_what_the_server_counted() -> None:
    long = Request((Message("user", "A long prompt that does not fit. " * 1_000),), "m")
    response, _ = await ask(ollama_stream("ok", usage=(4_096, 1)), request=long)
    assert response.note == "the prompt was probably cut: 33,000 characters were sent and the server read 4,096 tokens"


@pytest.mark.parametrize(
    ("reply", "kind", "status", "words"),
    [
        (failure(401), ProviderAuthError, 401, "wants a key"),
        (
            plain_json({"error": "model 'm-1' not found"}, 404),
            ProviderError,
            404,
            "ollama pull m-1 fetches it",
        ),
        (failure(429, headers={"Retry-After": "7"}), ProviderBusyError, 429, "HTTP 429"),
        (plain_json({"error": "llama runner has stopped"}, 500), ProviderBusyError, 500, "llama runner has stopped"),
        (plain_json({"error": "loading model"}, 503), ModelLoadingError, 503, "still loading"),
        (Reply(302, headers={"location": "http://127.0.0.1:9/api/chat"}), ProviderError, 302, "redirects"),
        (Reply(content_type=ND_JSON, chunks=lines(*ollama_events("It")[:1])), ProviderBusyError, None, "short"),
        (Reply(content_type=ND_JSON, chunks=lines(*ollama_events("It")[:1]), cut=True), ProviderBusyError, None, "cut"),
        (
            Reply(content_type=ND_JSON, chunks=lines(ollama_events("It")[0], {"error": "out of memory"})),
            ProviderError,
            None,
            "in the middle of an answer of ollama/m-1: out of memory",
        ),
        (Reply(content_type=ND_JSON, chunks=lines({"error": {"code": 5}})), ProviderError, 200, "no completion"),
        (web_page(), ProviderError, 200, "web page"),
        (Reply(content_type="text/plain", chunks=(b"Ollama is running",)), ProviderError, 200, "no completion"),
        (Reply(content_type=ND_JSON), ProviderError, 200, "no completion"),
        (plain_json([1, 2]), ProviderError, 200, "no completion"),
        (plain_json({}), ProviderError, 200, "no completion"),
    ],
)
async def test_each_failure_is_its_own_error(
    reply: Reply, kind: type[ProviderError], status: int | None, words: str
) -> None:
    error = await fail(reply)
    assert (type(error), error.status) == (kind, status)
    assert words in str(error)
    assert error.retry_after == (7.0 if status == 429 else None)


@pytest.mark.parametrize(
    "reply", [Reply(stall=True), Reply(content_type=ND_JSON, chunks=lines(ollama_events("It")[0]), stall=True)]
)
async def test_a_stall_is_a_timeout_with_its_name(reply: Reply) -> None:
    error = await fail(reply, silence_s=0.2)
    assert "said nothing for 0.2s" in str(error)
    assert not isinstance(error, ProviderBusyError)


async def test_a_cancelled_request_ends_at_once() -> None:
    with Loopback(Reply(content_type=ND_JSON, chunks=lines(ollama_events("It")[0]), stall=True)) as server:
        lm = make_lm("ollama/m-1", base_url=f"{server.url}/v1")
        begun = asyncio.Event()
        task = asyncio.create_task(lm.complete(REQUEST, lambda _: begun.set()))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await lm.close()


async def test_what_comes_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rlm_tui.lm.bounded.MOST_AT_ONCE", 1_000_000)
    error = await fail(Reply(content_type=ND_JSON, chunks=(b'{"message": "', *[b"x" * 50_000] * 40)))
    assert "over 1 MB in one piece" in str(error)
    monkeypatch.setattr("rlm_tui.lm.bounded.MOST_AT_ONCE", 2_000)
    response, _ = await ask(ollama_stream(*["word "] * 200))
    assert len(response.text) == 1_000
