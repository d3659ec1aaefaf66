"""Every foreign format: its real file opens with what it holds, and the laws of our own traces hold for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import pytest

from rlm_tui import events as ev
from rlm_tui.resources import sample_trace
from rlm_tui.session.replay import ReplaySession
from rlm_tui.trace.opening import is_trace
from rlm_tui.trace.recover import _Structure, verify
from rlm_tui.trace.summary import summarize
from rlm_tui.trajectory import Trajectory
from tests.foreign_logs import GOLDEN, META, block, imported, iteration, of, write
from tests.samples.rlms_log import text
from tests.seen import snapshot

SHARED = Path(__file__).parents[2].parent / "shared" / "fixtures" / "foreign_traces"
FILES = sorted(path.name for path in GOLDEN.iterdir())


def test_the_bundled_log_is_as_it_is_written_and_holds_what_the_tour_says() -> None:
    path = sample_trace("rlms")
    assert path.read_text() == text()
    events, reader = imported(path)
    assert not reader.problems
    ends = list(of(events, ev.RunFinished))
    assert [(end.status, end.answer) for end in ends] == [("answered", "The canoes were out for 48 hours.")]
    assert sum(bool(call.batch) for call in of(events, ev.SubcallRequested)) == 5
    assert sum(node.type == "rlm" for node in of(events, ev.NodeOpened)) == 2


class Known(NamedTuple):
    """What a real file is known to hold."""

    format: str
    status: str
    answer: str | None
    iterations: int
    sub_calls: int
    depth: int


KNOWN = {
    "dspy-3.4.json": Known("dspy-trajectory", "answered", '{"answer":"160000","total":160000}', 3, 0, 0),
    "fast-rlm-0.5.jsonl": Known("fast-rlm-jsonl", "answered", '{"total":160000}', 3, 1, 1),
    "pyrlm.json": Known("pyrlm-trace", "answered", None, 4, 6, 0),
    "recursive-llm-0.5.jsonl": Known("recursive-llm-result", "answered", "160000", 5, 4, 1),
    "rlms-0.1.1-nested.jsonl": Known("rlms-jsonl", "answered", "Engineering total: 160000 (sum)", 3, 6, 2),
    "rlms-0.1.3-nested.jsonl": Known("rlms-jsonl", "answered", "Engineering total: 160000", 3, 6, 2),
    "rlms-0.1.3-no-answer.jsonl": Known("rlms-jsonl", "limit", "I give up: 42", 4, 0, 0),
}


@pytest.mark.parametrize("name", FILES)
def test_a_real_file_holds_what_is_known_of_it(name: str) -> None:
    found = summarize(GOLDEN / name)
    assert KNOWN[name] == (
        *(found.format, found.status, found.answer),
        *(found.iterations, found.sub_calls, found.depth),
    )
    assert found.notes


@pytest.mark.parametrize("name", FILES)
def test_its_events_presuppose_only_what_came_before(name: str) -> None:
    checks = _Structure()
    assert [problem for event in imported(GOLDEN / name)[0] for problem in checks.take(event)] == []
    assert verify(GOLDEN / name) == []


@pytest.mark.parametrize("name", FILES)
def test_every_node_is_closed_and_time_never_runs_backwards(name: str) -> None:
    events, _ = imported(GOLDEN / name)
    assert all(node.closed is not None for node in Trajectory(events).nodes.values())
    times = [event.t for event in events]
    assert times == sorted(times)


@pytest.mark.parametrize("name", FILES)
def test_importing_twice_gives_equal_events(name: str) -> None:
    assert imported(GOLDEN / name)[0] == imported(GOLDEN / name)[0]


@pytest.mark.parametrize("name", FILES)
def test_a_view_at_any_event_is_the_fold_of_those_before_it(name: str) -> None:
    events, _ = imported(GOLDEN / name)
    whole = Trajectory(events)
    for seq in range(len(events) + 1):
        assert snapshot(whole.at(seq)) == snapshot(Trajectory(events[:seq]).now())


@pytest.mark.parametrize("name", FILES)
def test_a_session_replays_it_and_shows_the_document_that_it_holds(name: str) -> None:
    session = ReplaySession(GOLDEN / name)
    session.read_whole()
    events, reader = imported(GOLDEN / name)
    assert snapshot(session.trajectory.now()) == snapshot(Trajectory(events).now())
    texts = [part.text for part in session.document.parts] if session.document else []
    session.close()
    assert len(texts) == len(reader.documents)
    assert all(part.sha256 for part in next(of(events, ev.RunStarted)).context.parts) or not texts


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("part", [0.3, 0.7, 0.95])
def test_a_file_that_was_cut_off_is_one_sentence_or_what_is_left(name: str, part: float, tmp_path: Path) -> None:
    data = (GOLDEN / name).read_bytes()
    path = tmp_path / name
    path.write_bytes(data[: int(len(data) * part)])
    if is_trace(str(path)):
        events, reader = imported(path)
        assert reader.problems
        assert all(problem.message.endswith(".") for problem in reader.problems)
        assert list(of(events, ev.IterationStarted)) or part < 0.5


def test_every_file_at_hand_is_known_and_whole() -> None:
    paths = [path for folder in (GOLDEN, SHARED) for path in folder.rglob("*.json*")]
    assert len(paths) >= len(FILES)
    for path in paths:
        assert is_trace(str(path)), path
        assert verify(path) == [], path


def test_several_predictions_in_one_file_are_several_runs(tmp_path: Path) -> None:
    prediction = json.loads((GOLDEN / "dspy-3.4.json").read_text())
    log = write(tmp_path / "a.jsonl", [prediction, {**prediction, "answer": "other"}])
    answers = [event.answer for event in of(imported(log)[0], ev.RunFinished)]
    assert [json.loads(answer)["answer"] for answer in answers] == ["160000", "other"]


def test_a_trajectory_alone_has_no_answer(tmp_path: Path) -> None:
    steps = json.loads((GOLDEN / "dspy-3.4.json").read_text())["trajectory"]
    path = tmp_path / "a.json"
    path.write_text(json.dumps(steps, indent=1))
    summary = summarize(path)
    assert (summary.status, summary.answer, summary.iterations) == ("no_answer", None, 3)


def completion(**fields: object) -> dict[str, object]:
    """The dictionary of a completion with one iteration."""
    used = {"model_usage_summaries": {"m": {"total_input_tokens": 7, "total_output_tokens": 2}}}
    base = {"root_model": "m", "prompt": "the context", "response": "42", "usage_summary": used, "execution_time": 1.0}
    turns = [iteration(1, code_blocks=[block()], final_answer="42")]
    return {**base, "metadata": {"run_metadata": META, "iterations": turns}, **fields}


@pytest.mark.parametrize("indent", [None, 2])
def test_a_completion_is_a_run_over_its_prompt(tmp_path: Path, indent: int | None) -> None:
    path = tmp_path / "completion.json"
    path.write_text(json.dumps(completion(), indent=indent))
    found = summarize(path)
    assert (found.format, found.status, found.answer) == ("rlms-completion", "answered", "42")
    assert (found.iterations, found.context_chars) == (1, len("the context"))
    assert (found.usage["input_tokens"], found.usage["output_tokens"]) == (7, 2)


@pytest.mark.parametrize("as_list", [True, False])
def test_several_completions_are_several_runs(tmp_path: Path, as_list: bool) -> None:
    records = [completion(), completion(response="43")]
    path = tmp_path / "a.json"
    if as_list:
        path.write_text(json.dumps(records))
    else:
        write(path, records)
    assert [event.answer for event in of(imported(path)[0], ev.RunFinished)] == ["42", "43"]


def test_a_completion_without_its_log_has_its_answer(tmp_path: Path) -> None:
    path = write(tmp_path / "a.json", [completion(metadata=None)])
    found = summarize(path)
    assert (found.status, found.answer, found.iterations) == ("answered", "42", 0)


def test_the_prompts_of_a_real_completion_are_cut_before_its_own_responses(tmp_path: Path) -> None:
    log = (GOLDEN / "rlms-0.1.3-nested.jsonl").read_text().splitlines()
    child = json.loads(log[2])["code_blocks"][0]["result"]["rlm_calls"][-1]
    events, _ = imported(write(tmp_path / "a.json", [child]))
    summary = summarize(tmp_path / "a.json")
    assert (summary.answer, summary.iterations, summary.sub_calls, summary.depth) == ("160000", 2, 1, 1)
    sent = sorted((request.prior, len(request.messages)) for request in of(events, ev.LmRequested))
    assert sent == [(0, 3), (0, 3), (3, 3), (3, 3)]
    assert all(request.messages[-1].role == "user" for request in of(events, ev.LmRequested))


def test_a_completion_whose_prompt_fills_what_is_looked_at_is_known(tmp_path: Path) -> None:
    assert is_trace(str(write(tmp_path / "a.json", [completion(prompt="a long context " * 50_000)])))


def test_a_clock_that_was_set_back_costs_the_times_it_spoils_and_no_event(tmp_path: Path) -> None:
    golden = GOLDEN / "fast-rlm-0.5.jsonl"
    lines = [json.loads(line) for line in golden.read_text().splitlines()]
    for stamps in (line["timestamps"] for line in lines if "timestamps" in line):
        for what in ("llm_call", "execution"):
            begin, end = f"{what}_start", f"{what}_end"
            if begin in stamps and end in stamps:
                stamps[begin], stamps[end] = stamps[end], stamps[begin]
    events, reader = imported(write(tmp_path / "log.jsonl", lines))
    assert len(events) == len(imported(golden)[0])
    assert reader.problems == imported(golden)[1].problems
    assert {event.latency_s for event in of(events, ev.LmResponded)} <= {None, 0.0}
