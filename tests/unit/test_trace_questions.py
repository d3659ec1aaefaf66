"""Several questions in one trace: the list, the report, the summary and what is said at the end agree on them."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from trace_examples import a_run, write_trace

from rlm_tui import events as ev
from rlm_tui.cli import main
from rlm_tui.cli.farewell import farewell
from rlm_tui.resources import sample
from rlm_tui.session.replay import ReplaySession
from rlm_tui.text import short_seconds
from rlm_tui.trace.export import pieces
from rlm_tui.trace.saved import glance
from rlm_tui.trace.summary import summarize
from rlm_tui.ui.content.calls import CallRows, scene
from rlm_tui.ui.content.summary import Summary
from rlm_tui.ui.content.tree import CallTree
from rlm_tui.ui.screens.runs_rows import about, run_row
from tests.trajectories import QUESTION, Recorder, StillSession, asked_twice, clean


def written(run: Recorder, folder: Path) -> Path:
    """The trace of a run by hand."""
    events = [run.log.event(seq) for seq in range(1, run.trajectory.last + 1)]
    return write_trace(folder / "a.rlm.jsonl", events)


def test_the_row_names_the_first_question_as_its_command_does_and_says_that_there_are_more(tmp_path: Path) -> None:
    found = glance(written(asked_twice(), tmp_path))
    assert (found.question, found.asked) == (QUESTION, f"{QUESTION} (and 1 more)")
    assert (found.status, found.last, found.questions) == ("answered", "stopped", 2)
    assert (found.iterations, found.sub_calls) == (3, 0)
    for width in (60, 80, 120):
        row = run_row(found, 0.0, width)
        assert "✓ answered" in row.text
        assert " +1 more " in row.text
        assert row.cells == width
    facts = about(found, 200)[0].text
    assert "2 questions, the last: stopped · 3 iterations · 0 sub-calls" in facts
    alone = glance(written(clean(), tmp_path))
    assert (alone.asked, alone.questions) == (QUESTION, 1)
    assert "questions" not in about(alone, 200)[0].text


def test_the_summary_has_the_counts_of_the_list_beside_those_of_the_last_question() -> None:
    rows = [row.text for row in Summary(StillSession(asked_twice()), 100).facts()]  # type: ignore[arg-type]
    assert any("the last of 2 questions; in all 3 iterations, 0 sub-calls" in row for row in rows)
    assert any("1 of 20 iterations" in row for row in rows)


def test_info_says_of_which_question_it_tells(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(asked_twice(), tmp_path)
    assert main(["trace", "info", str(path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["question", "And", "the", "cooks?"]
    assert lines[1].strip() == "the last of 2 questions; counts, usage and time are of all of them"
    assert summarize(path).questions == 2


def test_an_unknown_cost_is_unknown_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", "info", str(sample("misbehaves"))]) == 0
    assert "7.9k in, 434 out, cost unknown\n" in capsys.readouterr().out
    assert main(["trace", "info", str(write_trace(tmp_path / "a.rlm.jsonl", a_run()[:2]))]) == 0
    assert "usage      tokens unknown, cost unknown\n" in capsys.readouterr().out


def test_a_report_has_a_heading_for_each_question(tmp_path: Path) -> None:
    path = written(asked_twice(), tmp_path)
    report = "".join(pieces(path, "markdown"))
    heads = [row for row in report.splitlines() if row.startswith("#")]
    first = [f"## Question 1: {QUESTION}", "### Answer", "### Iteration 1", "### Iteration 2"]
    assert heads == ["# 2 questions", *first, "## Question 2: And the cooks?", "### Iteration 1"]
    assert report.count("- **Status**: ") == 2
    found = json.loads("".join(pieces(path, "json")))
    assert [(one["question"], one["status"], bool(one["answer"])) for one in found["asked"]] == [
        (QUESTION, "answered", True),
        ("And the cooks?", "stopped", False),
    ]
    assert [turn["question"] for turn in found["turns"]] == [1, 1, 2]


def test_a_report_tells_what_a_person_told_the_model_where_they_did(tmp_path: Path) -> None:
    run = clean()
    words = ["Before it ends.", "A second thing."]
    for each in words:
        run.emit(ev.Told(node="1", text=each))
    path = written(run, tmp_path)
    report = "".join(pieces(path, "markdown"))
    assert report.endswith("".join(f"\nA person told the model:\n\n```\n{each}\n```\n" for each in words))
    turns = json.loads("".join(pieces(path, "json")))["turns"]
    assert [turn["told"] for turn in turns] == [[], words]
    first = write_trace(tmp_path / "b.rlm.jsonl", [*renumbered(a_run()[0], a_run()[1], ev.Told(node="r", text="x"))])
    assert list(pieces(first, "markdown")), "told before the first iteration, and no iteration came"
    assert "Count every one of them." in "".join(pieces(sample("misbehaves"), "markdown"))


def renumbered(*events: ev.TraceEvent) -> list[ev.TraceEvent]:
    return [msgspec.structs.replace(event, seq=seq) for seq, event in enumerate(events, 1)]


def test_the_time_beside_a_response_is_that_of_the_lm_and_not_of_the_whole_iteration(tmp_path: Path) -> None:
    run = Recorder()
    run.start()
    one = run.iteration(1)
    summary = run.open(f"{one}.lm0", "lm", one, title=ev.COMPACTION)
    run.emit(ev.LmResponded(node=summary, text="All of it so far."), 5.0)
    run.close(summary)
    run.ask(one, "I look.")
    code = run.begin_block(one, "x = 1", 1)
    run.hold(code, "before_code", "x = 1")
    run.emit(ev.Released(node=code, hold=1, checkpoint="before_code", how="run"), 54.0)
    run.finish_iteration(one, 1)
    path = written(run, tmp_path)
    (turn,) = json.loads("".join(pieces(path, "json")))["turns"]
    assert (turn["response"], turn["response_seconds"]) == ("I look.", pytest.approx(1.9))
    assert turn["seconds"] == pytest.approx(7.4), "what was held is no time of the iteration"
    assert f"Response ({short_seconds(1.9)}):\n\n```\nI look." in "".join(pieces(path, "markdown"))


def test_who_quits_hears_the_answer_that_there_is_and_what_it_answers(capsys: pytest.CaptureFixture[str]) -> None:
    farewell(StillSession(asked_twice()), is_answer_said=False)  # type: ignore[arg-type]
    assert capsys.readouterr().err.startswith(f"Answer to “{QUESTION}”: ")


def test_what_has_lost_its_question_is_no_question(tmp_path: Path) -> None:
    """The first lines of a trace are lost: its iterations stand alone, and the events that are there are counted."""
    run = asked_twice()
    events = [run.log.event(seq) for seq in range(1, run.trajectory.last + 1)]
    begin = next(at for at, event in enumerate(events) if event.node == "1.2")
    with closing(ReplaySession(write_trace(tmp_path / "a.rlm.jsonl", events[begin:]))) as session:
        session.read_whole()
        view = session.trajectory.now()
        assert [root.id for root in view.roots] == ["1.2", "2"]
        assert [root.id for root in view.questions] == ["2"]
        rows = [row.text for row in Summary(session, 100).facts()]
        assert not any("the last of" in row for row in rows)
        assert any(f"{len(events) - begin} events" in row for row in rows)
        tree = [row.text for row in CallRows(CallTree(), scene(view, session.log), 80)]
        assert any("root " in row for row in tree)
        assert not any("root 2" in row for row in tree)


def test_a_run_that_has_lost_its_beginning_is_still_one_and_ended_as_it_did(tmp_path: Path) -> None:
    run = clean()
    events = [run.log.event(seq) for seq in range(4, run.trajectory.last + 1)]
    with closing(ReplaySession(write_trace(tmp_path / "a.rlm.jsonl", events))) as session:
        session.read_whole()
        rows = [row.text.strip() for row in Summary(session, 100).facts()]
        assert rows == ["TRACE    has lost the beginning of its run: a.rlm.jsonl"]
        over = session.trajectory.now().finished
        assert over is not None
        assert over.status == summarize(tmp_path / "a.rlm.jsonl").status == "answered"


def test_a_node_that_has_lost_what_is_above_it_is_not_the_newest_question() -> None:
    run = clean()
    run.open("9.1.lm1", "lm", "9.1")
    root = run.trajectory.now().root
    assert root is not None
    assert root.id == "1"
