"""The OpenAI and Anthropic clients: the real SDKs, and what goes past them, against a server on this machine."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from loopback import (
    EVENT_STREAM,
    Loopback,
    Reply,
    Seen,
    anthropic_events,
    anthropic_stream,
    data,
    delta,
    failure,
    named,
    openai_stream,
    web_page,
)

from rlm_tui.errors import ProviderAuthError, ProviderBusyError, ProviderError
from rlm_tui.events import Usage
from rlm_tui.lm.base import LM, Message, Request, Response
from rlm_tui.lm.registry import make_lm
from rlm_tui.lm.retry import complete_with_retries

KEY = "sk-a-secret-that-stays"
REQUEST = Request((Message("system", "Be brief."), Message("user", "What is it?")), "x")
PROVIDERS = ("openai", "anthropic")
pytestmark = pytest.mark.usefixtures("how")


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LLM_API_KEY", "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(params=["watched", "unwatched", "by the SDK"])
def how(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Past the SDK, streamed where somebody watches, or through it, as for a proxy: all end alike."""
    how: str = request.param
    _HOW["is_watched"] = how != "unwatched"
    if how == "by the SDK":
        monkeypatch.setattr("rlm_tui.lm.sdk.proxy_of", lambda _endpoint: "a proxy")
    return how


_HOW = {"is_watched": True}


def as_asked(request: Request) -> Request:
    return replace(request, **_HOW)


@asynccontextmanager
async def client(server: Loopback, provider: str = "openai", api_key: str | None = KEY) -> AsyncIterator[LM]:
    base = f"{server.url}/v1" if provider == "openai" else server.url
    lm = make_lm(f"{provider}/m-1", base_url=base, api_key=api_key)
    try:
        yield lm
    finally:
        await lm.close()


async def ask(
    *replies: Reply, provider: str = "openai", request: Request = REQUEST, deltas: list[str] | None = None
) -> tuple[Response, list[Seen]]:
    with Loopback(*replies) as server:
        async with client(server, provider) as lm:
            response = await lm.complete(as_asked(request), None if deltas is None else deltas.append)
        return response, server.seen


async def fail(reply: Reply, provider: str = "openai", api_key: str | None = KEY) -> ProviderError:
    """The error that a reply ends in; its sentence always names the model and the host, and never the key."""
    with Loopback(reply) as server:
        async with client(server, provider, api_key) as lm:
            with pytest.raises(ProviderError) as caught:
                await lm.complete(as_asked(REQUEST))
        message = str(caught.value)
        assert server.host in message
        assert "m-1" in message
        assert KEY not in message
        assert message.endswith(".")
        assert "\n" not in message
        assert len(server.seen) == 1, "the client itself must not try again"
        return caught.value


# -- answers


async def test_openai_streams_text_and_reports_usage_and_finish_reason(how: str) -> None:
    deltas: list[str] = []
    response, seen = await ask(openai_stream("It is ", "42.", usage=(11, 3)), deltas=deltas)
    assert deltas == ["It is ", "42."]
    assert response == Response("It is 42.", Usage(11, 3), "stop")
    assert seen[0].path == "/v1/chat/completions"
    assert seen[0].headers["authorization"] == f"Bearer {KEY}"
    assert seen[0].body["model"] == "m-1"
    assert seen[0].body["stream"] is (how != "unwatched")
    assert seen[0].body.get("stream_options") == ({"include_usage": True} if how != "unwatched" else None)
    assert [m["role"] for m in seen[0].body["messages"]] == ["system", "user"]
    assert "temperature" not in seen[0].body


async def test_anthropic_streams_text_and_counts_cached_input() -> None:
    deltas: list[str] = []
    reply = anthropic_stream("It is ", "42.", thinking="Hm.", stop_reason="max_tokens")
    response, seen = await ask(reply, provider="anthropic", deltas=deltas)
    assert deltas == ["It is ", "42."]
    assert response == Response("It is 42.", Usage(15, 7), "max_tokens", "Hm.")
    assert seen[0].path == "/v1/messages"
    assert KEY in (seen[0].headers.get("x-api-key", "") + seen[0].headers.get("authorization", ""))
    assert seen[0].body["system"] == "Be brief."
    assert seen[0].body["messages"] == [{"role": "user", "content": "What is it?"}]
    assert seen[0].body["max_tokens"] > 0


async def test_anthropic_gets_alternating_turns_with_a_user_first() -> None:
    turns = ("system", "A"), ("assistant", "B"), ("user", "C"), ("user", "D"), ("assistant", ""), ("user", "E")
    request = Request(tuple(Message(*turn) for turn in turns), "x")
    _, seen = await ask(anthropic_stream("ok"), provider="anthropic", request=request)
    assert seen[0].body["system"] == "A\n\nB"
    assert seen[0].body["messages"] == [{"role": "user", "content": "C\n\nD\n\nE"}]


