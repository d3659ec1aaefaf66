"""Law 8: text from a model, a document or a trace is never markup and never a terminal escape, on any screen."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from tests.driving import block
from tests.terminal import Terminal, python

ESCAPES = ("\x1b]52;c;UFdORUQ=\x07", "\x1b]0;PWNED\x07", "\x9b41m", "\x1b[41mPWNED", "\x9d0;PWNED\x9c", "\x1bP+q\x1b\\")
SHIFTS = ("\u202e", "\u2066", "\u200b", "\ufeff", "\U000e0041", "\x7f", "\x08\x08", "\x00")
MARKUP = "[bold red]MARKED[/] [link=https://pwned.example]here[/link] [@click=app.quit]quit[/] [/]"
HOSTILE = " ".join((*ESCAPES, *SHIFTS, MARKUP))


@pytest.fixture
def hostile(tmp_path: Path) -> tuple[Path, str, Path]:
    """A document, a model spec and a trace path, all of them full of escapes."""
    document = tmp_path / "evil [red]name\x1b]0;PWNED\x07.md"
    text = HOSTILE.replace("\0", "")  # a NUL byte would make it a binary file, which is refused
    document.write_text(f"# Heading {text}\n\nText {text}\n" * 3, encoding="utf-8")
    code = f"v = context\nname = {HOSTILE!r}\nprint(context)\nprint(llm_query(name))\nraise ValueError(name)"
    root = [f"I say {HOSTILE}\n{block(code)}", f"```python\n# {HOSTILE}\nx = 1\n```", f"FINAL({HOSTILE})"]
    path = tmp_path / "script.json"
    path.write_text(json.dumps({"root": root, "sub": {"": f"sub {HOSTILE}"}}), encoding="utf-8")
    return document, f"scripted:{path}", tmp_path / "evil.rlm.jsonl"


def assert_clean(terminal: Terminal) -> None:
    """Nothing of the payload reached the terminal as it was."""
    text = bytes(terminal.written).decode("utf-8", "strict")
    for escape in ESCAPES:
        assert escape not in text, repr(escape)
    for shift in SHIFTS[:-2]:
        assert shift not in text, repr(shift)
    assert not re.search("[\x80-\x9f]", text), "a C1 control"
    for title in re.findall(r"\x1b\](.*?)(?:\x07|\x1b\\)", text):
        assert "PWNED" not in title
        assert not title.startswith("52")
        assert "pwned.example" not in title


def look_everywhere(terminal: Terminal) -> None:
    """Open every pane, the help and the palette."""
    for title in ("1 Calls", "2 Step", "3 Chat", "4 REPL", "5 Context", "6 Vars"):
        terminal.press(title[0])
        terminal.until(lambda title=title: any(cell.bold for cell in terminal.cells(title)))
    terminal.press("?")
    terminal.wait("Keys that act now")
    terminal.press("escape")
    terminal.wait("Keys that act now", gone=True)
    terminal.press(":")
    terminal.wait("Search for commands")
    terminal.press("escape")
    terminal.wait("Search for commands", gone=True)


@pytest.mark.parametrize("size", [(120, 36), (80, 24)])
def test_no_screen_of_a_live_run_or_its_replay_lets_an_escape_through(
    hostile: tuple[Path, str, Path], tmp_path: Path, size: tuple[int, int]
) -> None:
    document, model, trace = hostile
    env = {"RLM_TUI_HOME": str(tmp_path)}
    words = ("open", str(document), "-q", f"What? {HOSTILE[:60]}".replace("\x00", ""), "-m", model, "--step")
    command = python(*words, "--trace", str(trace), "--sandbox", "none")
    with Terminal(command, columns=size[0], lines=size[1], env=env) as terminal:
        terminal.wait("HELD")
        look_everywhere(terminal)
        terminal.press("2")
        terminal.press_until("i", "TYPING")
        terminal.press("escape")
        terminal.wait("KEYS")
        terminal.press("f5")
        terminal.wait("ANSWERED")
        look_everywhere(terminal)
        terminal.press("ctrl+q")
        assert terminal.finish() == 0
        assert_clean(terminal)
    with Terminal(python("replay", str(trace)), columns=size[0], lines=size[1], env=env) as terminal:
        terminal.wait("REPLAY", "Enter goes to")
        terminal.press("escape")
        terminal.wait("recorded")
        look_everywhere(terminal)
        for key in ("home", ".", ".", "."):
            before = terminal.text
            terminal.press(key)
            terminal.until(lambda before=before: terminal.text != before)
        terminal.press("ctrl+q")
        assert terminal.finish() == 0
        assert_clean(terminal)


@pytest.mark.parametrize("command", ["run", "trace info", "runs"])
def test_commands_without_a_screen_keep_a_terminal_clean(
    hostile: tuple[Path, str, Path], tmp_path: Path, command: str
) -> None:
    document, model, trace = hostile
    env = {"RLM_TUI_HOME": str(tmp_path)}
    ask = ("run", str(document), "-q", f"What? {MARKUP}", "-m", model)
    with Terminal(python(*ask, "--trace", str(trace)), env=env) as first:
        assert first.finish() == 0
    with Terminal(python(*ask), env=env) as second:
        assert second.finish() == 0
    words = {"run": (*ask, "--no-trace"), "trace info": ("trace", "info", str(trace)), "runs": ("runs",)}[command]
    screenless = {**env, "TERM": "dumb"} if command == "runs" else env  # elsewhere it is a browser
    with Terminal(python(*words), columns=200, env=screenless) as terminal:
        assert terminal.finish() == 0
        assert_clean(terminal)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_ends_the_app_with_the_terminal_as_before_and_the_run_written_down(
    tmp_path: Path, number: signal.Signals
) -> None:
    note, trace = tmp_path / "note.txt", tmp_path / "my.rlm.jsonl"
    note.write_text("The password is marlin.\n")
    words = ["open", str(note), "-q", "What is the password?", "-m", "offline", "--step", "--trace", str(trace)]
    with Terminal(python(*words), env={"RLM_TUI_HOME": str(tmp_path)}) as terminal:
        terminal.wait("HELD")
        os.kill(terminal.pid, number)
        assert terminal.finish() == 130
        for on, off in (
            (b"\x1b[?1049h", b"\x1b[?1049l"),
            (b"\x1b[?25l", b"\x1b[?25h"),
            (b"\x1b[?1003h", b"\x1b[?1003l"),
        ):
            assert terminal.written.rfind(off) > terminal.written.rfind(on)
    assert b'"status":"stopped"' in trace.read_bytes()
    by = "Stopped by you." if number == signal.SIGINT else f"rlm-tui was told to end ({number.name})."
    assert by.encode() in trace.read_bytes()


def test_into_a_pipe_the_answer_goes_as_it_is_and_the_talk_is_safe(hostile: tuple[Path, str, Path]) -> None:
    document, model, trace = hostile
    command = python("run", str(document), "-q", HOSTILE.replace("\0", ""), "-m", model, "--trace", str(trace))
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    talk = done.stderr.decode()
    assert done.returncode == 0, talk
    assert HOSTILE.encode() in done.stdout
    assert [char for char in (*ESCAPES, *SHIFTS) if char in talk] == []
