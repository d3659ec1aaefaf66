"""What stands on the terminal once the screen is gone: all that a person needs then, and none of it twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from rlm_tui import events as ev
from rlm_tui.cli.farewell import farewell
from tests.trajectories import Recorder, StillSession, clean, peeked


def ended(status: ev.RunStatus) -> Recorder:
    run = peeked()
    run.end("160,000\nin all", status=status)
    return run


def said(capsys: pytest.CaptureFixture[str], run: Recorder, *, is_answer_said: bool = False, **more: str) -> list[str]:
    """The lines of the farewell."""
    farewell(StillSession(run, **more), is_answer_said=is_answer_said)  # type: ignore[arg-type]
    out, err = capsys.readouterr()
    assert out == "", "stdout is for data"
    return err.splitlines()


@pytest.mark.parametrize(
    ("status", "begins"), [("answered", "Answer: "), ("limit", "Answer (a limit was hit; this may be partial): ")]
)
def test_the_answer_stands_in_one_line_and_one_that_may_be_partial_says_so(
    capsys: pytest.CaptureFixture[str], status: ev.RunStatus, begins: str
) -> None:
    assert said(capsys, ended(status)) == [f"{begins}160,000 in all"]


def test_a_long_answer_is_cut_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    run = peeked()
    run.end("long " * 200)
    (answer,) = said(capsys, run)
    assert answer == f"Answer: {'long ' * 79}long…"


def test_what_was_said_is_not_said_again(capsys: pytest.CaptureFixture[str]) -> None:
    path = str(Path("runs") / "a.rlm.jsonl")
    shown = said(capsys, clean(), trace_path=path, unsaved="The last events could not be written.")
    assert [row.partition(":")[0] for row in shown[:3]] == ["Answer", "Trace", "Look at it again"]
    assert shown[3:] == ["The last events could not be written."]
    assert said(capsys, clean(), is_answer_said=True, trace_path=path) == shown[1:3]


def test_a_run_without_an_answer_or_a_trace_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, peeked()) == []
    assert said(capsys, Recorder(), trace_path="a.rlm.jsonl") == ["Trace: a.rlm.jsonl"], "nothing to look at again"