@pytest.mark.parametrize(("provider", "stop"), [("openai", "stop"), ("anthropic", "stop_sequences")])
async def test_what_a_request_asks_for_is_sent(provider: str, stop: str) -> None:
    request = Request(REQUEST.messages, "x", temperature=0.5, max_tokens=9, seed=4, stop=("END",))
    reply = openai_stream("ok") if provider == "openai" else anthropic_stream("ok")
    _, seen = await ask(reply, provider=provider, request=request)
    body = seen[0].body
    assert (body["temperature"], body["max_tokens"], body[stop]) == (0.5, 9, ["END"])
    assert body.get("seed") == (4 if provider == "openai" else None)


async def test_a_server_that_omits_usage_leaves_it_unknown() -> None:
    response, _ = await ask(openai_stream("ok"))
    assert response.usage == Usage(None, None, None)


async def test_a_refused_parameter_is_left_out_from_then_on_and_the_response_says_so(how: str) -> None:
    request = Request(REQUEST.messages, "x", temperature=0.5)
    refusals = (
        failure(400, "Unrecognized request argument supplied: stream_options"),
        failure(400, "Unsupported value", param="temperature"),
    )
    with Loopback(*refusals, openai_stream("ok")) as server:
        async with client(server) as lm:
            first = await lm.complete(as_asked(request))
            again = await lm.complete(as_asked(request))
        bodies = [seen.body for seen in server.seen]
    assert first.text == again.text == "ok"
    assert first.note == again.note == "sent without temperature, which this model refuses"
    assert ["stream_options" in body for body in bodies] == [how != "unwatched", False, False, False]
    assert ["temperature" in body for body in bodies] == [True, True, False, False]


@pytest.mark.parametrize("reply", [openai_stream(), openai_stream(""), openai_stream(None)])
async def test_empty_and_null_content_is_an_empty_text(reply: Reply) -> None:
    deltas: list[str] = []
    response, _ = await ask(reply, deltas=deltas)
    assert (response.text, response.reasoning, response.note) == ("", None, "")
    assert deltas == []


async def test_anthropic_may_say_nothing_or_only_think() -> None:
    response, _ = await ask(anthropic_stream(), provider="anthropic")
    assert (response.text, response.reasoning, response.note) == ("", None, "")
    response, _ = await ask(anthropic_stream("", thinking="Hm."), provider="anthropic")
    assert (response.text, response.reasoning) == ("", "Hm.")
    assert "only reasoning" in response.note


@pytest.mark.parametrize("where", ["reasoning_content", "reasoning"])
async def test_content_only_in_reasoning_is_no_answer_and_says_so(where: str) -> None:
    events = delta(**{where: "I think "}), delta(**{where: "so."}), delta("stop")
    response, _ = await ask(Reply(chunks=data(*events)))
    assert response.text == ""
    assert response.reasoning == "I think so."
    assert "only reasoning" in response.note


async def test_content_in_parts_is_their_text() -> None:
    parts = [{"type": "text", "text": "one "}, {"type": "image_url"}, {"type": "text", "text": "two"}]
    response, _ = await ask(Reply(chunks=data(delta(content=parts), delta("stop"))))
    assert (response.text, response.note) == ("one two", "")


async def test_a_tool_that_the_model_calls_in_its_own_way_is_told() -> None:
    call = {"index": 0, "function": {"name": "python", "arguments": "{}"}}
    response, _ = await ask(Reply(chunks=data(delta(tool_calls=[call]), delta(tool_calls=[call]), delta("tool_calls"))))
    assert (response.text, response.finish_reason) == ("", "tool_calls")
    assert response.note == "the model called a tool in its own way, which no tool is offered for"


async def test_a_server_that_cannot_stream_is_read_whole() -> None:
    choice = {"index": 0, "message": {"role": "assistant", "content": "whole"}, "finish_reason": "length"}
    body = {"choices": [choice], "usage": {"prompt_tokens": 1, "completion_tokens": 2}}
    response, _ = await ask(Reply(content_type="application/json", chunks=(json.dumps(body).encode(),)))
    assert response == Response("whole", Usage(1, 2), "length")
    message = {"type": "message", "content": [{"type": "text", "text": "whole"}], "stop_reason": "end_turn"}
    reply = Reply(content_type="application/json", chunks=(json.dumps(message).encode(),))
    response, _ = await ask(reply, provider="anthropic")
    assert response == Response("whole", Usage(), "end_turn")


