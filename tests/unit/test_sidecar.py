"""Bookmarks and notes in the file beside a trace: kept whole, read with care, never in the log."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlm_tui import resources
from rlm_tui.errors import TraceError
from rlm_tui.session.notebook import Notebook
from rlm_tui.text import scrub
from rlm_tui.trace.sidecar import Sidecar, load_sidecar, save_sidecar, sidecar_of


@pytest.mark.parametrize(
    ("trace", "notes"),
    [
        ("run.rlm.jsonl", "run.rlm.notes.json"),
        ("run.rlm.jsonl.gz", "run.rlm.notes.json"),
        ("run.rlm.jsonl.zst", "run.rlm.notes.json"),
        ("log.txt", "log.txt.notes.json"),
        (".jsonl", ".jsonl.notes.json"),
    ],
)
def test_the_notes_stand_beside_the_trace(trace: str, notes: str) -> None:
    assert sidecar_of(Path("/x") / trace) == Path("/x") / notes


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(1, 2**40)), st.dictionaries(st.text(max_size=20), st.text(max_size=80)))
def test_what_is_kept_comes_back(
    tmp_path_factory: pytest.TempPathFactory, marks: list[int], notes: dict[str, str]
) -> None:
    path = tmp_path_factory.mktemp("notes") / "run.rlm.notes.json"
    notes = {scrub(node)[0]: scrub(text)[0] for node, text in notes.items()}
    kept = Sidecar(marks=tuple(marks), notes=notes)
    save_sidecar(path, kept)
    assert load_sidecar(path) == kept
    assert path.exists() == bool(marks or notes)
    assert [file.name for file in path.parent.iterdir()] == [path.name] * path.exists()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"not json", "it is no file of notes"),
        (b'{"format":"rlm-tui notes","marks":["1"]}', "it is no file of notes"),
        (b'{"format":"other","version":1}', "a later version"),
        (b'{"format":"rlm-tui notes","version":2}', "a later version"),
        (b'{"x":' + b"[" * 100_000, "it is no file of notes"),
    ],
)
def test_a_bad_file_is_passed_over_in_one_sentence_and_put_aside_before_it_is_replaced(
    tmp_path: Path, content: bytes, why: str
) -> None:
    trace = tmp_path / "run.rlm.jsonl"
    path = sidecar_of(trace)
    path.write_bytes(content)
    notebook = Notebook()
    assert why in notebook.open(trace)
    assert notebook.marks == []
    assert path.read_bytes() == content
    notebook.toggle(3)
    assert notebook.save(str(trace)) == ""
    assert load_sidecar(path).marks == (3,)
    assert path.with_name(path.name + ".bad").read_bytes() == content


def test_a_bad_file_that_cannot_be_put_aside_stays_and_it_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise OSError(errno.EACCES, os.strerror(errno.EACCES))

    trace = tmp_path / "run.rlm.jsonl"
    sidecar_of(trace).write_bytes(b"not json")
    notebook = Notebook()
    notebook.open(trace)
    notebook.toggle(3)
    with monkeypatch.context() as closed:
        closed.setattr(Path, "rename", refused)
        assert "tried again until you quit" in notebook.save(str(trace))
        assert sidecar_of(trace).read_bytes() == b"not json"
    assert notebook.retry(str(trace))
    assert load_sidecar(sidecar_of(trace)).marks == (3,)


def test_two_windows_on_one_trace_keep_what_each_of_them_wrote_and_took_away(tmp_path: Path) -> None:
    trace, path = tmp_path / "run.rlm.jsonl", sidecar_of(tmp_path / "run.rlm.jsonl")
    save_sidecar(path, Sidecar(marks=(1, 2), notes={"1": "old", "2": "old"}))
    one, other = Notebook(), Notebook()
    assert [one.open(trace), other.open(trace)] == ["", ""]
    one.toggle(3)
    one.toggle(1)
    one.write("1", "")
    one.write("3", "of the one")
    assert one.save(str(trace)) == ""
    other.toggle(4)
    other.write("2", "of the other")
    assert other.save(str(trace)) == ""
    assert load_sidecar(path) == Sidecar(marks=(2, 3, 4), notes={"2": "of the other", "3": "of the one"})
    assert (other.marks, other.notes) == ([2, 3, 4], {"2": "of the other", "3": "of the one"})
    path.unlink()
    assert one.save(str(trace)) == ""
    assert load_sidecar(path).notes == {"2": "old", "3": "of the one"}, "what a window shows is not lost with the file"


def test_what_is_no_regular_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "run.rlm.notes.json"
    os.mkfifo(path)
    with pytest.raises(TraceError, match="not a regular file"):
        load_sidecar(path)


def test_a_read_only_folder_is_told_and_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "run.rlm.notes.json"
    save_sidecar(path, Sidecar(marks=(1,)))

    def refused(*_: object) -> int:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    notebook = Notebook()
    notebook.open(tmp_path / "run.rlm.jsonl")
    notebook.write("1", "a thought")
    monkeypatch.setattr("rlm_tui.trace.sidecar.os.open", refused)
    said = notebook.save(str(tmp_path / "run.rlm.jsonl"))
    assert "read-only file system" in said
    assert "until you quit" in said
    assert notebook.notes == {"1": "a thought"}
    monkeypatch.undo()
    assert load_sidecar(path) == Sidecar(marks=(1,))


def test_without_a_trace_marks_last_until_one_quits() -> None:
    notebook = Notebook()
    notebook.toggle(1)
    assert "no trace file" in notebook.save("")


def test_marks_are_walked_round() -> None:
    notebook = Notebook()
    assert notebook.beside(5, 1) is None
    assert [notebook.toggle(seq) for seq in (9, 2, 5)] == [True] * 3
    assert notebook.marks == [2, 5, 9]
    assert [notebook.beside(seq, 1) for seq in (1, 2, 5, 9)] == [2, 5, 9, 2]
    assert [notebook.beside(seq, -1) for seq in (10, 9, 5, 2)] == [9, 5, 2, 9]
    assert not notebook.toggle(5)
    assert notebook.marks == [2, 9]


def test_nothing_is_written_into_the_installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RLM_TUI_HOME", str(tmp_path))
    notes = sidecar_of(resources.folder("sample_traces") / "clean.rlm.jsonl")
    assert notes == tmp_path / "data" / "traces" / "clean.rlm.notes.json"
    save_sidecar(notes, Sidecar(marks=(1,)))
    assert load_sidecar(notes).marks == (1,)
