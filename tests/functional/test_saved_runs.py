"""A saved run is found again: named when the app ends, listed by `runs`, opened by that name."""

from __future__ import annotations

import shlex
from pathlib import Path

from rlm_tui.resources import sample
from tests.terminal import Terminal, python


def test_a_saved_run_is_replayed_by_the_name_that_runs_shows(tmp_path: Path) -> None:
    env = {"RLM_TUI_HOME": str(tmp_path)}
    with Terminal(python("open", "sample:staff", "-q", "Who?", "-m", "offline"), env=env) as app:
        app.wait("staff.txt", "answer")
        app.press("ctrl+q")
        app.wait("Answer: ", "Trace: ", "Look at it again: ")
        assert app.finish() == 0
        told = shlex.split(app.written.decode().rpartition("Look at it again: ")[2])
    with Terminal(python("runs"), env={**env, "TERM": "dumb"}) as runs:
        assert runs.finish() == 0
        name = runs.text.splitlines()[0].strip()
    assert told == python("replay", name)
    with Terminal(told, env=env) as replay:
        replay.wait("REPLAY", "Who?")
        replay.press("ctrl+q")
        assert replay.finish() == 0


def test_in_a_terminal_runs_is_a_browser_and_a_replay_comes_back_to_it(tmp_path: Path) -> None:
    env = {"RLM_TUI_HOME": str(tmp_path)}
    folder = tmp_path / "data" / "traces"
    for name in ("clean", "batch"):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.rlm.jsonl").write_bytes(sample(name).read_bytes())
    with Terminal(python("runs"), env=env) as runs:
        runs.wait("2 saved runs", "report.pdf")
        runs.press("/")
        runs.wait("TYPING")
        runs.press("magic")
        runs.wait("1 of 2 saved runs")
        runs.press("enter")
        runs.wait("KEYS")
        runs.press("enter")
        runs.wait("REPLAY", "QUESTION", "q back to the list")
        runs.press("q")
        runs.wait("2 saved runs", "delete")
        runs.press("enter")
        runs.wait("REPLAY", "QUESTION")
        runs.press("escape")
        runs.wait("A recorded run: it can be walked through", "q back to the list")
        runs.press("q")
        runs.wait("2 saved runs", "delete")
        runs.press("enter")
        runs.wait("REPLAY", "QUESTION")
        runs.press("ctrl+q")
        assert runs.finish() == 0


def saved(home: Path, *names: str) -> dict[str, str]:
    """The environment of a home with these saved runs."""
    folder = home / "data" / "traces"
    folder.mkdir(parents=True)
    for name in names:
        (folder / f"{name}.rlm.jsonl").write_bytes(sample(name).read_bytes())
    return {"RLM_TUI_HOME": str(home)}


def test_from_a_replay_opened_over_the_start_screen_q_leads_back_to_the_question(tmp_path: Path) -> None:
    with Terminal(python("open", "sample:staff"), env=saved(tmp_path, "batch")) as app:
        app.wait("YOUR QUESTION", "TYPING")
        app.press("Who wrote it?")
        app.wait("Who wrote it?")
        app.press("escape")
        app.wait("KEYS")
        for _ in range(2):  # what was open before is open once more, and as good as at first
            app.press("R")
            app.wait("1 saved run", "Enter replay")
            app.press("enter")
            app.wait("REPLAY", "q back to the list")
            app.press("q")
            app.wait("1 saved run", "Enter replay")
            app.press("q")
            app.wait("YOUR QUESTION", "Who wrote it?", "staff.txt", "KEYS")
        app.press("j", "k", "enter")
        app.wait("● offline")
        app.press("f5")
        app.wait("ANSWER")
        app.press("ctrl+q")
        app.wait("Answer: ", "Trace: ")
        assert app.finish() == 0


def test_a_run_that_was_ended_for_a_replay_does_not_come_back_and_the_list_leads_out(tmp_path: Path) -> None:
    words = ("open", "sample:staff", "-q", "Who?", "-m", "offline", "--step")
    with Terminal(python(*words), env=saved(tmp_path, "batch")) as app:
        app.wait("HELD")
        app.press("R")
        app.wait("2 saved runs", "delete")
        app.press("G", "enter")
        app.wait("End it and open the replay?")
        app.press("y")
        app.wait("REPLAY", "q back to the list")
        app.press("q")
        app.wait("2 saved runs", "Esc leave")
        app.press("escape")
        app.wait("Trace: ")
        assert app.finish() == 0


def test_from_a_replay_opened_over_another_q_leads_back_to_the_list_and_to_that(tmp_path: Path) -> None:
    env = saved(tmp_path, "batch", "clean")
    with Terminal(python("replay", "clean"), env=env) as app:
        app.wait("REPLAY", "report.pdf", "q quit")
        app.press("R")
        app.wait("2 saved runs", "delete")
        app.press("g", "enter")
        app.wait("REPLAY", "q back to the list")
        app.press("q")
        app.wait("2 saved runs", "delete")
        app.press("q")
        app.wait("REPLAY", "report.pdf", "q quit")
        app.press("q")
        assert app.finish() == 0


def test_one_replay_follows_another_without_the_shell(tmp_path: Path) -> None:
    env = {"RLM_TUI_HOME": str(tmp_path)}
    (tmp_path / "data" / "traces").mkdir(parents=True)
    (tmp_path / "data" / "traces" / "kept.rlm.jsonl").write_bytes(sample("batch").read_bytes())
    with Terminal(python("replay", "sample:clean"), env=env) as app:
        app.wait("QUESTION", "What is the magic")
        app.press("R")
        app.wait("1 saved run", "answered")
        app.press("enter")
        app.wait("1 saved run", gone=True)
        app.wait("QUESTION", "Who wrote the report")
        app.press("ctrl+q")
        assert app.finish() == 0