async def test_lone_surrogates_are_replaced_and_torn_pairs_joined() -> None:
    response, _ = await ask(openai_stream("a\ud83d", "\ude00b"))
    assert (response.text, response.note) == ("a😀b", "")
    response, _ = await ask(openai_stream("a\ud83d", "b"))
    assert response.text == "a\ufffdb"
    assert "1 broken character" in response.note


async def test_a_stream_without_a_finish_reason_is_noted() -> None:
    response, _ = await ask(openai_stream("half", finish_reason=None))
    assert response.text == "half"
    assert "may be cut" in response.note


async def test_numbers_that_are_none_are_not_believed() -> None:
    usage = {**delta(), "choices": [], "usage": {"prompt_tokens": "many", "completion_tokens": -1}}
    response, _ = await ask(Reply(chunks=data(delta(content="ok"), delta("stop"), usage)))
    assert response.usage == Usage()


async def test_without_a_key_a_server_on_this_machine_is_asked_all_the_same() -> None:
    with Loopback(openai_stream("ok")) as server:
        async with client(server, api_key=None) as lm:
            assert (await lm.complete(as_asked(REQUEST))).text == "ok"


# -- failures


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("status", [401, 403])
async def test_a_refused_key_names_its_variable(provider: str, status: int) -> None:
    error = await fail(failure(status, f"Incorrect API key provided: {KEY}"), provider)
    assert isinstance(error, ProviderAuthError)
    assert error.status == status
    assert f"{provider.upper()}_API_KEY" in str(error)


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_missing_key_is_told_from_a_wrong_one(provider: str) -> None:
    error = await fail(failure(401), provider, api_key=None)
    assert isinstance(error, ProviderAuthError)
    assert f"set {provider.upper()}_API_KEY" in str(error)


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_an_unknown_model_is_not_tried_again(provider: str) -> None:
    error = await fail(failure(404, "no such model"), provider)
    assert type(error) is ProviderError
    assert error.status == 404
    assert "does not know the model 'm-1'" in str(error)


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_limit_keeps_the_seconds_to_wait(provider: str) -> None:
    error = await fail(failure(429, "slow down", {"Retry-After": "7"}), provider)
    assert isinstance(error, ProviderBusyError)
    assert (error.status, error.retry_after) == (429, 7.0)
    assert "slow down" in str(error)


async def test_retry_after_may_be_a_date() -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    error = await fail(failure(429, "slow down", {"Retry-After": later}))
    assert error.retry_after is not None
    assert 3000 < error.retry_after <= 3600


async def test_an_account_without_credit_is_not_tried_again() -> None:
    error = await fail(failure(429, "You exceeded your quota", code="insufficient_quota"))
    assert type(error) is ProviderError
    assert "no credit" in str(error)


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("reply", [failure(500), failure(529, "Overloaded"), web_page(502)])
async def test_a_server_that_fails_is_worth_another_try(provider: str, reply: Reply) -> None:
    error = await fail(reply, provider)
    assert isinstance(error, ProviderBusyError)
    assert error.status == reply.status
    assert "<" not in str(error)


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_refused_request_says_why(provider: str) -> None:
    error = await fail(failure(400, "no such tool"), provider)
    assert type(error) is ProviderError
    assert "no such tool" in str(error)


@pytest.mark.parametrize(
    ("provider", "chunks"),
    [
        ("openai", data(delta(content="It is"), done=False)),
        ("openai", ()),
        ("anthropic", named(*anthropic_events("It is")[:4])),
        ("anthropic", ()),
    ],
)
async def test_a_cut_connection_is_worth_another_try(provider: str, chunks: tuple[bytes, ...]) -> None:
    error = await fail(Reply(chunks=chunks, cut=True), provider)
    assert isinstance(error, ProviderBusyError)


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_stream_that_ends_before_it_began_is_worth_another_try(provider: str) -> None:
    assert isinstance(await fail(Reply(), provider), ProviderBusyError)


