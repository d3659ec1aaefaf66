"""Reading: whatever happened to the file, what is whole is shown and what is not is said; nothing is changed."""

from __future__ import annotations

import errno
import gzip
import importlib.util
import io
import os
import socket
import threading
from codecs import BOM_UTF8
from pathlib import Path

import pytest
from trace_examples import HEADER, a_run, lines_of, seal, write_trace

from rlm_tui import events as ev
from rlm_tui.cli.replay import show
from rlm_tui.config import load
from rlm_tui.errors import TraceError
from rlm_tui.trace import source
from rlm_tui.trace.codec import Header, encode
from rlm_tui.trace.opening import is_trace
from rlm_tui.trace.reader import TraceReader
from rlm_tui.trace.recover import verify
from rlm_tui.trace.saved import glance


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    return write_trace(tmp_path / "a.rlm.jsonl")


def read(path: Path) -> tuple[list[ev.TraceEvent], list[str]]:
    """All events of a trace and the names of its problems."""
    with TraceReader(path) as reader:
        return list(reader), [problem.name for problem in reader.problems]


def test_a_whole_trace_gives_its_events_and_no_problem(trace: Path) -> None:
    with TraceReader(trace) as reader:
        assert reader.header == HEADER
        assert list(reader.iter_index()) == [(event.seq, event) for event in a_run()]
        assert reader.problems == []
        assert verify(trace) == []


def test_an_event_is_found_by_its_seq_and_its_line_is_the_files_own(trace: Path) -> None:
    with TraceReader(trace) as reader:
        reader.index()
        assert len(reader) == len(a_run())
        for event in reversed(a_run()):
            assert reader.event(event.seq) == event
            assert reader.raw(event.seq) == reader.read(event.seq - 1) == encode(event)
        for seq in (0, -1, len(a_run()) + 1):
            with pytest.raises(TraceError, match="has no event"):
                reader.event(seq)
        with pytest.raises(IndexError):
            reader.read(-1)


def test_a_second_pass_and_a_pass_after_an_unfinished_one_give_the_same(trace: Path) -> None:
    with TraceReader(trace) as reader:
        next(reader.iter_index())
        assert list(reader) == list(reader) == a_run()
        assert reader.problems == []


def test_lines_longer_than_any_buffer_are_read_whole(tmp_path: Path) -> None:
    long = ev.BodyStored(seq=1, text="näive " * 200_000)
    with TraceReader(write_trace(tmp_path / "a.rlm.jsonl", [long, ev.Note(seq=2, text="x")])) as reader:
        reader.index()
        assert reader.event(1) == long
        assert reader.text(ev.BodyRef(1)) == long.text
        assert reader.text("as it is") == "as it is"
        for wrong in (2, 3):
            with pytest.raises(TraceError):
                reader.text(ev.BodyRef(wrong))


def test_a_trace_cut_at_any_byte_opens_loses_at_most_the_last_event_and_says_so(tmp_path: Path) -> None:
    lines = lines_of(a_run())
    data = b"".join(lines)
    path = tmp_path / "a.rlm.jsonl"
    path.write_bytes(data)
    for size in range(len(data) - 1, -1, -1):
        os.truncate(path, size)
        whole = max(0, data[:size].count(b"\n") - 1)
        events, problems = read(path)
        assert events[:whole] == a_run()[:whole]
        assert len(events) in (whole, whole + 1)
        assert problems
        ends_a_line = size > 0 and data[size - 1 : size] == b"\n"
        assert ends_a_line or {"torn", "header"} & set(problems)


def test_every_changed_byte_is_noticed_by_verify(tmp_path: Path) -> None:
    path = write_trace(tmp_path / "a.rlm.jsonl", [*a_run()[:3], ev.RunFinished(seq=4, status="failed", detail="é")])
    data = path.read_bytes()
    assert verify(path) == []
    for index in range(len(data)):
        path.write_bytes(data[:index] + bytes([data[index] ^ 0x20]) + data[index + 1 :])
        assert verify(path), f"byte {index} ({data[index : index + 1]!r})"


