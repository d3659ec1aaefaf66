"""`strict` held to its form: what each server is asked for, what comes back, and a server that refuses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from loopback import Loopback, Reply, failure, ollama_stream, openai_stream, plain_json
from model_servers import LLAMACPP, OLLAMA

from rlm_tui import events as ev
from rlm_tui.engine.dialect import READINGS, Reading
from rlm_tui.engine.parser import parse
from rlm_tui.lm.endpoint import public
from rlm_tui.lm.providers import PROVIDERS
from rlm_tui.session.base import Terms
from rlm_tui.trajectory import Node
from rlm_tui.ui.content.requests import as_curl, as_json, sent_by
from tests.driving import Driver, block, live
from tests.trajectories import Recorder, StillSession
from tests.ui_kit import on_screen


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for provider in PROVIDERS.values():
        for name in (*provider.key_names, *provider.url_names, "OLLAMA_HOST"):
            monkeypatch.delenv(name, raising=False)


def turn(code: str, thought: str = "I look.") -> str:
    return json.dumps({"thought": thought, "code": code})


def stream(provider: str, text: str) -> Reply:
    return (ollama_stream if provider == "ollama" else openai_stream)(text)


@contextmanager
def answered(
    tmp_path: Path, provider: str, *replies: Reply, **setup: Any
) -> Iterator[tuple[list[dict[str, Any]], Driver]]:
    """The bodies that a run sent to a server, and its driver at the end."""
    with (
        Loopback(*replies, routes={"/api/show": plain_json({})}) as server,
        live(tmp_path, [], model=f"{provider}/m", base_url=f"{server.url}/v1", **setup) as driver,
    ):
        driver.start()
        assert driver.end().answer == "7"
        yield [seen.body for seen in server.seen], driver


@pytest.mark.parametrize(
    ("provider", "member", "held_to"),
    [
        ("llamacpp", "grammar", "a grammar"),
        ("vllm", "response_format", "a JSON schema"),
        ("lmstudio", "response_format", "a JSON schema"),
        ("ollama", "format", "a JSON schema"),
    ],
)
def test_each_server_is_asked_in_its_own_way(tmp_path: Path, provider: str, member: str, held_to: str) -> None:
    is_json = held_to != "a grammar"
    texts = (turn("x = 7"), turn("FINAL_VAR(x)")) if is_json else (block("x = 7"), "I have it.\nFINAL_VAR(x)")
    with answered(tmp_path, provider, *(stream(provider, text) for text in texts)) as (bodies, driver):
        asked = bodies[0][member]
        assert ("FINAL_VAR(" in asked) if member == "grammar" else ("thought" in json.dumps(asked))
        assert [parsed.held_to for parsed in driver.of(ev.ResponseParsed)] == [held_to] * 2
        repairs = [repair.name for parsed in driver.of(ev.ResponseParsed) for repair in parsed.repairs]
        assert repairs == (["json-form"] * 2 if is_json else [])
        assert ('{"thought"' in driver.said()[1]) == is_json
        assert (bodies[0].get("stop") or bodies[0]["options"]["stop"]) == ["\nOutput of block", "\nREPL output:"]


def test_an_answer_without_end_stops_at_half_of_the_window_and_says_so(tmp_path: Path) -> None:
    endless = openai_stream("I look.\n```repl\nx = 1\n", finish_reason="length")
    replies = endless, openai_stream(block("x = 7")), openai_stream("I have it.\nFINAL_VAR(x)")
    with (
        Loopback(*replies, routes=LLAMACPP) as server,
        live(tmp_path, [], model="llamacpp/m", base_url=f"{server.url}/v1", window=4_096) as driver,
    ):
        assert driver.start().end().answer == "7"
        assert {seen.body["max_tokens"] for seen in server.seen} == {2_048}
        (note,) = [note for note in driver.of(ev.Note) if "did not stop" in note.text]
        assert "ended at 2,048 tokens, so that" in note.text


def test_where_the_window_is_not_known_an_answer_is_ended_at_a_length_that_is_told(tmp_path: Path) -> None:
    with answered(tmp_path, "llamacpp", *map(openai_stream, (block("x = 7"), "FINAL_VAR(x)"))) as (bodies, _):
        assert {body["max_tokens"] for body in bodies} == {8_192}


def test_an_answer_of_a_sub_model_is_ended_by_its_own_window(tmp_path: Path) -> None:
    replies = ollama_stream(block("x = llm_query('?')")), ollama_stream("7"), ollama_stream("FINAL_VAR(x)")
    models = {"model": "ollama/llama3.2:1b", "sub_model": "ollama/long:8b"}
    with (
        Loopback(*replies, routes=OLLAMA) as server,
        live(tmp_path, [], **models, base_url=f"{server.url}/v1") as driver,
    ):
        assert driver.start().end().answer == "7"
        most = [
            (seen.body["model"], seen.body["options"]["num_predict"]) for seen in server.seen if "options" in seen.body
        ]
        assert most == [("llama3.2:1b", 2_048), ("long:8b", 8_192), ("llama3.2:1b", 2_048)]


@pytest.mark.parametrize(
    ("root", "sub", "most"),
    [("vllm/big", "ollama/long:8b", (None, None)), ("ollama/long:8b", "vllm/small", (8_192, None))],
)
def test_a_root_model_that_code_asks_by_name_has_its_own_limit(
    tmp_path: Path, root: str, sub: str, most: tuple[int | None, int | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    code = block(f"x = llm_query('?', model={root!r}) + llm_query('?')")
    with Loopback(*_replies(root, code, sub), routes=OLLAMA) as server:
        monkeypatch.setenv("OLLAMA_HOST", server.url)
        monkeypatch.setenv("VLLM_BASE_URL", f"{server.url}/v1")
        with live(tmp_path, [], model=root, sub_model=sub) as driver:
            assert driver.start().end().answer == "77"
            sent = [sent_by(driver.session.view, driver.session.log, node) for node in _asked(driver)]
            copied = [json.loads(as_json(driver.session, each)) for each in sent if each is not None]
        asked = [seen.body for seen in server.seen if "messages" in seen.body]
        assert copied == asked, "what is copied is what was sent"
        limits = [body.get("max_tokens", body.get("options", {}).get("num_predict")) for body in asked]
        assert limits == [most[0], most[0], most[1] or (8_192 if sub.startswith("ollama") else None), most[0]]


def _asked(driver: Driver) -> list[Node]:
    """The calls that went out, in their order."""
    nodes = driver.session.trajectory.nodes
    return [nodes[event.node] for event in driver.events if isinstance(event, ev.LmRequested | ev.SubcallRequested)]


def _replies(root: str, code: str, sub: str) -> list[Reply]:
    own, other = root.partition("/")[0], sub.partition("/")[0]
    return [stream(own, code), stream(own, "7"), stream(other, "7"), stream(own, "FINAL_VAR(x)")]


def test_a_window_that_is_full_before_the_limit_is_told_as_that(tmp_path: Path) -> None:
    full = openai_stream("I look.\n```repl\nx = 1\n", finish_reason="length", usage=(4_093, 3))
    replies = full, openai_stream(block("x = 7")), openai_stream("I have it.\nFINAL_VAR(x)")
    with (
        Loopback(*replies, routes=LLAMACPP) as server,
        live(tmp_path, [], model="llamacpp/m", base_url=f"{server.url}/v1") as driver,
    ):
        assert driver.start().end().answer == "7"
        (note,) = [note for note in driver.of(ev.Note) if "was ended" in note.text]
        assert note.text == "the answer was ended after 3 tokens, as the window was full"


def test_a_server_that_bounds_an_answer_itself_is_given_no_limit(tmp_path: Path) -> None:
    with answered(tmp_path, "vllm", stream("vllm", block("x = 7")), stream("vllm", "FINAL_VAR(x)")) as (bodies, _):
        assert not [body for body in bodies if "max_tokens" in body]


@pytest.mark.parametrize("provider", ["llamacpp", "vllm", "ollama"])
def test_a_server_that_refuses_is_asked_again_without_and_says_so_once(tmp_path: Path, provider: str) -> None:
    replies = failure(400, "no such thing here"), stream(provider, block("x = 7")), stream(provider, "FINAL_VAR(x)")
    with answered(tmp_path, provider, *replies) as (bodies, driver):
        members = {"grammar", "response_format", "format"}
        assert [bool(members & body.keys()) for body in bodies] == [True, False, False]
        (note,) = [note for note in driver.of(ev.Note) if "refuses to hold" in note.text]
        assert note.level == "warning"
        assert {parsed.held_to for parsed in driver.of(ev.ResponseParsed)} == {""}
        assert ("Write no JSON from now on" in driver.said()[-1]) == (provider != "llamacpp")


def test_an_error_that_has_another_reason_stays_what_it_is(tmp_path: Path) -> None:
    with (
        Loopback(failure(400, "the request exceeds the available context size")) as server,
        live(tmp_path, [], model="llamacpp/m", base_url=f"{server.url}/v1") as driver,
    ):
        driver.start()
        assert "exceeds the available context size" in driver.hold("before_request").why
        assert len(server.seen) == 2


@pytest.mark.parametrize("more", [{"constrain": False}, {"dialect": "paper"}])
def test_it_can_be_switched_off_and_other_dialects_are_free(tmp_path: Path, more: dict[str, Any]) -> None:
    replies = stream("ollama", block("x = 7")), stream("ollama", "FINAL_VAR(x)")
    with answered(tmp_path, "ollama", *replies, **more) as (bodies, driver):
        assert "format" not in bodies[0]
        assert "JSON" not in driver.said()[1]


async def test_a_turn_says_that_its_server_refused_the_form(tmp_path: Path) -> None:
    replies = failure(400, "no such thing here"), openai_stream(block("x = 7"))
    with (
        Loopback(*replies, routes=LLAMACPP) as server,
        live(tmp_path, [], model="llamacpp/m", base_url=f"{server.url}/v1", step=True) as driver,
    ):
        driver.start()
        async with on_screen(driver.session) as hand:
            await hand.until(lambda: "READ AS" in hand.screen())
            await hand.until(lambda: "refuses to hold llamacpp/m" in hand.screen())


async def test_what_a_response_was_held_to_stands_beside_how_it_was_read(tmp_path: Path) -> None:
    with (
        Loopback(openai_stream(block("x = 7")), routes=LLAMACPP) as server,
        live(tmp_path, [], model="llamacpp/m", base_url=f"{server.url}/v1", step=True) as driver,
    ):
        driver.start()
        async with on_screen(driver.session) as hand:
            await hand.until(lambda: "held to a grammar" in hand.screen())
            (row,) = [row for row in hand.screen().split("\n") if "held to a grammar" in row]
            assert "READ AS" in row


# -- how JSON is read


@pytest.mark.parametrize(
    ("code", "blocks", "final"),
    [
        ("print(1)", ("print(1)",), None),
        ("x = 1\ny = 2\n", ("x = 1\ny = 2",), None),
        ("FINAL_VAR(x)", (), "x"),
        ("FINAL_VAR('x')", (), "x"),
        ("x = 1\nFINAL_VAR(x)", ("x = 1",), "x"),
        ("```python\nprint(1)\n```", ("print(1)",), None),
        ("s = '''\n```\n'''", ("s = '''\n```\n'''",), None),
        ("print('a')\n# ``` and ````", ("print('a')\n# ``` and ````",), None),
        ("", (), None),
    ],
)
@pytest.mark.parametrize("thought", ["I look.", "", "FINAL_VAR(no)", "```repl", "a\nb"])
def test_a_turn_in_json_is_what_it_says(code: str, blocks: tuple[str, ...], final: str | None, thought: str) -> None:
    parsed = parse(turn(code, thought), "strict")
    assert parsed.blocks == blocks
    assert (parsed.final.value if parsed.final else None) == final
    assert parsed.repairs[0].name == "json-form"


@pytest.mark.parametrize(
    "text", ['{"code": 1}', '{"thought": "x"}', "[1]", "{", "{" * 100_000 + "}", '{"code": "x"', '{"code": "a"} then']
)
def test_what_is_no_turn_is_read_as_ever(text: str) -> None:
    assert "json-form" not in [repair.name for repair in parse(text, "strict").repairs]


@settings(deadline=None, max_examples=60)
@given(st.text(), st.text(), st.sampled_from(READINGS))
def test_any_code_in_json_comes_out_whole_or_not_at_all(thought: str, code: str, reading: Reading) -> None:
    parsed = parse(turn(code, thought), reading)
    lines = code.replace("\r\n", "\n").replace("\r", "\n")
    assert all(part in lines for found in parsed.blocks for part in found.split("\n"))


@pytest.mark.parametrize("provider", ["llamacpp", "vllm", "ollama"])
def test_the_request_that_is_copied_is_the_one_that_was_sent(tmp_path: Path, provider: str) -> None:
    texts = block("x = 7"), "FINAL_VAR(x)"
    with answered(tmp_path, provider, *(stream(provider, text) for text in texts), window=9_000) as (bodies, driver):
        node = driver.of(ev.LmRequested)[0].node
        sent = sent_by(driver.session.view, driver.session.log, driver.session.trajectory.nodes[node])
        assert sent is not None
        assert json.loads(as_json(driver.session, sent)) == bodies[0]


def test_a_copied_request_is_what_was_sent_whatever_is_set_up_today_and_holds_no_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VLLM_API_KEY", "sk-secret")
    texts = turn("x = 7"), turn("FINAL_VAR(x)")
    with answered(tmp_path, "vllm", *(stream("vllm", text) for text in texts), temperature=0.25, seed=3) as (
        bodies,
        run,
    ):
        node, trace = run.of(ev.LmRequested)[0].node, Path(run.session.trace_path)
        today = StillSession(Recorder(), terms=Terms("http://10.0.0.1:1/v1", 0.9, 99, think=True))
        today.recorder.log, today.recorder.trajectory = run.session.log, run.session.trajectory
        sent = sent_by(today.view, today.log, today.trajectory.nodes[node])
        assert sent is not None
        assert json.loads(as_json(today, sent)) == bodies[0]
        assert (bodies[0]["temperature"], bodies[0]["seed"]) == (0.25, 3)
        command = as_curl(today, sent)
        assert "10.0.0.1" not in command
        assert "http://127.0.0.1" in command
        assert "sk-secret" not in command + trace.read_text()


def test_an_address_is_kept_without_what_may_be_secret_in_it() -> None:
    assert public("https://me:pw@host.example:8443/v1?key=abc#x") == "https://host.example:8443/v1"
    assert public("http://127.0.0.1:8080/v1") == "http://127.0.0.1:8080/v1"
    assert public("") == ""
    azure = "https://mine.example/openai/v1?api-version=2024-10-21-preview"
    assert public(f"{azure}&sig=abc&subscription-key=k&token=t&code=c&unknown=u#sk-x") == azure
    assert public("https://host.example/v1?version=" + "sk" * 40) == "https://host.example/v1"
