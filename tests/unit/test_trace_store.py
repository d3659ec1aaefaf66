"""The store: a record once acknowledged is in the file, whatever happens to the process or the disk."""

from __future__ import annotations

import errno
import os
import select
import signal
import stat
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from trace_examples import HEADER, a_run, lines_of

from rlm_tui import events as ev
from rlm_tui.errors import TraceError
from rlm_tui.trace import store as store_module
from rlm_tui.trace.codec import encode
from rlm_tui.trace.reader import TraceReader
from rlm_tui.trace.recover import verify
from rlm_tui.trace.store import Lines, MemoryLines, TraceStore, is_live, new_trace_path

NOW = datetime(2026, 9, 30, 10, 15, 12, tzinfo=UTC)
LINES = [encode(event) for event in a_run()]


def fill(lines: Lines) -> Lines:
    """Append the example run."""
    for line in LINES:
        lines.append(line)
    return lines


def test_what_was_appended_is_the_file_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "a.rlm.jsonl"
    store = TraceStore(path, HEADER)
    fill(store)
    assert path.read_bytes() == b"".join(lines_of(a_run()))
    store.sync()
    store.close()
    store.close()
    store.sync()
    assert verify(path) == []


@pytest.mark.parametrize("make", [lambda path: TraceStore(path, HEADER), lambda path: MemoryLines()])
def test_lines_give_back_what_they_were_given(make: object, tmp_path: Path) -> None:
    lines = fill(make(tmp_path / "a.rlm.jsonl"))  # type: ignore[operator]
    assert len(lines) == len(LINES)
    assert [lines.read(index) for index in reversed(range(len(LINES)))] == LINES[::-1]
    for index in (-1, len(LINES)):
        with pytest.raises(IndexError):
            lines.read(index)
    getattr(lines, "close", lambda: None)()


def test_each_record_is_one_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = TraceStore(tmp_path / "a.rlm.jsonl", HEADER)
    writes: list[bytes] = []
    real = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: writes.append(data) or real(fd, data))
    fill(store)
    monkeypatch.undo()
    assert writes == LINES
    store.close()


def test_short_writes_are_completed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.rlm.jsonl"
    store = TraceStore(path, HEADER)
    real = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: real(fd, data[:7]))
    fill(store)
    monkeypatch.undo()
    store.close()
    assert verify(path) == []


def test_only_the_owner_can_read_a_trace_and_its_new_folder(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.rlm.jsonl"
    old = os.umask(0)
    try:
        TraceStore(path, HEADER).close()
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_the_folder_is_synced_when_the_file_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[bool] = []
    monkeypatch.setattr(os, "fsync", lambda fd: synced.append(stat.S_ISDIR(os.fstat(fd).st_mode)))
    TraceStore(tmp_path / "a.rlm.jsonl", HEADER).close()
    assert synced == [True]


def test_a_file_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "a.rlm.jsonl"
    path.write_text("mine")
    with pytest.raises(TraceError, match="exists already"):
        TraceStore(path, HEADER)
    assert path.read_text() == "mine"


def test_a_trace_is_live_while_its_store_is_open(tmp_path: Path) -> None:
    path = tmp_path / "a.rlm.jsonl"
    store = TraceStore(path, HEADER)
    assert is_live(path)
    store.close()
    assert not is_live(path)
    assert not is_live(tmp_path / "none")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EROFS])
@pytest.mark.parametrize("written", [0, 9])
def test_a_failed_write_leaves_the_file_whole_and_can_be_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, written: int
) -> None:
    path = tmp_path / "a.rlm.jsonl"
    store = TraceStore(path, HEADER)
    store.append(LINES[0])
    before = path.read_bytes()
    real = os.write
    rest = [written] if written else []

    def full(fd: int, data: bytes) -> int:
        if rest:
            return real(fd, data[: rest.pop()])
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(TraceError, match=os.strerror(number).lower()):
        store.append(LINES[1])
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert len(store) == 1
    for line in LINES[1:]:
        store.append(line)
    store.close()
    assert verify(path) == []


