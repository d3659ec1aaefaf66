"""However often a disk refuses lines, every event is read back once and in order, and what is said of it is true."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from rlm_tui import events as ev
from rlm_tui.session.log import EventLog
from rlm_tui.session.spill import SpillingLines
from rlm_tui.trace.codec import Header, decode
from rlm_tui.trace.store import TraceStore

DOINGS = st.lists(st.sampled_from(["emit", "emit", "disk fills", "disk heals", "timer fires"]), max_size=30)


class Disk(TraceStore):
    """A trace on a disk that is full now and then."""

    is_full = False

    def _write(self, line: bytes) -> None:
        if self.is_full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        super()._write(line)


class Run:
    """A log on such a disk, with the timers that are set and what is told of it."""

    def __init__(self, folder: Path) -> None:
        self.disk = Disk(folder / "run.rlm.jsonl", Header())
        self.timers: list[Callable[[], None]] = []
        self.told: list[str] = []
        self.lines = SpillingLines(
            self.disk,
            on_trouble=lambda _: self.told.append("trouble"),
            on_whole=lambda: self.told.append("whole"),
            later=self.timers.append,
        )
        self.log = EventLog(self.lines)
        self.seqs: list[int] = []

    def do(self, doing: str) -> None:
        """One thing that happens."""
        if doing == "emit":
            self.seqs.append(self.log.emit(ev.Note(text=f"event {len(self.seqs) + 1}")))
        elif doing == "timer fires":
            for timer in [self.timers.pop() for _ in self.timers[:]]:
                timer()
        else:
            self.disk.is_full = doing == "disk fills"

    def check(self) -> None:
        """The law at any moment."""
        count = len(self.seqs)
        assert self.seqs == list(range(1, count + 1))
        assert len(self.lines) == count
        assert [decode(self.lines.read(at)) for at in range(count)] == [_event(seq) for seq in self.seqs]
        assert self.told == (["trouble", "whole"] * count)[: len(self.told)]
        assert (self.told[-1:] == ["trouble"]) == bool(self.lines.waiting)
        assert len(self.timers) in ((1,) if self.lines.waiting else (0, 1))


def _event(seq: int) -> ev.Note:
    return ev.Note(seq=seq, text=f"event {seq}")


@given(DOINGS)
@settings(deadline=None, max_examples=300)
def test_whatever_the_disk_does_every_event_is_there_once_and_in_order(doings: list[str]) -> None:
    with TemporaryDirectory() as folder:
        run = Run(Path(folder))
        for doing in doings:
            run.do(doing)
            run.check()
        run.do("disk heals")
        run.lines.close()
        _, *written = run.disk.path.read_bytes().splitlines(keepends=True)
        assert [decode(line) for line in written] == [_event(seq) for seq in run.seqs]


def test_a_disk_that_heals_and_fails_again_before_it_was_tried_loses_nothing(tmp_path: Path) -> None:
    run = Run(tmp_path)
    for doing in ("disk fills", "emit", "disk heals", "emit", "disk fills", "emit", "timer fires", "emit"):
        run.do(doing)
        run.check()
    assert run.lines.waiting == 2
    run.do("disk heals")
    run.do("timer fires")
    assert run.told == ["trouble", "whole", "trouble", "whole"]


def test_what_could_not_be_written_by_the_end_is_said_to_be_unsaved(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.do("disk fills")
    run.do("emit")
    run.lines.close()
    assert run.lines.waiting == 1
    assert run.told == ["trouble"]
    run.do("disk heals")
    run.do("timer fires")
    assert run.lines.waiting == 1  # the file is closed: nothing can be said to be in it
