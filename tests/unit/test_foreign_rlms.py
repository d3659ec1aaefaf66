"""The official `rlms` log: what it holds is shown, what it cannot tell is named, damage costs one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rlm_tui import events as ev
from rlm_tui.trace.foreign import ForeignReader
from rlm_tui.trace.importers.rlms import LEFT, NO_ANSWER, NO_META, ROOT_USAGE
from rlm_tui.trace.importers.rlms_run import ALIASED, BATCHED
from rlm_tui.trace.opening import open_trace
from rlm_tui.trace.recover import verify
from rlm_tui.trace.summary import summarize
from rlm_tui.trajectory import Trajectory
from tests.foreign_logs import GOLDEN, META, block, imported, iteration, of, write
from tests.seen import snapshot

NESTED = ("rlms-0.1.3-nested.jsonl", "rlms-0.1.1-nested.jsonl")
LOGS = (*NESTED, "rlms-0.1.3-no-answer.jsonl")


@pytest.mark.parametrize("name", NESTED)
def test_a_real_nested_log_has_all_its_iterations_calls_and_children(name: str) -> None:
    summary = summarize(GOLDEN / name)
    assert (summary.format, summary.engine, summary.status) == ("rlms-jsonl", "rlms", "answered")
    assert (summary.iterations, summary.sub_calls, summary.depth) == (3, 6, 2)
    assert summary.question == "What is the total salary of Engineering?"
    assert summary.answer is not None
    assert summary.answer.startswith("Engineering total: 160000")
    assert (summary.model, summary.context_chars) == ("mock-root", 104)
    assert ROOT_USAGE in summary.notes
    assert summary.usage == {"input_tokens": None, "output_tokens": None, "cost_usd": None}


def test_a_run_without_code_ends_at_its_limit_with_its_last_words() -> None:
    summary = summarize(GOLDEN / "rlms-0.1.3-no-answer.jsonl")
    assert (summary.status, summary.answer, summary.iterations) == ("limit", "I give up: 42", 4)


@pytest.mark.parametrize("name", LOGS)
def test_importing_twice_gives_equal_events_and_a_whole_log_verifies(name: str) -> None:
    assert imported(GOLDEN / name)[0] == imported(GOLDEN / name)[0]
    assert verify(GOLDEN / name) == []


@pytest.mark.parametrize("name", LOGS)
def test_a_view_at_any_event_is_the_fold_of_those_before_it(name: str) -> None:
    events, _ = imported(GOLDEN / name)
    whole = Trajectory(events)
    for seq in range(len(events) + 1):
        assert snapshot(whole.at(seq)) == snapshot(Trajectory(events[:seq]).now())


@pytest.mark.parametrize("name", LOGS)
def test_any_event_is_given_back_by_its_seq(name: str) -> None:
    with open_trace(GOLDEN / name) as reader:
        assert [reader.event(event.seq) for event in reader] == list(reader)


def test_children_stand_below_their_calls_with_their_own_repl() -> None:
    events, _ = imported(GOLDEN / NESTED[0])
    view = Trajectory(events).now()
    rlms = [node for node in view.tree.nodes.values() if node.type == "rlm"]
    assert [node.depth for node in rlms] == [0, 1, 2]
    assert all(view.tree.nodes[node.parent].type == "subcall" for node in rlms[1:])
    names = {variable.change.name for variable in view.variables()}
    assert {"one", "many", "child"} <= names
    assert not {"g", "v"} & names


def test_the_prompt_of_a_child_is_cut_before_its_own_response() -> None:
    events, reader = imported(GOLDEN / NESTED[0])
    assert ALIASED in reader.notes
    trajectory = Trajectory(events)
    lms = [node for node in trajectory.nodes.values() if node.type == "lm" and node.depth]
    asked = [event for event in of(events, ev.LmRequested) if event.node in {node.id for node in lms}]
    assert [len(request.messages) for request in asked] == [3, 3, 3, 3]
    assert [request.prior for request in asked] == [0, 0, 3, 3]


def test_what_a_child_used_is_counted_once(tmp_path: Path) -> None:
    def used(tokens: int) -> dict[str, object]:
        model = {"total_calls": 1, "total_input_tokens": tokens, "total_output_tokens": 1}
        return {"model_usage_summaries": {"m": model}}

    plain = {"root_model": "s", "prompt": "p", "response": "r", "usage_summary": used(10), "execution_time": 0.1}
    turn = iteration(1, code_blocks=[block(calls=[plain])], final_answer="x")
    child = {**plain, "usage_summary": used(110), "metadata": {"run_metadata": {}, "iterations": [turn]}}
    log = write(tmp_path / "a", [META, iteration(1, code_blocks=[block(calls=[child])], final_answer="y")])
    events, _ = imported(log)
    root = Trajectory(events).now().root
    assert root is not None
    assert Trajectory(events).now().usage(root).input_tokens == 110


def test_what_only_sub_calls_tell_is_not_the_usage_of_a_run_that_was_left(tmp_path: Path) -> None:
    used = {"model_usage_summaries": {"m": {"total_calls": 1, "total_input_tokens": 10, "total_output_tokens": 1}}}
    call = {"root_model": "s", "prompt": "p", "response": "r", "usage_summary": used, "execution_time": 0.1}
    log = write(tmp_path / "a", [META, iteration(1, code_blocks=[block(calls=[call])])])
    assert set(summarize(log).usage.values()) == {None}


def test_batched_calls_have_no_tokens_of_their_own() -> None:
    events, reader = imported(GOLDEN / NESTED[0])
    batched = [event.node for event in of(events, ev.SubcallRequested) if event.batch]
    assert len(batched) == 3
    finished = {event.node: event for event in of(events, ev.SubcallFinished)}
    assert all(finished[node].usage == ev.Usage() and finished[node].latency_s is None for node in batched)
    assert BATCHED in reader.notes


def test_no_time_is_told_of_what_the_log_does_not_time() -> None:
    events, _ = imported(GOLDEN / NESTED[0])
    view = Trajectory(events).now()
    nodes = view.tree.nodes.values()
    assert all(view.took(node) is None for node in nodes if node.type == "lm")
    assert all(view.took(node) is not None for node in nodes if node.type in ("iteration", "code"))
    assert all(event.latency_s is None for event in of(events, ev.LmResponded))


def test_a_conversation_is_stored_once_however_often_it_repeats(tmp_path: Path) -> None:
    log = write(tmp_path / "a", [META, *(iteration(number) for number in range(1, 9))])
    events, _ = imported(log)
    requests = list(of(events, ev.LmRequested))
    assert [request.prior for request in requests] == [0, *range(2, 16, 2)]
    assert sum(len(request.messages) for request in requests) == 2 + 2 * 7
    assert len([event for event in of(events, ev.BodyStored) if "You are an RLM" in event.text]) == 1
    view = Trajectory(events).now()
    assert view.root is not None
    assert len(view.conversation(view.root.id)) == 16


def test_variables_are_told_when_they_change(tmp_path: Path) -> None:
    steps = [{"context": "c", "x": 1}, {"context": "c", "x": 1, "y": [1, 2]}, {"context": "c", "x": 2}]
    log = write(tmp_path / "a", [META, *(iteration(n, code_blocks=[block(locals=s)]) for n, s in enumerate(steps, 1))])
    events, _ = imported(log)
    told = [[(c.name, c.change) for c in event.changes] for event in of(events, ev.CodeFinished)]
    assert told == [
        [("context", "added"), ("x", "added")],
        [("y", "added")],
        [("x", "changed"), ("y", "removed")],
    ]


def test_a_persistent_session_is_several_runs_of_one_repl(tmp_path: Path) -> None:
    first = [iteration(1), iteration(2, final_answer="one")]
    other = [{"role": "user", "content": 'to answer the original query: "And then?".'}]
    second = [iteration(1, prompt=other), iteration(2, final_answer="two")]
    events, _ = imported(write(tmp_path / "a", [META, *first, *second]))
    changes = [change.name for event in of(events, ev.CodeFinished) for change in event.changes]
    assert changes == ["context"]
    assert [event.query for event in of(events, ev.RunStarted)] == ["Why?", "And then?"]
    assert [event.answer for event in of(events, ev.RunFinished)] == ["one", "two"]
    assert len(Trajectory(events).now().roots) == 2


def test_a_run_that_was_left_has_no_answer_and_the_last_may_go_on(tmp_path: Path) -> None:
    log = write(tmp_path / "a", [META, iteration(1), iteration(1)])
    events, reader = imported(log)
    assert [(event.status, event.detail) for event in of(events, ev.RunFinished)] == [("no_answer", LEFT)]
    assert NO_ANSWER in reader.notes
    assert [problem.name for problem in verify(log)] == ["unfinished"]
    assert summarize(log).status == "unfinished"


def test_a_missing_metadata_line_is_named(tmp_path: Path) -> None:
    events, reader = imported(write(tmp_path / "a", [iteration(1, final_answer="x")]))
    assert NO_META in reader.notes
    assert next(of(events, ev.RunStarted)).model == ""


@pytest.mark.parametrize(
    ("pair", "answer", "via"),
    [(["FINAL", "42"], "42", "FINAL"), (["FINAL_VAR", "x"], "the value", "FINAL_VAR")],
)
def test_very_old_logs_hold_the_answer_as_a_pair(tmp_path: Path, pair: list[str], answer: str, via: str) -> None:
    turn = iteration(1, final_answer=pair, code_blocks=[block(locals={"x": "the value"})])
    events, _ = imported(write(tmp_path / "a", [META, turn]))
    finished = next(of(events, ev.RunFinished))
    assert (finished.answer, finished.via) == (answer, via)


def test_damage_costs_its_line_and_names_it(tmp_path: Path) -> None:
    log = write(tmp_path / "a", [META, iteration(1), iteration(2), iteration(3, final_answer="x")])
    lines = log.read_bytes().split(b"\n")
    lines[2] = lines[2][:-30]
    log.write_bytes(b"\n".join(lines))
    events, reader = imported(log)
    assert [event.number for event in of(events, ev.IterationStarted)] == [1, 3]
    assert [(problem.name, problem.line) for problem in reader.problems] == [("damaged", 3)]
    assert any(event.text == reader.problems[0].message for event in of(events, ev.Note))


def test_a_log_cut_at_any_byte_opens_and_loses_at_most_its_last_line(tmp_path: Path) -> None:
    log = write(tmp_path / "a", [META, iteration(1), iteration(2, final_answer="x")])
    data = log.read_bytes()
    whole = len(data.split(b"\n")[0]) + len(data.split(b"\n")[1]) + 2
    for cut in range(whole, len(data), 97):
        log.write_bytes(data[:cut])
        events, reader = imported(log)
        assert [event.number for event in of(events, ev.IterationStarted)] == [1]
        assert {problem.name for problem in reader.problems} <= {"torn", "unfinished"}


def test_what_python_writes_beyond_json_is_borne(tmp_path: Path) -> None:
    values = {"nan": float("nan"), "half": "\ud800", "huge": 10**40, "f": "<function f>"}
    turn = iteration(1, code_blocks=[block(locals=values, stdout="\udfff")], final_answer="x")
    events, reader = imported(write(tmp_path / "a", [META, turn]))
    assert reader.problems == []
    changes = {change.name: change for change in next(of(events, ev.CodeFinished)).changes}
    assert set(changes) == set(values)
    assert changes["f"].type == ""


def test_lines_of_another_kind_are_named_and_left_out(tmp_path: Path) -> None:
    log = write(tmp_path / "a", [META, {"type": "other"}, iteration(1, final_answer="x")])
    assert [(problem.name, problem.line) for problem in verify(log)] == [("unknown", 2)]


@pytest.mark.parametrize(
    "text",
    [
        '{"type": "metadata", "title": "a document"}',
        '{"type": "iteration"}\n{"type": "iteration"}',
        '[{"question": "q", "answer": "a"}]',
        '{"text": "about \\"trajectory\\": [{\\"code\\": 1, \\"output\\": 2}]"}',
        "plain text, no JSON",
        "",
        "[" * 10_000,
        json.dumps({"rows": [{"code": 1, "output": 2}]}),
    ],
)
def test_other_files_stay_documents(tmp_path: Path, text: str) -> None:
    from rlm_tui.trace.opening import is_trace

    path = tmp_path / "document.json"
    path.write_text(text)
    assert not is_trace(str(path))


def test_compressed_logs_are_read(tmp_path: Path) -> None:
    import gzip

    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress((GOLDEN / LOGS[0]).read_bytes()))
    with open_trace(path) as reader:
        assert isinstance(reader, ForeignReader)
        assert len(list(reader)) == len(imported(GOLDEN / LOGS[0])[0])


@pytest.mark.parametrize("name", NESTED)
def test_how_much_of_an_output_the_model_saw_is_told_by_its_next_prompt(name: str) -> None:
    events, _ = imported(GOLDEN / name)
    for event in of(events, ev.CodeFinished):
        pieces = [event.stdout.strip("\n"), f"{event.error.type}: {event.error.message}" if event.error else ""]
        total = len("\n".join(piece for piece in pieces if piece))
        assert event.shown in (total, 0)
    assert {event.shown == 0 for event in of(events, ev.CodeFinished)} == {True, False}


def test_an_output_that_was_cut_off_was_seen_in_part(tmp_path: Path) -> None:
    long = "x" * 1000
    cut = [{"role": "user", "content": f"REPL output:\n{long[:400]}... + [600 chars...]"}]
    log = write(tmp_path / "a", [META, iteration(1, code_blocks=[block(stdout=long)]), iteration(2, prompt=cut)])
    assert [event.shown for event in of(imported(log)[0], ev.CodeFinished)] == [400, None]


def test_a_context_that_is_a_list_is_several_documents(tmp_path: Path) -> None:
    turn = iteration(1, code_blocks=[block(locals={"context_0": ["one", "two"]})], final_answer="x")
    events, reader = imported(write(tmp_path / "a", [META, turn]))
    info = next(of(events, ev.RunStarted)).context
    assert info.is_list
    assert [part.chars for part in info.parts] == [3, 3]
    assert len(reader.documents) == 2


def test_the_context_of_a_log_without_code_has_only_its_size() -> None:
    events, reader = imported(GOLDEN / LOGS[2])
    (part,) = next(of(events, ev.RunStarted)).context.parts
    assert (part.chars, part.sha256, reader.documents) == (104, "", ())
