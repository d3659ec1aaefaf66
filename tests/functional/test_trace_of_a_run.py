"""A trace that the app itself records is whole, tells what the run told, and is open to its owner alone."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path


def rlm_tui(home: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    """Run the app as a person would, with a home of its own."""
    environment = {**os.environ, "RLM_TUI_HOME": str(home)}
    command = [sys.executable, "-m", "rlm_tui", *argv]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


def test_a_run_leaves_a_whole_trace_that_says_what_it_said(tmp_path: Path) -> None:
    document = tmp_path / "notes.txt"
    document.write_text("Nothing here.\nThe magic number is 4711.\n" + "Filler.\n" * 200)
    done = rlm_tui(tmp_path, "run", str(document), "-q", "What is the magic number?", "-m", "offline")
    assert done.returncode == 0
    (path,) = (tmp_path / "data" / "traces").iterdir()
    assert "-what-is-the-magic-number" in path.name
    assert (stat.S_IMODE(path.stat().st_mode), stat.S_IMODE(path.parent.stat().st_mode)) == (0o600, 0o700)

    verified = rlm_tui(tmp_path, "trace", "verify", str(path))
    assert (verified.returncode, verified.stdout) == (0, f"{path.name}: whole\n")
    info = json.loads(rlm_tui(tmp_path, "trace", "info", "--json", str(path)).stdout)
    assert (info["status"], info["answer"], info["notes"]) == ("answered", done.stdout.rstrip("\n"), [])
    (listed,) = map(json.loads, rlm_tui(tmp_path, "runs", "--json").stdout.splitlines())
    assert (listed["iterations"], listed["sub_calls"]) == (info["iterations"], info["sub_calls"])
    assert (listed["path"], listed["status"], listed["model"]) == (str(path), "answered", "offline")

    os.truncate(path, path.stat().st_size - 3)
    torn = rlm_tui(tmp_path, "trace", "verify", str(path))
    assert (torn.returncode, torn.stderr) == (5, "")
    assert "its event is lost" in torn.stdout
