"""Documents of every kind through the real loader: real files, real PDFs, a real child process."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rlm_tui.context import grow as grow_module
from rlm_tui.context import load as load_module
from rlm_tui.context import pdf as pdf_module
from rlm_tui.context import sources as sources_module
from rlm_tui.context.document import Document
from rlm_tui.context.load import Loading, Progress, load_document
from rlm_tui.context.outline import outline_rows
from rlm_tui.context.search import find
from rlm_tui.errors import DocumentError, ExitCode
from tests.pdfs import make_pdf


def _write(path: Path, data: bytes | str) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return str(path)


def _refused(*paths: str) -> str:
    with pytest.raises(DocumentError) as caught:
        load_document(paths)
    message = str(caught.value)
    assert caught.value.exit_code == ExitCode.USAGE
    assert "\n" not in message
    assert message.endswith(".")
    return message


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that another test read is in the cache."""
    monkeypatch.setenv("RLM_TUI_HOME", str(tmp_path_factory.mktemp("home")))


@pytest.fixture
def children(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[bytes]]:
    """The child processes that were started, real ones."""
    started: list[subprocess.Popen[bytes]] = []
    real = subprocess.Popen

    def spy(*args: Any, **kwargs: Any) -> subprocess.Popen[bytes]:
        started.append(real(*args, **kwargs))
        return started[-1]

    monkeypatch.setattr(subprocess, "Popen", spy)
    return started


def _all_gone(children: list[subprocess.Popen[bytes]]) -> bool:
    return bool(children) and all(child.returncode is not None for child in children)


def _child_script(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, prelude: str) -> None:
    """Runs the real child with a fault in it; `pdf_child` is its module."""
    real = pdf_module._CHILD
    _write(
        tmp_path / "fault" / "fault.py",
        f"import os, signal, sys, time\nsys.path.insert(0, {str(real.parent.parent)!r})\n"
        f"from child import pdf as pdf_child\ndel sys.path[0]\n{prelude}\npdf_child.main(sys.argv[2:])\n",
    )
    monkeypatch.setattr(pdf_module, "_CHILD", tmp_path / "fault" / "fault.py")


# --- PDF


def test_a_pdf_becomes_its_pages_joined_by_form_feeds(tmp_path: Path) -> None:
    data = make_pdf(["# Title\nfirst line\nsecond (line) \\ é", "", "third page"], bookmarks=[("One", 1), ("Two", 3)])
    document = load_document([_write(tmp_path / "a.pdf", data)])
    part = document.parts[0]
    assert document.value == "Title\nfirst line\nsecond (line) \\ é\f\fthird page"
    assert [part.page_text(page) for page in (1, 2, 3)] == ["Title\nfirst line\nsecond (line) \\ é", "", "third page"]
    assert [(h.title, h.level, part.page_of(h.offset)) for h in part.headings] == [("One", 1, 1), ("Two", 1, 3)]
    assert (part.kind, part.bytes, part.path) == ("pdf", len(data), str(tmp_path / "a.pdf"))
    assert part.file_sha256 == hashlib.sha256(data).hexdigest()
    assert part.sha256 == hashlib.sha256(document.parts[0].text.encode()).hexdigest()


def test_a_word_cut_at_the_end_of_a_line_is_whole_and_other_hyphens_stay(tmp_path: Path) -> None:
    data = make_pdf(["the observa-\ntory of Smith-\nJones, a well-known one"])
    text = load_document([_write(tmp_path / "a.pdf", data)]).value
    assert text == "the observatory of Smith-\nJones, a well-known one"


def test_characters_beyond_the_bmp_are_whole_and_half_ones_are_replaced(tmp_path: Path) -> None:
    cmap = (
        b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def /CMapType 2 def\n"
        b"1 begincodespacerange <00> <FF> endcodespacerange\n"
        b"2 beginbfchar <41> <D83DDE00> <42> <D800> endbfchar\nendcmap end end"
    )
    table = b"6 0 obj\n<< /Length %d >>\nstream\n%s\nendstream\nendobj\nxref\n0" % (len(cmap), cmap)
    data = make_pdf(["AAAAAAAA x B y"], compress=False).replace(b"xref\n0", table, 1)
    data = data.replace(b"/BaseFont /Helvetica", b"/BaseFont /Helvetica /ToUnicode 6 0 R")
    document = load_document([_write(tmp_path / "a.pdf", data)])
    assert document.value == "\U0001f600" * 8 + " x \ufffd y"
    assert document.notes == ["a.pdf: 1 broken character became U+FFFD."]


