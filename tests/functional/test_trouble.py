"""When things go wrong around the app: the terminal stays whole, the trace is kept, and a sentence says what to do."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from rlm_tui.events import ContextInfo
from rlm_tui.resources import sample
from tests.terminal import Terminal, python

QUESTION = "What is the magic number?"
HELD = "HELD  code of iteration 1, not run yet"


def stepping(*more: str) -> list[str]:
    """The app on the sample report, held at its first code."""
    return python("open", str(sample("report")), "-q", QUESTION, "-m", "offline", "--step", *more)


def ran(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end without a terminal."""
    env = {**os.environ, "RLM_TUI_HOME": str(home)}
    return subprocess.run(python(*words), capture_output=True, text=True, env=env, timeout=60, check=False)


def asked(home: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """Ask a question of a small sample without a screen."""
    return ran(home, "run", str(sample("staff")), "-q", "Who is Xaver?", "-m", "offline", *more)


@pytest.mark.parametrize(
    ("place", "code", "sentence"),
    [
        ("", 2, "--trace needs the name of a file"),
        (" ", 2, "--trace needs the name of a file"),
        ("FOLDER", 2, "is a folder; name a file in it"),
        ("FOLDER/there.rlm.jsonl", 5, "exists already and is never overwritten"),
    ],
)
def test_a_trace_that_cannot_be_written_is_refused_before_anything_starts(
    tmp_path: Path, place: str, code: int, sentence: str
) -> None:
    (tmp_path / "there.rlm.jsonl").write_text("a trace")
    trace = place.replace("FOLDER", str(tmp_path))
    done = asked(tmp_path, "--trace", trace)
    assert (done.returncode, done.stdout) == (code, "")
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1
    with Terminal(stepping("--trace", trace), env={"RLM_TUI_HOME": str(tmp_path)}, columns=300) as terminal:
        terminal.wait(sentence)
        assert terminal.finish() == code
        assert b"\x1b[?1049h" not in terminal.written
    assert (tmp_path / "there.rlm.jsonl").read_text() == "a trace"


def test_a_home_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.write_text("no folder")
    done = asked(home)
    assert done.returncode == 5
    assert f"set RLM_TUI_HOME (now {home}) to another place" in done.stderr
    assert asked(home, "--no-trace").returncode == 0
    assert ran(home, "replay", "--plain", "sample:clean").returncode == 0


def test_runs_at_the_same_moment_never_share_a_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both choose the same name, as neither file is there yet when they look; the second takes another."""
    from datetime import UTC, datetime

    from rlm_tui.trace import store
    from rlm_tui.trace.codec import Header

    first = tmp_path / "taken.rlm.jsonl"
    names = iter([first, tmp_path / "other.rlm.jsonl"])
    monkeypatch.setattr(store, "new_trace_path", lambda *_: next(names))
    with_header = Header(context=ContextInfo())
    one = store.TraceStore(first, with_header)
    two = store.new_trace("?", datetime.now(UTC), tmp_path, with_header, advice="go elsewhere")
    one.append(b'{"kind":"note","text":"one"}\n')
    two.append(b'{"kind":"note","text":"two"}\n')
    one.close()
    two.close()
    assert two.path != one.path
    assert b"two" not in one.path.read_bytes()
    assert b"one" not in two.path.read_bytes()


def test_two_apps_are_never_given_one_trace_file(tmp_path: Path) -> None:
    trace, env = tmp_path / "run.rlm.jsonl", {"RLM_TUI_HOME": str(tmp_path)}
    with Terminal(stepping("--trace", str(trace)), env=env) as first:
        first.wait(HELD)
        with Terminal(stepping("--trace", str(trace)), env=env, columns=300) as second:
            second.wait("exists already and is never overwritten")
            assert second.finish() == 5
        first.press_until("c", "ANSWERED")
        first.press("q")
        assert first.finish() == 0
    assert ran(tmp_path, "trace", "verify", str(trace)).returncode == 0


@pytest.mark.parametrize("late_s", [0.0, 0.2])
def test_what_is_typed_before_the_screen_is_there_is_not_lost(tmp_path: Path, late_s: float) -> None:
    words = python("open", str(sample("report")), "-m", "offline", "--no-trace")
    with Terminal(words, env={"RLM_TUI_HOME": str(tmp_path)}) as terminal:
        terminal.pump_for(late_s)
        terminal.press("magic")
        terminal.wait("YOUR QUESTION", "magic")
        terminal.press("ctrl+q")
        assert terminal.finish() == 0


def test_quitting_a_run_asks_once_and_keeps_the_trace(tmp_path: Path) -> None:
    trace = tmp_path / "run.rlm.jsonl"
    with Terminal(stepping("--trace", str(trace)), env={"RLM_TUI_HOME": str(tmp_path)}) as terminal:
        terminal.wait(HELD)
        terminal.press("q")
        terminal.wait("The run is not over. Quit? The trace is kept.")
        terminal.press("ctrl+q")
        terminal.settle()
        terminal.press("n")
        terminal.wait("Quit?", gone=True)
        terminal.press("ctrl+q")
        terminal.wait("Quit?")
        terminal.press("y")
        assert terminal.finish() == 0
        assert f"Trace: {trace}".encode() in terminal.written
    assert ran(tmp_path, "trace", "verify", str(trace)).returncode == 0
