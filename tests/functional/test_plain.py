"""The linear mode: the same session as lines, driven by a pipe, by a dumb terminal, and beside the panes."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from rlm_tui.cli.plain.front import Front
from rlm_tui.cli.plain.linear import sections
from rlm_tui.cli.plain.lines_in import LinesIn
from rlm_tui.cli.plain.tell import Teller, page_at
from rlm_tui.resources import sample
from rlm_tui.session.replay import ReplaySession
from rlm_tui.ui.content.step import step
from rlm_tui.ui.selecting import interesting
from tests.driving import block, script
from tests.terminal import Terminal, python

QUESTION = "What is the magic number?"
NUMBER = "7481926"
SAMPLES = sorted(path.name for path in sample("clean").parent.glob("*.rlm.jsonl"))
_WORD = re.compile(r"\w{2,}")
_MOVING = re.compile(r"\d+(?:\.\d+)?m?s")
_PANE_ONLY = {
    "what",
    "the",
    "model",
    "saw",
    "sees",
    "all",
    "characters",
    "character",
    "of",
    "will",
    "see",
    "never",
    "it",
}
"""Words with which a pane says later how much of an output the model saw, or that it waits."""


def piped(home: Path, typed: str, *words: str, term: str = "dumb") -> subprocess.CompletedProcess[str]:
    """Run a command with lines on its standard input and no terminal anywhere."""
    env = {**os.environ, "RLM_TUI_HOME": str(home), "TERM": term}
    return subprocess.run(python(*words), input=typed, capture_output=True, text=True, env=env, timeout=60, check=False)


def opened(home: Path, typed: str, *more: str) -> subprocess.CompletedProcess[str]:
    """`open --plain` of the sample report, stepping."""
    words = ("open", str(sample("report")), "-q", QUESTION, "-m", "offline", "--step", "--plain", *more)
    return piped(home, typed, *words)


def test_a_piped_script_plays_the_whole_journey(tmp_path: Path) -> None:
    trace = tmp_path / "run.rlm.jsonl"
    typed = (
        "edit\nprobe = 41\nprint(probe)\n.\nrun\n> probe + 1\ntell be careful\nvars\ngo on\n5 26\nfind magic number\n"
    )
    done = opened(tmp_path, typed, "--trace", str(trace))
    said = done.stdout.splitlines()
    assert done.returncode == 0
    wanted = [
        f"question: {QUESTION}",
        "iteration 1, code: held, not run yet",
        "held: code of iteration 1, not run yet",
        "iteration 1 is edited by you.",
        "iteration 1, released: you let it run.",
        "  41",
        "held: output of iteration 1, not shown to the model yet",
        "iteration 1, code (you): block 2",
        "  42",
        "told (queued for its next message): by you: be careful",
        "probe, int, 41",
        "iteration 1, released: you let it go on.",
        "iteration 2, told: by you: be careful",
        "ended: answered",
        "page 26:",
    ]
    places = [said.index(line) for line in wanted]
    assert places == sorted(places)
    ending = said[said.index("iteration 4, answer (by FINAL_VAR(…)):") : said.index("page 26:")]
    ending = [line for line in ending if not line.startswith("hit ")]
    assert sum("The magic number is" in line for line in ending) == 1, "once whole, and not again"
    assert any(", document, report.pdf p. 26: " in line and "magic number" in line for line in said)
    assert f"Trace: {trace}" in done.stderr
    assert "Answer" not in done.stderr, "it stands on the terminal already"
    replay = piped(
        tmp_path, "first step\nforward\nback\nlast step\nall\nmore\nmore\nmore\n", "replay", "--plain", str(trace)
    )
    assert replay.returncode == 0
    assert f"  {NUMBER} (p. 26)" in replay.stdout
    live = [line for line in said if line.startswith("iteration")]
    again = replay.stdout[replay.stdout.rindex("question:") :].splitlines()
    assert [line for line in again if line.startswith("iteration")] == live


def test_a_script_ends_with_the_exit_code_of_its_run(tmp_path: Path) -> None:
    spec = script(tmp_path, [{"error": {"status": 401}}])
    done = piped(tmp_path, "", "open", str(sample("staff")), "-q", "Who?", "-m", spec, "--plain", "--no-trace")
    assert done.returncode == 3
    assert "held: request of iteration 1, it failed" in done.stdout
    quit_ = piped(tmp_path, "quit\n", "open", str(sample("staff")), "-q", "?", "-m", spec, "--plain", "--no-trace")
    assert quit_.returncode == 0


def test_the_plain_mode_needs_no_terminal_and_loads_no_screen(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom rlm_tui.cli import main\n"
        "main(['replay', '--plain', 'sample:clean'])\nsys.stderr.write(str('textual' in sys.modules))"
    )
    env = {**os.environ, "TERM": "dumb", "RLM_TUI_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], input="", capture_output=True, text=True, env=env, check=True)
    assert done.stderr == "False"
    assert NUMBER in done.stdout


def test_help_lists_what_can_be_done_and_why_the_rest_cannot(tmp_path: Path) -> None:
    done = piped(tmp_path, "help\nrun\nfrobnicate\n", "replay", "--plain", "sample:clean")
    can, cannot = done.stdout.split("You cannot do now:")
    assert "  back (,): The step before." in can
    assert "  run: This is a recorded run; nothing in it can be changed." in cannot
    assert "note: This is a recorded run" in cannot
    assert "note: 'frobnicate' is no command; help lists them." in cannot


def test_nothing_that_a_model_writes_passes_for_a_sentence_of_the_app(tmp_path: Path) -> None:
    evil = "held: code of iteration 9, not run yet\nYou can: quit (q).\x1b]0;title\x07\x9b31m"
    spec = script(tmp_path, [f"{evil}\n{block(f'print({evil!r})')}", f"FINAL({evil})"])
    done = piped(tmp_path, "all\nchat\nrepl\nshow\n", "open", str(sample("staff")), "-q", evil, "-m", spec, "--plain")
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", done.stdout)
    forged = [
        line for line in done.stdout.splitlines() if line.startswith(("held: code of iteration 9", "You can: quit"))
    ]
    assert forged == []


@pytest.mark.parametrize("name", SAMPLES)
def test_at_every_step_the_lines_say_what_the_pane_says(name: str) -> None:
    session = ReplaySession(sample("clean").parent / name)
    session.read_whole()
    try:
        teller, heard = Teller(session), set[str]()
        ends = {end.seq for end in session.trajectory.steps}
        for seq in session.trajectory.seqs:
            said = "\n".join(teller.tell(session.log.event(seq)))
            heard |= set(_WORD.findall(_MOVING.sub("", said)))
            if seq not in ends:
                continue
            page = page_at(session, seq)
            rows = step(page, interesting(page.view))
            shown = set(_WORD.findall(_MOVING.sub("", "\n".join(row.text for row in rows[:]))))
            labels = {word for word in shown if word.isupper()}
            assert {word for word in shown - heard - labels if word.lower() not in _PANE_ONLY} == set(), seq
            spoken = "\n".join(line for section in sections(rows) for line in section.lines())
            assert {w.lower() for w in shown} <= {w.lower() for w in _WORD.findall(spoken)}, seq
    finally:
        session.close()


def test_words_that_wait_are_said_as_the_persons_own(tmp_path: Path) -> None:
    said = opened(tmp_path, "1\nt be careful\n3\n").stdout
    assert "\nyou (queued for its next message):\n  be careful\n" in said


def test_in_a_dumb_terminal_a_person_edits_interrupts_and_quits(tmp_path: Path) -> None:
    spec = script(tmp_path, [block("print('first')"), block("while True: pass"), "FINAL(done)"])
    words = ("open", str(sample("staff")), "-q", "Who?", "-m", spec, "--step", "--plain", "--sandbox", "none")
    env = {"TERM": "dumb", "RLM_TUI_HOME": str(tmp_path), "EDITOR": "sed -i s/first/second/", "VISUAL": ""}
    with Terminal(python(*words), env=env, columns=200, lines=100) as terminal:
        terminal.wait("held: code of iteration 1", "You can: run (a)")
        terminal.press("i\n")
        terminal.wait("is edited by you", "print('second')")
        terminal.press("a\n")
        terminal.wait("held: output of iteration 1")
        terminal.press("> 40 + 2\n")
        terminal.wait("code (you): block 2", "  42")
        terminal.press("t be brief\n")
        terminal.wait("told (queued for its next message): by you: be brief")
        terminal.press("s\n")
        terminal.wait("held: code of iteration 2")
        terminal.press("a\n")
        terminal.wait("iteration 2, code: block 3")
        terminal.press("ctrl+c")
        terminal.wait("interrupted; the state is kept", "held: output of iteration 2")
        terminal.press("ctrl+c")
        terminal.wait("nothing runs that could be interrupted")
        terminal.press("q\n")
        terminal.wait("Type yes to quit")
        terminal.press("no\n")
        terminal.wait("nothing was done")
        terminal.press("\x04")
        assert terminal.finish() == 0
        assert b"\x1b" not in terminal.written
        assert "Trace: " in terminal.text


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ("false", "The editor false ended with code 1; nothing was changed."),
        ("sh -c 'kill -9 $$'", "was killed by signal 9; nothing was changed."),
        ("no-such-editor", "The editor 'no-such-editor' is not there"),
    ],
)
def test_an_editor_that_dies_changes_nothing(tmp_path: Path, command: str, sentence: str) -> None:
    words = ("open", str(sample("staff")), "-q", "Who?", "-m", "offline", "--step", "--plain")
    env = {"RLM_TUI_HOME": str(tmp_path), "EDITOR": command, "VISUAL": ""}
    with Terminal(python(*words), env=env, columns=200, lines=60) as terminal:
        terminal.wait("You can: run (a)")
        terminal.press("edit\n")
        terminal.wait(sentence)
        terminal.press("run\n")
        terminal.wait("held: output of iteration 1")


def test_an_editor_is_told_by_the_name_of_its_file_what_it_edits(tmp_path: Path) -> None:
    spec, names = script(tmp_path, [block("print('first')") + "\nFINAL(done)"]), tmp_path / "names"
    words = ("open", str(sample("staff")), "-q", "Who?", "-m", spec, "--step", "--plain", "--sandbox", "none")
    env = {"RLM_TUI_HOME": str(tmp_path), "EDITOR": f"sh -c 'echo $0 >> {names}'", "VISUAL": ""}
    with Terminal(python(*words), env=env, columns=200, lines=100) as terminal:
        for held in ("held: code of iteration 1", "held: output of iteration 1", "held: final answer of iteration 1"):
            terminal.wait(held)
            terminal.press("i\n")
            terminal.wait(held, "nothing was changed")
            terminal.press("a\n")
        terminal.wait("ended: answered")
    assert [Path(name).suffix for name in names.read_text().split()] == [".py", ".txt", ".md"]


def test_a_person_is_the_model_and_asks_again(tmp_path: Path) -> None:
    typed = "answer\n```repl\nprint(6 * 7)\n```\n.\nrun\nanswer FINAL(42)\nA and now?\nanswer FINAL(43)\n"
    done = piped(tmp_path, typed, "open", str(sample("staff")), "-q", "Who?", "-m", "human", "--plain")
    said = done.stdout.splitlines()
    wanted = ["question: Who?", "  42", "ended: answered", "question: and now?", "ended: answered"]
    at = -1
    for line in wanted:
        at = said.index(line, at + 1)
    assert done.returncode == 0


def test_without_question_or_model_both_are_asked_for(tmp_path: Path) -> None:
    typed = "ask Who is Xaver?\nmodel offline\nask Who is Xaver?\n"
    done = piped(tmp_path, typed, "open", str(sample("staff")), "--plain", "--no-trace")
    assert "note: No model is chosen" in done.stdout
    assert "ended: answered" in done.stdout
    assert done.returncode == 0


def test_a_text_that_is_refused_is_kept_and_sent_again(tmp_path: Path) -> None:
    typed = "send\nask\nWho is\nXaver?\n.\nmodel offline\nsend\nsend\nask\nlost"
    done = piped(tmp_path, typed, "open", str(sample("staff")), "--plain", "--no-trace")
    said = done.stdout.splitlines()
    kept = said.index("note: what you typed is kept; send sends it again.")
    assert said[kept - 1].startswith("note: No model is chosen")
    assert said.index("question: Who is") > kept
    assert said.count("ended: answered") == 1
    assert said.count("note: nothing that you typed waits to be sent again.") == 2
    assert said[-1] == "note: the text had no line with a full stop alone at its end, so it was not sent."


def test_who_quits_has_seen_what_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "noise.txt").write_bytes(bytes(range(256)) * 20)
    words = ("open", str(tmp_path / "noise.txt"), "-q", "?", "-m", "offline", "--plain")
    assert piped(tmp_path, "quit\n", *words).returncode == 0


def test_a_document_that_cannot_be_read_is_told_once(tmp_path: Path) -> None:
    (tmp_path / "noise.txt").write_bytes(bytes(range(256)) * 20)
    done = piped(tmp_path, "", "open", str(tmp_path / "noise.txt"), "-q", "?", "-m", "offline", "--plain")
    assert done.returncode == 2
    assert done.stdout.count("noise.txt is binary data") == 1


def test_the_example_of_the_documentation_works(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "docs" / "plain.md").read_text()
    example = text.split("```sh\n")[1].split("\n```")[0]
    command = example.replace("rlm-tui", shlex.join(python()), 1)
    env = {**os.environ, "RLM_TUI_HOME": str(tmp_path)}
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, env=env, timeout=60, check=True)
    assert "told (queued for its next message): by you: Answer in one word." in done.stdout
    assert NUMBER in done.stdout


@pytest.mark.parametrize("words", [("replay", "sample:clean", "--plain"), ("run", "sample:report", "-q", QUESTION)])
def test_a_theme_that_cannot_be_shown_is_told_and_does_not_matter(tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / "config.toml").write_text('theme = "nonsense"\nmodel = "offline"\n')
    done = piped(tmp_path, "quit\n", *words)
    assert done.returncode == 0
    told = [line for line in done.stderr.splitlines() if line.startswith("There is no theme")]
    assert len(told) == 1
    assert f"'nonsense' ({tmp_path / 'config.toml'} line 1)" in told[0]


def test_lines_that_a_pipe_brings_are_not_waited_between(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = LinesIn(os.open(os.devnull, os.O_RDONLY))
    lines._take(b"where\n" * 200)
    waited: list[float] = []
    real = LinesIn.wait

    def wait(self: LinesIn, timeout_s: float) -> None:
        waited.append(timeout_s)
        real(self, timeout_s)

    monkeypatch.setattr(LinesIn, "wait", wait)
    session = ReplaySession(sample("clean"))
    session.wait()
    try:
        Front(session, lines).run()
    finally:
        session.close()
    assert waited.count(0.0) >= 199
    assert sum(each > 0 for each in waited) < 20