def test_a_pdf_is_known_by_its_content_and_not_by_its_name(tmp_path: Path) -> None:
    assert load_document([_write(tmp_path / "a.txt", make_pdf(["hello"]))]).parts[0].kind == "pdf"
    assert load_document([_write(tmp_path / "junk.pdf", b"junk\n" + make_pdf(["hello"]))]).parts[0].kind == "pdf"
    assert load_document([_write(tmp_path / "b.pdf", "hello")]).parts[0].kind == "text"
    assert load_document([_write(tmp_path / "c.py", "MAGIC = b'%PDF-'")]).parts[0].kind == "code"


def test_bookmarks_may_be_missing_or_point_nowhere(tmp_path: Path) -> None:
    data = make_pdf(["one", "two"], bookmarks=[("A", 1), ("B", 2)]).replace(b"[6 0 R /XYZ", b"[9 0 R /XYZ")
    document = load_document([_write(tmp_path / "a.pdf", data)])
    assert [heading.title for heading in document.parts[0].headings] == ["A"]
    assert [row.kind for row in outline_rows(document)].count("page") == 2


def test_a_scan_says_that_it_needs_ocr(tmp_path: Path) -> None:
    message = _refused(_write(tmp_path / "scan.pdf", make_pdf(["", "", ""])))
    assert message == "scan.pdf has 3 pages but no text: it is a scan and needs OCR first."


def test_pages_without_text_among_others_are_a_note(tmp_path: Path) -> None:
    document = load_document([_write(tmp_path / "a.pdf", make_pdf(["text", "", "text"]))])
    assert document.notes == ["a.pdf: 1 of 3 pages have no text; scanned pages need OCR first."]


@pytest.mark.parametrize("data", [b"%PDF-1.7\nnothing of the kind", make_pdf(["x"])[:60], b"%PDF-"])
def test_a_broken_pdf_is_one_sentence(tmp_path: Path, data: bytes) -> None:
    assert _refused(_write(tmp_path / "a.pdf", data)).startswith("a.pdf is not a PDF that can be read")


def test_a_pdf_cut_off_after_its_first_pages_still_gives_what_it_has(tmp_path: Path) -> None:
    data = make_pdf([f"page {number}" for number in range(1, 9)])
    document = load_document([_write(tmp_path / "a.pdf", data[: data.rindex(b"xref")])])
    assert document.parts[0].page_text(8) == "page 8"


def test_an_encrypted_pdf_says_what_to_do(tmp_path: Path) -> None:
    encrypt = b"<< /Filter /Standard /V 1 /R 2 /O <%s> /U <%s> /P -4 >>" % (b"41" * 32, b"42" * 32)
    trailer = b"/Encrypt %s /ID [<00> <00>] /Root 1 0 R" % encrypt
    message = _refused(_write(tmp_path / "a.pdf", make_pdf(["secret"]).replace(b"/Root 1 0 R", trailer)))
    assert message == "a.pdf is locked with a password; save a copy without one and open that."


def test_the_child_sees_nothing_of_the_environment_or_of_open_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = tmp_path / "seen"
    prelude = (
        "fds = [fd for fd in range(3, 64) if os.path.exists(f'/dev/fd/{fd}') and str(fd) not in sys.argv]\n"
        f"open({str(seen)!r}, 'w').write(repr((sorted(os.environ), len(fds), sys.flags.isolated)))"
    )
    _child_script(monkeypatch, tmp_path, prelude)
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    load_document([_write(tmp_path / "a.pdf", make_pdf(["x"]))])
    names, fds, isolated = eval(seen.read_text())  # noqa: S307
    assert "OPENAI_API_KEY" not in names
    assert "PATH" not in names
    assert (fds, isolated) == (0, 1)


