"""Waiting is named: by what a server tells of itself and of the request, in the client and on the screen."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest
from loopback import Loopback, Reply, data, delta, failure, ollama_stream, openai_stream, plain_json
from model_servers import LLAMACPP, LOADING
from test_lm_clients import REQUEST

from rlm_tui.engine.config import EngineConfig
from rlm_tui.lm.base import LM
from rlm_tui.lm.registry import make_lm
from rlm_tui.lm.retry import complete_with_retries
from rlm_tui.lm.watch import Watch
from rlm_tui.session import commands as cmd
from rlm_tui.session.serving import fitted
from rlm_tui.session.setup import Setup
from rlm_tui.ui.words import state_of
from tests.driving import block, live
from tests.ui_kit import on_screen


@pytest.fixture(autouse=True)
def _quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rlm_tui.lm.stage._LOOK_EVERY_S", 0.01)
    monkeypatch.setattr("rlm_tui.lm.retry._LOADING_S", 0.01)
    monkeypatch.delenv("LLM_API_KEY", raising=False)


def progress(processed: int, total: int = 1_000, cache: int = 0) -> dict[str, object]:
    """A chunk of llama.cpp that only tells how far the prompt is read."""
    told = {"total": total, "cache": cache, "processed": processed, "time_ms": 12}
    return {**delta(role="assistant", content=None), "prompt_progress": told}


def words_of(shown: list[tuple[str, str]]) -> list[str]:
    return [piece for sign, piece in shown if sign == "waiting"]


async def until(shown: list[tuple[str, str]], words: str, times: int = 1) -> None:
    async with asyncio.timeout(20):
        while words_of(shown).count(words) < times:  # noqa: ASYNC110 - the watch is called, it calls nobody
            await asyncio.sleep(0.005)


def client(server: Loopback, provider: str) -> LM:
    return make_lm(f"{provider}/m", base_url=f"{server.url}/v1")


async def ask(server: Loopback, provider: str, shown: list[tuple[str, str]]) -> str:
    lm = client(server, provider)
    try:
        return (await lm.complete(REQUEST, Watch(lambda *sign: shown.append(sign)))).text
    finally:
        await lm.close()


async def test_llamacpp_tells_how_far_it_has_read() -> None:
    shown: list[tuple[str, str]] = []
    events = progress(200, cache=200), progress(544, cache=200), progress(1000, cache=200)
    reply = Reply(chunks=data(*events, delta(content="42"), delta("stop")))
    with Loopback(reply) as server:
        assert await ask(server, "llamacpp", shown) == "42"
        assert server.seen[0].body["return_progress"] is True
    assert words_of(shown) == [
        "reading prompt",
        *("reading prompt 0%", "reading prompt 43%", "reading prompt 100%"),
        "writing",
    ]


@pytest.mark.parametrize("told", [{}, None, 3, {"total": "x"}, {"total": 5, "cache": 9, "processed": -1}])
async def test_progress_that_is_none_harms_nothing(told: object) -> None:
    event = {**delta(content=None), "prompt_progress": told}
    with Loopback(Reply(chunks=data(event, delta(content="42"), delta("stop")))) as server:
        assert await ask(server, "llamacpp", []) == "42"


async def test_other_servers_are_not_asked_for_what_they_do_not_know() -> None:
    with Loopback(openai_stream("42")) as server:
        await ask(server, "vllm", [])
        assert "return_progress" not in server.seen[0].body


async def test_a_server_that_still_loads_its_model_is_waited_for() -> None:
    shown: list[tuple[str, str]] = []
    failures: list[object] = []
    with Loopback(*[LOADING] * 9, openai_stream("42")) as server:
        lm = client(server, "llamacpp")
        watch = Watch(lambda *sign: shown.append(sign))
        response = await complete_with_retries(
            lm, REQUEST, on_delta=watch, on_failure=lambda *each: failures.append(each)
        )
        await lm.close()
    assert (response.text, failures) == ("42", [])
    assert [*words_of(shown)[:2], words_of(shown)[-1]] == ["reading prompt", "loading model", "writing"]


async def test_a_model_that_ollama_has_not_in_memory_is_loading() -> None:
    shown: list[tuple[str, str]] = []
    routes = {"/api/ps": plain_json({"models": []})}
    with Loopback(Reply(stall=True), routes=routes) as server:
        task = asyncio.create_task(ask(server, "ollama", shown))
        await until(shown, "loading model")
        server.routes["/api/ps"] = plain_json({"models": [{"name": "m:latest"}]})
        await until(shown, "reading prompt", times=2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_a_model_that_lmstudio_has_not_loaded_is_loading() -> None:
    shown: list[tuple[str, str]] = []
    routes = {"/api/v0/models": plain_json({"data": [{"id": "m", "state": "not-loaded"}]})}
    with Loopback(Reply(stall=True), routes=routes) as server:
        task = asyncio.create_task(ask(server, "lmstudio", shown))
        await until(shown, "loading model")
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_a_request_beyond_the_slots_of_llamacpp_is_queued() -> None:
    first: list[tuple[str, str]] = []
    second: list[tuple[str, str]] = []
    begun = Reply(chunks=data(delta(content="It"), done=False), stall=True)
    routes = {"/props": plain_json({"total_slots": 1})}
    with Loopback(begun, Reply(stall=True), routes=routes) as server:
        lm = client(server, "llamacpp")
        one = asyncio.create_task(lm.complete(REQUEST, Watch(lambda *sign: first.append(sign))))
        await until(first, "writing")
        two = asyncio.create_task(lm.complete(REQUEST, Watch(lambda *sign: second.append(sign))))
        await until(second, "queued")
        one.cancel()
        await asyncio.wait([one])
        assert "queued" not in words_of(first)
        two.cancel()
        await asyncio.wait([two])
        await lm.close()


@pytest.mark.parametrize("stage", [Reply(stall=True), Reply(404), plain_json([]), plain_json({"models": 3})])
async def test_a_server_that_tells_nothing_of_itself_is_reading(stage: Reply) -> None:
    shown: list[tuple[str, str]] = []
    with Loopback(ollama_stream("42"), routes={"/api/ps": stage}) as server:
        assert await ask(server, "ollama", shown) == "42"
    assert words_of(shown) == ["reading prompt", "writing"]


async def test_thoughts_are_shown_while_they_come() -> None:
    shown: list[tuple[str, str]] = []
    events = delta(reasoning_content="Hm."), delta(content="42"), delta("stop")
    with Loopback(Reply(chunks=data(*events))) as server:
        await ask(server, "vllm", shown)
    assert ("reasoning", "Hm.") in shown
    assert words_of(shown)[:2] == ["reading prompt", "thinking"]


# -- on the screen


async def test_the_screen_names_what_it_waits_for(tmp_path: Path) -> None:
    reply = Reply(chunks=data(progress(430), done=False), stall=True)
    with Loopback(reply, routes=LLAMACPP) as server:
        setup = {"model": "llamacpp/m", "base_url": f"{server.url}/v1"}
        with live(tmp_path, [], **setup) as driver:
            async with on_screen(driver.session) as hand:
                driver.start()
                await hand.until(lambda: "root LM: reading prompt 43%, iteration 1" in hand.bar("Header"))
                await hand.until(lambda: "● reading prompt 43%" in hand.screen())
            async with on_screen(driver.session, (80, 24)) as hand:
                await hand.until(lambda: "RUNNING  reading prompt 43%, it 1" in hand.bar("Header"))


async def test_what_one_waits_for_is_never_stored(tmp_path: Path) -> None:
    answer = Reply(chunks=data(progress(430), delta(content="FINAL(42)"), delta("stop")))
    with (
        Loopback(answer, routes=LLAMACPP) as server,
        live(tmp_path, [], model="llamacpp/m", base_url=f"{server.url}/v1", dialect="paper") as driver,
    ):
        driver.start()
        assert driver.end().status == "answered"
        assert driver.session.live.parts == {}
    assert "reading prompt" not in (tmp_path / "run.rlm.jsonl").read_text()


async def test_between_two_tries_it_says_when_the_next_one_is(tmp_path: Path) -> None:
    with (
        Loopback(failure(429, headers={"Retry-After": "50"})) as server,
        live(tmp_path, [], model="vllm/m", base_url=f"{server.url}/v1") as driver,
    ):
        async with on_screen(driver.session) as hand:
            driver.start()
            await hand.until(lambda: "tries again in" in hand.bar("Header"))
            assert "HTTP 429" in hand.bar("Header")


async def test_a_single_sub_call_says_what_it_waits_for(tmp_path: Path) -> None:
    with Loopback(Reply(chunks=data(progress(430), done=False), stall=True), routes=LLAMACPP) as server:
        code = "I ask.\n```repl\nprint(llm_query('what?'))\n```"
        with live(tmp_path, [code], sub_model="llamacpp/m", base_url=f"{server.url}/v1") as driver:
            async with on_screen(driver.session) as hand:
                driver.start()
                await hand.until(lambda: "sub-LM: reading prompt 43%, iteration 1" in hand.bar("Header"))


@pytest.mark.parametrize(
    ("prompts", "said"), [("['again']", "sub-LM: tries again in"), ("['again', 'more again']", "2 to try again")]
)
async def test_sub_calls_between_two_tries_say_so(tmp_path: Path, prompts: str, said: str) -> None:
    busy = {"again": {"error": {"status": 429, "retry_after": 50}}, ".": "fine"}
    with live(tmp_path, [block(f"llm_query_batched([*{prompts}, 'once'])")], sub=busy) as driver:
        async with on_screen(driver.session) as hand:
            driver.start()
            await hand.until(lambda: said in hand.bar("Header"))


def test_a_question_that_is_made_ready_says_for_what_it_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    may_go_on = threading.Event()

    async def waits(config: EngineConfig, setup: Setup) -> EngineConfig:
        await asyncio.to_thread(may_go_on.wait)
        return await fitted(config, setup)

    monkeypatch.setattr("rlm_tui.session.crew.fitted", waits)
    with live(tmp_path, ["FINAL(1)"]) as driver:
        session = driver.start().session
        try:
            driver.until(lambda: session.waiting == "asking how the model is served")
            assert session.phase == "loading"
            assert session.is_running
            assert state_of(session).words == "document.txt · asking how the model is served"
            assert not session.can(cmd.Start)
        finally:
            may_go_on.set()
        assert driver.end().status == "answered"
        assert session.waiting == ""
        assert session.phase == "finished"
