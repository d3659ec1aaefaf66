"""What people write against the engines that came before, said in our words: the same questions, the same answers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from rlm_tui import RLM, ScriptedLM, arun, events, open_trace, run
from rlm_tui.api import Result
from rlm_tui.lm.base import Message, OnDelta, Request, Response
from tests.driving import block


def runtime(*turns: str, sub: Any = None, **options: Any) -> RLM:
    """An engine that reads as rlm-runtime does: raw code, and FINAL_VAR: name."""
    return RLM(ScriptedLM(turns, sub), dialect="runtime", **options)


# rlm-runtime: a script for the model, rules for the sub-calls, run(query, context).


def test_a_script_and_a_rule_run_to_a_final_variable() -> None:
    code = "head = peek(12)\ngist = llm_query(f'In one word: {head}')\nfound = f'gist: {gist}'"
    result = runtime(code, "FINAL_VAR: found", sub={"In one word": "tides"}).completion(
        "The gist?", "Tides rise and fall."
    )
    assert str(result) == "gist: tides"
    assert (result.iterations, result.code_executions, result.sub_calls) == (2, 1, 1)


def test_sub_calls_go_to_a_model_of_their_own() -> None:
    small = ScriptedLM([], ["from the small one"], name="small")
    result = runtime("found = llm_query('hello')", "FINAL_VAR: found", sub_model=small).completion("What?", "text")
    assert result.answer == "from the small one"
    assert [request.role for request in small.requests] == ["sub"]


def test_chunks_are_asked_side_by_side() -> None:
    code = "found = '+'.join(ask_chunks('Which letters?', ctx.chunk(4)))"
    sub = {"abcd": "one", "efgh": "two", "ij": "three"}
    result = runtime(code, "FINAL_VAR: found", sub=sub, max_concurrent_subcalls=8).completion("All?", "abcdefghij")
    assert result.answer == "one+two+three"


def test_documents_are_counted_and_fetched() -> None:
    code = "found = f'{ctx.num_documents()} / {ctx.get_document(1)[:6]} / {lenP()} / {tail(3)}'"
    answer = runtime(code, "FINAL_VAR: found").completion("How many?", ["The first.", "Second one."]).answer
    assert answer is not None
    assert re.match(r"2 / Second / \d+ / ne\.", answer)


def test_the_conversation_grows_by_two_messages_a_turn() -> None:
    lm = ScriptedLM(["x = 20\nprint(x)", "y = x + 1\nprint(y)", "FINAL_VAR: y"])
    assert RLM(lm, dialect="runtime").completion("Add.", "text").answer == "21"
    assert [len(request.messages) for request in lm.requests] == [2, 4, 6]
    assert lm.requests[1].messages[2] == Message("assistant", "x = 20\nprint(x)")
    assert "20" in lm.requests[1].messages[3].content


def test_a_recursive_sub_call_is_an_rlm() -> None:
    sub = {"Output of block": "FINAL: deep", "You answer a question": "print(len(P))", ".": "shallow"}
    for depth, answer in ((1, "shallow"), (2, "deep")):
        rlm = runtime("found = recursive_llm('How long?', P)", "FINAL_VAR: found", sub=sub, max_depth=depth)
        assert rlm.completion("How long?", "a long text").answer == answer


def test_the_steps_of_a_run_are_in_its_trace(tmp_path: Path) -> None:
    result = runtime("found = llm_query('hi')", "FINAL_VAR: found", trace=tmp_path / "a.rlm.jsonl").completion(
        "?", "text"
    )
    assert result.trace_path is not None
    with open_trace(result.trace_path) as reader:
        kinds = [type(event) for event in reader]
    assert {events.LmRequested, events.CodeFinished, events.SubcallFinished} <= set(kinds)


# recursive-llm: RLM(model=…).completion(query, context), and acompletion.


@pytest.mark.parametrize(
    ("code", "context", "answer"),
    [
        ("found = context[:9]", "Once upon a time", "Once upon"),
        ("found = re.findall(r'\\d{4}', context)", "From 1989 to 2004.", "['1989', '2004']"),
        ("found = len([context[i:i + 10] for i in range(0, len(context), 10)])", "A" * 50, "5"),
        ("found = [line[6:] for line in context.splitlines() if 'Name:' in line]", "Name: Ann\nAge: 3", "['Ann']"),
        ("found = len(context)", "A" * 100_000, "100000"),
    ],
)
async def test_ways_of_looking_at_a_context(code: str, context: str, answer: str) -> None:
    lm = ScriptedLM([block(f"import re\n{code}\nprint(found)"), "FINAL_VAR(found)"])
    assert (await RLM(model=lm).acompletion("What is there?", context)).answer == answer


async def test_an_error_is_recovered_from() -> None:
    lm = ScriptedLM([block("found = nothing_of_that_name"), block("found = 'again'"), "FINAL_VAR(found)"])
    result = await RLM(lm).acompletion("What?", "text")
    assert result.answer == "again"
    assert "NameError" in result.history[2].content


def test_an_answer_of_many_lines() -> None:
    assert run("What?", "text", ScriptedLM(['FINAL("""one\ntwo\nthree""")'])).answer == "one\ntwo\nthree"


def test_the_context_is_in_no_message() -> None:
    lm = ScriptedLM(["FINAL(done)"])
    run("What?", "A secret sentence. " * 1000, lm)
    assert not [message for message in lm.requests[0].messages if "secret" in message.content]


def test_too_many_turns_end_by_name() -> None:
    result = RLM(ScriptedLM([block("x = 1")] * 4), max_iterations=3, max_errors=None).completion("What?", "text")
    assert result.status == "limit"
    assert "iterations" in result.detail


def test_two_models_share_the_work() -> None:
    large, small = ScriptedLM([block("FINAL(llm_query('hi'))")], name="large"), ScriptedLM([], ["hello"], name="small")
    assert RLM(model=large, sub_model=small).completion("What?", "text").answer == "hello"
    assert (len(large.requests), len(small.requests)) == (1, 1)


@pytest.mark.parametrize(
    ("named", "answer"), [("large", "from large"), ("small", "from small"), ("huge", "from small")]
)
def test_a_sub_call_may_name_the_model_that_answers(named: str, answer: str, tmp_path: Path) -> None:
    code = block(f"FINAL([llm_query('hi', model='{named}'), *llm_query_batched(['hi'], model='{named}')])")
    large = ScriptedLM([code], ["from large"] * 2, name="own/large")
    small = ScriptedLM([], ["from small"] * 2, name="own/small")
    trace = tmp_path / "run.rlm.jsonl"
    assert RLM(large, sub_model=small, trace=trace).completion("What?", "text").answer == str([answer] * 2)
    with open_trace(trace) as reader:
        happened = list(reader)
    asked = {event.model for event in happened if isinstance(event, events.SubcallRequested)}
    assert asked == {"own/large" if named == "large" else "own/small"}
    notes = [event.text for event in happened if isinstance(event, events.Note) and "is none of this run" in event.text]
    assert len(notes) == (named == "huge")


def test_two_models_of_one_name_are_two() -> None:
    assert (
        RLM(ScriptedLM([block("FINAL(llm_query('hi'))")]), sub_model=ScriptedLM([], ["the other"]))
        .completion("What?", "text")
        .answer
        == "the other"
    )


# The official engine: completion(prompt), custom tools, the answer dict, persistent, usage.


def test_the_answer_dict_ends_a_run() -> None:
    lm = ScriptedLM([block('answer["content"] = str(2 ** 10)'), block('answer["ready"] = True')])
    assert RLM(lm, dialect="rlms").completion("Print the tenth power of two.").answer == "1024"


def test_children_answer_in_order() -> None:
    sub = {
        "Output of block": block("answer.update(content=found, ready=True)"),
        "You answer": block("found = context[-1]\nfound"),
    }
    lm = ScriptedLM([block("print(SHOW_VARS())\nfound = rlm_query_batched(['to a', 'to b'])"), "FINAL_VAR(found)"], sub)
    assert RLM(lm, dialect="rlms", max_depth=2).completion("Both?", "text").answer == "['a', 'b']"


def test_usage_of_the_whole_tree_is_told() -> None:
    class Counted:
        name = "counted"

        async def complete(self, request: Request, on_delta: OnDelta | None = None) -> Response:
            text = block("FINAL(llm_query('hi'))") if request.role == "root" else "hello"
            return Response(text, events.Usage(10, 2, 0.001))

        async def close(self) -> None:
            """There is nothing to close."""

    result = RLM(Counted()).completion("What?", "text")
    assert (result.usage, result.cost_usd) == (events.Usage(20, 4, 0.002), 0.002)


async def test_many_questions_at_once() -> None:
    def ask(words: Iterable[str]) -> list[Any]:
        return [arun("What?", word, ScriptedLM([block("FINAL(context.upper())")])) for word in words]

    results: list[Result] = [await each for each in ask(("one", "two", "three"))]
    assert [result.answer for result in results] == ["ONE", "TWO", "THREE"]
