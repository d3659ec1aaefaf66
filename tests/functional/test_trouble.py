"""When things go wrong around the app: the terminal stays whole, the trace is kept, and a sentence says what to do."""

from __future__ import annotations

import os
import resource
import shlex
import signal
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from rlm_tui.events import ContextInfo
from rlm_tui.resources import sample
from rlm_tui.session.replay import ReplaySession
from tests.driving import block, live, script
from tests.terminal import Terminal, python
from tests.ui_kit import on_screen

QUESTION = "What is the magic number?"
HELD = "HELD  code of iteration 1, not run yet"
SIZES = ((59, 15), (1, 1), (80, 24), (3, 40), (200, 60), (200, 3), (120, 36))
"""Sizes through which a window is dragged; the last is the one it had."""


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
    sentence = f"set RLM_TUI_HOME (now {home}) to another place"
    assert sentence in done.stderr
    with Terminal(stepping(), env={"RLM_TUI_HOME": str(home)}, columns=400) as terminal:
        terminal.wait(sentence)
        assert terminal.finish() == 5
        assert b"\x1b[?1049h" not in terminal.written
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


@pytest.mark.parametrize("first", [b"", b"\x1b[?1049h"])
def test_what_is_typed_before_the_screen_is_there_is_not_lost(tmp_path: Path, first: bytes) -> None:
    """Typed at once, and when the terminal has been taken and nothing is drawn yet."""
    words = python("open", str(sample("report")), "-m", "offline", "--no-trace")
    with Terminal(words, env={"RLM_TUI_HOME": str(tmp_path)}) as terminal:
        terminal.until(lambda: first in terminal.written)
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
        terminal.press("ctrl+q", "n")
        terminal.wait("Quit?", gone=True)
        terminal.press("ctrl+q")
        terminal.wait("Quit?")
        terminal.press("y")
        assert terminal.finish() == 0
        assert f"Trace: {trace}".encode() in terminal.written
    assert ran(tmp_path, "trace", "verify", str(trace)).returncode == 0


def test_bytes_that_are_no_text_and_a_paste_with_escapes_end_and_do_nothing(tmp_path: Path) -> None:
    with Terminal(stepping(), env={"RLM_TUI_HOME": str(tmp_path)}) as terminal:
        terminal.wait(HELD)
        terminal.press_until("i", "TYPING")
        terminal.press("my edit ", "\udcff", "caf\udce9 ", "and on ")
        terminal.wait("my edit �caf� and on")
        terminal.press("\x1b[200~see \x1b[1mthis\nas one\x1b[0m\x1b[201~")
        terminal.wait("see ␛[1mthis", "as one␛[0m")
        terminal.press("escape")
        terminal.wait("KEYS", "✎ edited by you")
        terminal.press("ctrl+q")
        terminal.wait("Quit?")
        terminal.press("y")
        assert terminal.finish() == 0


def dragged(terminal: Terminal) -> None:
    """Drag the window through all sizes, each seen by the program, and back."""
    for columns, lines in SIZES:
        terminal.drawn(columns, lines)


def below_the_header(terminal: Terminal) -> list[str]:
    """The screen without the row whose clock runs."""
    return terminal.text.split("\n")[1:]


def unmoved(terminal: Terminal) -> None:
    """Drag the window: in the end everything is where it was."""
    terminal.at_rest()
    before = below_the_header(terminal)
    dragged(terminal)
    terminal.until(lambda: below_the_header(terminal) == before)


def test_a_terminal_that_is_too_small_says_what_is_needed(tmp_path: Path) -> None:
    with Terminal(stepping(), env={"RLM_TUI_HOME": str(tmp_path)}, columns=59, lines=15) as terminal:
        terminal.wait("rlm-tui needs 60x16; this is 59x15.")
        terminal.resize(20, 4)
        terminal.wait("rlm-tui needs 60x16;\nthis is 20x4.")
        terminal.resize(60, 16)
        terminal.wait("‖ HELD")
        terminal.press("ctrl+q")
        terminal.wait("Quit?")
        terminal.press("y")
        assert terminal.finish() == 0


