"""A log that repeats its context in every block costs the memory of a few lines, however long it is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.foreign_logs import big

_LINE = "A line of a report that is long enough to be one.\n"
_OPEN = """
import resource, sys
from pathlib import Path
from rlm_tui.session.replay import ReplaySession
unit = 1 if sys.platform == "darwin" else 1024
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
session = ReplaySession(Path(sys.argv[1]))
session.read_whole()
print(session.view.finished.answer, len(session.document.parts[0].text))
session.close()
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit - before)
"""


@pytest.mark.parametrize("mark", ["", "\U0001f600"])
def test_opening_a_long_log_takes_memory_of_a_few_lines(tmp_path: Path, mark: str) -> None:
    context = mark + _LINE * 30_000
    log = big(tmp_path / "log.jsonl", turns=20, context=context)
    size = log.stat().st_size
    assert size > 55_000_000
    done = subprocess.run([sys.executable, "-c", _OPEN, str(log)], capture_output=True, text=True, check=True)
    facts, memory = done.stdout.splitlines()
    assert facts == f"the end {len(context)}"
    line = size // 20
    assert int(memory) < 12 * line


def test_one_that_is_three_times_as_long_takes_no_more(tmp_path: Path) -> None:
    context = _LINE * 30_000
    peaks = []
    for turns in (6, 18):
        log = big(tmp_path / f"{turns}.jsonl", turns=turns, context=context)
        done = subprocess.run([sys.executable, "-c", _OPEN, str(log)], capture_output=True, text=True, check=True)
        peaks.append(int(done.stdout.splitlines()[1]))
    assert peaks[1] < peaks[0] + 3 * len(context)
