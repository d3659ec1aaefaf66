"""`rlm-tui repl` as a program."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

COMMAND = [sys.executable, "-m", "rlm_tui", "repl"]


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "script.json"
    path.write_text(
        json.dumps({"root": [], "sub": {"^fail$": {"text": "", "error": {"status": 400}}, "(?s).*": "sub"}})
    )
    return path


def repl(given: str, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *options], input=given, capture_output=True, text=True, check=False, timeout=60)


def answers(given: list[str], *options: str) -> list[dict[str, Any]]:
    lines = "".join(json.dumps({"code": code}) + "\n" for code in given)
    done = repl(lines, "--json", *options)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_child_rlm_that_cannot_start_here_is_told_without_an_option_that_is_none(script: Path) -> None:
    done = repl("rlm_query('x')\n", "--sub-model", f"scripted:{script}")
    assert done.stdout == "'sub'\n"
    assert "A sub-LM answers in the place of child RLMs" in done.stderr
    assert "--max-depth" not in done.stderr


def test_each_line_of_code_is_answered_by_one_line() -> None:
    first, second, third = answers(["x = 2\nprint('ü')", "1 / 0", "FINAL_VAR('x')"])
    elapsed = first.pop("elapsed_s")
    assert elapsed > 0
    assert first == {"status": "ok", "stdout": "ü\n", "stderr": "", "error": None, "final": None}
    assert second["status"] == "error"
    assert second["error"]["type"] == "ZeroDivisionError"
    assert set(second["error"]) == {"type", "message", "traceback"}
    assert third["final"] == {"kind": "var", "value": "2", "via": "FINAL_VAR"}


def test_each_way_for_a_block_to_end_has_its_status() -> None:
    codes = ["while True: pass", "import os; os._exit(0)", "print('back')"]
    got = answers(codes, "--block-timeout", "0.2")
    assert [answer["status"] for answer in got] == ["interrupted", "died", "ok"]
    assert got[2]["stdout"] == "back\n"


def test_sub_calls_go_to_the_sub_model_and_are_limited(script: Path) -> None:
    codes = ["print(llm_query('a'), llm_query_batched(['b', 'fail']))", "print(llm_query('c'))"]
    first, second = answers(codes, "--sub-model", f"scripted:{script}", "--max-subcalls", "3")
    assert first["stdout"].startswith("sub ['sub', 'Error: ")
    assert second["stdout"] == "Error: the limit of 3 sub-calls for this run is reached; nothing was asked\n"


def test_what_would_be_a_child_rlm_in_a_run_is_answered_by_the_sub_model(script: Path) -> None:
    codes = ["print(recursive_llm('Which?', 'text'))", "print(rlm_query('Who?'))"]
    got = answers(codes, "--sub-model", f"scripted:{script}")
    assert [each["stdout"] for each in got] == ["sub\n", "sub\n"]


def test_a_limit_is_told_once_on_stderr(script: Path) -> None:
    lines = json.dumps({"code": "print(llm_query_batched(['a', 'b', 'c']))"}) + "\n"
    done = repl(lines, "--json", "--sub-model", f"scripted:{script}", "--max-subcalls", "1")
    assert done.stderr.count("--max-subcalls raises it") == 1
    assert json.loads(done.stdout)["stdout"].startswith("['sub', 'Error: the limit of 1 sub-call")


def test_a_context_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("alpha\r\nbeta")
    (got,) = answers(["print(repr(context))"], "--context", str(tmp_path / "a.txt"))
    assert got["stdout"] == "'alpha\\r\\nbeta'\n"


@pytest.mark.parametrize("line", ["nonsense", "[]", '{"code": 3}', "\\ud800", "[" * 100_000])
def test_a_line_that_is_no_code_is_answered_and_the_next_still_runs(line: str) -> None:
    done = repl(line + '\n\n{"code": "print(1)"}\n', "--json")
    bad, good = map(json.loads, done.stdout.splitlines())
    assert bad["status"] == "error"
    assert bad["error"]["message"].startswith("Line 1: ")
    assert good["stdout"] == "1\n"


def test_notes_are_talk_and_go_to_stderr() -> None:
    done = repl(json.dumps({"code": "answer['ready'] = True"}) + "\n", "--json")
    assert "note: answer" in done.stderr
    assert "NOT SANDBOXED" in done.stderr


def test_cells_on_stdin_run_in_order_and_stop_at_an_error() -> None:
    done = repl("x = 3\nx\n# %%\nprint(x + 1)\n# %% fails\n1 / 0\n# %%\nprint('never')\n", "--sandbox", "none")
    assert done.stdout == "3\n4\n"
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stderr
    assert "NOT SANDBOXED" not in done.stderr


@pytest.mark.parametrize(
    "options",
    [
        ["--sandbox", "strong"],
        ["--sandbox", "x"],
        ["--block-timeout", "0"],
        ["--context", "no/such/file.txt"],
        ["--memory", "x"],
        ["--sub-model", "human"],
    ],
)
def test_what_cannot_be_meant_is_one_sentence_and_code_2(options: list[str]) -> None:
    done = repl("", *options)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stderr.strip().count("\n") == 0


class Terminal:
    """Our end of a pseudo-terminal; what was waited for once is not found again."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._seen = b""

    def wait_for(self, text: bytes) -> None:
        while text not in self._seen:
            self._seen += os.read(self._descriptor, 4096)
        self._seen = self._seen.partition(text)[2]

    def press(self, keys: bytes) -> None:
        os.write(self._descriptor, keys)


def test_a_person_at_a_terminal_can_interrupt_a_block_and_go_on() -> None:
    ours, theirs = pty.openpty()
    terminal = Terminal(ours)
    with subprocess.Popen(COMMAND, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True) as process:
        os.close(theirs)
        try:
            terminal.wait_for(b">>> ")
            terminal.press(b"x = 5\n")
            terminal.wait_for(b">>> ")
            terminal.press(b"while x:\n    if x == 5: print('on'); x += 1\n\n")
            terminal.wait_for(b"on\r\n")
            process.send_signal(signal.SIGINT)
            terminal.wait_for(b"KeyboardInterrupt\r\n>>> ")
            terminal.press(b"x * 0 + 6\n")
            terminal.wait_for(b"6\r\n6\r\n>>> ")
            terminal.press(b"\x04")
            assert process.wait(30) == 0
        finally:
            process.kill()
            os.close(ours)
