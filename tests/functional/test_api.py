"""The engine as a library."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rlm_tui import RLM, arun, events, open_trace, run
from rlm_tui.errors import DocumentError, ProviderError, RlmTuiError, UsageError
from rlm_tui.lm.base import Message, Request, Response
from rlm_tui.lm.scripted import ScriptedLM
from tests.driving import block, script

NEEDLE = "Filler. " * 200 + "The magic number is 4217. " + "Filler. " * 200


def scripted(folder: Path, *root: object, sub: object = None) -> str:
    """A model that plays a script."""
    return script(folder, list(root), sub)


def test_a_question_over_a_text_is_one_call() -> None:
    result = run("What is the magic number?", context=NEEDLE, model="offline")
    assert "4217" in str(result)
    assert result.status == "answered"
    assert result.code_executions
    assert result.iterations == sum(message.role == "assistant" for message in result.history)
    assert result.cost_usd == 0.0
    assert result.trace_path is None


def test_counts_usage_and_history_are_told(tmp_path: Path) -> None:
    usage = {"input_tokens": 5, "output_tokens": 2}
    model = scripted(tmp_path, {"text": block("print(llm_query('a'))"), "usage": usage}, "FINAL(done)", sub={"a": "b"})
    result = RLM(model, max_iterations=5).completion(query="What?", context="text")
    assert (result.answer, result.iterations, result.sub_calls, result.code_executions) == ("done", 2, 1, 1)
    assert [message.role for message in result.history] == ["user", "assistant", "user", "assistant"]
    assert result.history[-1] == Message("assistant", "FINAL(done)")
    assert result.usage.tokens == 7  # the other calls told none


@pytest.mark.parametrize(
    ("context", "code", "shown"),
    [
        ("abc", "(type(context).__name__, len(context))", "('str', 3)"),
        (["a", "bc"], "context", "['a', 'bc']"),
        ({"name": "Ann", "age": 7}, "context['age']", "7"),
        ([{"role": "user", "content": "hi"}], "context[0]['content']", "'hi'"),
        (("a", "bc"), "context", "['a', 'bc']"),
        ([1, 2.5, None, True], "context", "[1, 2.5, None, True]"),
        ([], "context", "[]"),
        (None, "context", "''"),
        ("lone \ud800 surrogate", "context", "'lone \ufffd surrogate'"),
        ({"name": "Ann"}, "ctx.text", '\'{"name": "Ann"}\''),
        ("abc", "context_0", "'abc'"),
    ],
)
def test_a_context_is_in_the_repl_what_it_is_here(tmp_path: Path, context: object, code: str, shown: str) -> None:
    model = scripted(tmp_path, block(f"FINAL(repr({code}))"))
    assert RLM(model).completion("What?", context).answer == shown  # type: ignore[arg-type]


def test_a_path_is_read_and_several_are_a_list(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one")
    (tmp_path / "b.txt").write_text("two")
    model = scripted(tmp_path, block("FINAL(repr(context))"))
    assert RLM(model).completion("What?", tmp_path / "a.txt").answer == "'one'"
    model = scripted(tmp_path, block("FINAL(repr(context))"))
    assert RLM(model).completion("What?", [tmp_path / "a.txt", tmp_path / "b.txt"]).answer == "['one', 'two']"


def test_the_model_is_told_what_a_json_context_is(tmp_path: Path) -> None:
    model = scripted(tmp_path, "FINAL(x)")
    (said, *_) = RLM(model).completion("What?", {"a": 1}).history
    assert "Context: a dict of 1 key, 8 characters as JSON" in said.content


def test_a_persistent_one_is_a_conversation(tmp_path: Path) -> None:
    model = scripted(
        tmp_path, block("kept = 5\nFINAL('one')"), block("FINAL(f'{kept} {len(history)} {context} {context_1}')")
    )
    with RLM(model, persistent=True) as rlm:
        first = rlm.completion("First?", "red")
        second = rlm.completion("Second?", "blue")
        assert (first.answer, second.answer) == ("one", "5 2 red blue")
        assert "`history` holds the 2 messages so far" in second.history[0].content
        assert "Also `context_1`: a str of 4 characters" in second.history[0].content


def test_reset_forgets(tmp_path: Path) -> None:
    model = scripted(tmp_path, block("kept = 5\nFINAL('one')"))
    with RLM(model, persistent=True) as rlm:
        rlm.completion("First?", "red")
        rlm.reset()
    model = scripted(tmp_path, block("FINAL(repr(['kept' in globals(), context]))"))
    with RLM(model, persistent=True) as rlm:
        rlm.reset()
        assert rlm.completion("Second?", "blue").answer == "[False, 'blue']"


async def test_it_works_inside_a_running_loop(tmp_path: Path) -> None:
    result = await arun("What is the magic number?", context=NEEDLE)
    assert "4217" in str(result)
    assert "4217" in str(run("What is the magic number?", context=NEEDLE))


async def test_questions_run_side_by_side(tmp_path: Path) -> None:
    folders = [tmp_path / str(number) for number in range(3)]
    for folder in folders:
        folder.mkdir()
    models = [scripted(folder, block(f"FINAL({number})")) for number, folder in enumerate(folders)]
    results = await asyncio.gather(*(arun("What?", "x", model) for model in models))
    assert [result.answer for result in results] == ["0", "1", "2"]


async def test_events_come_as_they_happen_and_leaving_ends_the_run(tmp_path: Path) -> None:
    model = scripted(tmp_path, block("print(1)"), "FINAL(done)")
    kinds = [type(event) async for event in RLM(model).events("What?", "x")]
    assert kinds[-1] is events.RunFinished
    assert kinds.index(events.CodeStarted) < kinds.index(events.CodeFinished)
    hanging = scripted(tmp_path, block("import time\ntime.sleep(600)"))
    stream = RLM(hanging).events("What?", "x")
    async for event in stream:
        if isinstance(event, events.CodeStarted):
            break
    await stream.aclose()  # type: ignore[attr-defined]


async def test_cancelling_ends_the_run(tmp_path: Path) -> None:
    rlm = RLM(scripted(tmp_path, block("import time\nopen('begun', 'w')\ntime.sleep(600)")), persistent=True)
    seen = asyncio.Event()

    async def follow() -> None:
        async for event in rlm.events("What?", "x"):
            if isinstance(event, events.CodeStarted):
                seen.set()

    task = asyncio.create_task(follow())
    await seen.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    rlm.close()


def test_an_object_may_be_the_model() -> None:
    lm = ScriptedLM([block("FINAL(context.upper())")], source="a list")
    assert RLM(lm).completion("What?", "abc").answer == "ABC"


def test_a_trace_is_saved_where_asked_and_opens_again(tmp_path: Path) -> None:
    path = tmp_path / "run.rlm.jsonl"
    result = RLM(scripted(tmp_path, "FINAL(done)"), trace=path).completion("What?", "x")
    assert result.trace_path == path
    with open_trace(path) as reader:
        last = list(reader)[-1]
        assert isinstance(last, events.RunFinished)
        assert reader.text(last.answer) == "done"


def test_a_limit_is_a_status(tmp_path: Path) -> None:
    result = RLM(scripted(tmp_path, "no", "I think 7."), max_iterations=1).completion("What?", "x")
    assert (result.status, result.answer) == ("limit", "I think 7.")
    assert "iterations" in result.detail


def test_what_fails_raises(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"nowhere\.txt"):
        run("What?", tmp_path / "nowhere.txt")
    with pytest.raises(UsageError, match="klingon"):
        RLM("offline", dialect="klingon").completion("What?", "x")
    with pytest.raises(UsageError, match="JSON"):
        RLM("offline").completion("What?", {"a": {1, 2}})  # type: ignore[dict-item]
    with pytest.raises(UsageError, match="max_turns"):
        RLM("offline", max_turns=3)
    with pytest.raises(ProviderError, match="400"):
        RLM(scripted(tmp_path, {"error": {"status": 400}})).completion("What?", "x")
    with pytest.raises(RlmTuiError, match="empty"):
        run(" ", "x")


def test_the_import_is_light() -> None:
    code = "import json, sys; from rlm_tui import RLM; print(json.dumps([m.split('.')[0] for m in sys.modules]))"
    loaded = json.loads(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout)
    assert not {"textual", "rich", "openai", "anthropic", "pypdfium2"} & set(loaded)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"max_iterations": "3"}, "max_iterations cannot be '3'; it takes a whole number above 0, or None"),
        ({"max_iterations": -1}, "whole number above 0"),
        ({"max_subcalls": True}, "whole number above 0"),
        ({"max_concurrent_subcalls": 0}, "takes a whole number above 0."),
        ({"max_depth": 0}, "whole number above 0"),
        ({"max_cost": -1}, "a number above 0, or None"),
        ({"max_seconds": float("nan")}, "a number above 0"),
        ({"block_timeout": None}, "takes a number above 0."),
        ({"window": -3}, "whole number above 0, or None"),
        ({"memory_mb": 1}, "from 64 to"),
        ({"cache": "maybe"}, "one of off, memory, disk"),
        ({"sandbox": "foo"}, "one of auto, strong, none"),
        ({"dialect": 3}, "takes a text"),
        ({"temperature": "hot"}, "it takes a number from -9007199254740992 to 9007199254740992, or None"),
        ({"seed": "x"}, "a whole number from -9007199254740992 to 9007199254740992, or None"),
        ({"seed": 2**63}, "The option seed cannot be 9223372036854775808; it takes a whole number from"),
        ({"seed": -(10**400)}, "a whole number from"),
        ({"seed": True}, "a whole number from"),
        ({"temperature": 10**400}, "it takes a number from"),
        ({"think": "yes"}, "True, False or None"),
        ({"constrain": "auto"}, "True or False"),
        ({"model": None}, "The option model cannot be None, of type NoneType; it takes a name or an object with"),
        ({"model": 3}, "The option model cannot be 3, of type int"),
        ({"model": ["x"]}, "The option model cannot be ['x'], of type list"),
        ({"model": ScriptedLM}, "The option model cannot be the class ScriptedLM; give an object of it"),
        ({"model": " "}, "The option model cannot be ' '"),
        ({"model": "foo"}, "The option model: The model 'foo' names no provider; write openai/foo, or give base_url"),
        ({"sub_model": object()}, "of type object; it takes a name or an object with name, complete and close"),
        ({"sub_model": "scripted:nowhere.json"}, "The option sub_model: The script nowhere.json cannot be read"),
        ({"tools": 3}, "The option tools takes functions, files, module:function, dicts; not of type int"),
        ({"tools": 0}, "The option tools takes"),
        ({"max_iterations": 10**30}, "a whole number above 0, at most 9007199254740992, or None"),
        ({"max_seconds": float("inf")}, "a number above 0, at most 9007199254740992, or None"),
        ({"temperature": float("nan")}, "The option temperature cannot be nan; it takes a number from"),
        ({"base_url": 5}, "The option base_url cannot be 5; it takes a text or None"),
        ({"base_url": "foo"}, "The option base_url: The base URL is no http or https address"),
        ({"dialect": None}, "The option dialect cannot be None"),
        ({"dialect": "klingon"}, "The option dialect: There is no dialect 'klingon'"),
        ({"sandbox": "strong"}, "The option sandbox cannot be 'strong' on this machine"),
        ({"trace": 5}, "The option trace cannot be 5; it takes True, False or the path of a file"),
        ({"trace": None}, "The option trace cannot be None"),
        ({"trace": ""}, "The option trace cannot be ''"),
        ({"trace": "."}, "The option trace cannot be '.'"),
    ],
)
def test_an_option_that_cannot_be_meant_is_refused_before_anything_starts(options: dict, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        RLM(**{"model": "offline", **options})
    assert said in str(caught.value)


@pytest.mark.parametrize("query", [None, 5, b"x"])
async def test_a_query_that_is_no_text_is_refused(query: Any) -> None:
    rlm = RLM(ScriptedLM(["FINAL(x)"]), persistent=True)
    with pytest.raises(UsageError, match="The query is a text, not"):
        rlm.completion(query, "x")
    with pytest.raises(UsageError, match="The query is a text, not"):
        await rlm.acompletion(query, "x")


@pytest.mark.parametrize("path", [None, 5, b"x", ""])
def test_a_trace_to_open_is_a_path(path: Any) -> None:
    with pytest.raises(UsageError, match="open_trace takes the path of a file"):
        open_trace(path)


def test_a_model_that_tells_what_is_no_text_is_named() -> None:
    class Babbler:
        name = "babbler"

        async def complete(self, request: Request, on_delta: Any = None) -> Response:
            on_delta(5)
            return Response("FINAL(x)")

        async def close(self) -> None: ...

    with pytest.raises(ProviderError, match=r"The model babbler failed .*on_delta takes pieces of text"):
        RLM(Babbler()).completion("What?", "x")


def test_options_may_be_none_where_none_means_no_limit() -> None:
    none = dict.fromkeys(("max_iterations", "max_subcalls", "max_tokens", "max_cost", "max_seconds", "max_errors"))
    result = RLM(ScriptedLM(["FINAL(x)"]), **none, window=None, temperature=None, seed=None, think=None).completion("?")
    assert result.answer == "x"


@pytest.mark.parametrize("context", [{1, 2}, b"bytes", float("nan"), {"a": object()}])
def test_a_context_that_cannot_be_handed_over_says_what_can(context: object) -> None:
    with pytest.raises(UsageError, match="give a str, a list of str, paths, or what JSON can say"):
        run("What?", context)  # type: ignore[arg-type]


def test_a_script_of_a_user_type_checks_strictly(tmp_path: Path) -> None:
    script = tmp_path / "mine.py"
    script.write_text(USER_SCRIPT, "utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--no-incremental", str(script)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=300, cwd=tmp_path)
    assert done.returncode == 0, done.stdout


USER_SCRIPT = """
from pathlib import Path

