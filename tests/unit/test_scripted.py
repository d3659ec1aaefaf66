"""`scripted:FILE` answers as its file says, and a file that cannot be meant is one sentence with the place."""

from __future__ import annotations

import asyncio
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlm_tui import api
from rlm_tui.errors import ExitCode, ProviderAuthError, ProviderBusyError, ProviderError, UsageError
from rlm_tui.events import Role, Usage
from rlm_tui.lm.base import Message, Request, Response
from rlm_tui.lm.human import HumanLM
from rlm_tui.lm.scripted import Failure, Item, ScriptedLM, ScriptUsedUpError, load_script


def request(prompt: str = "?", role: Role = "root") -> Request:
    return Request((Message("user", prompt),), "scripted", role)


def script(tmp_path: Path, content: object) -> ScriptedLM:
    path = tmp_path / "answers.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return ScriptedLM.from_file(str(path))


async def texts(lm: ScriptedLM, prompts: list[str], role: Role = "sub") -> list[str]:
    return [(await lm.complete(request(prompt, role))).text for prompt in prompts]


async def test_a_list_answers_the_root_in_order_and_sub_calls_with_one_text(tmp_path: Path) -> None:
    lm = script(tmp_path, ["one", "two"])
    assert await texts(lm, ["a"], "root") == ["one"]
    assert await texts(lm, ["b", "c"]) == ["sub-answer", "sub-answer"]
    assert await texts(lm, ["d"], "root") == ["two"]
    assert [r.messages[0].content for r in lm.requests] == ["a", "b", "c", "d"]


async def test_sub_calls_have_a_list_of_their_own(tmp_path: Path) -> None:
    lm = script(tmp_path, {"root": ["r"], "sub": ["s", {"text": "t"}]})
    assert await texts(lm, ["a", "b"]) == ["s", "t"]
    with pytest.raises(ScriptUsedUpError, match="sub LM"):
        await texts(lm, ["c"])


async def test_sub_calls_are_answered_by_the_first_regex_found_in_the_prompt(tmp_path: Path) -> None:
    lm = script(tmp_path, {"sub": {"page \\d": "number", "page": {"text": "word"}, "^x": "start"}})
    prompts = ["on page 4", "a page", "xylem", "nothing", "on page 5"]
    assert await texts(lm, prompts) == ["number", "word", "start", "sub-answer", "number"]


async def test_a_used_up_list_fails_the_run_naming_the_file(tmp_path: Path) -> None:
    lm = script(tmp_path, ["only"])
    await texts(lm, ["a"], "root")
    with pytest.raises(ProviderError, match=r"answers\.json") as caught:
        await texts(lm, ["b"], "root")
    assert caught.value.exit_code is ExitCode.FAILED
    assert not isinstance(caught.value, ProviderBusyError)


async def test_an_item_says_how_the_answer_ends(tmp_path: Path) -> None:
    usage = {"input_tokens": 3, "output_tokens": 4, "cost_usd": 0.5}
    lm = script(tmp_path, [{"text": "cut", "finish_reason": "length", "usage": usage, "delay_s": 0}, "whole"])
    assert await lm.complete(request()) == Response("cut", Usage(3, 4, 0.5), "length")
    assert await lm.complete(request()) == Response("whole", Usage(), "stop")


async def test_an_error_is_what_its_status_says_and_the_retry_gets_the_next_item(tmp_path: Path) -> None:
    lm = script(tmp_path, [{"error": {"status": 429, "retry_after": 1}}, {"error": {"status": 401}}, "ok"])
    with pytest.raises(ProviderBusyError, match=r"answers\.json") as busy:
        await lm.complete(request())
    assert (busy.value.status, busy.value.retry_after) == (429, 1)
    with pytest.raises(ProviderAuthError):
        await lm.complete(request())
    assert (await lm.complete(request())).text == "ok"


async def test_text_before_an_error_is_streamed() -> None:
    deltas: list[str] = []
    lm = ScriptedLM([Item("so far", error=Failure(500))])
    with pytest.raises(ProviderBusyError):
        await lm.complete(request(), deltas.append)
    assert deltas == ["so far"]


async def test_a_slow_answer_can_be_cancelled() -> None:
    begun = asyncio.Event()
    lm = ScriptedLM([Item("x" * 100, delay_s=3600.0), "next"])
    task = asyncio.ensure_future(lm.complete(request()))
    asyncio.get_running_loop().call_soon(begun.set)
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await lm.complete(request())).text == "next"


@settings(deadline=None, max_examples=50)
@given(st.text(max_size=4000))
def test_the_pieces_make_up_the_text_and_none_is_empty(text: str) -> None:
    deltas: list[str] = []
    response = asyncio.run(ScriptedLM([text]).complete(request(), deltas.append))
    assert "".join(deltas) == response.text == text
    assert all(deltas)
    assert len(deltas) > 1 or len(text) <= 24


