"""Servers that answer with what is no completion, without end, or not at all: each is one sentence of its own."""

from __future__ import annotations

import gzip
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from loopback import (
    ND_JSON,
    Loopback,
    Reply,
    data,
    delta,
    failure,
    lines,
    named,
    ollama_events,
    openai_stream,
    plain_json,
)
from test_cli import rlm_tui
from test_lm_clients import KEY, PROVIDERS, REQUEST, as_asked, ask, fail, how

from rlm_tui import events as ev
from rlm_tui.errors import ProviderBusyError, ProviderError
from rlm_tui.lm.registry import make_lm
from tests.driving import live
from tests.ui_kit import on_screen

__all__ = ["how"]
NO_COMPLETIONS = {
    "empty object": Reply(content_type="application/json", chunks=(b"{}",)),
    "no choices": Reply(content_type="application/json", chunks=(b'{"choices": []}',)),
    "list": Reply(content_type="application/json", chunks=(b"[1,2]",)),
    "number": Reply(content_type="application/json", chunks=(b"3",)),
    "text": Reply(content_type="text/plain", chunks=(b"It works!\n",)),
    "other json": Reply(content_type="application/problem+json", chunks=(b'{"title": "no"}',)),
    "nothing": Reply(204, "text/plain"),
    "other events": Reply(chunks=data({"ok": True})),
}


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LLM_API_KEY", "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("how")
@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("what", NO_COMPLETIONS)
async def test_a_good_status_that_is_no_completion_is_said_and_not_tried_again(provider: str, what: str) -> None:
    error = await fail(NO_COMPLETIONS[what], provider)
    assert type(error) is ProviderError
    assert "no completion" in str(error)
    assert "short" not in str(error)


STRANGE = {
    "content of a number": {"choices": [{"delta": {"content": 5}}]},
    "content of an object": {"choices": [{"delta": {"content": {"a": 1}}}]},
    "a text for a message": {"choices": [{"delta": "x"}]},
    "numbers for choices": {"choices": [1, None]},
    "no choices": {"choices": None},
}


@pytest.mark.usefixtures("how")
@pytest.mark.parametrize("what", STRANGE)
async def test_what_is_no_text_is_no_empty_answer(what: str) -> None:
    end = {"choices": [{"delta": {}, "finish_reason": "stop"}]}
    error = await fail(Reply(chunks=data(STRANGE[what], end)))
    assert type(error) is ProviderError
    assert str(error).endswith("in a shape that is not understood.")


@pytest.mark.usefixtures("how")
@pytest.mark.parametrize(("said", "told"), [(5, ": 5."), ({"a": 1}, ".")])
async def test_an_error_in_a_stream_is_told_whatever_it_is(said: object, told: str) -> None:
    error = await fail(Reply(chunks=data({"error": said})))
    assert type(error) is ProviderError
    assert str(error).endswith(f"failed in the middle of an answer of openai/m-1{told}")


@pytest.mark.usefixtures("how")
async def test_content_as_a_list_of_texts_is_their_text_and_of_anything_else_no_empty_answer() -> None:
    end = {"choices": [{"delta": {}, "finish_reason": "stop"}]}
    parts = {"choices": [{"delta": {"content": ["a", {"type": "text", "text": "b"}, {"type": "image"}]}}]}
    response, *_ = await ask(Reply(chunks=data(parts, end)))
    assert response.text == "ab"
    error = await fail(Reply(chunks=data({"choices": [{"delta": {"content": ["a", 5]}}]}, end)))
    assert str(error).endswith("in a shape that is not understood.")


ECHOES = {
    "whole": plain_json({"error": {"message": f"got Bearer {KEY}"}}),
    "whole, a text": plain_json({"error": f"got {KEY}"}),
    "event": Reply(chunks=data({"error": {"message": f"got {KEY}"}})),
    "an event's status": Reply(chunks=data({"error": {"message": f"got {KEY}", "code": 407}})),
    "long": failure(400, "x" * 190 + KEY),
    "no JSON": Reply(500, "text/plain", {}, (f"got {KEY}".encode(),)),
    "too long": failure(400, f"prompt is too long: {KEY}"),
    "its type": Reply(content_type=f"text/{KEY}", chunks=(b"hm",)),
    **{str(status): failure(status, f"got {KEY}") for status in (400, 401, 403, 404, 407, 413, 429, 500, 503)},
}


