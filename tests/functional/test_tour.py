"""The tour is true: its pictures are those that the app draws, its commands do what they say."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from rlm_tui.cli import _parser
from rlm_tui.ui.actions import ACTIONS, key_name, keys_of
from tests.samples.picture import OUT, draw, text_of
from tests.samples.scenes import SCENES
from tests.terminal import Terminal, python

ROOT = Path(__file__).parents[2]
DOCS = {page: page.read_text(encoding="utf-8") for page in (ROOT / "README.md", *sorted(ROOT.glob("docs/*.md")))}
TOUR = DOCS[ROOT / "docs" / "tour.md"]
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", TOUR, re.DOTALL | re.MULTILINE)
COMMANDS = [line for kind, block in BLOCKS if kind == "sh" for line in block.splitlines()]
SCREENS = [line for kind, block in BLOCKS if not kind for line in block.splitlines()]


def test_the_pages_show_every_picture_that_is_drawn_and_no_other() -> None:
    shown = {name for text in DOCS.values() for name in re.findall(r"pictures/([\w-]+)\.svg", text)}
    assert shown == set(SCENES) == {path.stem for path in OUT.glob("*.svg")}


@pytest.mark.parametrize("name", SCENES)
async def test_a_picture_shows_what_the_tour_says(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RLM_TUI_HOME", str(tmp_path))
    kept, drawn = OUT.joinpath(f"{name}.svg").read_text(encoding="utf-8"), await draw(name)
    for words in SCENES[name].words:
        for svg in (kept, drawn):
            assert "".join(words.split()) in text_of(svg), "python -m tests.samples.picture draws it"


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_that_needs_no_terminal_works(command: str, tmp_path: Path) -> None:
    program = tmp_path / "rlm-tui"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m rlm_tui "$@"\n')
    program.chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "RLM_TUI_HOME": str(tmp_path / "home"),
    }
    over = subprocess.run(
        ["sh", "-c", command], check=False, cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert over.returncode == 0, over.stderr
    assert "7481926" in over.stdout or "magic number" not in command


@pytest.mark.parametrize("command", SCREENS)
def test_a_command_that_opens_the_screen_is_one(command: str) -> None:
    program, *words = shlex.split(command)
    assert program == "rlm-tui"
    parser, _ = _parser(words)
    assert parser.parse_args(words)


@pytest.mark.parametrize("page", ["README.md", "docs/tour.md"])
def test_every_key_that_is_named_is_one(page: str) -> None:
    menu = re.compile(r"^\*\*y\*\* copies.*?^$", re.DOTALL | re.MULTILINE)  # it has letters of its own
    text = menu.sub("", DOCS[ROOT / page])
    known = {key_name(key) for action in ACTIONS for key in keys_of(action, {})} | {"Enter", "e"}  # of the summary
    named = set(re.findall(r"\*\*([^*\s]{1,9})\*\*", text))
    assert len(named) > 5
    assert named <= known


def is_lit(terminal: Terminal, row: str, other: str) -> bool:
    """Whether the cursor stands on a row: its ground is another than that of the others, which the screen's is."""
    (ground,), (plain,) = ({cell.bg for cell in terminal.cells(text)} for text in (row, other))
    return ground != plain == terminal.cells("Dialect")[0].bg


def test_the_first_steps_of_the_tour_are_those_of_a_person_at_a_terminal(tmp_path: Path) -> None:
    home = {"RLM_TUI_HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    with Terminal(python("open", "sample:report"), columns=80, lines=24, env=home) as terminal:
        terminal.wait("YOUR QUESTION", "a question is missing")
        terminal.press("What is the magic number?", "enter")
        terminal.wait("no model is chosen")
        terminal.press("enter")
        terminal.wait("● offline")
        terminal.until(lambda: is_lit(terminal, "▸ Start", "○ step"))
        terminal.press("up")
        terminal.until(lambda: is_lit(terminal, "○ step", "▸ Start"))
        terminal.press("enter")
        terminal.wait("● step")
        terminal.press("f5")
        terminal.wait("HELD", "code of iteration 1")
        terminal.press_until("a", "output of iteration 1")
        terminal.press(",")
        terminal.wait("LOOKING BACK")
        terminal.press("G")
        terminal.wait("HELD")
        terminal.press_until("c", "ANSWERED")
        terminal.press("q")
        assert terminal.finish() == 0
        assert "Trace:" in terminal.text
