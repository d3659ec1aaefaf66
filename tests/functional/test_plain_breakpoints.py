"""Breakpoints in the linear mode: added by a filter, listed, switched by number, a wrong one named."""

from __future__ import annotations

from pathlib import Path

from rlm_tui.resources import sample
from tests.driving import block, script
from tests.functional.test_plain import piped


def test_a_breakpoint_is_added_listed_and_switched_in_lines(tmp_path: Path) -> None:
    spec = script(tmp_path, [block("1"), block("stop_here = 2"), block("3"), "FINAL(done)"])
    words = ("open", str(sample("staff")), "-q", "Who?", "-m", spec, "--plain", "--step")
    typed = 'b\nb ~nonsense\nb ~code "stop_here"\nb\ngo on\nb 1\nb\ngo on\n'
    done = piped(tmp_path, typed, *words)
    said = done.stdout
    assert "note: there is no breakpoint" in said
    assert "nonsense" in said
    assert 'breakpoint 1: ~code "stop_here", on, 0 hits.' in said
    assert "held: code of iteration 2, not run yet" in said
    assert 'breakpoint 1: ~code "stop_here", off, 1 hit.' in said
    assert "ended: answered" in said
    assert done.returncode == 0
