"""PDFs through the real loader: real files, and a real child process that may crash, hang or lie."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import pytest

from rlm_tui.context import grow as grow_module
from rlm_tui.context import pdf as pdf_module
from rlm_tui.context.load import Loading, load_document
from rlm_tui.context.outline import outline_rows
from tests.functional.documents.kit import all_gone, break_pdf_child, refused, write
from tests.pdfs import make_pdf


def test_a_pdf_becomes_its_pages_joined_by_form_feeds(tmp_path: Path) -> None:
    data = make_pdf(["# Title\nfirst line\nsecond (line) \\ é", "", "third page"], bookmarks=[("One", 1), ("Two", 3)])
    document = load_document([write(tmp_path / "a.pdf", data)])
    part = document.parts[0]
    assert document.value == "Title\nfirst line\nsecond (line) \\ é\f\fthird page"
    assert [part.page_text(page) for page in (1, 2, 3)] == ["Title\nfirst line\nsecond (line) \\ é", "", "third page"]
    assert [(h.title, h.level, part.page_of(h.offset)) for h in part.headings] == [("One", 1, 1), ("Two", 1, 3)]
    assert (part.kind, part.bytes, part.path) == ("pdf", len(data), str(tmp_path / "a.pdf"))
    assert part.file_sha256 == hashlib.sha256(data).hexdigest()
    assert part.sha256 == hashlib.sha256(document.parts[0].text.encode()).hexdigest()


def test_a_word_cut_at_the_end_of_a_line_is_whole_and_other_hyphens_stay(tmp_path: Path) -> None:
    data = make_pdf(["the observa-\ntory of Smith-\nJones, a well-known one"])
    text = load_document([write(tmp_path / "a.pdf", data)]).value
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
    document = load_document([write(tmp_path / "a.pdf", data)])
    assert document.value == "\U0001f600" * 8 + " x \ufffd y"
    assert document.notes == ["a.pdf: 1 broken character became U+FFFD."]


def test_a_pdf_is_known_by_its_content_and_not_by_its_name(tmp_path: Path) -> None:
    assert load_document([write(tmp_path / "a.txt", make_pdf(["hello"]))]).parts[0].kind == "pdf"
    assert load_document([write(tmp_path / "junk.pdf", b"junk\n" + make_pdf(["hello"]))]).parts[0].kind == "pdf"
    assert load_document([write(tmp_path / "b.pdf", "hello")]).parts[0].kind == "text"
    assert load_document([write(tmp_path / "c.py", "MAGIC = b'%PDF-'")]).parts[0].kind == "code"


def test_bookmarks_may_be_missing_or_point_nowhere(tmp_path: Path) -> None:
    data = make_pdf(["one", "two"], bookmarks=[("A", 1), ("B", 2)]).replace(b"[6 0 R /XYZ", b"[9 0 R /XYZ")
    document = load_document([write(tmp_path / "a.pdf", data)])
    assert [heading.title for heading in document.parts[0].headings] == ["A"]
    assert [row.kind for row in outline_rows(document)].count("page") == 2


def test_a_scan_says_that_it_needs_ocr(tmp_path: Path) -> None:
    loading = Loading([write(tmp_path / "scan.pdf", make_pdf(["", "", ""]))])
    loading.run()
    assert loading.document.parts == []
    assert str(loading.error) == "scan.pdf has 3 pages but no text: it is a scan and needs OCR first."


def test_a_page_that_is_none_is_no_scan(tmp_path: Path) -> None:
    data = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog /Pages 1 0 R >>\nendobj\ntrailer << /Root 1 0 R >>"
    loading = Loading([write(tmp_path / "a.pdf", data)])
    loading.run()
    assert "it is empty or broken" in str(loading.error)
    assert "OCR" not in str(loading.error)


def test_pages_without_text_among_others_are_a_note(tmp_path: Path) -> None:
    document = load_document([write(tmp_path / "a.pdf", make_pdf(["text", "", "text"]))])
    assert document.notes == ["a.pdf: 1 of 3 pages have no text; scanned pages need OCR first."]


@pytest.mark.parametrize("data", [b"%PDF-1.7\nnothing of the kind", make_pdf(["x"])[:60], b"%PDF-"])
def test_a_broken_pdf_is_one_sentence(tmp_path: Path, data: bytes) -> None:
    assert refused(write(tmp_path / "a.pdf", data)).startswith("a.pdf is not a PDF that can be read")


def test_a_pdf_cut_off_after_its_first_pages_still_gives_what_it_has(tmp_path: Path) -> None:
    data = make_pdf([f"page {number}" for number in range(1, 9)])
    document = load_document([write(tmp_path / "a.pdf", data[: data.rindex(b"xref")])])
    assert document.parts[0].page_text(8) == "page 8"


def test_an_encrypted_pdf_says_what_to_do(tmp_path: Path) -> None:
    encrypt = b"<< /Filter /Standard /V 1 /R 2 /O <%s> /U <%s> /P -4 >>" % (b"41" * 32, b"42" * 32)
    trailer = b"/Encrypt %s /ID [<00> <00>] /Root 1 0 R" % encrypt
    message = refused(write(tmp_path / "a.pdf", make_pdf(["secret"]).replace(b"/Root 1 0 R", trailer)))
    assert message == "a.pdf is locked with a password; save a copy without one and open that."


def test_the_child_sees_nothing_of_the_environment_or_of_open_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = tmp_path / "seen"
    prelude = (
        "fds = [fd for fd in range(3, 64) if os.path.exists(f'/dev/fd/{fd}') and str(fd) not in sys.argv]\n"
        f"open({str(seen)!r}, 'w').write(repr((sorted(os.environ), len(fds), sys.flags.isolated)))"
    )
    break_pdf_child(monkeypatch, tmp_path, prelude)
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    load_document([write(tmp_path / "a.pdf", make_pdf(["x"]))])
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
    break_pdf_child(monkeypatch, tmp_path, prelude)
    refused(write(tmp_path / "a.pdf", make_pdf(["x"])))
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
    break_pdf_child(monkeypatch, tmp_path, prelude)
    document = load_document([write(tmp_path / "a.pdf", make_pdf(["one", "two", "three"], bookmarks=[("T", 3)]))])
    assert document.value == "one\f\fthree"
    assert document.notes == ["a.pdf: 1 page could not be read (p. 2)."]
    assert document.place(0, document.parts[0].headings[0].offset) == "a.pdf p. 3"


def test_a_reader_that_always_dies_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    break_pdf_child(monkeypatch, tmp_path, "pdf_child._send_page = lambda *a: os.abort()")
    message = refused(write(tmp_path / "a.pdf", make_pdf(["x"] * 9)))
    assert message == "a.pdf cannot be read: the PDF reader crashed at page 4; try to save it anew."


def test_a_reader_that_hangs_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, children: list[subprocess.Popen[bytes]]
) -> None:
    break_pdf_child(monkeypatch, tmp_path, "pdf_child._read = lambda *a: time.sleep(600)")
    monkeypatch.setattr(pdf_module, "STALL_S", 0.05)
    assert "hung at page 1" in refused(write(tmp_path / "a.pdf", make_pdf(["x"])))
    assert all_gone(children)


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
    break_pdf_child(monkeypatch, tmp_path, prelude)
    assert "cannot be read" in refused(write(tmp_path / "a.pdf", make_pdf(["x"])))
    assert all_gone(children)


def test_lone_surrogates_cannot_enter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prelude = "pdf_child._text_of = lambda *a: 'a\\ud800b'.encode('utf-8', 'surrogatepass')"
    break_pdf_child(monkeypatch, tmp_path, prelude)
    document = load_document([write(tmp_path / "a.pdf", make_pdf(["x"]))])
    assert document.value == "a\ufffdb"
    assert document.notes == ["a.pdf: 1 broken character became U+FFFD."]


def test_too_much_text_in_a_pdf_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grow_module, "MAX_CHARS", 10)
    assert "more than 10 characters" in refused(write(tmp_path / "a.pdf", make_pdf(["0123456789", "x"])))
