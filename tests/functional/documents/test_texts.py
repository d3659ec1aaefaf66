"""Texts, folders, several documents and standard input; and what of them is refused."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rlm_tui.context import load as load_module
from rlm_tui.context import sources as sources_module
from rlm_tui.context.load import load_document
from rlm_tui.errors import DocumentError
from tests.functional.documents.kit import refused, write
from tests.pdfs import make_pdf


def test_a_text_is_one_str_with_its_newlines(tmp_path: Path) -> None:
    document = load_document([write(tmp_path / "a.csv", "a,b\r\n1,2\r\n")])
    assert document.value == "a,b\r\n1,2\r\n"
    assert document.info().parts[0].pages is None
    assert document.info().parts[0].sha256 == document.info().parts[0].file_sha256


def test_a_folder_is_a_list_in_path_order_and_says_what_it_passed_over(tmp_path: Path) -> None:
    folder = tmp_path / "notes"
    for name, data in {
        "b.md": "# B\n",
        "a/z.txt": "z",
        "a/deep/y.py": "y = 1",
        "a.txt": "a",
        ".hidden": "h",
        ".git/config": "h",
        "photo.png": b"\x89PNG\r\n\x1a\n\x00",
        "empty.txt": "",
        "scan.pdf": make_pdf([""]),
        "real.pdf": make_pdf(["page"]),
    }.items():
        write(folder / name, data)
    outside = write(tmp_path / "secret.txt", "secret")
    (folder / "link.txt").symlink_to(outside)
    (folder / "up").symlink_to(tmp_path, target_is_directory=True)
    os.mkfifo(folder / "pipe")
    document = load_document([str(folder)])
    assert [part.name for part in document.parts] == ["a/deep/y.py", "a/z.txt", "a.txt", "b.md", "real.pdf"]
    assert document.value == ["y = 1", "z", "a", "# B\n", "page"]
    assert [heading.title for heading in document.parts[3].headings] == ["B"]
    assert document.notes == [
        "Skipped in notes: 1 binary file, 1 empty file, 2 hidden files, 2 linked files, 1 special file.",
        "Left out: scan.pdf has 1 page but no text: it is a scan and needs OCR first.",
    ]


def test_a_folder_with_one_file_is_still_a_list(tmp_path: Path) -> None:
    write(tmp_path / "f" / "a.txt", "a")
    assert load_document([str(tmp_path / "f")]).value == ["a"]


def test_several_paths_keep_their_order_and_files_of_one_name_are_told_apart(tmp_path: Path) -> None:
    first, second = write(tmp_path / "x" / "a.txt", "1"), write(tmp_path / "y" / "a.txt", "2")
    write(tmp_path / "f" / "b.txt", "3")
    document = load_document([second, first, str(tmp_path / "f")])
    assert document.value == ["2", "1", "3"]
    assert [part.name for part in document.parts] == [second, first, "f/b.txt"]


def test_a_file_name_that_is_no_utf8_does_not_enter_as_it_is(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.txt")
    document = load_document([write(tmp_path / "f" / name, "a").rpartition("/")[0]])
    assert document.parts[0].name == "caf\ufffd.txt"
    assert str(document.parts[0].path).endswith("caf\ufffd.txt")
    assert load_document([str(tmp_path / "f" / name)]).parts[0].name == "caf\ufffd.txt"


def test_a_folder_of_too_many_files_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources_module, "_MAX_FILES", 2)
    for name in "abc":
        write(tmp_path / name, name)
    assert "more than 2 files" in refused(str(tmp_path))


def test_a_link_that_is_named_is_followed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(write(tmp_path / "a.txt", "a"))
    assert load_document([str(tmp_path / "link")]).value == "a"


def _run_on_stdin(data: bytes, *, code: str = "") -> str:
    program = (
        code
        or "from rlm_tui.context.load import load_document; d = load_document(['-']); print(ascii((d.value, d.info())))"
    )
    done = subprocess.run([sys.executable, "-c", program], input=data, capture_output=True, check=True, timeout=60)
    return done.stdout.decode()


def test_standard_input_is_read_to_its_end_as_text_or_pdf() -> None:
    text = _run_on_stdin("viel Text äöü\n".encode() * 30_000)
    assert "name='standard input'" in text
    assert "chars=420000" in text
    assert "path=None" in text
    assert "'one\\x0ctwo'" in _run_on_stdin(make_pdf(["one", "two"]))


def test_standard_input_is_named_once(tmp_path: Path) -> None:
    assert "only once" in refused("-", "-")


def test_an_empty_standard_input_is_a_document_error() -> None:
    code = (
        "from rlm_tui.context.load import Loading; l = Loading(['-']); l.run(); print(l.error)\n"
        "import os; print(os.fstat(0).st_mode > 0)"
    )
    assert _run_on_stdin(b"", code=code).split("\n")[:2] == [
        "standard input is empty; open a document with text in it.",
        "True",
    ]


def test_bad_paths_are_one_sentence_each(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    write(tmp_path / "only-binary" / "a.bin", b"\x00\x01")
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    os.mkfifo(tmp_path / "pipe")
    assert refused(str(tmp_path / "no.pdf")) == f"{tmp_path / 'no.pdf'} does not exist; check the path."
    assert refused(write(tmp_path / "a.txt", "")) == "a.txt is empty; open a document with text in it."
    assert refused(write(tmp_path / "b.txt", " \n\t")).startswith("b.txt holds only white space")
    assert "nothing to read;" in refused(str(tmp_path / "empty"))
    assert "nothing to read (1 binary file)" in refused(str(tmp_path / "only-binary"))
    assert "too many levels" in refused(str(loop))
    assert "pipe or a device" in refused(str(tmp_path / "pipe"))
    assert "pipe or a device" in refused("/dev/zero")
    assert "office document" in refused(write(tmp_path / "a.xlsx", b"PK\x03\x04rest"))
    assert "does not exist" in refused(str(tmp_path / ("n" * 300)))
    assert "names no document" in refused("")
    assert "names no document" in refused("a\0b")
    assert "No document was given" in refused()


def test_a_file_found_in_a_folder_that_cannot_be_opened_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.txt", "b.txt"):
        write(tmp_path / "f" / name, name)
    real = load_module._open

    def gone(path: Path) -> int:
        if path.name == "a.txt":
            path.unlink()
        return real(path)

    monkeypatch.setattr(load_module, "_open", gone)
    document = load_document([str(tmp_path / "f")])
    assert document.value == ["b.txt"]
    assert "no such file" in document.notes[0]


def test_a_file_that_may_not_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "a.txt", "x")

    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(load_module.os, "open", refuse)
    assert refused(path) == f"{path} cannot be read (permission denied); check the path and its permissions."


def test_a_file_over_the_cap_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "big.txt"
    with path.open("wb") as file:
        file.truncate(load_module.MAX_BYTES + 1)
    assert refused(str(path)) == "big.txt is larger than 2.0 GB; split it and open the parts you need."


def test_what_is_no_text_is_told_by_its_begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Gigabytes of it are not read first."""
    path = tmp_path / "disk.img"
    with path.open("wb") as file:
        file.truncate(1_000_000_000)
    monkeypatch.setattr(load_module.Loading, "_read_all", None)
    assert refused(str(path)) == "disk.img is binary data, not text; convert it to PDF, txt or md and open that."