def test_dragging_the_window_changes_nothing_while_held_editing_or_asked(tmp_path: Path) -> None:
    with Terminal(stepping(), env={"RLM_TUI_HOME": str(tmp_path)}) as terminal:
        terminal.wait(HELD, "KEYS")
        unmoved(terminal)
        terminal.press_until("i", "TYPING")
        terminal.press(*["right"] * 40)
        unmoved(terminal)
        terminal.press("escape")
        terminal.wait("KEYS")
        terminal.press("q")
        terminal.wait("Quit?")
        unmoved(terminal)
        terminal.press("y")
        assert terminal.finish() == 0


def test_dragging_the_window_while_a_block_runs_and_in_a_replay(tmp_path: Path) -> None:
    trace = tmp_path / "run.rlm.jsonl"
    spec = script(
        tmp_path, [block("import time\nfor n in range(10**9):\n    print(n)\n    time.sleep(0.02)"), "FINAL(x)"]
    )
    words = python("open", str(sample("staff")), "-q", "?", "-m", spec, "--trace", str(trace), "--sandbox", "none")
    env = {"RLM_TUI_HOME": str(tmp_path)}
    with Terminal(words, env=env) as terminal:
        terminal.wait("RUNNING", "OUTPUT")
        for columns, lines in SIZES:
            terminal.drawn(columns, lines)
        terminal.wait("RUNNING", "OUTPUT", "● running")
        terminal.press("ctrl+c")
        terminal.wait("ANSWERED")
        terminal.press("q")
        assert terminal.finish() == 0
    with Terminal(python("replay", str(trace), "--at", "14"), env=env) as terminal:
        terminal.wait("REPLAY", "OUTPUT", "1 changed", "m mark")
        before = terminal.at_rest()
        dragged(terminal)
        terminal.until(lambda: terminal.text == before)
        terminal.press("q")
        assert terminal.finish() == 0


async def test_an_editor_that_was_squeezed_shows_its_left_edge_again(tmp_path: Path) -> None:
    code = f"abc = 1\nprint(abc)  # {'w' * 150}"
    with live(tmp_path, [block(code), "FINAL(x)"], step=True) as run:
        run.start()
        async with on_screen(run.session) as hand:
            await hand.held("before_code")
            await hand.press("i", "right", "right", "right")
            editor = hand.app.main.pane("step").editor
            for size in SIZES:
                await hand.pilot.resize_terminal(*size)
                await hand.pilot.pause()
            await hand.until(lambda: editor.scroll_offset.x == 0)
            assert editor.cursor_location == (0, 3)


def test_ctrl_z_and_fg_leave_the_terminal_whole_and_draw_again(tmp_path: Path) -> None:
    env = {"RLM_TUI_HOME": str(tmp_path), "PS1": "shell> ", "BASH_SILENCE_DEPRECATION_WARNING": "1"}
    with Terminal(["bash", "--norc", "--noprofile", "-i"], env=env) as terminal:
        terminal.wait("shell>")
        terminal.press(shlex.join(stepping()) + "\n")
        terminal.wait(HELD)
        terminal.at_rest()
        before = below_the_header(terminal)
        terminal.press("ctrl+z")
        terminal.wait("Stopped")
        assert b"\x1b[?1049l" in terminal.written
        terminal.press("clear; stty -a\n")
        terminal.wait("isig icanon", "echo echoe")
        terminal.resize(100, 30)
        terminal.resize(120, 36)
        terminal.press("fg\n")
        terminal.until(lambda: below_the_header(terminal) == before)
        terminal.press("q")
        terminal.wait("Quit?")
        terminal.press("y")
        terminal.wait("shell>", "Trace: ")
        terminal.press("exit\n")
        assert terminal.finish() == 0


