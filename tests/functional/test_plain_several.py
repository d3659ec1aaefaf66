"""Several sub-calls that wait in the linear mode: the lines say which one commands mean, and they act on that one."""

from __future__ import annotations

import re
from pathlib import Path

from rlm_tui.resources import sample
from tests.driving import block, script
from tests.functional.test_plain import piped
from tests.terminal import Terminal, python

_ROOT = [block("print(llm_query_batched(['Q0', 'Q1', 'Q2']))"), "FINAL(done)"]
_SUB = {"Q0": "A0", "Q1": "A1", "Q2": "A2"}
_MEANT = re.compile(r"note: \d wait; commands mean sub-call (\d) of 3 of iteration 1, “Q(\d)”; .* chooses another\.")
_SENT = re.compile(r"iteration 1, sub-call \((\d) of 3\)")


def _words(folder: Path, sub: object = _SUB) -> list[str]:
    spec = script(folder, _ROOT, sub)
    return ["open", str(sample("staff")), "-q", "Who?", "-m", spec, "--step", "--plain", "--sandbox", "none"]


def _sent(said: list[str]) -> list[tuple[str, str]]:
    """Of every sub-call that was sent: the one that the last note before its release had named, and its own number."""
    sent, named, meant = [], "", ""
    for line in said:
        if (note := _MEANT.fullmatch(line)) is not None:
            assert int(note[1]) == int(note[2]) + 1
            named = note[1]
        elif ", released:" in line:
            meant = named
        elif (call := _SENT.match(line)) is not None:
            sent.append((meant, call[1]))
    return sent


def test_what_is_sent_is_what_the_last_note_named(tmp_path: Path) -> None:
    said = piped(tmp_path, "S\nS\n}\na\n", *_words(tmp_path)).stdout.splitlines()
    assert _sent(said) == [("1", "1"), ("3", "3")]


def test_the_note_stands_right_before_what_can_be_done_and_after_a_choice(tmp_path: Path) -> None:
    said = piped(tmp_path, "S\nshow\n}\nshow 2\nG\n", *_words(tmp_path)).stdout.splitlines()
    notes = [index for index, line in enumerate(said) if _MEANT.fullmatch(line)]
    assert [said[index].partition(", “")[0].removeprefix("note: 3 wait; commands mean ") for index in notes] == [
        "sub-call 1 of 3 of iteration 1",
        "sub-call 2 of 3 of iteration 1",
        "sub-call 1 of 3 of iteration 1",
    ]
    assert said[notes[0] + 1].startswith("You can: run (a)")
    assert said[notes[1] - 1] == "  Q1"
    assert said[notes[2] + 1].startswith("You can: run (a)")


def test_an_answer_that_comes_beside_the_chosen_one_is_told_and_leaves_it_chosen(tmp_path: Path) -> None:
    words = _words(tmp_path, {**_SUB, "Q0": {"text": "A0", "delay_s": 0.5}})
    env = {"TERM": "dumb", "RLM_TUI_HOME": str(tmp_path)}
    with Terminal(python(*words), env=env, columns=200, lines=100) as terminal:
        terminal.wait("held: code of iteration 1", "You can: run (a)")
        terminal.press("S\n")
        terminal.wait("3 wait; commands mean sub-call 1 of 3")
        terminal.press("S\n")
        terminal.wait("2 wait; commands mean sub-call 2 of 3")
        terminal.press("}\n")
        terminal.wait("commands mean sub-call 3 of 3")
        terminal.until(lambda: "commands mean sub-call 3 of 3" in terminal.text.partition("held: sub-answer")[2])
        terminal.press("a\n")
        terminal.wait("iteration 1, sub-call (3 of 3)")
        assert "iteration 1, sub-call (2 of 3)" not in terminal.text
        terminal.press("\x04")
        assert terminal.finish() == 0


def test_one_that_waits_alone_needs_no_note(tmp_path: Path) -> None:
    spec = script(tmp_path, [block("print(llm_query('Q0'))"), "FINAL(done)"], _SUB)
    words = ["open", str(sample("staff")), "-q", "Who?", "-m", spec, "--step", "--plain", "--sandbox", "none"]
    done = piped(tmp_path, "S\nS\n", *words)
    assert "held: sub-call of iteration 1, not sent yet" in done.stdout
    assert "commands mean" not in done.stdout
