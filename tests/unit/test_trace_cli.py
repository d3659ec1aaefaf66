"""`trace info`, `trace verify` and `runs`: what a script reads and what a person sees."""

from __future__ import annotations

import argparse
import gzip
import json
import os
import zlib
from pathlib import Path

import msgspec
import pytest
from trace_examples import HEADER, a_run, lines_of, write_trace

from rlm_tui import events as ev
from rlm_tui.cli import replay, runs, trace
from rlm_tui.errors import TraceError, UsageError
from rlm_tui.trace import saved as saved_module
from rlm_tui.trace.codec import encode, encode_header
from rlm_tui.trace.saved import saved_runs
from rlm_tui.trace.store import TraceStore
from rlm_tui.trajectory import Trajectory


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of saved runs, empty."""
    monkeypatch.setenv("RLM_TUI_HOME", str(tmp_path))
    folder = tmp_path / "data" / "traces"
    folder.mkdir(parents=True)
    return folder


def call(command: object, *argv: str) -> int:
    """Run a command with its own arguments."""
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)  # type: ignore[attr-defined]
    return int(command.run(parser.parse_args(argv)))  # type: ignore[attr-defined]


def info(path: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    """What `trace info --json` prints."""
    assert call(trace, "info", "--json", str(path)) == 0
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    found: dict[str, object] = json.loads(out)
    return found


def renumbered(*events: ev.TraceEvent) -> list[ev.TraceEvent]:
    """Events with the seqs a log would give them."""
    return [msgspec.structs.replace(event, seq=seq) for seq, event in enumerate(events, start=1)]


@pytest.mark.parametrize("command", [(replay,), (trace, "info")])
def test_only_the_samples_that_are_traces_are_offered_as_traces(command: tuple[object, ...]) -> None:
    with pytest.raises(UsageError, match=r"no trace .*'nope'; there are: batch, clean, misbehaves, rlms\.$"):
        call(*command, "sample:nope")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="is a document and no trace; rlm-tui open sample:report opens it"):
        call(*command, "sample:report")  # type: ignore[arg-type]


def test_an_export_makes_no_time_up(capsys: pytest.CaptureFixture[str]) -> None:
    golden = Path(__file__).parents[1] / "golden" / "foreign" / "dspy-3.4.json"
    assert call(trace, "export", "--as", "json", str(golden)) == 0
    turns = json.loads(capsys.readouterr().out)["turns"]
    assert turns
    assert all(turn["seconds"] is None for turn in turns)


def test_info_of_a_whole_run(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = info(write_trace(home / "a.rlm.jsonl"), capsys)
    assert {
        key: found[key] for key in ("format", "engine", "status", "answer", "iterations", "sub_calls", "depth")
    } == {
        "format": "rlm-tui-trace",
        "engine": "rlm-tui 0.1.0",
        "status": "answered",
        "answer": "42",
        "iterations": 1,
        "sub_calls": 1,
        "depth": 1,
    }
    assert found["usage"] == {"input_tokens": 240, "output_tokens": 60, "cost_usd": 0.0008}
    assert found["notes"] == ["The limit iterations was hit (1 of 1)."]
    assert found["question"] == "What is the magic number?"


def test_info_of_a_run_that_was_cut_off_sums_its_calls_and_says_so(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_trace(home / "a.rlm.jsonl", a_run()[:-1])
    os.truncate(path, path.stat().st_size - 5)
    found = info(path, capsys)
    assert (found["status"], found["answer"], found["sub_calls"]) == ("unfinished", "42", 1)
    assert found["usage"] == {"input_tokens": 240, "output_tokens": 60, "cost_usd": 0.0008}
    notes = found["notes"]
    assert isinstance(notes, list)
    assert {"The trace stops before the end of the run.", "The last line is cut off; its event is lost."} <= {*notes}


def test_info_counts_the_iterations_of_the_root_and_resolves_stored_texts(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    start = ev.RunStarted(query=ev.BodyRef(1), model="m", sub_model="s", dialect="paper")
    events = renumbered(
        ev.BodyStored(text="a long question"),
        start,
        ev.NodeOpened(type="rlm", node="r"),
        ev.IterationStarted(number=1, node="r"),
        ev.NodeOpened(type="rlm", node="c", parent="r", depth=2),
        ev.IterationStarted(number=1, node="c"),
        ev.BodyStored(text="a long answer"),
        ev.RunFinished(status="limit", answer=ev.BodyRef(7)),
    )
    found = info(write_trace(home / "a.rlm.jsonl", events), capsys)
    assert (found["question"], found["answer"]) == ("a long question", "a long answer")
    assert (found["iterations"], found["depth"], found["status"]) == (1, 2, "limit")
    assert found["usage"] == {"input_tokens": None, "output_tokens": None, "cost_usd": None}


def test_info_does_not_count_a_call_that_was_refused(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ev.SubcallRequested(node="c", function="llm_query", prompt="?", model="s")
    events = renumbered(
        ev.RunStarted(query="?", model="m", sub_model="s", dialect="paper"),
        ev.NodeOpened(type="rlm", node="r"),
        ev.NodeOpened(type="subcall", node="c", parent="r", depth=1),
        asked,
        ev.SubcallFinished(node="c", text="yes"),
        msgspec.structs.replace(asked, refused=True),
        ev.SubcallFinished(node="c", error="the limit is reached; nothing was asked"),
    )
    path = write_trace(home / "a.rlm.jsonl", events)
    assert info(path, capsys)["sub_calls"] == 1
    assert Trajectory(events).now().count(ev.SubcallRequested) == 1, "as on the screen"


def test_info_of_a_live_run(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = home / "a.rlm.jsonl"
    store = TraceStore(path, HEADER)
    for event in a_run()[:4]:
        store.append(encode(event))
    found = info(path, capsys)
    store.close()
    assert (found["status"], found["notes"]) == ("running", ["The run is still going on."])
    assert info(path, capsys)["status"] == "unfinished"


def test_info_names_the_kinds_it_does_not_know(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    later = b'{"kind":"rlm.dreamt","colour":"blue","seq":2}'[:-1]
    run = [encode(event) for event in renumbered(a_run()[0], ev.Note(text=""), a_run()[-1])]
    run[1] = b'%b,"crc":"%08x"}\n' % (later, zlib.crc32(later))
    path = home / "a.rlm.jsonl"
    path.write_bytes(b"".join([encode_header(HEADER), *run]))
    assert info(path, capsys)["notes"] == ["Event 2 is of a kind this version does not know: rlm.dreamt."]
    assert call(trace, "verify", str(path)) == 0


def test_info_of_a_text_that_is_lost(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = a_run()
    run[-1] = msgspec.structs.replace(run[-1], answer=ev.BodyRef(2))
    found = info(write_trace(home / "a.rlm.jsonl", run), capsys)
    assert found["answer"] is None
    assert "event 2" in str(found["notes"])


def test_info_for_a_person_never_writes_a_control_byte(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    evil = "\x1b]52;c;aGk=\x07\x9b31m\u202e two\nlines"
    run = a_run()
    run[0] = msgspec.structs.replace(run[0], query=evil, model=evil)
    run[-1] = msgspec.structs.replace(run[-1], answer=evil)
    path = write_trace(home / "a.rlm.jsonl", run)
    assert call(trace, "info", str(path)) == 0
    out = capsys.readouterr().out
    assert not set(out) & set("\x1b\x07\x9b\u202e")
    assert "status     answered" in out
    assert "\n           lines" in out
    assert call(trace, "info", "--json", str(path)) == 0
    out = capsys.readouterr().out
    assert out.isascii()
    assert json.loads(out)["answer"] == evil
    (home / "a.rlm.jsonl").rename(home / f"{evil[:9]}.rlm.jsonl")
    assert call(runs) == 0
    assert not set(capsys.readouterr().out) & set("\x1b\x07\x9b\u202e")


def test_info_of_what_is_no_trace_is_one_error(home: Path) -> None:
    with pytest.raises(TraceError, match="cannot be opened"):
        call(trace, "info", str(home / "none"))


def test_verify_says_whole_or_exits_5(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_trace(home / "a.rlm.jsonl")
    assert call(trace, "verify", str(path)) == 0
    assert capsys.readouterr().out == "a.rlm.jsonl: whole\n"
    os.truncate(path, path.stat().st_size - 1)
    assert call(trace, "verify", str(path)) == 5
    assert capsys.readouterr().out == "a.rlm.jsonl: torn: The last line has no line end; its event is whole.\n"
    assert call(trace, "verify", str(home / "none")) == 5


def test_runs_without_any_says_so_on_stderr(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert call(runs) == 0
    captured = capsys.readouterr()
    assert (captured.out, captured.err.startswith("There are no saved runs")) == ("", True)
    monkeypatch.setenv("RLM_TUI_HOME", str(home / "nowhere"))
    assert call(runs, "--json") == 0
    assert capsys.readouterr().out == ""


def with_many(home: Path) -> None:
    """Two runs, a packed one, and four files that are none."""
    write_trace(home / "b.rlm.jsonl")
    newer = msgspec.structs.replace(HEADER, created="2026-10-01T00:00:00+00:00")
    (home / "a.rlm.jsonl").write_bytes(b"".join(lines_of(a_run()[:20], newer)))
    (home / "c.rlm.jsonl.gz").write_bytes(gzip.compress((home / "b.rlm.jsonl").read_bytes()))
    (home / "empty.rlm.jsonl").touch()
    (home / "junk.rlm.jsonl").write_bytes(b"\x00junk\n" * 9)
    (home / "folder.rlm.jsonl").mkdir()
    os.mkfifo(home / "pipe.rlm.jsonl")
    (home / "other.txt").touch()


def test_runs_lists_newest_first_and_names_what_it_cannot_read(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with_many(home)
    assert call(runs, "--json") == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    readable = [run for run in found if not run["problem"]]
    assert [Path(run["path"]).name for run in readable] == ["a.rlm.jsonl", "c.rlm.jsonl.gz", "b.rlm.jsonl"]
    assert readable[2] == {
        "when": HEADER.created,
        "status": "answered",
        "question": "What is the magic number?",
        "model": "m",
        "iterations": 1,
        "sub_calls": 1,
        "cost_usd": 0.0008,
        "bytes": (home / "b.rlm.jsonl").stat().st_size,
        "path": str(home / "b.rlm.jsonl"),
        "problem": "",
        "document": "",
        "questions": 1,
        "last": "answered",
    }
    assert (readable[0]["status"], readable[0]["cost_usd"]) == ("unfinished", None)
    broken = {Path(run["path"]).name for run in found if run["problem"]}
    assert broken == {"empty.rlm.jsonl", "junk.rlm.jsonl", "folder.rlm.jsonl", "pipe.rlm.jsonl"}
    assert {run["status"] for run in found if run["problem"]} == {"unreadable"}


def test_the_table_of_runs_is_aligned(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with_many(home)
    run = a_run()
    run[0] = msgspec.structs.replace(run[0], query="数字は何ですか " * 20)
    write_trace(home / "wide.rlm.jsonl", run)
    assert call(runs) == 0
    from rich.cells import cell_len

    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split() == ["when", "status", "iter", "sub", "cost", "size", "model", "name", "question", "path"]
    starts = {cell_len(row[: row.rindex(str(home))]) for row in rows}
    assert starts == {head.index("path")}
    assert len(rows) == 8
    assert "数字は何ですか " * 19 in "\n".join(rows)  # what is piped is never cut


def test_one_endless_question_does_not_widen_the_table_of_all(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with_many(home)
    run = a_run()
    run[0] = msgspec.structs.replace(run[0], query="why" * 20_000)
    write_trace(home / "long.rlm.jsonl", run)
    assert call(runs) == 0
    rows = capsys.readouterr().out.splitlines()
    assert sum("why" * 20_000 in row for row in rows) == 1
    assert sum(len(row) < 2000 for row in rows) == len(rows) - 1


def test_a_large_run_is_told_from_its_ends(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved_module, "_WHOLE", 1000)
    monkeypatch.setattr(saved_module, "_END", 2000)
    run = a_run()
    long = [ev.BodyStored(text="x" * 500)] * 50
    write_trace(home / "a.rlm.jsonl", renumbered(*run[:5], *long, *run[5:]))
    (found,) = saved_runs(home)
    assert (found.status, found.question, found.cost_usd) == ("answered", "What is the magic number?", 0.0008)
    assert (found.iterations, found.sub_calls) == (None, None)


def test_a_long_question_is_found_where_it_is_stored(home: Path) -> None:
    start = ev.RunStarted(query=ev.BodyRef(1), model="m", sub_model="m", dialect="paper")
    write_trace(home / "a.rlm.jsonl", renumbered(ev.BodyStored(text="why? " * 200), start))
    write_trace(home / "b.rlm.jsonl", renumbered(ev.Note(text="x"), start))
    assert {run.question for run in saved_runs(home)} == {"why? " * 200, ""}


def test_a_damaged_line_in_a_saved_run_does_not_hide_the_rest(home: Path) -> None:
    path = write_trace(home / "a.rlm.jsonl")
    path.write_bytes(path.read_bytes().replace(b'"function":"llm_query"', b'"function":"llm_quary"'))
    (found,) = saved_runs(home)
    assert (found.status, found.sub_calls) == ("answered", 0)


def test_a_name_that_is_no_trace_says_where_names_are_listed(home: Path) -> None:
    with_many(home)
    with pytest.raises(TraceError, match=r"rlm-tui runs lists these\.$"):
        replay._path("magic")
    with pytest.raises(TraceError, match=r"those with it in their name: .*junk"):
        replay._path("un")
    assert replay._path("b") == str(home / "b.rlm.jsonl")
    assert replay._path("c") == str(home / "c.rlm.jsonl.gz")