def test_a_stop_from_outside_changes_nothing_and_the_terminal_is_restored_in_the_end(tmp_path: Path) -> None:
    with Terminal(python("replay", "sample:clean"), env={"RLM_TUI_HOME": str(tmp_path)}) as app:
        app.wait("QUESTION")
        for number in (signal.SIGCONT, signal.SIGSTOP, signal.SIGCONT):
            os.kill(app.pid, number)
            if number == signal.SIGSTOP:
                assert os.WIFSTOPPED(os.waitpid(app.pid, os.WUNTRACED)[1])
        app.press("escape")
        app.wait("Enter goes to the answer", gone=True)
        app.press("ctrl+q")
        assert app.finish() == 0
        assert termios.tcgetattr(app._fd)[3] & (termios.ICANON | termios.ECHO) == termios.ICANON | termios.ECHO
        assert app.written.count(b"\x1b[?1049h") == 1


_FAULT = """
import sys
from rlm_tui.ui.controllers.general import AppController
def fault(self): raise ValueError("boom \\x1b[31m")
AppController.help = fault
from rlm_tui.cli import main
sys.exit(main(sys.argv[1:]))
"""


def test_a_crash_leaves_the_terminal_whole_and_names_its_log(tmp_path: Path) -> None:
    trace = tmp_path / "run.rlm.jsonl"
    words = [sys.executable, "-c", _FAULT, *stepping("--trace", str(trace))[3:]]
    with Terminal(words, env={"RLM_TUI_HOME": str(tmp_path)}, columns=200) as terminal:
        terminal.wait(HELD)
        terminal.press("?")
        assert terminal.finish() == 1
        log = tmp_path / "data" / "crash.log"
        restored, said = bytes(terminal.written).split(b"\x1b[?1049l")
        assert f"An unexpected ValueError stopped this (boom ␛[31m); {log} has the details.".encode() in said
        assert b"Traceback" not in restored + said
        assert b"\x1b[?25h" in said
        assert f"Trace: {trace}".encode() in said
        assert "Traceback" in log.read_text()
        assert "\x1b" not in log.read_text()
    assert ran(tmp_path, "trace", "verify", str(trace)).returncode == 0


def test_a_terminal_that_is_closed_ends_the_app_and_keeps_the_trace(tmp_path: Path) -> None:
    trace = tmp_path / "run.rlm.jsonl"
    with Terminal(stepping("--trace", str(trace)), env={"RLM_TUI_HOME": str(tmp_path)}) as terminal:
        terminal.wait(HELD)
        terminal.hang_up()
        assert os.waitstatus_to_exitcode(os.waitpid(terminal.pid, 0)[1]) == 130
        terminal.status = 130
    assert ran(tmp_path, "trace", "verify", str(trace)).returncode == 0


def test_a_terminal_that_is_gone_ends_the_app_also_where_nothing_tells_it(tmp_path: Path) -> None:
    words = python("open", str(sample("report")), "-m", "offline", "--no-trace")
    deaf = ["bash", "-c", 'trap "" HUP; exec "$@"', "bash", *words]
    with Terminal(deaf, env={"RLM_TUI_HOME": str(tmp_path)}) as terminal:
        terminal.wait("YOUR QUESTION")
        terminal.hang_up()
        assert terminal.finish() == 130


def test_a_run_that_was_killed_is_opened_again_up_to_its_last_event(tmp_path: Path) -> None:
    trace, env = tmp_path / "run.rlm.jsonl", {"RLM_TUI_HOME": str(tmp_path)}
    with Terminal(stepping("--trace", str(trace)), env=env) as terminal:
        terminal.wait(HELD)
        os.kill(terminal.pid, signal.SIGKILL)
        assert terminal.finish() == -signal.SIGKILL
    whole = trace.read_bytes()
    trace.write_bytes(whole + b'{"kind":"node.op')
    with Terminal(python("replay", str(trace)), env=env) as terminal:
        terminal.wait("REPLAY", "stopped in iteration 1", "The last line is cut off")
        terminal.press("escape")
        terminal.wait("Step 1: look at the context")
        terminal.press("q")
        assert terminal.finish() == 0
    session = ReplaySession(trace)
    session.read_whole()
    session.close()
    assert session.trajectory.last == whole.count(b"\n") - 1
    assert trace.read_bytes().startswith(whole)


