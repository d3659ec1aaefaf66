"""A saved run is found again: named when the app ends, listed by `runs`, opened by that name."""

from __future__ import annotations

from pathlib import Path

from tests.terminal import Terminal, python


def test_a_saved_run_is_replayed_by_the_name_that_runs_shows(tmp_path: Path) -> None:
    env = {"RLM_TUI_HOME": str(tmp_path)}
    with Terminal(python("open", "sample:staff", "-q", "Who?", "-m", "offline"), env=env) as app:
        app.wait("staff.txt", "answer")
        app.press("ctrl+q")
        app.wait("Trace: ")
        assert app.finish() == 0
    with Terminal(python("runs"), env=env) as runs:
        assert runs.finish() == 0
        name = runs.text.splitlines()[0].strip()
    with Terminal(python("replay", name), env=env) as replay:
        replay.wait("REPLAY", "Who?")
        replay.press("ctrl+q")
        assert replay.finish() == 0