def test_a_damaged_line_in_the_middle_costs_that_event_only(trace: Path) -> None:
    lines = trace.read_bytes().splitlines(keepends=True)
    lines[5] = lines[5].replace(b"r.1.lm", b"r.1.xx")
    trace.write_bytes(b"".join(lines))
    with TraceReader(trace) as reader:
        assert list(reader) == [event for event in a_run() if event.seq != 5]
        assert [(problem.name, problem.line) for problem in reader.problems] == [("damaged", 6)]
        assert reader.event(6) == a_run()[5]
        with pytest.raises(TraceError, match="no event 5"):
            reader.event(5)


def test_missing_repeated_and_misplaced_events_are_named(tmp_path: Path) -> None:
    run = a_run()
    path = tmp_path / "a.rlm.jsonl"
    path.write_bytes(b"".join(lines_of([*run[:4], *run[6:8], run[7], run[2], *run[8:]])))
    with TraceReader(path) as reader:
        assert list(reader) == [*run[:4], *run[6:]]
        assert [(problem.name, problem.line) for problem in reader.problems] == [("gap", 6), ("order", 8), ("order", 9)]
        assert "events 5 to 6 are missing" in reader.problems[0].message


def test_a_huge_gap_costs_nothing(tmp_path: Path) -> None:
    events, problems = read(write_trace(tmp_path / "a.rlm.jsonl", [*a_run()[:2], ev.Note(seq=2**53, text="far")]))
    assert [event.seq for event in events] == [1, 2, 2**53]
    assert problems == ["gap", "unfinished"]


def test_a_missing_header_is_a_problem_not_the_end(tmp_path: Path) -> None:
    path = tmp_path / "a.rlm.jsonl"
    path.write_bytes(b"".join(lines_of(a_run())[1:]))
    assert read(path) == (a_run(), ["header"])


def test_a_damaged_header_is_a_problem_not_the_end(trace: Path) -> None:
    trace.write_bytes(trace.read_bytes().replace(b"offline", b"OFFLINE", 1))
    assert read(trace) == (a_run(), ["header"])


@pytest.mark.parametrize(
    ("before", "after", "name"),
    [
        (b'"max_iterations":20', b'"seed":9223372036854775808', "seed"),
        (b'"max_iterations":20', b'"seed":' + b"9" * 400, "seed"),
        (b'"max_iterations":20', b'"seed":-9223372036854775809', "seed"),
        (b'"max_iterations":20', b'"seed":[1],"x":{}', "seed, x"),
        (b'"chars":5', b'"chars":-5', "context"),
        (b'"chars":5', b'"chars":36893488147419103232', "context"),
    ],
)
def test_a_number_that_does_not_fit_costs_its_part_of_the_header_only(
    tmp_path: Path, before: bytes, after: bytes, name: str
) -> None:
    path = write_trace(tmp_path / "a.rlm.jsonl")
    header, *events = path.read_bytes().splitlines(keepends=True)
    assert before in header
    path.write_bytes(seal(header.rpartition(b',"crc":')[0].replace(before, after) + b"}") + b"".join(events))
    assert read(path) == (a_run(), ["header"])
    with TraceReader(path) as reader:
        assert reader.problems[0].message == f"Of the header of this trace {name} does not fit and is left out."
        assert reader.header.config["model"] == "offline"
        assert reader.header.app == "rlm-tui 0.1.0"
    assert glance(path).status == "answered"


def test_a_number_that_does_not_fit_costs_its_event_only(trace: Path) -> None:
    lines = trace.read_bytes().splitlines(keepends=True)
    lines[18] = seal(lines[18].rpartition(b',"crc":')[0] + b',"batch_size":9223372036854775808}')
    trace.write_bytes(b"".join(lines))
    with TraceReader(trace) as reader:
        assert list(reader) == [event for event in a_run() if event.seq != 18]
        assert [(problem.name, problem.line) for problem in reader.problems] == [("damaged", 19)]
        assert "subcall.requested is not as it should be" in reader.problems[0].message


@pytest.mark.parametrize("content", [b"%PDF-1.7\n", b'{"type":"metadata"}\n', b"\x00" * 50, b"plain text"])
def test_a_file_of_another_kind_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.rlm.jsonl"
    path.write_bytes(content)
    with pytest.raises(TraceError, match="not an rlm-tui trace"):
        TraceReader(path)
    assert [problem.name for problem in verify(path)] == ["unreadable"]