from rlm_tui import RLM, Result, ScriptedLM, arun, events, host_tool, open_trace, run


@host_tool
def price(kind: str) -> float:
    return 1.0


def twice(x: int) -> int:
    return 2 * x


rlm = RLM(model="ollama/qwen2.5:7b", sub_model="ollama/qwen2.5:1.5b", max_iterations=20, max_depth=2)
RLM(ScriptedLM(["FINAL(x)"]), tools=[twice, price, {"rate": 0.5}, "tools.py"], max_cost=None)
talk: list[dict[str, str]] = [{"role": "user", "content": "hi"}]
texts: list[str] = ["a", "b"]
files: tuple[Path, ...] = (Path("a.pdf"),)
fields: dict[str, int] = {"year": 2026}
results: list[Result] = [rlm.completion("What?", each) for each in (talk, texts, files, fields)]
result = run("What is it?", context="text", model="openai/gpt-4o-mini")
answer: str | None = result.answer
counts: int = result.iterations + result.sub_calls + result.code_executions
cost: float | None = result.cost_usd
said: list[str] = [message.content for message in result.history]
where: Path | None = result.trace_path
used: int | None = result.usage.input_tokens


async def main() -> Result:
    async for event in rlm.events("What?", texts):
        if isinstance(event, events.CodeFinished):
            print(event.status.upper())
    await rlm.acompletion(query="What?", context=texts)
    return await arun("What?", "text", "offline", max_seconds=3)


with open_trace("run.rlm.jsonl") as reader:
    print([event.seq for event in reader])
"""


class _Unshowable:
    def __repr__(self) -> str:
        raise ValueError("no words for it")


@pytest.mark.parametrize("option", ["model", "sub_model"])
def test_a_person_cannot_be_the_model_of_a_program(option: str) -> None:
    with pytest.raises(UsageError, match=f"The option {option} cannot be 'human', as nobody is here to answer"):
        RLM(**{option: "human"})  # type: ignore[arg-type]


def test_what_cannot_show_itself_is_refused_as_anything_else() -> None:
    with pytest.raises(UsageError, match=r"The query is a text, not <.*_Unshowable"):
        run(_Unshowable())  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=r"The option model cannot be <.*_Unshowable"):
        RLM(_Unshowable())  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=r"The option seed cannot be <.*_Unshowable"):
        RLM(seed=_Unshowable())  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="open_trace takes"):
        open_trace(_Unshowable())  # type: ignore[arg-type]


def test_texts_and_files_in_one_list_are_told_apart_by_nobody() -> None:
    with pytest.raises(UsageError, match="a list of paths and other things; give a list of Path for files"):
        run("?", ["a.txt", Path("a.txt")])