def test_the_child_is_limited_before_it_opens_the_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = tmp_path / "seen"
    prelude = (
        "import resource as r\n"
        "def looks(pdf, document, index, out):\n"
        f"    fd = os.open({str(seen)!r}, os.O_WRONLY | os.O_CREAT)\n"
        "    limits = [r.getrlimit(x)[0] for x in (r.RLIMIT_CORE, r.RLIMIT_FSIZE, r.RLIMIT_NOFILE, r.RLIMIT_CPU)]\n"
        "    r.setrlimit(r.RLIMIT_FSIZE, (-1, -1)); os.write(fd, repr(limits).encode()); os._exit(1)\n"
        "pdf_child._send_page = looks"
    )
    _child_script(monkeypatch, tmp_path, prelude)
    _refused(_write(tmp_path / "a.pdf", make_pdf(["x"])))
    core, file_size, files, seconds = eval(seen.read_text())  # noqa: S307
    assert (core, file_size, files) == (0, 0, 64)
    assert 60 <= seconds <= 62


def test_a_page_that_kills_the_reader_is_left_out_with_a_note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prelude = (
        "send = pdf_child._send_page\n"
        "def dies(pdf, document, index, out):\n"
        "    if index == 1: os.kill(os.getpid(), signal.SIGKILL)\n"
        "    send(pdf, document, index, out)\n"
        "pdf_child._send_page = dies"
    )
    _child_script(monkeypatch, tmp_path, prelude)
    document = load_document([_write(tmp_path / "a.pdf", make_pdf(["one", "two", "three"], bookmarks=[("T", 3)]))])
    assert document.value == "one\f\fthree"
    assert document.notes == ["a.pdf: 1 page could not be read (p. 2)."]
    assert document.place(0, document.parts[0].headings[0].offset) == "a.pdf p. 3"


def test_a_reader_that_always_dies_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _child_script(monkeypatch, tmp_path, "pdf_child._send_page = lambda *a: os.abort()")
    message = _refused(_write(tmp_path / "a.pdf", make_pdf(["x"] * 9)))
    assert message == "a.pdf cannot be read: the PDF reader crashed at page 4; try to save it anew."


def test_a_reader_that_hangs_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, children: list[subprocess.Popen[bytes]]
) -> None:
    _child_script(monkeypatch, tmp_path, "pdf_child._read = lambda *a: time.sleep(600)")
    monkeypatch.setattr(pdf_module, "STALL_S", 0.05)
    assert "hung at page 1" in _refused(_write(tmp_path / "a.pdf", make_pdf(["x"])))
    assert _all_gone(children)


@pytest.mark.parametrize(
    "frame",
    [
        "b'p' + bytes([255] * 4)",
        "b'n' + bytes([0, 0, 0, 1]) + b'x'",
        "b'p' + bytes([0, 0, 0, 2]) + bytes([255, 255])",
        "b'b' + bytes([0, 0, 0, 1]) + b'x'",
    ],
)
def test_nonsense_from_the_child_ends_the_child_and_not_the_app(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, children: list[subprocess.Popen[bytes]], frame: str
) -> None:
    prelude = f"def lies(pdf, source, out, first): os.write(out, {frame})\npdf_child._read = lies"
    _child_script(monkeypatch, tmp_path, prelude)
    assert "cannot be read" in _refused(_write(tmp_path / "a.pdf", make_pdf(["x"])))
    assert _all_gone(children)


def test_lone_surrogates_cannot_enter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prelude = "pdf_child._text_of = lambda *a: 'a\\ud800b'.encode('utf-8', 'surrogatepass')"
    _child_script(monkeypatch, tmp_path, prelude)
    document = load_document([_write(tmp_path / "a.pdf", make_pdf(["x"]))])
    assert document.value == "a\ufffdb"
    assert document.notes == ["a.pdf: 1 broken character became U+FFFD."]


def test_too_much_text_in_a_pdf_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grow_module, "MAX_CHARS", 10)
    assert "more than 10 characters" in _refused(_write(tmp_path / "a.pdf", make_pdf(["0123456789", "x"])))


# --- growing, cancelling


def _until(loading: Loading, met: Callable[[], bool]) -> None:
    ticks = threading.Event()
    while not met() and not loading.finished:
        ticks.wait(0.002)
    assert met(), loading.error


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
    _child_script(monkeypatch, tmp_path, prelude)
    loading = Loading([_write(tmp_path / "a.pdf", make_pdf(["one", "two"]))])
    loading.start()
    _until(loading, lambda: loading.document.chars > 0)
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
    _child_script(monkeypatch, tmp_path, prelude)
    loading = Loading([_write(tmp_path / "a.pdf", make_pdf(["one", "two"]))])
    loading.start()
    _until(loading, lambda: loading.document.chars > 0)
    assert [child.returncode for child in children] == [None]
    loading.cancel()
    loading.join()
    assert loading.finished
    assert loading.error is None
    assert loading.document.value == "one"
    assert _all_gone(children)
    assert not [thread for thread in threading.enumerate() if thread.name == "rlm-tui-loading"]