@pytest.mark.usefixtures("how")
@pytest.mark.parametrize("provider", [*PROVIDERS, "ollama"])
@pytest.mark.parametrize("what", ECHOES)
async def test_a_key_that_a_server_repeats_is_not_told(provider: str, what: str) -> None:
    error = await fail(ECHOES[what], provider)
    assert KEY[:8] not in str(error), "not even its beginning, where a long text was cut"


async def test_a_key_that_a_server_repeats_is_not_told_where_its_http_is_not_understood() -> None:
    with speaking(b"HTTP/1.1 200 OK\r\nX-\x00: %s\r\n\r\n" % KEY.encode()) as host:
        lm = make_lm("openai/m", base_url=f"http://{host}/v1", api_key=KEY)
        try:
            with pytest.raises(ProviderError) as caught:
                await lm.complete(REQUEST)
        finally:
            await lm.close()
    assert KEY[:8] not in str(caught.value)


async def test_a_reason_to_end_tells_no_key() -> None:
    response, *_ = await ask(openai_stream("hi", finish_reason=f"by {KEY}"))
    assert response.finish_reason == "by …"


async def test_the_values_of_headers_and_of_the_query_are_not_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORTKEY_VIRTUAL_KEY", "virtual-secret")
    path = tmp_path / "generic.toml"
    with Loopback(failure(400, "bad: virtual-secret written-secret asked-secret 2025-01")) as server:
        url = f"{server.url}/v1?token=asked-secret&api-version=2025-01"
        path.write_text(
            f'url = "{url}"\nmodel = "g"\n[headers]\nauthorization = "Token written-secret"\n'
            '[request]\ninputs = "{prompt}"\n[answer]\ntext = "text"\n'
        )
        for spec, told in (
            ("portkey/m", "bad: … written-secret … 2025-01"),
            (f"generic:{path}", "virtual-secret … … 2"),
        ):
            lm = make_lm(spec, base_url=url, api_key=KEY)
            with pytest.raises(ProviderError) as caught:
                await lm.complete(REQUEST)
            await lm.close()
            assert told in str(caught.value)


async def test_a_word_for_a_key_where_none_is_needed_tears_no_words() -> None:
    error = await fail(failure(400, "it broke"), api_key="k")
    assert "it broke" in str(error)


@pytest.mark.parametrize("status", [200, 407])
def test_a_key_that_a_server_repeats_is_in_no_trace(
    tmp_path: Path, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLM_API_KEY", KEY)
    echo = plain_json({"error": {"message": f"got Bearer {KEY}"}}, status)
    with (
        Loopback(echo) as server,
        live(tmp_path, [], model="openai/m", base_url=f"{server.url}/v1", is_attended=False) as driver,
    ):
        driver.start().end()
        assert len(driver.of(ev.LmFailed)) == 1
    (trace,) = tmp_path.rglob("*.jsonl")
    assert "got Bearer …" in trace.read_text("utf-8")
    assert KEY not in trace.read_text("utf-8")


async def test_a_byte_that_is_no_utf8_is_replaced_and_told() -> None:
    whole = b"".join(openai_stream("FINAL(a#b)").chunks)
    response, *_ = await ask(Reply(chunks=(whole.replace(b"#", b"\xff"),)))
    assert response.text == "FINAL(a\ufffdb)"
    assert response.note == "1 broken characters replaced"


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (HEAD + b"Content-Encoding: gzip\r\nConnection: close\r\n\r\nno gzip", "Can not decode content-encoding"),
        (HEAD + b"".join(b"X-%d: x\r\n" % number for number in range(1_000)) + b"\r\n{}", "Too many headers"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nZZZ\r\n", "Invalid character in chunk size"),
    ],
    ids=["encoding", "headers", "chunk"],
)
async def test_http_that_is_not_understood_is_no_cut_connection(said: bytes, why: str) -> None:
    with speaking(said) as host:
        lm = make_lm("openai/m", base_url=f"http://{host}/v1", api_key="k")
        try:
            with pytest.raises(ProviderError, match=f"in HTTP that is not understood .{why}") as caught:
                await lm.complete(REQUEST)
        finally:
            await lm.close()
    assert type(caught.value) is ProviderError


