"""The settings file under the commands: what it says is meant, and what is wrong in it ends the start."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.functional.test_cli import rlm_tui


def test_a_run_takes_model_and_limits_from_the_file_and_options_go_before(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('model = "offline"\nmax_iterations = 7\nmax_errors = 2\nsave_trace = false\n')
    done = rlm_tui("run", "sample:staff", "-q", "Who?", "--json", "--max-errors", "3", home=tmp_path)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    started = next(event for event in events if event["type"] == "run.started")
    assert (started["model"], started["limits"]["iterations"], started["limits"]["errors"]) == ("offline", 7, 3)
    assert b"Trace:" not in done.stderr


@pytest.mark.parametrize("command", [("run", "sample:staff", "-q", "?"), ("open", "sample:staff"), ("repl",)])
def test_a_file_that_cannot_be_meant_ends_every_command_with_2(tmp_path: Path, command: tuple[str, ...]) -> None:
    (tmp_path / "config.toml").write_text("modell = 'offline'\n")
    done = rlm_tui(*command, home=tmp_path)
    assert done.returncode == 2
    said = f"rlm-tui: {tmp_path}/config.toml line 1: there is no setting 'modell'; did you mean model?\n"
    assert done.stderr.decode() == said


def test_a_run_says_keys_that_cannot_be_and_goes_on(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[keys]\n"gate.rum" = "a"\n')
    done = rlm_tui("run", "sample:staff", "-q", "Who?", "-m", "offline", home=tmp_path)
    assert b"Trace:" in done.stderr
    said = f"{tmp_path}/config.toml line 2: there is no action 'gate.rum'; did you mean gate.run? "
    assert f"{said}No key is needed here, so the run goes on.\n" in done.stderr.decode()
    (tmp_path / "config.toml").write_text('[keys]\n"gate.run" = "Z"\n')
    assert b"No key" not in rlm_tui("run", "sample:staff", "-q", "Who?", "-m", "offline", home=tmp_path).stderr
