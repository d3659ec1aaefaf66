"""What `verify` finds between events, on traces whose every line is right."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from trace_examples import a_run, write_trace

from rlm_tui import events as ev
from rlm_tui.trace.recover import body_refs, verify

START = ev.RunStarted(query="q", model="m", sub_model="m", dialect="paper")
END = ev.RunFinished(status="answered", answer="a")
OPEN = ev.NodeOpened(type="rlm", node="r")
CLOSE = ev.NodeClosed(node="r")


def messages(tmp_path: Path, *events: ev.TraceEvent) -> list[str]:
    """What verify says of these events, numbered in order."""
    numbered = [msgspec.structs.replace(event, seq=seq) for seq, event in enumerate(events, start=1)]
    return [problem.message for problem in verify(write_trace(tmp_path / "a.rlm.jsonl", numbered))]


@pytest.mark.parametrize(
    "events",
    [
        (START, OPEN, CLOSE, END),
        (START, END, START, END),
        (OPEN, START, CLOSE, END),
        (ev.BodyStored(text="a long question"), msgspec.structs.replace(START, query=ev.BodyRef(1)), END),
    ],
)
def test_whole_traces(tmp_path: Path, events: tuple[ev.TraceEvent, ...]) -> None:
    assert messages(tmp_path, *events) == []


@pytest.mark.parametrize(
    ("events", "found"),
    [
        ((START, OPEN, CLOSE), "stops before the end of the run"),
        ((START, END, START), "stops before the end of the run"),
        ((), "holds no run"),
        ((START, START, END), "Event 2: a run starts before the last one finished"),
        ((START, END, END), "Event 3: a run finishes that never started"),
        ((ev.Note(text="x"), START, END), "Event 1: note comes before any run.started"),
        ((START, ev.Told(text=ev.BodyRef(9)), END), "Event 2: it refers to a text in event 9"),
        ((START, ev.Told(text=ev.BodyRef(1)), END), "Event 2: it refers to a text in event 1"),
        ((START, ev.Told(text=ev.BodyRef(3)), ev.BodyStored(text="x"), END), "Event 2: it refers to"),
        ((START, OPEN, OPEN, CLOSE, END), "Event 3: the node 'r' is opened a second time"),
        ((START, OPEN, CLOSE, OPEN, CLOSE, END), "Event 4: the node 'r' is opened a second time"),
        ((START, CLOSE, END), "Event 2: the node 'r' is closed but not open"),
        ((START, OPEN, CLOSE, CLOSE, END), "Event 4: the node 'r' is closed but not open"),
        ((START, ev.NodeOpened(type="code", node="c", parent="r"), END), "Event 2: the node 'c' opens below 'r'"),
        ((START, ev.NodeOpened(type="rlm", node="r", parent="r"), END), "Event 2: the node 'r' opens below 'r'"),
        ((START, ev.Told(text="x", node="r"), END), "Event 2: it belongs to the node 'r', which was never opened"),
    ],
)
def test_what_is_not_whole_is_named(tmp_path: Path, events: tuple[ev.TraceEvent, ...], found: str) -> None:
    said = messages(tmp_path, *events)
    assert len(said) == 1
    assert found in said[0]


def test_references_are_found_wherever_a_text_may_stand() -> None:
    ref = ev.BodyRef(4)
    message = ev.StoredMessage("user", ref)
    events = [
        ev.LmRequested(model="m", messages=(message, message)),
        ev.ResponseParsed(blocks=("x", ref), final=ev.Final("text", ref)),
        ev.Edited(what="code", before=ref, after="x"),
        ev.Note(text="x"),
    ]
    assert [list(body_refs(event)) for event in events] == [[4, 4], [4, 4], [4], []]


def test_a_file_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    assert "cannot be opened" in verify(tmp_path / "none")[0].message


def test_problems_stand_in_file_order(tmp_path: Path) -> None:
    run = a_run()
    path = write_trace(tmp_path / "a.rlm.jsonl", [*run[:2], run[2], *run[4:8], run[3]])
    lines = [problem.line for problem in verify(path)]
    assert lines == [*sorted(line for line in lines if line), *[0] * lines.count(0)]