def test_a_full_disk_waits_for_the_person_and_the_trace_is_whole_once_there_is_room(tmp_path: Path) -> None:
    trace, env = tmp_path / "run.rlm.jsonl", {"RLM_TUI_HOME": str(tmp_path)}
    filled = ["bash", "-c", 'ulimit -S -f 12; exec "$@"', "bash", *stepping("--trace", str(trace))]
    with Terminal(filled, env=env) as terminal:
        terminal.wait(HELD)
        terminal.press_until("c", "cannot be written")
        terminal.wait("waits (the trace cannot be written)")
        terminal.wait("HELD")
        terminal.press("q")
        terminal.wait("Quit?", "Free the disk before you quit, or")
        terminal.press("n")
        terminal.wait("Quit?", gone=True)
        resource.prlimit(
            terminal.pid, resource.RLIMIT_FSIZE, resource.prlimit(terminal.pid, resource.RLIMIT_FSIZE)[1:] * 2
        )
        terminal.wait("can be written again", "HELD")
        terminal.press_until("c", "ANSWERED")
        terminal.wait("Free the disk", gone=True)
        terminal.press("q")
        assert terminal.finish() == 0
        assert b"could not be written to the trace" not in terminal.written[terminal.written.rindex(b"\x1b[?1049l") :]
    assert ran(tmp_path, "trace", "verify", str(trace)).returncode == 0


def test_room_on_the_disk_is_found_also_when_nothing_happens_any_more(tmp_path: Path) -> None:
    """Marks as well as events: what waits goes out by itself, and quitting asks nothing then."""
    trace, env = tmp_path / "run.rlm.jsonl", {"RLM_TUI_HOME": str(tmp_path)}
    filled = ["bash", "-c", 'ulimit -S -f 12; exec "$@"', "bash", *stepping("--trace", str(trace))]
    with Terminal(filled, env=env) as terminal:
        terminal.wait(HELD)
        terminal.press_until("c", "cannot be written")
        terminal.wait("waits (the trace cannot be written)")
        terminal.press_until("c", "ANSWERED")
        terminal.wait("Free the disk before you quit, or")
        resource.prlimit(
            terminal.pid, resource.RLIMIT_FSIZE, resource.prlimit(terminal.pid, resource.RLIMIT_FSIZE)[1:] * 2
        )
        terminal.wait("Free the disk before you quit, or", gone=True)
        terminal.until(lambda: b"can be written again" in terminal.written)
        terminal.press("q")
        assert terminal.finish() == 0
    assert ran(tmp_path, "trace", "verify", str(trace)).returncode == 0


def test_a_disk_that_stays_full_says_in_the_end_what_the_trace_lacks(tmp_path: Path) -> None:
    trace, env = tmp_path / "run.rlm.jsonl", {"RLM_TUI_HOME": str(tmp_path)}
    filled = ["bash", "-c", 'ulimit -f 12; exec "$@"', "bash", *stepping("--trace", str(trace))]
    with Terminal(filled, env=env, columns=200) as terminal:
        terminal.wait(HELD)
        terminal.press_until("c", "cannot be written")
        terminal.wait("waits (the trace cannot be written)")
        terminal.press_until("c", "ANSWERED")
        terminal.wait("could not be written to the trace", "Free the disk before you quit, or")
        terminal.press("q")
        terminal.wait("Quit?", "Free the disk before you quit, or")
        terminal.press("y")
        assert terminal.finish() == 0
        said = bytes(terminal.written).rpartition(b"\x1b[?1049l")[2].decode()
        assert f"Trace: {trace}" in said
        assert f"events could not be written to the trace {trace}." in said
    assert "unfinished" in ran(tmp_path, "trace", "verify", str(trace)).stdout


def test_half_an_export_is_never_left_on_a_full_disk(tmp_path: Path) -> None:
    made = tmp_path / "made.md"
    words = [
        "bash",
        "-c",
        'ulimit -f 4; exec "$@"',
        "bash",
        *python("trace", "export", "sample:clean", "-o", str(made)),
    ]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert f"{made} cannot be written: file too large." in done.stderr
    assert not made.exists()