def test_half_a_record_that_could_not_be_undone_is_undone_by_the_next_append(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.rlm.jsonl"
    store = TraceStore(path, HEADER)
    real, calls = os.write, iter([9, None])

    def fail(*args: object) -> int:
        raise OSError(errno.EIO, "gone")

    monkeypatch.setattr(os, "write", lambda fd, data: real(fd, data[:9]) if next(calls) else fail())
    monkeypatch.setattr(os, "ftruncate", fail)
    with pytest.raises(TraceError):
        store.append(LINES[0])
    monkeypatch.undo()
    fill(store)
    store.close()
    assert verify(path) == []


def test_a_real_full_disk_is_one_sentence(tmp_path: Path) -> None:
    """A file size limit stands in for the disk: the kernel itself refuses the write half way."""
    path = tmp_path / "a.rlm.jsonl"
    code = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "from pathlib import Path; from rlm_tui.trace.store import *; from rlm_tui.trace.codec import *\n"
        "from rlm_tui import events as ev; from rlm_tui.errors import TraceError\n"
        "store = TraceStore(Path(sys.argv[1]), Header()); resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))\n"
        "try:\n    for seq in range(1, 100): store.append(encode(ev.Note(seq=seq, text='x' * 100)))\n"
        "except TraceError as error: print(len(store), error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    count, _, sentence = done.stdout.partition(" ")
    assert "file too large" in sentence
    assert len(sentence.splitlines()) == 1
    with TraceReader(path) as reader:
        assert len(list(reader)) == int(count)
        assert [problem.name for problem in reader.problems] == ["unfinished"]


@pytest.mark.parametrize("parent", ["file", "file/sub"])
def test_a_place_that_cannot_hold_a_trace_is_one_sentence(tmp_path: Path, parent: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(TraceError, match=r"cannot be created .*--trace"):
        TraceStore(tmp_path / parent / "a.rlm.jsonl", HEADER)


def test_a_header_that_cannot_be_written_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(fd: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(TraceError, match="no space left"):
        TraceStore(tmp_path / "a.rlm.jsonl", HEADER)
    monkeypatch.undo()
    assert list(tmp_path.iterdir()) == []


def test_a_failing_sync_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(fd: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    store = TraceStore(tmp_path / "a.rlm.jsonl", HEADER)
    monkeypatch.setattr(store_module, "_sync", broken)
    with pytest.raises(TraceError, match="input/output error"):
        store.sync()
    store.close()


def test_another_thread_reads_and_syncs_while_records_are_appended(tmp_path: Path) -> None:
    store = TraceStore(tmp_path / "a.rlm.jsonl", HEADER)
    lines = [encode(ev.Note(seq=seq, text=f"note {seq}")) for seq in range(1, 2000)]

    def append() -> None:
        for line in lines:
            store.append(line)

    thread = threading.Thread(target=append)
    thread.start()
    while thread.is_alive():
        store.sync()
        if count := len(store):
            assert store.read(count - 1) == lines[count - 1]
    thread.join()
    assert [store.read(index) for index in range(len(store))] == lines
    store.close()


def test_a_killed_process_loses_no_acknowledged_record(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from rlm_tui import events as ev\n"
        "from rlm_tui.trace.store import *; from rlm_tui.trace.codec import *\n"
        "store = TraceStore(Path(sys.argv[1]), Header())\n"
        "for seq in range(1, 1_000_000):\n"
        "    store.append(encode(ev.Note(seq=seq, text='x' * (seq % 999)))); os.write(1, b'%d\\n' % seq)\n"
    )
    for attempt in range(3):
        path = tmp_path / f"{attempt}.rlm.jsonl"
        with subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, bufsize=0) as child:
            assert child.stdout is not None
            seen = b""
            while seen.count(b"\n") < 50 * (attempt + 1):
                select.select([child.stdout], [], [])
                seen += child.stdout.read(65536) or b""
            child.send_signal(signal.SIGKILL)
            seen += child.stdout.read() or b""
        acknowledged = seen[: seen.rindex(b"\n")].count(b"\n") + 1
        with TraceReader(path) as reader:
            assert len(list(reader)) >= acknowledged
            assert {problem.name for problem in reader.problems} <= {"unfinished", "torn"}
        assert not is_live(path)


def test_a_new_name_tells_when_and_what_and_is_free(tmp_path: Path) -> None:
    question = "What is the magic number in “Ünïted”? Really: the one that is hidden somewhere?"
    first = new_trace_path(question, NOW, tmp_path)
    assert first.name == "2026-09-30-101512-what-is-the-magic-number-in-n-ted-really-the-one.rlm.jsonl"
    first.touch()
    second = new_trace_path(question, NOW, tmp_path)
    assert second.name.endswith("-the-one-2.rlm.jsonl")
    second.symlink_to(tmp_path / "nowhere")
    assert new_trace_path(question, NOW, tmp_path).name.endswith("-the-one-3.rlm.jsonl")


@settings(deadline=None, max_examples=100)
@given(st.text())
def test_any_question_makes_a_plain_short_name(query: str) -> None:
    name = new_trace_path(query, NOW, Path("/nonexistent")).name
    assert len(name) < 100
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-.")
    assert name.endswith(".rlm.jsonl")
    assert "--" not in name
    assert "-." not in name


def test_names_sort_by_time(tmp_path: Path) -> None:
    later = NOW.replace(hour=23)
    assert new_trace_path("z", NOW, tmp_path).name < new_trace_path("a", later, tmp_path).name


def test_a_trace_deleted_while_it_is_written_is_told_once(tmp_path: Path) -> None:
    store = TraceStore(tmp_path / "x.rlm.jsonl", HEADER)
    store.sync()
    store.path.unlink()
    with pytest.raises(TraceError, match="was deleted"):
        store.sync()
    store.sync()
    assert store.left == "deleted"
    store.close()


@pytest.mark.parametrize("is_taken", [False, True])
def test_a_trace_moved_while_it_is_written_is_told_once_and_goes_on_there(tmp_path: Path, is_taken: bool) -> None:
    store = TraceStore(tmp_path / "x.rlm.jsonl", HEADER)
    moved = store.path.rename(tmp_path / "y.rlm.jsonl")
    if is_taken:
        store.path.write_text("another's")
    with pytest.raises(TraceError, match="was moved"):
        store.sync()
    store.sync()
    fill(store)
    assert verify(moved) == []
    moved.replace(store.path)
    store.sync()
    assert store.left == ""
    store.close()
