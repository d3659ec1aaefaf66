"""The servers of this machine through their presets: what each answers, well or badly, ends as it should."""

from __future__ import annotations

from pathlib import Path

import pytest
from loopback import Loopback, Reply, data, delta, failure, ollama_stream, openai_stream, plain_json, web_page
from test_lm_clients import REQUEST

from rlm_tui import events as ev
from rlm_tui.errors import ProviderAuthError, ProviderBusyError, ProviderError, UsageError
from rlm_tui.events import Usage
from rlm_tui.lm.base import Message, Request, Response
from rlm_tui.lm.providers import PROVIDERS
from rlm_tui.lm.registry import check_spec, make_lm
from tests.driving import live

PRESETS = ("lmstudio", "llamacpp", "vllm", "openrouter", "gemini")
LOCAL = PRESETS[:3]


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for provider in PROVIDERS.values():
        for name in (*provider.key_names, *provider.url_names, "OLLAMA_HOST"):
            monkeypatch.delenv(name, raising=False)


async def ask(
    reply: Reply, provider: str, request: Request = REQUEST, *, path: str = "/v1/chat/completions"
) -> Response:
    with Loopback(reply) as server:
        lm = make_lm(f"{provider}/m-1", base_url=f"{server.url}/v1")
        try:
            return await lm.complete(request)
        finally:
            await lm.close()
            assert len(server.seen) == 1
            assert server.seen[0].path == path


@pytest.mark.parametrize("provider", PRESETS)
async def test_each_preset_streams(provider: str) -> None:
    response = await ask(openai_stream("It is ", "42.", usage=(11, 3)), provider)
    assert response == Response("It is 42.", Usage(11, 3), "stop")


@pytest.mark.parametrize("provider", PRESETS)
@pytest.mark.parametrize(
    ("reply", "kind", "status"),
    [
        (failure(401), ProviderAuthError, 401),
        (
            plain_json({"error": {"message": "model 'm-1' not found", "type": "not_found_error"}}, 404),
            ProviderError,
            404,
        ),
        (plain_json({"object": "error", "message": "no such model", "code": 404}, 404), ProviderError, 404),
        (failure(429, headers={"Retry-After": "7"}), ProviderBusyError, 429),
        (failure(500), ProviderBusyError, 500),
        (plain_json({"error": {"code": 400, "type": "exceed_context_size_error"}}, 400), ProviderError, 400),
        (Reply(chunks=data(delta(content="It"), done=False), cut=True), ProviderBusyError, None),
        (Reply(chunks=data({"error": {"message": "out of memory", "code": 500}})), ProviderBusyError, 500),
        (web_page(), ProviderError, 200),
    ],
)
async def test_each_failure_is_its_own_error(
    provider: str, reply: Reply, kind: type[ProviderError], status: int | None
) -> None:
    with pytest.raises(ProviderError) as caught:
        await ask(reply, provider)
    assert (type(caught.value), caught.value.status) == (kind, status)
    assert f"{provider}/m-1" in str(caught.value) or "'m-1'" in str(caught.value)
    assert caught.value.retry_after == (7.0 if status == 429 else None)


@pytest.mark.parametrize("provider", LOCAL)
@pytest.mark.parametrize("events", [(delta("stop", content=""),), (delta("stop", content=None),), (delta("stop"),)])
async def test_empty_and_null_content_is_an_empty_text(provider: str, events: tuple[dict[str, object], ...]) -> None:
    assert (await ask(Reply(chunks=data(*events)), provider)).text == ""


@pytest.mark.parametrize("provider", LOCAL)
async def test_content_only_in_reasoning_is_no_answer(provider: str) -> None:
    response = await ask(Reply(chunks=data(delta(reasoning_content="So."), delta("stop"))), provider)
    assert (response.text, response.reasoning) == ("", "So.")
    assert "only reasoning" in response.note


# -- what to do


async def test_a_model_that_is_not_there_is_told_with_how_to_get_it() -> None:
    with pytest.raises(
        ProviderError, match=r"rlm-tui models lists what it has, ollama pull m-1 fetches it\."
    ) as caught:
        await ask(failure(404), "ollama", path="/api/chat")
    assert "base URL" not in str(caught.value)
    with pytest.raises(ProviderError, match=r"rlm-tui models lists what it has\."):
        await ask(failure(404), "vllm")


@pytest.mark.parametrize("provider", [*LOCAL, "ollama"])
async def test_a_server_that_is_not_there_is_told_with_how_to_start_it(provider: str) -> None:
    with Loopback(Reply()) as server:
        pass
    lm = make_lm(f"{provider}/m", base_url=f"{server.url}/v1")
    with pytest.raises(ProviderError, match=rf"No server answers .*start it \({PROVIDERS[provider].start}\)"):
        await lm.complete(REQUEST)
    await lm.close()


def test_a_provider_without_a_model_names_where_names_are() -> None:
    with pytest.raises(UsageError, match="rlm-tui models lists names"):
        check_spec("ollama/")


# -- a window that is too small


LONG = Request((Message("user", "A long prompt that does not fit. " * 1_000),), "m")


@pytest.mark.parametrize("provider", LOCAL)
async def test_a_prompt_that_was_cut_is_told_by_what_the_server_counted(provider: str) -> None:
    note = (await ask(openai_stream("ok", usage=(2_048, 1)), provider, LONG)).note
    assert note == "the prompt was probably cut: 33,000 characters were sent and the server read 2,048 tokens"


@pytest.mark.parametrize("usage", [(8_000, 1), None, (0, 1)])
async def test_a_prompt_that_was_read_is_not_said_to_be_cut(usage: tuple[int, int] | None) -> None:
    assert (await ask(openai_stream("ok", usage=usage), "llamacpp", LONG)).note == ""


async def test_a_short_prompt_is_never_said_to_be_cut() -> None:
    assert (await ask(openai_stream("ok", usage=(1, 1)), "vllm")).note == ""


def test_a_cut_prompt_of_sub_calls_is_noted_once(tmp_path: Path) -> None:
    code = "I ask.\n```repl\nprint(llm_query_batch(['word ' * 9_000] * 3))\n```"
    with (
        Loopback(ollama_stream("ok", usage=(2_048, 1))) as server,
        live(tmp_path, [code, "FINAL(1)"], sub_model="ollama/m", base_url=f"{server.url}/v1") as driver,
    ):
        driver.start()
        driver.end()
        (note,) = [note for note in driver.of(ev.Note) if "probably cut" in note.text]
    assert (note.level, "45,000 characters" in note.text) == ("warning", True)
