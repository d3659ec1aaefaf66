"""The child that reads documents: it dies, lies, hangs and is cancelled, and the app goes on."""

from __future__ import annotations

import os
import subprocess
import threading
from pathlib import Path

import pytest

from rlm_tui.context import cache as cache_module
from rlm_tui.context import reader as reader_module
from rlm_tui.context.load import Loading, load_document
from tests.functional.documents.kit import PAGE, is_refused, loaded, write


def _fault(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, prelude: str) -> None:
    """Runs the real child with a fault in it; `reader` is its module."""
    real = reader_module._CHILD
    path = write(
        tmp_path / "fault" / "fault.py",
        f"import os, signal, sys, time\nsys.path.insert(0, {str(real.parent.parent)!r})\nfrom child import reader\n"
        f"del sys.path[0]\n{prelude}\nreader.main(sys.argv[2:])\n",
    )
    monkeypatch.setattr(reader_module, "_CHILD", Path(path))


@pytest.mark.parametrize(
    ("prelude", "words"),
    [
        ("reader._read = lambda *a: os.kill(os.getpid(), signal.SIGSEGV)", "the reader of html crashed on it"),
        ("reader._read = lambda *a: bytearray(1 << 62)", "takes too much memory"),
        ("reader._answer = lambda out, found: os.write(out, b'h' + bytes([0, 0, 0, 1]) + b'x')", "failed on it"),
        ("reader._answer = lambda out, found: os.write(out, b't' + bytes([255] * 4))", "failed on it"),
        ("reader._answer = lambda out, found: os.write(out, b'?' + bytes(4))", "cannot be read"),
    ],
)
def test_a_child_that_dies_or_lies_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, children: list[subprocess.Popen[bytes]], prelude: str, words: str
) -> None:
    _fault(monkeypatch, tmp_path, prelude)
    assert words in is_refused(tmp_path / "a.html", PAGE)
    assert [child.poll() is None for child in children] == [False]


def test_a_child_that_hangs_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, children: list[subprocess.Popen[bytes]]
) -> None:
    _fault(monkeypatch, tmp_path, "reader._read = lambda *a: time.sleep(600)")
    monkeypatch.setattr(reader_module, "STALL_S", 0.05)
    assert "hung on it" in is_refused(tmp_path / "a.html", PAGE)
    assert [child.poll() is None for child in children] == [False]


def test_data_whose_outline_fails_is_read_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _fault(monkeypatch, tmp_path, "reader._read = lambda *a: os._exit(3)")
    document = loaded(tmp_path / "a.json", "[1]")
    assert document.value == "[1]"
    assert "has no outline" in document.notes[0]


def test_the_child_has_an_empty_environment_and_nothing_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    prelude = (
        "def looks(kind, data):\n"
        "    fds = [fd for fd in range(3, 64) if os.path.exists(f'/dev/fd/{fd}')]\n"
        "    return reader.Found(repr((sorted(os.environ), len(fds), sys.flags.isolated)))\n"
        "reader._read = looks"
    )
    _fault(monkeypatch, tmp_path, prelude)
    names, fds, isolated = eval(str(loaded(tmp_path / "a.html", "x").value))  # noqa: S307
    assert not {"OPENAI_API_KEY", "PATH", "HOME"} & set(names)
    assert (fds, isolated) == (3, 1)  # control, output and the document


def test_one_child_reads_all_documents_of_a_folder_and_a_new_one_goes_on_after_a_crash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, children: list[subprocess.Popen[bytes]]
) -> None:
    for name in "abcd":
        write(tmp_path / "f" / f"{name}.html", f"<p>page {name}")
    assert load_document([str(tmp_path / "f")]).value == [f"page {name}" for name in "abcd"]
    assert len(children) == 1
    write(tmp_path / "f" / "b.html", "<p>kill")
    prelude = "read = reader._read\nreader._read = lambda k, d: os._exit(3) if b'kill' in d else read(k, d)"
    _fault(monkeypatch, tmp_path, prelude)
    monkeypatch.setattr(cache_module, "look_up", lambda digest, kind: None)
    document = load_document([str(tmp_path / "f")])
    assert document.value == ["page a", "page c", "page d"]
    assert "crashed" in document.notes[0]
    assert len(children) == 3


def test_cancelling_ends_a_reader_that_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, children: list[subprocess.Popen[bytes]]
) -> None:
    _fault(monkeypatch, tmp_path, "reader._read = lambda *a: time.sleep(600)")
    loading = Loading([write(tmp_path / "a.html", PAGE)])
    loading.start()
    ticks = threading.Event()
    while not children:
        ticks.wait(0.002)
    loading.cancel()
    loading.join()
    assert loading.error is None
    assert [child.poll() is None for child in children] == [False]


def test_the_readers_leave_no_descriptors_open(tmp_path: Path) -> None:
    path = write(tmp_path / "a.html", PAGE)
    load_document([path])
    before = len(os.listdir("/dev/fd"))
    load_document([path, write(tmp_path / "b.json", "[1]")])
    assert len(os.listdir("/dev/fd")) == before