def test_cancel_before_start_and_after_the_end_is_harmless(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.txt", "text")
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
    path = _write(tmp_path / "a.pdf", make_pdf(["x"]))
    load_document([path])
    before = len(os.listdir("/dev/fd"))
    load_document([path, path])
    _refused(str(tmp_path / "missing"))
    assert len(os.listdir("/dev/fd")) == before


def test_progress_is_told_while_loading(tmp_path: Path) -> None:
    told: list[Progress] = []
    load_document(
        [_write(tmp_path / "a.pdf", make_pdf(["x"] * 5)), _write(tmp_path / "b.txt", "abc")], on_progress=told.append
    )
    assert Progress(5, 5, "pages of a.pdf") in told
    assert told[-1] == Progress(3, 3, "bytes of b.txt")


# --- text, folders, several, standard input


def test_a_text_is_one_str_with_its_newlines(tmp_path: Path) -> None:
    document = load_document([_write(tmp_path / "a.csv", "a,b\r\n1,2\r\n")])
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
        _write(folder / name, data)
    outside = _write(tmp_path / "secret.txt", "secret")
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
    _write(tmp_path / "f" / "a.txt", "a")
    assert load_document([str(tmp_path / "f")]).value == ["a"]


def test_several_paths_keep_their_order_and_files_of_one_name_are_told_apart(tmp_path: Path) -> None:
    first, second = _write(tmp_path / "x" / "a.txt", "1"), _write(tmp_path / "y" / "a.txt", "2")
    _write(tmp_path / "f" / "b.txt", "3")
    document = load_document([second, first, str(tmp_path / "f")])
    assert document.value == ["2", "1", "3"]
    assert [part.name for part in document.parts] == [second, first, "f/b.txt"]


def test_a_file_name_that_is_no_utf8_does_not_enter_as_it_is(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.txt")
    document = load_document([_write(tmp_path / "f" / name, "a").rpartition("/")[0]])
    assert document.parts[0].name == "caf\ufffd.txt"
    assert str(document.parts[0].path).endswith("caf\ufffd.txt")
    assert load_document([str(tmp_path / "f" / name)]).parts[0].name == "caf\ufffd.txt"


def test_a_folder_of_too_many_files_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources_module, "_MAX_FILES", 2)
    for name in "abc":
        _write(tmp_path / name, name)
    assert "more than 2 files" in _refused(str(tmp_path))


def test_a_link_that_is_named_is_followed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(_write(tmp_path / "a.txt", "a"))
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
    assert "only once" in _refused("-", "-")


def test_an_empty_standard_input_is_a_document_error() -> None:
    code = (
        "from rlm_tui.context.load import Loading; l = Loading(['-']); l.run(); print(l.error)\n"
        "import os; print(os.fstat(0).st_mode > 0)"
    )
    assert _run_on_stdin(b"", code=code).split("\n")[:2] == [
        "standard input is empty; open a document with text in it.",
        "True",
    ]


# --- what is refused


def test_bad_paths_are_one_sentence_each(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    _write(tmp_path / "only-binary" / "a.bin", b"\x00\x01")
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    os.mkfifo(tmp_path / "pipe")
    assert _refused(str(tmp_path / "no.pdf")) == f"{tmp_path / 'no.pdf'} does not exist; check the path."
    assert _refused(_write(tmp_path / "a.txt", "")) == "a.txt is empty; open a document with text in it."
    assert _refused(_write(tmp_path / "b.txt", " \n\t")).startswith("b.txt holds only white space")
    assert "nothing to read;" in _refused(str(tmp_path / "empty"))
    assert "nothing to read (1 binary file)" in _refused(str(tmp_path / "only-binary"))
    assert "too many levels" in _refused(str(loop))
    assert "pipe or a device" in _refused(str(tmp_path / "pipe"))
    assert "pipe or a device" in _refused("/dev/zero")
    assert "office document" in _refused(_write(tmp_path / "a.xlsx", b"PK\x03\x04rest"))
    assert "does not exist" in _refused(str(tmp_path / ("n" * 300)))
    assert "names no document" in _refused("")
    assert "names no document" in _refused("a\0b")
    assert "No document was given" in _refused()


def test_a_file_found_in_a_folder_that_cannot_be_opened_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.txt", "b.txt"):
        _write(tmp_path / "f" / name, name)
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
    path = _write(tmp_path / "a.txt", "x")

    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(load_module.os, "open", refuse)
    assert _refused(path) == f"{path} cannot be read (permission denied); check the path and its permissions."


def test_a_file_over_the_cap_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "big.txt"
    with path.open("wb") as file:
        file.truncate(load_module.MAX_BYTES + 1)
    assert _refused(str(path)) == "big.txt is larger than 2.0 GB; split it and open the parts you need."


def test_reading_documents_imports_nothing_heavy_here(tmp_path: Path) -> None:
    import docx

    docx.Document().save(str(tmp_path / "a.docx"))
    for name, data in {"a.html": "<p>x", "a.json": "[1]", "a.csv": "a\n1\n"}.items():
        _write(tmp_path / name, data)
    code = (
        "import sys; from rlm_tui.context.load import load_document; from rlm_tui.resources import sample\n"
        "load_document([str(sample('report'))])\n"
        f"assert len(load_document([{str(tmp_path)!r}]).parts) == 3\n"
        "heavy = {'pypdfium2', 'pypdfium2_raw', 'selectolax', 'docx', 'lxml', 'charset_normalizer', 'textual'}\n"
        "print({m.split('.')[0] for m in sys.modules} & heavy)"
    )
    assert _run_on_stdin(b"", code=code).strip() == "set()"


# --- the samples


@pytest.fixture(scope="module")
def report() -> Document:
    from rlm_tui.resources import sample

    return load_document([str(sample("report"))])


def test_the_sample_report_has_its_facts_where_they_belong(report: Document) -> None:
    assert len(report.parts[0].pages) == 40
    assert not report.notes
    places = {
        query: report.place(hit.part, hit.offset)
        for query in ("The magic number is 7481926.", "opened on 14 May 1997")
        for hit in find(report, query)
    }
    assert places == {"The magic number is 7481926.": "report.pdf p. 26", "opened on 14 May 1997": "report.pdf p. 7"}


def test_the_text_of_a_page_is_what_pdfium_gives(report: Document) -> None:
    import pypdfium2

    from rlm_tui.resources import sample

    with pypdfium2.PdfDocument(sample("report")) as pdf:
        texts = [page.get_textpage().get_text_range().replace("\r\n", "\n") for page in pdf]
    assert report.value == "\f".join(texts)


def test_the_samples_are_what_their_generator_makes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.samples import make

    committed = make.OUT
    monkeypatch.setattr(make, "OUT", tmp_path)
    make.main()
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["report.pdf", "server.log", "staff.txt"]
    assert all((tmp_path / name).read_bytes() == (committed / name).read_bytes() for name in names)


def test_every_sample_is_found_by_its_name() -> None:
    from rlm_tui.errors import UsageError
    from rlm_tui.resources import sample

    assert [
        load_document([str(sample(name))]).is_list
        for name in ("report", "report.pdf", "staff", "server", "field-notes")
    ] == [
        False,
        False,
        False,
        False,
        True,
    ]
    with pytest.raises(UsageError, match="there are: field-notes, report, server, staff"):
        sample("nothing")


def test_the_long_pdf_of_the_benchmarks_has_its_pages(tmp_path: Path) -> None:
    from benchmarks.pdfs import long_pdf

    part = load_document([_write(tmp_path / "a.pdf", long_pdf(12))]).parts[0]
    assert [f"This is page {page}." in part.page_text(page) for page in range(1, 13)] == [True] * 12
    assert [part.page_of(heading.offset) for heading in part.headings] == [1, 11]


def test_cancelling_at_once_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(make_pdf(["one page"]))
    loading = Loading([str(tmp_path / "a.pdf")])
    loading.start()
    loading.cancel()
    loading.join()
    assert loading.error is None
    assert loading.finished


def test_a_file_that_never_has_anything_to_read_is_one_sentence() -> None:
    with pytest.raises(DocumentError, match="kmsg"):
        load_document(["/proc/kmsg"])
