"""A foreign log written as a trace of ours is the same run, whole, and says where it comes from."""

from __future__ import annotations

from pathlib import Path

import pytest

from rlm_tui.cli import main
from rlm_tui.errors import ExitCode
from rlm_tui.trace.reader import TraceReader
from rlm_tui.trace.recover import verify
from rlm_tui.trace.summary import summarize
from tests.foreign_logs import GOLDEN, imported

FILES = sorted(path.name for path in GOLDEN.iterdir())


@pytest.mark.parametrize("name", FILES)
def test_the_new_trace_holds_the_same_events_and_is_whole(name: str, tmp_path: Path) -> None:
    out = tmp_path / "out.rlm.jsonl"
    assert main(["trace", "convert", str(GOLDEN / name), str(out)]) == ExitCode.OK
    with TraceReader(out) as reader:
        assert list(reader) == imported(GOLDEN / name)[0]
    assert verify(out) == []
    ours, theirs = summarize(out), summarize(GOLDEN / name)
    assert (ours.status, ours.answer, ours.usage) == (theirs.status, theirs.answer, theirs.usage)
    assert ours.engine.startswith(f"{theirs.engine}, read by rlm-tui ")


def test_what_is_lost_is_said_on_stderr(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["trace", "convert", str(GOLDEN / "dspy-3.4.json"), str(tmp_path / "out.rlm.jsonl")])
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "does not tell the question" in captured.err


def test_a_file_that_is_there_is_never_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out.rlm.jsonl"
    out.write_text("mine")
    assert main(["trace", "convert", str(GOLDEN / "dspy-3.4.json"), str(out)]) == ExitCode.TRACE
    assert out.read_text() == "mine"
    assert capsys.readouterr().err.count("\n") == 1


def test_a_trace_of_ours_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = tmp_path / "a.rlm.jsonl"
    main(["trace", "convert", str(GOLDEN / "dspy-3.4.json"), str(first)])
    assert main(["trace", "convert", str(first), str(tmp_path / "b.rlm.jsonl")]) == ExitCode.TRACE
    assert "already" in capsys.readouterr().err