async def test_lone_surrogates_never_enter(tmp_path: Path) -> None:
    assert await texts(script(tmp_path, '["a\\ud800b"]'), ["?"], "root") == ["a\ufffdb"]


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ('{"root": ["a", {"text": 1}]}', "root[1].text"),
        ("[1]", "root[0]"),
        ('{"rot": []}', "rot"),
        ('{"sub": {"(": "x"}}', "'('"),
        ('["a",\n"b"', "line 2"),
        ("3", "got `int`"),
        ("[NaN]", "NaN"),
        ('[{"delay_s": -1}]', "root[0].delay_s"),
        ('[{"delay_s": 1e400}]', "root[0].delay_s"),
        ('[{"error": {"status": 200}}]', "root[0].error.status"),
        ('[{"usage": {"output_tokens": -5}}]', "root[0]"),
        ('[{"usage": {"cost_usd": 1e300}}]', "root[0]"),
        ("[" * 100_000, "recursion"),
    ],
)
def test_a_file_that_cannot_be_meant_is_one_sentence_with_the_place(tmp_path: Path, content: str, place: str) -> None:
    with pytest.raises(UsageError) as caught:
        script(tmp_path, content)
    message = str(caught.value)
    assert "answers.json" in message
    assert place in message
    assert "\n" not in message
    assert "docs/providers.md" in message or "regular expression" in message


def test_what_is_no_json_is_called_so_and_the_form_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r'no JSON \(line 1, column 1: .*\); a script is JSON like \["an answer"'):
        script(tmp_path, "FINAL(42)")
    with pytest.raises(UsageError, match=r'unknown field `foo`; a script is JSON like .*"root".*"sub"'):
        script(tmp_path, {"foo": []})


def test_the_example_of_the_page_runs(tmp_path: Path) -> None:
    """docs/providers.md shows a whole script; its members are all that an answer has."""
    page = (Path(__file__).parents[2] / "docs" / "providers.md").read_text("utf-8")
    section = page.partition("## Answers from a file")[2].partition("\n## ")[0]
    (example,) = re.findall(r"```json\n(.*?\n)```", section, re.DOTALL)
    (tmp_path / "answers.json").write_text(example, "utf-8")
    result = api.run("Who wrote this?", "Once upon a time", model=f"scripted:{tmp_path / 'answers.json'}")
    assert result.answer == "Ada wrote it."
    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == list(Item.__struct_fields__)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing.json"):
        with pytest.raises(UsageError, match=path.name):
            ScriptedLM.from_file(str(path))
    (tmp_path / "latin.json").write_bytes(b'["\xe9"]')
    with pytest.raises(UsageError, match=r"latin\.json"):
        ScriptedLM.from_file(str(tmp_path / "latin.json"))


async def test_a_byte_order_mark_is_no_part_of_the_script(tmp_path: Path) -> None:
    assert await texts(script(tmp_path, '\ufeff["a"]'), ["?"], "root") == ["a"]


async def test_without_a_person_the_sentence_says_what_to_use() -> None:
    with pytest.raises(ProviderError, match="rlm-tui open"):
        await HumanLM().complete(request())


def test_what_may_never_end_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path(os.devnull)):
        with pytest.raises(UsageError, match="not a regular file"):
            ScriptedLM.from_file(str(path))


async def test_a_pattern_that_runs_away_is_stopped_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rlm_tui.lm.scripted._MATCH_S", 0.05)
    lm = ScriptedLM([], {"(a|aa)+$|b": "x"}, source="answers.json")
    with pytest.raises(ProviderError, match=r"answers\.json, sub: '\(a\|aa\)\+\$\|b' searches") as caught:
        await lm.complete(request("a" * 60 + "!", "sub"))
    assert "simpler" in str(caught.value)


async def test_a_program_may_give_answers_as_a_file_does() -> None:
    lm = ScriptedLM([{"text": "one", "finish_reason": "length"}], {"a": {"error": {"status": 400}}})
    response = await lm.complete(Request((Message("user", "?"),), "m"))
    assert (response.text, response.finish_reason) == ("one", "length")
    with pytest.raises(ProviderError, match="HTTP 400"):
        await lm.complete(Request((Message("user", "a"),), "m", role="sub"))


@pytest.mark.parametrize("answer", [3, {"txt": "a"}, {"error": {"status": 200}}, None])
def test_an_answer_that_cannot_be_meant_is_refused_when_the_script_is_made(answer: Any) -> None:
    with pytest.raises(UsageError, match="is no answer of a script"):
        ScriptedLM([answer])


def test_a_file_of_bytes_is_no_script(tmp_path: Path) -> None:
    (tmp_path / "rand.bin").write_bytes(b"[\xf1\x00")
    with pytest.raises(UsageError, match=r"rand\.bin cannot be used: it is no UTF-8 text\.$"):
        load_script(str(tmp_path / "rand.bin"))