def test_reading_documents_imports_nothing_heavy_here(tmp_path: Path) -> None:
    import docx

    docx.Document().save(str(tmp_path / "a.docx"))
    for name, data in {"a.html": "<p>x", "a.json": "[1]", "a.csv": "a\n1\n"}.items():
        write(tmp_path / name, data)
    code = (
        "import sys; from rlm_tui.context.load import load_document; from rlm_tui.resources import sample\n"
        "load_document([str(sample('report'))])\n"
        f"assert len(load_document([{str(tmp_path)!r}]).parts) == 3\n"
        "heavy = {'pypdfium2', 'pypdfium2_raw', 'selectolax', 'docx', 'lxml', 'charset_normalizer', 'textual'}\n"
        "print({m.split('.')[0] for m in sys.modules} & heavy)"
    )
    assert _run_on_stdin(b"", code=code).strip() == "set()"


def test_a_file_that_never_has_anything_to_read_is_one_sentence() -> None:
    with pytest.raises(DocumentError, match="kmsg"):
        load_document(["/proc/kmsg"])


def test_of_several_documents_each_that_cannot_be_read_is_left_out_by_name(tmp_path: Path) -> None:
    good = write(tmp_path / "good.txt", "a text")
    bad = write(tmp_path / "bad.pdf", "%PDF-1.4\nno")
    (tmp_path / "hollow").mkdir()
    paths = [bad, good, write(tmp_path / "void.txt", ""), str(tmp_path / "hollow"), str(tmp_path / "*.none")]
    document = load_document(paths)
    assert document.value == ["a text"]
    assert all(any(name in note for note in document.notes) for name in ("bad.pdf", "void.txt", "hollow", "*.none"))
    assert len(document.notes) == 4
    nothing = refused(bad, str(tmp_path / "hollow"))
    assert nothing.startswith("There is nothing among the documents that can be read: ")
    assert "hollow holds nothing to read" in nothing
    assert "bad.pdf is not a PDF that can be read" in nothing
    assert "Left out" not in nothing
    assert refused(*[bad] * 5).endswith("2 more documents cannot be read either.")
    assert "does not exist" in refused(good, str(tmp_path / "typed-wrong.txt"))


