"""What is asked before a session ends: whether to end a run, and whether to lose what is kept nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from rlm_tui.session.base import Capability, Phase
from rlm_tui.session.replay import ReplaySession
from rlm_tui.ui.opening import Opening
from rlm_tui.ui.selecting import quit_question
from tests.trajectories import StillSession, peeked

GOLDEN = Path(__file__).parent.parent / "golden"
UNSAVED = Capability(False, "3 events could not be written.")


@pytest.mark.parametrize("phase", ["loading", "question", "running", "held", "interrupting", "finished"])
def test_what_is_not_saved_is_told_before_quitting_whatever_goes_on(phase: Phase) -> None:
    assert UNSAVED.reason in quit_question(StillSession(peeked(), phase=phase, keeping=UNSAVED))


def test_a_run_that_is_over_and_kept_is_left_without_a_question() -> None:
    assert quit_question(StillSession(peeked(), phase="finished")) == ""
    assert "The run is not over." in quit_question(StillSession(peeked(), phase="held"))


def test_nothing_is_lost_by_leaving_a_recorded_run_or_one_that_is_being_opened() -> None:
    replay = ReplaySession(next(GOLDEN.glob("*.rlm.jsonl")))
    try:
        for session in (replay, Opening("report.pdf")):
            assert session.keeping
            assert quit_question(session) == ""
    finally:
        replay.close()