def test_a_disk_that_is_full_from_the_start_is_said_for_as_long_as_it_matters(tmp_path: Path) -> None:
    env = {"RLM_TUI_HOME": str(tmp_path)}
    filled = ["bash", "-c", 'ulimit -f 0; exec "$@"', "bash", *stepping()]
    with Terminal(filled, env=env, columns=200) as terminal:
        terminal.wait("YOUR QUESTION", "A ask a question")
        terminal.until(
            lambda: "cannot be created (file too large)" in " ".join(" ".join(terminal.text.split("\n")[-5:]).split())
        )
        terminal.press("q")
        assert terminal.finish() == 0
    assert list((tmp_path / "data" / "traces").iterdir()) == []


def test_an_editor_that_dies_gives_the_terminal_back(tmp_path: Path) -> None:
    env = {"RLM_TUI_HOME": str(tmp_path), "EDITOR": "sh -c 'echo garbage; stty raw -echo; kill -9 $$'", "VISUAL": ""}
    with Terminal(stepping(), env=env) as terminal:
        terminal.wait(HELD)
        before = terminal.at_rest().split("\n")[1:-4]
        terminal.press("\x0f")
        terminal.wait("was killed by signal 9; nothing was changed.")
        terminal.until(lambda: terminal.text.split("\n")[1:-4] == before)
        terminal.press_until("a", "output of iteration 1, not shown to the model yet")
        terminal.press("q")
        terminal.wait("Quit?")
        terminal.press("y")
        assert terminal.finish() == 0


def test_the_plain_mode_says_what_a_full_disk_could_not_take(tmp_path: Path) -> None:
    words = python("open", str(sample("report")), "-q", QUESTION, "-m", "offline", "--step", "--plain")
    filled = ["bash", "-c", 'ulimit -f 12; exec "$@"', "bash", *words]
    env = {**os.environ, "RLM_TUI_HOME": str(tmp_path)}
    done = subprocess.run(
        filled, input="c\nc\nquit\nyes\n", capture_output=True, text=True, env=env, timeout=60, check=False
    )
    assert done.returncode == 0
    assert "cannot be written (file too large)" in done.stdout
    asked = [line for line in done.stdout.splitlines() if line.startswith("question: ") and "Quit? " in line]
    assert len(asked) == 1, "whether the run is over by then or not"
    assert "events could not be written" in asked[0]
    assert "events could not be written to the trace" in done.stderr


def test_dragging_the_window_keeps_what_is_typed_on_the_start_screen(tmp_path: Path) -> None:
    words = python("open", str(sample("report")), "-m", "offline", "--no-trace")
    with Terminal(words, env={"RLM_TUI_HOME": str(tmp_path)}) as terminal:
        terminal.wait("YOUR QUESTION")
        terminal.press("magic number")
        terminal.wait("magic number")
        unmoved(terminal)
        terminal.press("ctrl+q")
        assert terminal.finish() == 0


def test_the_plain_mode_ends_with_its_terminal_and_keeps_the_trace(tmp_path: Path) -> None:
    trace = tmp_path / "run.rlm.jsonl"
    with Terminal(stepping("--plain", "--trace", str(trace)), env={"RLM_TUI_HOME": str(tmp_path)}) as terminal:
        terminal.wait("You can: run (a)")
        terminal.hang_up()
        assert os.WIFEXITED(os.waitpid(terminal.pid, 0)[1]), "it ended by itself, and by no signal"
        terminal.status = 0
    assert ran(tmp_path, "trace", "verify", str(trace)).returncode == 0


def test_a_home_of_nobody_is_named_before_anything_is_made(tmp_path: Path) -> None:
    env = {**os.environ, "RLM_TUI_HOME": "~nobody-of-this-name/x"}
    done = subprocess.run(python("runs"), capture_output=True, text=True, env=env, cwd=tmp_path, check=False)
    said = "rlm-tui: RLM_TUI_HOME is ~nobody-of-this-name/x, the home of nobody here; set it to a whole path.\n"
    assert (done.returncode, done.stderr) == (2, said)
    assert list(tmp_path.iterdir()) == []