def test_what_may_not_be_read_in_a_folder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a.txt", "closed.txt", "shut/b.txt"):
        write(tmp_path / "f" / name, name)
    real, scan = os.open, os.scandir

    def refuse(path: object, *rest: int, **more: int) -> int:
        if str(path).endswith("closed.txt"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, *rest, **more)  # type: ignore[arg-type]

    def shut(path: object) -> object:
        if str(path).endswith("shut"):
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)  # type: ignore[call-overload]

    monkeypatch.setattr(os, "open", refuse)
    monkeypatch.setattr(os, "scandir", shut)
    document = load_document([str(tmp_path / "f")])
    assert document.value == ["a.txt"]
    assert [note.partition(" cannot be read (permission denied)")[0] for note in document.notes] == [
        f"Left out: {tmp_path / 'f' / 'shut'}",
        f"Left out: {tmp_path / 'f' / 'closed.txt'}",
    ]


@pytest.mark.parametrize(
    ("content", "kind", "holds"),
    [("<!doctype html><h1>Not found</h1>", "html", "a web page"), ("no such file\n", "text", "text")],
)
def test_what_is_named_as_a_pdf_and_is_none_is_told(tmp_path: Path, content: str, kind: str, holds: str) -> None:
    document = load_document([write(tmp_path / "paper.pdf", content)])
    assert document.parts[0].kind == kind
    assert document.notes == [f"paper.pdf is named as a PDF but holds {holds}."]
    assert load_document([write(tmp_path / "page.html", content)]).notes == []


def test_of_a_file_that_grows_while_it_is_read_it_is_what_it_held_at_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "log.txt"
    path.write_text("line\n" * 100)
    monkeypatch.setattr(load_module, "_CHUNK", 64)

    def grow(_: object) -> None:
        with path.open("a") as file:
            file.write("more\n" * 100)

    assert load_document([str(path)], on_progress=grow).value == "line\n" * 100


def test_a_file_that_shrinks_or_goes_while_it_is_read_is_read_as_far_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "log.txt"
    path.write_text("line\n" * 100)
    monkeypatch.setattr(load_module, "_CHUNK", 50)

    def shrink(progress: object) -> None:
        if path.exists():
            os.truncate(path, 100)
            path.unlink()

    assert load_document([str(path)], on_progress=shrink).value == "line\n" * 20
