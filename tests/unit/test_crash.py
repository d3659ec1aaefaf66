"""The log of crashes: it has the newest traceback, and does not grow without end."""

from __future__ import annotations

from rlm_tui import paths
from rlm_tui.crash import unexpected


def test_the_log_of_crashes_keeps_the_newest_and_does_not_grow_without_end() -> None:
    for number in range(8):
        unexpected(ValueError(f"crash {number} " + "x" * 600_000))
    log = paths.log_file().read_text()
    assert "crash 7 " in log
    assert "crash 0 " not in log
    assert len(log) < 2_000_000
