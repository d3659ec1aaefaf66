"""The cache of equal requests: what is equal, what is kept, what a hit costs, and that a person can have another."""

from __future__ import annotations

import asyncio
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from loopback import Loopback, Reply, Seen, failure, openai_stream
from test_batches import Sub, whole

from rlm_tui import events as ev
from rlm_tui.errors import ProviderError
from rlm_tui.events import Usage
from rlm_tui.lm import cache
from rlm_tui.lm.base import LM, Message, Request, Response
from rlm_tui.lm.cache import DiskAnswers, MemoryAnswers, key_of
from rlm_tui.lm.fitted import make_fitted
from rlm_tui.lm.registry import resolve
from rlm_tui.session import commands as cmd
from tests.driving import block, live

REQUEST = Request((Message("user", "What?"),), "m")


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RLM_TUI_HOME", str(tmp_path / "home"))
    for name in ("LLM_API_KEY", "OPENAI_API_KEY", "HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


def fitted(server: Loopback, answers: cache.Answers) -> LM:
    return make_fitted("openai/gpt-4o", base_url=f"{server.url}/v1", answers=answers)


async def ask(server: Loopback, answers: cache.Answers, *requests: Request) -> list[Response]:
    lm = fitted(server, answers)
    try:
        return [await lm.complete(request) for request in requests]
    finally:
        await lm.close()


@pytest.mark.parametrize("kind", [MemoryAnswers, DiskAnswers])
async def test_an_equal_request_is_answered_from_the_cache_at_no_cost(kind: type[MemoryAnswers | DiskAnswers]) -> None:
    with Loopback(openai_stream("42", usage=(1_000_000, 0))) as server:
        first, again = await ask(server, kind(), REQUEST, REQUEST)
        assert len(server.seen) == 1
    assert (first.text, first.cached, first.usage) == ("42", False, Usage(1_000_000, 0, 2.5))
    assert (again.text, again.cached, again.usage, again.finish_reason) == ("42", True, Usage(0, 0, 0.0), "stop")


@pytest.mark.parametrize("kind", [MemoryAnswers, DiskAnswers])
async def test_an_answer_that_was_asked_for_anew_takes_the_place_of_the_first(
    kind: type[MemoryAnswers | DiskAnswers],
) -> None:
    with Loopback(openai_stream("refused"), openai_stream("better")) as server:
        said = await ask(server, kind(), REQUEST, replace(REQUEST, is_fresh=True), REQUEST)
    assert [(each.text, each.cached) for each in said] == [("refused", False), ("better", False), ("better", True)]


async def test_on_disk_another_session_finds_it_and_nobody_else_may_read_it(tmp_path: Path) -> None:
    with Loopback(openai_stream("42")) as server:
        await ask(server, DiskAnswers(), REQUEST)
        (found,) = await ask(server, DiskAnswers(), REQUEST)
        assert found.cached
    files = list((tmp_path / "home" / "cache" / "answers").rglob("*"))
    modes = {stat.S_IMODE(path.stat().st_mode) for path in files}
    assert modes == {0o700, 0o600}


async def test_a_broken_entry_is_no_loss(tmp_path: Path) -> None:
    with Loopback(openai_stream("42")) as server:
        await ask(server, DiskAnswers(), REQUEST)
        for path in (tmp_path / "home" / "cache" / "answers").rglob("*.json"):
            path.write_bytes(b'{"text": 3')
        (found,) = await ask(server, DiskAnswers(), REQUEST)
    assert (found.text, found.cached) == ("42", False)


OTHERS = {
    "message": replace(REQUEST, messages=(Message("user", "What else?"),)),
    "role of a message": replace(REQUEST, messages=(Message("system", "What?"),)),
    "temperature": replace(REQUEST, temperature=0.5),
    "seed": replace(REQUEST, seed=1),
    "limit": replace(REQUEST, max_tokens=5),
    "stop": replace(REQUEST, stop=("END",)),
}


@pytest.mark.parametrize("what", OTHERS)
def test_another_request_has_another_key(what: str) -> None:
    endpoint = resolve("openai/gpt-4o")
    assert key_of(endpoint, OTHERS[what]) != key_of(endpoint, REQUEST)


def test_another_model_or_address_has_another_key_and_another_watcher_has_not() -> None:
    base = resolve("openai/gpt-4o", api_key="a")
    keys = {
        key_of(resolve(*spec[:1], base_url=spec[1]), REQUEST)
        for spec in (("openai/gpt-4o", None), ("openai/o3", None), ("openai/gpt-4o", "http://localhost:1/v1"))
    }
    assert len(keys) == 3
    same = replace(REQUEST, role="sub", is_watched=False)
    assert key_of(resolve("openai/gpt-4o", api_key="b"), same) == key_of(base, REQUEST)


@pytest.mark.parametrize("bad", [openai_stream(""), openai_stream("cut", finish_reason=None)])
async def test_what_is_no_whole_answer_is_not_kept(bad: Reply) -> None:
    with Loopback(bad, openai_stream("42")) as server:
        _, second = await ask(server, MemoryAnswers(), REQUEST, REQUEST)
    assert (second.text, second.cached) == ("42", False)


async def test_a_failure_is_not_kept() -> None:
    with Loopback(failure(400), openai_stream("42")) as server:
        answers = MemoryAnswers()
        with pytest.raises(ProviderError):
            await ask(server, answers, REQUEST)
        (second,) = await ask(server, answers, REQUEST)
    assert second.text == "42"


def test_what_is_kept_in_memory_and_on_disk_is_bounded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(cache, "_MOST_CHARS", 10)
    memory = MemoryAnswers()
    for key in "abc":
        memory.put(key, cache.Answer("12345"))
    assert [memory.get(key) is not None for key in "abc"] == [False, True, True]
    memory.put("c", cache.Answer("1", reasoning="2"))
    memory.put("d", cache.Answer("123"))
    assert [memory.get(key) is not None for key in "bcd"] == [True, True, True]
    memory.put("e", cache.Answer("1", reasoning="234567"))
    assert [memory.get(key) is not None for key in "bcde"] == [False, False, True, True]
    monkeypatch.setattr(cache, "_MOST_BYTES", 100)
    disk = DiskAnswers()
    for key in ("aa", "bb", "cc"):
        disk.put(key, cache.Answer("x" * 60))
    assert len(list((tmp_path / "home" / "cache" / "answers").rglob("*.json"))) <= 1


CODE = block("print([llm_query('same') for _ in range(3)])")


def test_hits_of_a_run_are_marked_and_another_run_on_disk_hits_too(tmp_path: Path) -> None:
    server = Sub("print([llm_query('same') for _ in range(3)])", lambda _: whole("yes"))
    with server:
        for marks in ([False, True, True], [True, True, True]):
            setup = {"model": "m", "base_url": f"{server.url}/v1", "dialect": "rlms", "is_traced": False}
            with live(tmp_path, [], cache="disk", is_attended=False, **setup) as run:
                assert run.start().end().answer == "done"
                assert [event.cached for event in run.of(ev.SubcallFinished)] == marks
                assert {event.text for event in run.of(ev.SubcallFinished)} == {"yes"}
        assert [event.cached for event in run.of(ev.LmResponded)] == [True, True]


def test_asking_again_by_hand_asks_the_model(tmp_path: Path) -> None:
    class Counting(Loopback):
        def take(self, seen: Seen) -> Reply:
            self.seen.append(seen)
            return openai_stream(f"FINAL(answer {len(self.seen)})")

    with Counting() as server:
        setup = {"model": "m", "base_url": f"{server.url}/v1", "dialect": "rlms", "is_traced": False}
        with live(tmp_path, [], cache="memory", step=True, **setup) as run:
            run.start()
            run.send(cmd.Retry(run.hold("before_final").id))
            run.until(lambda: len(server.seen) == 2 and bool(run.holds()))
            run.send(cmd.Resume())
            assert run.end().answer == "answer 2"


async def test_off_keeps_nothing() -> None:
    assert cache.answers_for("off") is None
    with Loopback(openai_stream("42")) as server:
        lm = make_fitted("openai/gpt-4o", base_url=f"{server.url}/v1", answers=None)
        await asyncio.gather(lm.complete(REQUEST), lm.complete(REQUEST))
        await lm.close()
        assert len(server.seen) == 2
