"""The window and the slots that a server tells: read before the run, kept to by it, and shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from loopback import Loopback, Reply, Seen, llamacpp_stream, ollama_stream, openai_stream, plain_json
from model_servers import LLAMACPP, LLAMACPP_ROUTER, OLLAMA, VLLM

from rlm_tui import events as ev
from rlm_tui.cli.plain.tell import page_at
from rlm_tui.engine.prompts import MAX_OUTPUT, most_output
from rlm_tui.lm.providers import PROVIDERS
from rlm_tui.lm.window import Served, served
from rlm_tui.text import short_count
from rlm_tui.ui.content.root import root
from tests.driving import block, live
from tests.ui_kit import on_screen

LOOK = "I look.\n```repl\nprint('x' * 30_000)\n```"


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for provider in PROVIDERS.values():
        for name in (*provider.key_names, *provider.url_names, "OLLAMA_HOST"):
            monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("spec", "routes", "told"),
    [
        ("ollama/llama3.2:1b", OLLAMA, Served(4_096, None, True)),
        ("ollama/long:8b", OLLAMA, Served(16_384, None, True)),
        ("ollama/qwen2.5:7b", OLLAMA, Served(None, None, True)),
        ("llamacpp/any", LLAMACPP, Served(8_192, 2, True)),
        ("llamacpp/alpha", LLAMACPP_ROUTER, Served(2_048, 3, True)),
        ("llamacpp/beta", LLAMACPP_ROUTER, Served(None, None, True)),
        ("vllm/Qwen/Qwen2.5-7B-Instruct", VLLM, Served(32_768, None, True)),
        ("vllm/other", VLLM, Served(None, None, True)),
        ("Qwen/Qwen2.5-7B-Instruct", VLLM, Served(32_768, None, True)),
        ("ollama/m", {}, Served(None, None, True)),
    ],
)
def test_the_server_tells_its_window_and_its_slots(spec: str, routes: dict[str, Reply], told: Served) -> None:
    with Loopback(routes=routes) as server:
        assert served(spec, f"{server.url}/v1") == told


@pytest.mark.parametrize("spec", ["offline", "human", "scripted:x.json", "openai/gpt-4o", "nonsense"])
def test_what_is_no_server_here_is_not_asked(spec: str) -> None:
    assert served(spec) == Served()
    assert served(spec).width is None


def test_a_server_that_stalls_is_left_when_the_time_is_over() -> None:
    with Loopback(routes={"/props": Reply(stall=True), "/v1/models": Reply(stall=True)}) as server:
        assert served("llamacpp/m", f"{server.url}/v1", 0.2) == Served(None, None, True)


def test_a_small_window_is_shown_less_of_an_output() -> None:
    assert most_output(None) == most_output(131_072) == MAX_OUTPUT
    assert most_output(8_192) == 4_096
    assert most_output(512) == 1_000


@pytest.mark.parametrize(("given", "known"), [(None, 8_192), (4_096, 4_096), (32_768, 8_192)])
def test_a_run_keeps_to_the_window_that_was_given_or_told(tmp_path: Path, given: int | None, known: int) -> None:
    replies = openai_stream(LOOK, usage=(900, 10)), openai_stream("FINAL_VAR(context)", usage=(900, 10))
    with (
        Loopback(*replies, routes=LLAMACPP) as server,
        live(tmp_path, [], model="llamacpp/m", base_url=f"{server.url}/v1", window=given, fits_width=True) as driver,
    ):
        driver.start()
        assert driver.end().status == "answered"
        assert {request.window for request in driver.of(ev.LmRequested)} == {known}
        assert driver.of(ev.CodeFinished)[0].shown == most_output(known)
        assert driver.of(ev.RunStarted)[0].limits.concurrency == 2


@pytest.mark.parametrize(
    ("more", "width"), [({"fits_width": True}, 1), ({}, 16), ({"limits": ev.Limits(concurrency=5)}, 5)]
)
def test_a_local_server_without_slots_gets_one_request_at_once_unless_told_otherwise(
    tmp_path: Path, more: dict[str, Any], width: int
) -> None:
    with (
        Loopback(ollama_stream("FINAL_VAR(context)")) as server,
        live(tmp_path, [], model="ollama/m", base_url=f"{server.url}/v1", dialect="paper", **more) as driver,
    ):
        driver.start()
        driver.end()
        assert driver.of(ev.RunStarted)[0].limits.concurrency == width


def test_a_model_that_is_no_server_gets_sixteen(tmp_path: Path) -> None:
    with live(tmp_path, ["FINAL(1)"], fits_width=True) as driver:
        driver.start()
        driver.end()
        assert driver.of(ev.RunStarted)[0].limits.concurrency == 16


def test_ollama_is_asked_again_once_the_model_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replies = map(ollama_stream, (block("x = llm_query('?')"), "1", "FINAL_VAR(x)"))
    with Loopback(*replies, routes=dict(OLLAMA)) as server:
        take = server.take

        def take_and_load(seen: Seen) -> Reply:
            server.routes["/api/ps"] = plain_json({"models": [{"name": "qwen2.5:7b", "context_length": 4_096}]})
            return take(seen)

        monkeypatch.setattr(server, "take", take_and_load)
        with live(tmp_path, [], model="ollama/qwen2.5:7b", base_url=f"{server.url}/v1") as driver:
            driver.start()
            assert driver.end().answer == "1"
            assert [request.window for request in driver.of(ev.LmRequested)] == [None, 4_096]
            most = [seen.body["options"]["num_predict"] for seen in server.seen if "options" in seen.body]
            assert most == [8_192, 2_048, 2_048], "its sub-calls go to the same model"
            assert [call.parameters for call in driver.of(ev.SubcallRequested)] == [ev.Parameters(max_tokens=2_048)]


def test_a_router_is_asked_again_once_the_model_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replies = llamacpp_stream(LOOK), llamacpp_stream("I have it.\nFINAL_VAR(context)")
    routes = {path: LLAMACPP_ROUTER[path] for path in ("/props",)}
    with Loopback(*replies, routes=routes) as server:
        take = server.take

        def take_and_load(seen: Seen) -> Reply:
            server.routes.update(LLAMACPP_ROUTER)
            return take(seen)

        monkeypatch.setattr(server, "take", take_and_load)
        with live(tmp_path, [], model="llamacpp/alpha", base_url=f"{server.url}/v1") as driver:
            driver.start()
            assert driver.end().status == "answered"
            assert [request.window for request in driver.of(ev.LmRequested)] == [None, 2_048]


@pytest.mark.parametrize(("used", "bar"), [(950, "▇▁▁▁▁▁▁▁"), (7_000, "▇▇▇▇▇▇▇▁"), (9_000, "▇▇▇▇▇▇▇▇")])
async def test_how_full_the_window_is_stands_over_step_and_chat(tmp_path: Path, used: int, bar: str) -> None:
    with (
        Loopback(openai_stream(LOOK, usage=(used, 50)), routes=LLAMACPP) as server,
        live(tmp_path, [], model="llamacpp/m", base_url=f"{server.url}/v1", step=True) as driver,
    ):
        driver.start()
        async with on_screen(driver.session) as hand:
            await hand.until(lambda: f"window {short_count(used + 50)}/8k {bar}" in hand.screen())
            await hand.press("3")
            await hand.until(lambda: f"/8k {bar}" in hand.screen())


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (None, "8,192 tokens  as the server tells"),
        (4_096, "4,096 tokens  as you asked"),
        (32_768, "8,192 tokens  as the"),
    ],
)
def test_the_summary_says_which_window_is_in_use_and_who_said_so(tmp_path: Path, asked: int | None, said: str) -> None:
    replies = openai_stream(LOOK), openai_stream("FINAL_VAR(context)")
    with (
        Loopback(*replies, routes=LLAMACPP) as server,
        live(tmp_path, [], model="llamacpp/m", base_url=f"{server.url}/v1", window=asked) as driver,
    ):
        driver.start()
        driver.end()
        session = driver.session
        node = session.view.root
        assert node is not None
        rows = [row.text for row in root(page_at(session), node)]
        assert any(row.startswith(f"WINDOW   {said}") for row in rows)
