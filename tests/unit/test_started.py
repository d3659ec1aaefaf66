"""A command that is told can be pasted: it names this program as it was started."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest

from rlm_tui import started


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """A console script in a folder with a blank in its name."""
    path = tmp_path / "my env" / started.NAME
    path.parent.mkdir()
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_a_script_that_is_not_on_the_path_is_named_as_it_was_typed(
    script: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.chdir(script.parent.parent)
    for typed in (str(script), "my env/rlm-tui"):
        monkeypatch.setattr(sys, "argv", [typed])
        assert shlex.split(started.command()) == [typed]
    assert shlex.split(started.replaying("what's-it")) == ["my env/rlm-tui", "replay", "what's-it"]


def test_a_script_that_another_one_on_the_path_would_hide_is_named_by_its_path(
    script: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", [str(script)])
    monkeypatch.setenv("PATH", str(script.parent))
    assert started.command() == "rlm-tui"
    other = tmp_path / "rlm-tui"
    other.write_bytes(script.read_bytes())
    other.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{script.parent}")
    assert shlex.split(started.command()) == [str(script)]


def test_the_package_run_by_an_interpreter_and_a_program_that_uses_it(monkeypatch: pytest.MonkeyPatch) -> None:
    main = Path(started.__file__).with_name("__main__.py")
    monkeypatch.setattr(sys, "argv", [str(main), "open"])
    monkeypatch.setattr(sys, "orig_argv", ["./my env/python", "-m", "rlm_tui", "open"])
    assert started.command() == "'./my env/python' -m rlm_tui"
    monkeypatch.setattr(sys, "argv", ["/usr/bin/notebook"])
    assert started.command() == "rlm-tui"
