"""A document that is still being read: its first pages, its progress, and its end at any moment."""

from __future__ import annotations

import os
import subprocess
import threading
from pathlib import Path

import pytest

from rlm_tui import events as ev
from rlm_tui.context.load import Loading, Progress, load_document
from tests.driving import live
from tests.functional.documents.kit import all_gone, break_pdf_child, refused, until, write
from tests.pdfs import make_pdf


def test_the_first_page_is_there_before_the_last_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = tmp_path / "go-on"
    os.mkfifo(go_on)
    prelude = (
        "send = pdf_child._send_page\n"
        "def waits(pdf, document, index, out):\n"
        f"    if index == 1: open({str(go_on)!r}).read()\n"
        "    send(pdf, document, index, out)\n"
        "pdf_child._send_page = waits"
    )
    break_pdf_child(monkeypatch, tmp_path, prelude)
    loading = Loading([write(tmp_path / "a.pdf", make_pdf(["one", "two"]))])
    loading.start()
    until(loading, lambda: loading.document.chars > 0)
    before = loading.version
    assert loading.document.value == "one"
    assert loading.progress == Progress(1, 2, "pages of a.pdf")
    go_on.write_text("now")
    loading.join()
    assert loading.finished
    assert loading.error is None
    assert loading.document.value == "one\ftwo"
    assert loading.version > before


def test_cancel_ends_thread_and_child_and_keeps_what_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, children: list[subprocess.Popen[bytes]]
) -> None:
    prelude = (
        "send = pdf_child._send_page\n"
        "def stays(pdf, document, index, out):\n"
        "    if index == 1: time.sleep(600)\n"
        "    send(pdf, document, index, out)\n"
        "pdf_child._send_page = stays"
    )
    break_pdf_child(monkeypatch, tmp_path, prelude)
    loading = Loading([write(tmp_path / "a.pdf", make_pdf(["one", "two"]))])
    loading.start()
    until(loading, lambda: loading.document.chars > 0)
    assert [child.returncode for child in children] == [None]
    loading.cancel()
    loading.join()
    assert loading.finished
    assert loading.error is None
    assert loading.document.value == "one"
    assert all_gone(children)
    assert not [thread for thread in threading.enumerate() if thread.name == "rlm-tui-loading"]


def test_cancel_before_start_and_after_the_end_is_harmless(tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", "text")
    loading = Loading([path])
    loading.cancel()
    loading.start()
    loading.join()
    assert loading.finished
    assert not loading.document.parts
    done = Loading([path])
    done.run()
    done.cancel()
    done.join()
    assert done.document.value == "text"


def test_a_loading_leaves_no_descriptors_open(tmp_path: Path) -> None:
    path = write(tmp_path / "a.pdf", make_pdf(["x"]))
    load_document([path])
    before = len(os.listdir("/dev/fd"))
    load_document([path, path])
    refused(str(tmp_path / "missing"))
    assert len(os.listdir("/dev/fd")) == before


def test_progress_is_told_while_loading(tmp_path: Path) -> None:
    told: list[Progress] = []
    load_document(
        [write(tmp_path / "a.pdf", make_pdf(["x"] * 5)), write(tmp_path / "b.txt", "abc")], on_progress=told.append
    )
    assert Progress(5, 5, "pages of a.pdf") in told
    assert told[-1] == Progress(3, 3, "bytes of b.txt")


def test_cancelling_at_once_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(make_pdf(["one page"]))
    loading = Loading([str(tmp_path / "a.pdf")])
    loading.start()
    loading.cancel()
    loading.join()
    assert loading.error is None
    assert loading.finished


def test_a_fault_of_our_own_is_told_and_nothing_is_asked_about_half_a_document(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def faulty(*_: object) -> None:
        raise ValueError("a fault in the outline")

    monkeypatch.setenv("RLM_TUI_HOME", str(tmp_path))
    monkeypatch.setattr("rlm_tui.context.texts.Texts.add", faulty)
    with live(tmp_path, ["FINAL(answered about nothing)"]) as run:
        run.start().until(lambda: not run.session.is_running)
        assert "a fault in the outline" in run.session.trouble
    assert run.of(ev.LmRequested) == []
    assert "ValueError" in (tmp_path / "data" / "crash.log").read_text()