def test_what_is_no_completion_is_asked_for_once_in_a_run(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("text")
    with Loopback(NO_COMPLETIONS["empty object"]) as server:
        words = "run", str(tmp_path / "note.txt"), "-q", "What?", "-m", "m", "--base-url", f"{server.url}/v1"
        done = rlm_tui(*words, "--sandbox", "none", home=tmp_path)
        assert len(server.seen) == 1
    assert done.returncode == 3
    assert b"no completion" in done.stderr


ENDLESS = {
    "one line": Reply(chunks=(b"data: ", *[b"x" * 50_000] * 40)),
    "many lines of one event": Reply(chunks=(b"data: 1\n" * 50_000,) * 5),
    "a body": Reply(content_type="application/json", chunks=(b'["\n\n', *[b"x\n\n" * 20_000] * 40)),
    "a packed one": Reply(headers={"content-encoding": "gzip"}, chunks=(gzip.compress(b"data: " + b"x" * 9_000_000),)),
    "an error": Reply(500, "text/plain", chunks=(b"x\n\n" * 20_000,) * 40),
}


@pytest.mark.usefixtures("how")
@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("what", ENDLESS)
async def test_what_comes_without_end_is_given_up_before_it_fills_the_memory(
    provider: str, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rlm_tui.lm.bounded.MOST_AT_ONCE", 1_000_000)
    error = await fail(ENDLESS[what], provider)
    assert "over 1 MB in one piece" in str(error)
    assert type(error) is ProviderError


@pytest.mark.usefixtures("how")
async def test_a_long_stream_of_short_events_is_no_piece_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rlm_tui.lm.bounded.MOST_AT_ONCE", 2_000)
    response, _ = await ask(Reply(chunks=data(*[delta(content="word ")] * 200, delta("stop"))))
    assert len(response.text) == 1000


STALLS = {
    "openai": (Reply(stall=True), Reply(chunks=data(delta(content="It"), done=False), stall=True)),
    "anthropic": (Reply(stall=True), Reply(chunks=named({"type": "ping"}), stall=True)),
}


@pytest.mark.usefixtures("how")
@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("begun", [False, True])
async def test_a_stall_is_a_timeout_with_its_name(provider: str, begun: bool) -> None:
    with Loopback(STALLS[provider][begun]) as server:
        base = f"{server.url}/v1" if provider == "openai" else server.url
        lm = make_lm(f"{provider}/m-1", base_url=base, api_key="k", silence_s=0.2)
        with pytest.raises(ProviderError, match=r"said nothing for 0\.2s.*\(timeout\).*--silence") as caught:
            await lm.complete(as_asked(REQUEST))
        await lm.close()
    assert not isinstance(caught.value, ProviderBusyError), "a server on this machine still works on it"


NOTHINGS = {
    "openai": [data(delta(content=""), done=False)[0], data(delta(), done=False)[0], b": still here\n\n"],
    "anthropic": [named({"type": "ping"})[0], b": still here\n\n"],
}


async def end_in_silence(provider: str, reply: Reply) -> None:
    with Loopback(reply) as server:
        base = server.url if provider == "anthropic" else f"{server.url}/v1"
        lm = make_lm(f"{provider}/m-1", base_url=base, api_key="k", silence_s=0.2)
        with pytest.raises(ProviderError, match=r"said nothing for 0\.2s.*\(timeout\)"):
            await lm.complete(as_asked(REQUEST))
        await lm.close()


@pytest.mark.usefixtures("how")
@pytest.mark.parametrize(("provider", "nothing"), [(name, each) for name in NOTHINGS for each in NOTHINGS[name]])
async def test_a_stream_that_brings_nothing_without_end_is_silence(provider: str, nothing: bytes) -> None:
    await end_in_silence(provider, Reply(again=nothing))


async def test_a_chat_of_ollama_that_brings_nothing_without_end_is_silence() -> None:
    await end_in_silence("ollama", Reply(content_type=ND_JSON, again=lines(ollama_events("")[0])[0]))


NO_HTTP = {
    "mail": b"220 mail.example ready\r\n\r\n",
    "text": b"x" * 60 + b"\r\n\r\n",
    "tls": b"\x15\x03\x01\x00\x02\x02P\n\n",
}


@contextmanager
def speaking(said: bytes) -> Iterator[str]:
    """A server that takes one request and says something else than HTTP; its host."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def speak() -> None:
            with server.accept()[0] as one:
                one.recv(1 << 16)
                one.sendall(said)
                one.shutdown(socket.SHUT_WR)
                while one.recv(1 << 16):
                    pass

        thread = threading.Thread(target=speak)
        thread.start()
        yield "{}:{}".format(*server.getsockname())
        thread.join()


async def find_no_http(provider: str, said: str) -> None:
    with speaking(NO_HTTP[said]) as host:
        lm = make_lm(f"{provider}/m-1", base_url=f"http://{host}/v1", api_key="k", silence_s=5)
        with pytest.raises(ProviderError, match=rf"^{host} does not speak HTTP, so .*; check address and port\.$"):
            await lm.complete(as_asked(REQUEST))
        await lm.close()


@pytest.mark.usefixtures("how")
@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("said", NO_HTTP)
async def test_a_server_of_another_kind_is_named_so(provider: str, said: str) -> None:
    await find_no_http(provider, said)


@pytest.mark.parametrize("said", NO_HTTP)
async def test_a_server_of_another_kind_is_named_so_to_ollama(said: str) -> None:
    await find_no_http("ollama", said)


@pytest.mark.usefixtures("how")
async def test_a_server_without_tls_is_named_so() -> None:
    with Loopback(Reply()) as server:
        lm = make_lm("openai/m-1", base_url=f"https://{server.host}/v1", api_key="k", silence_s=5)
        with pytest.raises(ProviderError, match=r"does not speak TLS, so .* by https; check the base URL"):
            await lm.complete(as_asked(REQUEST))
        await lm.close()


def test_a_stall_ends_a_run_with_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("text")
    with Loopback(Reply(stall=True)) as server:
        words = "run", str(tmp_path / "note.txt"), "-q", "What?", "-m", "m", "--base-url", f"{server.url}/v1"
        done = rlm_tui(*words, "--sandbox", "none", "--silence", "0.3", home=tmp_path)
        assert len(server.seen) == 1
    assert done.returncode == 3
    assert b"said nothing for 0.3s" in done.stderr
    assert b"Traceback" not in done.stderr


async def test_a_stall_waits_on_the_screen_with_its_reason(tmp_path: Path) -> None:
    with (
        Loopback(Reply(stall=True)) as server,
        live(tmp_path, [], model="m", base_url=f"{server.url}/v1", silence_s=0.3) as driver,
    ):
        driver.start()
        async with on_screen(driver.session) as hand:
            await hand.held("before_request")
            await hand.until(lambda: "said nothing for 0.3s" in hand.bar("GateBar"))


@pytest.mark.usefixtures("how")
@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_cut_in_an_error_is_still_that_error(provider: str) -> None:
    reply = failure(500)
    error = await fail(Reply(reply.status, reply.content_type, {}, reply.chunks, cut=True), provider)
    assert isinstance(error, ProviderBusyError)


def test_what_run_says_of_a_busy_server_and_of_empty_answers_is_true_and_well_put(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("text")
    with Loopback(failure(429, headers={"retry-after": "0"}), openai_stream("")) as server:
        words = "run", str(tmp_path / "note.txt"), "-q", "What?", "-m", "m", "--base-url", f"{server.url}/v1"
        done = rlm_tui(*words, "--sandbox", "none", "--max-errors", "1", home=tmp_path)
    said = done.stderr.decode()
    assert "or lower --max-concurrency. It is asked again after " in said
    assert ".;" not in said
    assert "says: nothing: the response is empty" in said
    assert "the model is told: Your response was empty" in said
    assert done.returncode == 4


def test_what_run_paid_is_told_at_its_end_where_it_is_known(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("text")
    (tmp_path / "script.json").write_text(
        json.dumps([{"text": "FINAL(x)", "usage": {"input_tokens": 9, "cost_usd": 0.5}}])
    )
    words = "run", str(tmp_path / "note.txt"), "-q", "What?", "-m", f"scripted:{tmp_path / 'script.json'}"
    assert "Ended: answered, 9 tokens, $0.50." in rlm_tui(*words, "--sandbox", "none", home=tmp_path).stderr.decode()
