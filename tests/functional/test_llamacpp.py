"""llama.cpp as its server really speaks: what it streams, refuses, takes for reasoning, and its one shared window."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from loopback import Loopback, Reply, data, llamacpp_events, llamacpp_stream, plain_json
from model_servers import LLAMACPP_ROUTER

from rlm_tui.engine.dialect import built_in
from rlm_tui.engine.shape import shape_of
from rlm_tui.errors import ProviderError
from rlm_tui.events import Usage
from rlm_tui.lm.base import LM, Message, Request
from rlm_tui.lm.discovery import usual_servers
from rlm_tui.lm.failures import CrowdedError, TooLongError
from rlm_tui.lm.providers import PROVIDERS
from rlm_tui.lm.registry import make_lm, resolve
from rlm_tui.lm.stage import Stages
from rlm_tui.lm.watch import Watch

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SHAPE = shape_of(built_in("strict"))
ASKED = Request((Message("user", "What?"),), "m")
SHAPED = Request((Message("user", "What?"),), "m", shape=SHAPE)
TOO_LONG = {
    "code": 400,
    "message": "request (20010 tokens) exceeds the available context size (8192 tokens), try increasing it",
    "type": "exceed_context_size_error",
    "n_prompt_tokens": 20_010,
    "n_ctx": 8_192,
}
CROWDED = {"error": {"code": 500, "message": "Context size has been exceeded.", "type": "server_error"}}


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for provider in PROVIDERS.values():
        for name in (*provider.key_names, *provider.url_names):
            monkeypatch.delenv(name, raising=False)


@asynccontextmanager
async def client(url: str, spec: str = "llamacpp/m-1") -> AsyncIterator[LM]:
    lm = make_lm(spec, base_url=f"{url}/v1")
    try:
        yield lm
    finally:
        await lm.close()


async def test_a_stream_is_read_with_its_progress_its_reasoning_and_its_counts() -> None:
    seen: list[tuple[str, str]] = []
    reply = llamacpp_stream("It is ", "42.", thoughts=("Hm.",), tokens_in=1_000, cached=600)
    with Loopback(reply) as server:
        async with client(server.url) as lm:
            response = await lm.complete(ASKED, Watch(lambda sign, piece: seen.append((sign, piece))))
    assert (response.text, response.reasoning, response.finish_reason) == ("It is 42.", "Hm.", "stop")
    assert response.usage == Usage(1_000, 3)
    assert response.note == ""
    words = [piece for sign, piece in seen if sign == "waiting"]
    assert words == ["reading prompt", "reading prompt 0%", "reading prompt 100%", "thinking", "writing"]


@pytest.mark.parametrize(
    ("spec", "body", "says"),
    [
        ("llamacpp/m-1", {"error": TOO_LONG}, "20,010 tokens, and the window takes 8,192; .* larger -c"),
        (
            "vllm/m-1",
            {"error": {"message": "This model's maximum context length is 4096 tokens.", "code": 400}},
            "4096 tokens; .* --max-model-len",
        ),
        (
            "openai/m-1",
            {
                "error": {
                    "message": "This model's maximum context length is 4096 tokens.",
                    "code": "context_length_exceeded",
                }
            },
            "a model with a larger window",
        ),
    ],
)
async def test_a_prompt_beyond_the_window_is_named_with_what_to_do(
    spec: str, body: object, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-1")
    with Loopback(plain_json(body, 400)) as server:
        async with client(server.url, spec) as lm:
            with pytest.raises(TooLongError, match=says) as caught:
                await lm.complete(ASKED)
            assert server.host in str(caught.value)
    assert len(server.seen) == 1


async def test_a_router_that_has_no_such_model_is_asked_by_a_name_that_it_has() -> None:
    refusal = {"error": {"code": 400, "message": "model 'm-1' not found", "type": "invalid_request_error"}}
    with Loopback(plain_json(refusal, 400)) as server:
        async with client(server.url) as lm:
            with pytest.raises(ProviderError, match=r"does not know the model 'm-1' .* rlm-tui models lists"):
                await lm.complete(ASKED)


@pytest.mark.parametrize("provider", ["llamacpp", "lmstudio", "vllm"])
def test_a_variable_says_where_each_server_is(provider: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{provider.upper()}_BASE_URL", "http://127.0.0.1:5000/v1")
    assert resolve(f"{provider}/m").base_url == "http://127.0.0.1:5000/v1"
    assert resolve(f"{provider}/m", base_url="http://127.0.0.1:6000/v1").base_url == "http://127.0.0.1:6000/v1"
    assert "http://127.0.0.1:5000/v1" in usual_servers()


async def test_requests_that_do_not_fit_one_window_together_go_one_after_the_other_from_then_on() -> None:
    crowded = Reply(chunks=data(*llamacpp_events("It")[:4], CROWDED, done=False))
    fine = [llamacpp_stream("Good.") for _ in range(3)]
    at_once, most = 0, 0
    words: list[str] = []
    with Loopback(crowded, crowded, *fine) as server:
        async with client(server.url) as lm:
            pair = await asyncio.gather(lm.complete(ASKED), lm.complete(ASKED), return_exceptions=True)
            assert [type(error) for error in pair] == [CrowdedError] * 2
            assert "one window for all requests" in str(pair[0])

            async def one() -> str:
                nonlocal at_once, most

                def look(sign: str, piece: str) -> None:
                    nonlocal at_once, most
                    words.append(piece)
                    if piece == "reading prompt 0%":
                        at_once += 1
                        most = max(most, at_once)

                text = (await lm.complete(ASKED, Watch(look))).text
                at_once -= 1
                return text

            assert await asyncio.gather(one(), one(), one()) == ["Good."] * 3
    assert most == 1
    assert "queued" in words


async def test_an_answer_that_the_grammar_had_taken_for_reasoning_is_asked_for_inside_of_it() -> None:
    lost = llamacpp_stream(thoughts=("I look.\n```repl\nx\n```",))
    good = llamacpp_stream("I look.\n```repl\nx\n```", thoughts=("Hm.",))
    with Loopback(lost, good) as server:
        async with client(server.url) as lm:
            first, second = await lm.complete(SHAPED), await lm.complete(SHAPED)
    assert SHAPE is not None
    assert [seen.body["grammar"] for seen in server.seen] == [SHAPE.grammar, SHAPE.thinking, SHAPE.thinking]
    assert first.text == second.text == "I look.\n```repl\nx\n```"
    assert first.held_to == "a grammar"
    assert first.usage.input_tokens == 14, "the window holds the request that was answered, not both"


async def test_where_no_grammar_leaves_an_answer_it_is_asked_without_one_and_a_note_says_so() -> None:
    lost = llamacpp_stream(thoughts=("I look.",))
    with Loopback(lost, lost, llamacpp_stream("FINAL_VAR(x)")) as server:
        async with client(server.url) as lm:
            response = await lm.complete(SHAPED)
    assert [bool(seen.body.get("grammar")) for seen in server.seen] == [True, True, False]
    assert (response.text, response.held_to) == ("FINAL_VAR(x)", "")
    assert "asked without" in response.note


async def test_a_model_that_is_cut_while_it_thinks_is_not_asked_again() -> None:
    with Loopback(llamacpp_stream(thoughts=("I wonder",), finish_reason="length")) as server:
        async with client(server.url) as lm:
            response = await lm.complete(SHAPED)
    assert len(server.seen) == 1
    assert "only reasoning" in response.note


@asynccontextmanager
async def closing_kept_connections(answers: int) -> AsyncIterator[tuple[str, list[int]]]:
    """A server that keeps connections and closes each with its second request; `asked` counts by connection."""
    asked: list[int] = []
    body = b"".join(data(*llamacpp_events("Good.")))

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = len(asked)
        asked.append(0)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
                await reader.readexactly(int(length.partition(b":")[2]))
                asked[number] += 1
                if asked[number] > 1 or number >= answers:
                    break
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n")
                writer.write(b"content-length: %d\r\n\r\n%s" % (len(body), body))
                await writer.drain()
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}", asked


async def test_a_kept_connection_that_the_server_closed_costs_nothing_but_another_one() -> None:
    async with closing_kept_connections(3) as (url, asked), client(url) as lm:
        assert [(await lm.complete(ASKED)).text for _ in range(3)] == ["Good."] * 3
    assert asked == [2, 2, 1]


async def test_a_server_that_closes_each_connection_is_not_asked_for_ever() -> None:
    async with closing_kept_connections(1) as (url, asked), client(url) as lm:
        assert (await lm.complete(ASKED)).text == "Good."
        with pytest.raises(ProviderError, match="was cut"):
            await lm.complete(ASKED)
    assert asked == [2, 1]


@pytest.mark.parametrize(("model", "stage"), [("alpha", "reading"), ("beta", "loading"), ("gamma", "reading")])
def test_a_router_tells_that_it_loads_a_model(model: str, stage: str) -> None:
    with Loopback(routes=LLAMACPP_ROUTER) as server:
        assert Stages(resolve(f"llamacpp/{model}", base_url=f"{server.url}/v1")).look() == stage