def test_a_later_format_version_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "a.rlm.jsonl"
    path.write_bytes(b"".join(lines_of(a_run(), Header(version=2))))
    with pytest.raises(TraceError, match=r"a\.rlm\.jsonl: .* version 2"):
        TraceReader(path)


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: os.symlink("/dev/zero", path)])
def test_only_regular_files_are_opened(tmp_path: Path, make: object) -> None:
    path = tmp_path / "a.rlm.jsonl"
    make(path)  # type: ignore[operator]
    with pytest.raises(TraceError, match="not a regular file"):
        TraceReader(path)


@pytest.mark.parametrize("name", ["none.rlm.jsonl", "nul\x00.rlm.jsonl", "x" * 5000])
def test_a_file_that_cannot_be_opened_is_one_sentence(tmp_path: Path, name: str) -> None:
    with pytest.raises(TraceError, match="cannot be opened"):
        TraceReader(tmp_path / name)


def test_a_link_to_a_trace_is_followed(trace: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.rlm.jsonl"
    link.symlink_to(trace)
    assert read(link) == (a_run(), [])


def test_reading_changes_nothing_and_opens_no_socket(trace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_socket(*args: object, **kwargs: object) -> None:
        raise AssertionError("a socket was asked for")

    monkeypatch.setattr(socket, "socket", no_socket)
    trace.chmod(0o400)
    before = trace.read_bytes(), trace.stat().st_mtime_ns, sorted(os.listdir(trace.parent))
    with TraceReader(trace) as reader:
        reader.index()
        reader.event(3)
    verify(trace)
    assert (trace.read_bytes(), trace.stat().st_mtime_ns, sorted(os.listdir(trace.parent))) == before


def test_progress_ends_at_the_size_and_never_falls(tmp_path: Path) -> None:
    path = write_trace(tmp_path / "a.rlm.jsonl", [ev.Note(seq=seq, text="x") for seq in range(1, 5000)])
    seen: list[tuple[int, int]] = []
    with TraceReader(path) as reader:
        for _ in reader.iter_index(lambda done, total: seen.append((done, total))):
            pass
    size = path.stat().st_size
    assert seen == sorted(seen)
    assert len(seen) > 3
    assert seen[-1] == (size, size)
    assert {total for _, total in seen} == {size}


def test_events_can_be_asked_for_while_another_thread_indexes(tmp_path: Path) -> None:
    notes = [ev.Note(seq=seq, text=f"note {seq}") for seq in range(1, 3000)]
    with TraceReader(write_trace(tmp_path / "a.rlm.jsonl", notes)) as reader:
        thread = threading.Thread(target=reader.index)
        thread.start()
        while thread.is_alive():
            if known := len(reader):
                assert reader.event(known) == notes[known - 1]
        thread.join()
        assert reader.complete
        assert len(reader) == len(notes)


def test_a_live_trace_is_taken_as_it_is_at_opening(trace: Path) -> None:
    with TraceReader(trace) as reader, trace.open("ab") as more:
        more.write(encode(ev.Note(seq=len(a_run()) + 1, text="later")))
        more.flush()
        assert list(reader) == a_run()


def test_gzip_is_read_and_a_cut_one_gives_what_it_has(trace: Path, tmp_path: Path) -> None:
    packed = tmp_path / "a.rlm.jsonl.gz"
    packed.write_bytes(gzip.compress(trace.read_bytes()))
    assert read(packed) == (a_run(), [])
    packed.write_bytes(packed.read_bytes()[:-200])
    events, problems = read(packed)
    assert events == a_run()[: len(events)]
    assert problems[0] == "packed"
    packed.write_bytes(gzip.compress(trace.read_bytes())[:-6] + b"broken")
    assert read(packed) == (a_run(), ["packed"])


def test_a_file_that_unpacks_to_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "_ZIP_FLOOR", 1 << 20)
    bomb = tmp_path / "a.rlm.jsonl.gz"
    bomb.write_bytes(gzip.compress(bytes(1 << 23)))
    with pytest.raises(TraceError, match="unpacks to more than"):
        TraceReader(bomb)


def test_a_file_over_the_cap_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.rlm.jsonl"
    path.touch()
    os.truncate(path, source._MAX_FILE + 1)
    with pytest.raises(TraceError, match="larger than 4 GB"):
        TraceReader(path)


def test_a_read_that_fails_is_one_sentence(trace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object) -> int:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with TraceReader(trace) as reader:
        reader.index()
        monkeypatch.setattr(os, "preadv", broken)
        with pytest.raises(TraceError, match="cannot be read: input/output error"):
            reader.event(1)
    with pytest.raises(TraceError, match="cannot be read"):
        TraceReader(trace)


def test_a_full_disk_while_unpacking_is_not_blamed_on_the_file(trace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class FullDisk(io.BytesIO):
        def write(self, data: object) -> int:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    packed = trace.with_name("a.rlm.jsonl.gz")
    packed.write_bytes(gzip.compress(trace.read_bytes()))
    monkeypatch.setattr(source.tempfile, "TemporaryFile", FullDisk)
    with pytest.raises(TraceError, match="cannot be unpacked: no space left"):
        TraceReader(packed)


def test_zstd_is_read_where_python_can_and_else_refused_in_one_sentence(trace: Path, tmp_path: Path) -> None:
    packed = tmp_path / "a.rlm.jsonl.zst"
    if importlib.util.find_spec("compression"):
        from compression import zstd

        packed.write_bytes(zstd.compress(trace.read_bytes()))
        assert read(packed) == (a_run(), [])
    else:
        packed.write_bytes(b"\x28\xb5\x2f\xfd\x00")
        with pytest.raises(TraceError, match=r"zstd -d a\.rlm\.jsonl\.zst"):
            TraceReader(packed)


def test_a_line_over_the_cap_is_left_out_and_not_kept_in_memory(trace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = trace.read_bytes().splitlines(keepends=True)
    trace.write_bytes(b"".join([*lines[:8], b"x" * 5000 + b"\n", *lines[8:]]))
    monkeypatch.setattr(source, "MAX_LINE", 1000)
    with trace.open("rb") as file:
        assert max(len(line) for _, line in source.scan(file.fileno(), 0, trace.stat().st_size)) == 1002
    assert read(trace) == (a_run(), ["damaged"])


def test_problems_are_counted_up_to_a_cap(tmp_path: Path) -> None:
    path = tmp_path / "a.rlm.jsonl"
    path.write_bytes(lines_of([])[0] + b"junk\n" * 3000)
    _, problems = read(path)
    assert len(problems) == 1001
    assert problems[-1] == "more"


def test_line_ends_of_another_system_do_not_matter(trace: Path, tmp_path: Path) -> None:
    other = tmp_path / "sent-by-mail.rlm.jsonl"
    other.write_bytes(trace.read_bytes().replace(b"\n", b"\r\n"))
    assert read(other) == read(trace)
    assert verify(other) == []


def test_an_empty_file_is_called_so(tmp_path: Path) -> None:
    path = tmp_path / "a.rlm.jsonl"
    path.touch()
    with TraceReader(path) as reader:
        assert list(reader) == []
        assert reader.problems[0].message == "The file is empty."


def test_a_byte_order_mark_is_passed_over(trace: Path, tmp_path: Path) -> None:
    marked = tmp_path / "marked.rlm.jsonl"
    marked.write_bytes(BOM_UTF8 + trace.read_bytes())
    headless = tmp_path / "headless.rlm.jsonl"
    headless.write_bytes(BOM_UTF8 + trace.read_bytes().partition(b"\n")[2])
    assert is_trace(str(marked))
    assert read(marked) == read(trace)
    assert read(headless) == (read(trace)[0], ["header"])
    assert (glance(marked).question, glance(marked).problem) == (glance(trace).question, "")


@pytest.mark.parametrize("is_plain", [True, False])
def test_replay_refuses_what_unpacks_to_too_much(
    trace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_plain: bool
) -> None:
    monkeypatch.setattr(source, "_ZIP_FLOOR", 2 << 20)
    bomb = tmp_path / "a.rlm.jsonl.gz"
    bomb.write_bytes(gzip.compress(trace.read_bytes() + bytes(1 << 23)))
    with pytest.raises(TraceError, match="unpacks to more than"):
        show(str(bomb), at=None, command="replay", settings=load(), is_plain=is_plain)
