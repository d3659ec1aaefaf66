"""What was extracted once is kept, and never trusted further than it should be."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from rlm_tui.context import cache as cache_module
from rlm_tui.context import load as load_module
from rlm_tui.context.document import Document
from rlm_tui.context.load import load_document
from tests.functional.documents.kit import PAGE, word_document, write
from tests.pdfs import make_pdf


def _loaded(path: Path, data: bytes | str) -> Document:
    return load_document([write(path, data)])


def _entries() -> list[Path]:
    folder = cache_module.paths.cache_dir() / "documents"
    return sorted(folder.iterdir()) if folder.exists() else []


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.pdf", make_pdf(["one", "two", ""], bookmarks=[("Two", 2)])),
        ("a.html", PAGE.encode()),
        ("a.docx", word_document()),
    ],
    ids=["pdf", "html", "docx"],
)
def test_what_was_extracted_once_is_not_extracted_again(
    tmp_path: Path, children: list[subprocess.Popen[bytes]], name: str, data: bytes
) -> None:
    first = _loaded(tmp_path / name, data)
    assert len(children) == 1
    second = _loaded(tmp_path / "elsewhere" / name, data)
    assert len(children) == 1
    for document in (first, second):
        document.parts[0].path = None
    assert second.info() == first.info()
    assert (second.parts[0].pages, second.parts[0].headings) == (first.parts[0].pages, first.parts[0].headings)
    assert second.notes == first.notes
    assert [oct(path.stat().st_mode & 0o777) for path in _entries()] == ["0o600"]
    assert oct(_entries()[0].parent.stat().st_mode & 0o777) == "0o700"


@pytest.mark.parametrize("harm", [b"", b"no entry at all", None])
def test_a_broken_entry_is_passed_over_and_written_anew(
    tmp_path: Path, children: list[subprocess.Popen[bytes]], harm: bytes | None
) -> None:
    path = tmp_path / "a.pdf"
    value = _loaded(path, make_pdf(["one", "two"])).value
    [entry] = _entries()
    whole = entry.read_bytes()
    entry.write_bytes(whole.replace(b"two", b"tvo") if harm is None else harm)
    assert load_document([str(path)]).value == value
    assert len(children) == 2
    assert entry.read_bytes() == whole


def test_an_entry_of_another_version_of_the_library_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, children: list[subprocess.Popen[bytes]]
) -> None:
    _loaded(tmp_path / "a.pdf", make_pdf(["one"]))
    assert _entries()[0].name.partition("-")[2].startswith("1-")
    monkeypatch.setattr(cache_module, "_version", lambda *names: "99")
    load_document([str(tmp_path / "a.pdf")])
    assert len(children) == 2


def test_a_cache_that_cannot_be_written_is_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RLM_TUI_HOME", write(tmp_path / "a-file", "x"))
    assert _loaded(tmp_path / "a.pdf", make_pdf(["one"])).value == "one"


def test_the_oldest_entries_go_when_there_are_too_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        _loaded(tmp_path / f"{number}.html", f"<p>page {number}")
        os.utime(_entries()[0], (number, number)) if number == 0 else None
    oldest = min(_entries(), key=lambda path: path.stat().st_mtime)
    monkeypatch.setattr(cache_module, "_MAX_ALL", sum(path.stat().st_size for path in _entries()))
    _loaded(tmp_path / "3.html", "<p>page 3")
    assert oldest not in _entries()
    assert len(_entries()) == 3


def test_a_text_that_lost_pages_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load_module.PdfGrowth, "is_whole", False)
    _loaded(tmp_path / "a.pdf", make_pdf(["one"]))
    assert not _entries()