async def test_anthropic_knows_a_stump_even_when_it_ends_politely() -> None:
    error = await fail(Reply(chunks=named(*anthropic_events("It is")[:4])), "anthropic")
    assert isinstance(error, ProviderBusyError)


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_an_error_inside_a_stream_is_what_its_type_says(provider: str) -> None:
    body = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    error = await fail(Reply(chunks=named(body)), provider)
    assert isinstance(error, ProviderBusyError)
    assert error.status == 529


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_web_page_with_status_200_is_named(provider: str) -> None:
    error = await fail(web_page(), provider)
    assert type(error) is ProviderError
    assert "HTML" in str(error)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(chunks=(b"data: {not json\n\n",)),
        Reply(chunks=(b"data: \xff\xfe\n\n",)),
        Reply(chunks=data({"choices": 5})),
        Reply(content_type="application/json", chunks=(b"{",)),
        Reply(content_type="application/json", chunks=(b'{"error": {"message": "no model is loaded"}}',)),
    ],
)
async def test_an_answer_that_cannot_be_understood_is_one_sentence(reply: Reply) -> None:
    assert type(await fail(reply)) is ProviderError


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_no_redirect_is_followed(provider: str) -> None:
    with Loopback(openai_stream("stolen")) as elsewhere:
        error = await fail(Reply(307, "text/plain", {"Location": f"{elsewhere.url}/v1/chat/completions"}), provider)
        assert elsewhere.seen == []
    assert "redirects" in str(error)


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_no_server_on_this_machine_is_not_tried_again(provider: str) -> None:
    with Loopback(Reply()) as server:
        pass
    async with client(server, provider) as lm:
        with pytest.raises(ProviderError, match="No server answers at 127") as caught:
            await lm.complete(as_asked(REQUEST))
    assert type(caught.value) is ProviderError


# -- time


@pytest.mark.parametrize(
    ("provider", "first", "whole"),
    [
        ("openai", data(delta(content="It is"), done=False), openai_stream("42")),
        ("anthropic", named(*anthropic_events("It is")[:4]), anthropic_stream("42")),
    ],
)
async def test_a_stalled_answer_can_be_cancelled_and_the_client_used_again(
    provider: str, first: tuple[bytes, ...], whole: Reply
) -> None:
    with Loopback(Reply(chunks=first, stall=True), whole) as server:
        async with client(server, provider) as lm:
            begun = asyncio.Event()
            task = asyncio.ensure_future(lm.complete(as_asked(REQUEST), lambda _: begun.set()))
            await begun.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert (await lm.complete(as_asked(REQUEST))).text == "42"


async def test_what_is_busy_is_asked_again_until_it_answers() -> None:
    failures: list[tuple[int | None, float | None]] = []
    waits: list[float] = []
    replies = failure(429, headers={"Retry-After": "3"}), failure(500), openai_stream("ok")
    with Loopback(*replies) as server:
        async with client(server) as lm:
            response = await complete_with_retries(
                lm,
                as_asked(REQUEST),
                on_failure=lambda e, delay: failures.append((e.status, delay)),
                sleep=_record(waits),
            )
    assert response.text == "ok"
    assert failures == [(429, waits[0]), (500, waits[1])]
    assert 3.0 <= waits[0] <= 3.3


def _record(waits: list[float]) -> Callable[[float], asyncio.Future[None]]:
    def sleep(seconds: float) -> asyncio.Future[None]:
        waits.append(seconds)
        return asyncio.ensure_future(asyncio.sleep(0))

    return sleep


@contextmanager
def _quiet_proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    with Loopback(openai_stream("through a proxy")) as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        yield proxy


async def test_a_key_for_this_machine_does_not_go_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    with _quiet_proxy(monkeypatch) as proxy:
        response, _ = await ask(openai_stream("straight"))
        assert response.text == "straight"
        assert proxy.seen == []


@pytest.mark.parametrize(
    ("prompt_tokens", "cost"),
    [("1e400", "NaN"), ("9" * 400, "1e400"), ("-1", "-1"), ('"x"', '"NaN"'), ("true", "null")],
)
async def test_usage_that_is_none_is_unknown(prompt_tokens: str, cost: str) -> None:
    raw = f'data: {{"choices":[],"usage":{{"prompt_tokens":{prompt_tokens},"cost":{cost}}}}}\n\n'
    response, _ = await ask(Reply(chunks=(*data(delta("stop", content="yes"), done=False), raw.encode())))
    assert response.usage == Usage()


async def test_a_finish_reason_can_be_written_down() -> None:
    response, _ = await ask(openai_stream("yes", finish_reason="\ud800" * 1000))
    assert response.finish_reason is not None
    assert set(response.finish_reason) == {"\ufffd"}
    assert len(response.finish_reason) <= 100


@pytest.mark.parametrize(
    ("content_type", "before", "after"), [("application/json", b"", b""), (EVENT_STREAM, b"data: ", b"\n\n")]
)
async def test_nesting_without_end_is_the_servers_fault(content_type: str, before: bytes, after: bytes) -> None:
    with pytest.raises(ProviderError, match="no event stream"):
        await ask(Reply(content_type=content_type, chunks=(before + b"[" * 200_000 + after,)))


async def test_an_answer_that_never_stops_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rlm_tui.lm.sdk._MOST_CHARS", 10)
    with pytest.raises(ProviderError, match="longer than 10 characters"):
        await ask(openai_stream("12345", "678901"))
