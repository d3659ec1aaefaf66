"""html, docx, json, jsonl, csv and source files through the real loader and its child process; the cache; globs."""

from __future__ import annotations

import io
import json
import os
import subprocess
import threading
import zipfile
from pathlib import Path

import pytest

from rlm_tui.context import cache as cache_module
from rlm_tui.context import isolated as isolated_module
from rlm_tui.context import load as load_module
from rlm_tui.context import reader as reader_module
from rlm_tui.context.document import Document
from rlm_tui.context.load import Loading, load_document
from rlm_tui.errors import DocumentError, ExitCode
from tests.pdfs import make_pdf


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RLM_TUI_HOME", str(tmp_path_factory.mktemp("home")))


def _write(path: Path, data: bytes | str) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return str(path)


def _loaded(path: Path, data: bytes | str) -> Document:
    return load_document([_write(path, data)])


def _refused(path: Path, data: bytes | str) -> str:
    with pytest.raises(DocumentError) as caught:
        _loaded(path, data)
    message = str(caught.value)
    assert caught.value.exit_code == ExitCode.USAGE
    assert "\n" not in message
    assert message.startswith(path.name)
    assert message.endswith(".")
    return message


def _outline(document: Document) -> list[tuple[str, int, str]]:
    """Title, level, and the first characters of the text where each leads."""
    part = document.parts[0]
    return [(h.title, h.level, part.text[h.offset : h.offset + 6]) for h in part.headings]


# --- html

PAGE = """<!doctype html><html><head><title>Annual  report</title><style>p { color: red }</style></head><body>
<nav><ul><li><a href="/home">Home</a><li><p>About &amp; contact</p></ul></nav>
<h1>Over<em>view</em></h1><p>Hello <b>wor</b>ld,<br>see <a href="https://example.org/a">the source</a>.</p>
<table><tr><th>Name<th>Age</tr><tr><td><p>Bob</p></td><td>5</td></tr></table>
<pre>a
  b</pre><script>steal()</script><!-- unseen --><h2>End</h2><img alt="A map" src="x"></body></html>"""


def test_a_page_is_read_as_a_person_sees_it(tmp_path: Path) -> None:
    document = _loaded(tmp_path / "a.html", PAGE)
    assert document.value == (
        "Annual report\n\n- Home\n- About & contact\n\nOverview\n\nHello world,\nsee the source (https://example.org/a)."
        "\n\nName | Age\nBob | 5\n\na\n  b\n\nEnd\n\n[image: A map]"
    )
    assert _outline(document) == [("Annual report", 1, "Annual"), ("Overview", 1, "Overvi"), ("End", 2, "End\n\n[")]
    assert document.parts[0].kind == "html"


def test_a_page_names_its_own_encoding(tmp_path: Path) -> None:
    page = "<html><head><meta charset='Shift_JIS'><title>日本</title></head><p>東京①</p></html>".encode("cp932")
    document = _loaded(tmp_path / "a.htm", page)
    assert document.value == "日本\n\n東京①"
    assert not document.notes


def test_a_page_without_an_ending_is_known_by_its_begin(tmp_path: Path) -> None:
    assert _loaded(tmp_path / "page", "<!-- x --><!DOCTYPE html><p>Hello").value == "Hello"
    assert _loaded(tmp_path / "about.md", "<html> is a tag").parts[0].kind == "markdown"


def test_a_page_whose_text_is_fetched_by_scripts_says_so(tmp_path: Path) -> None:
    message = _refused(tmp_path / "app.html", "<title>App</title><div id=root></div><script src=app.js></script>")
    assert (
        message
        == "app.html has no text of its own, as scripts fetch it; open the page in a browser and save it as PDF."
    )
    assert "only white space" in _refused(tmp_path / "b.html", "<p> </p>")


def test_a_page_nested_as_deeply_as_it_likes_is_read(tmp_path: Path) -> None:
    assert _loaded(tmp_path / "deep.html", "<div>" * 5_000 + "ground").value == "ground"


# --- docx


def _docx() -> bytes:
    import docx

    document = docx.Document()
    document.add_heading("The report", 0)
    document.add_heading("Results", 1)
    paragraph = document.add_paragraph("Sales ")
    paragraph.add_run("rose").bold = True
    paragraph.add_run("\tby 7%\nin May")
    document.add_paragraph("first", style="List Bullet")
    table = document.add_table(2, 2)
    for row, names in zip(table.rows, (("Name", "Age"), ("Bob", "5")), strict=True):
        for cell, name in zip(row.cells, names, strict=True):
            cell.text = name
    document.add_heading("Details", 2)
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def _repacked(data: bytes, name: str, change: bytes, to: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.namelist():
            content = old.read(entry)
            new.writestr(entry, content.replace(change, to) if entry == name else content)
    return buffer.getvalue()


def test_a_word_document_is_its_paragraphs_lists_and_rows_with_its_headings(tmp_path: Path) -> None:
    document = _loaded(tmp_path / "a.docx", _docx())
    assert document.value == (
        "The report\n\nResults\n\nSales rose\tby 7%\nin May\n- first\n\nName | Age\nBob | 5\n\nDetails"
    )
    assert _outline(document) == [("The report", 1, "The re"), ("Results", 1, "Result"), ("Details", 2, "Detail")]
    assert document.parts[0].kind == "docx"


def test_text_in_controls_and_tracked_insertions_is_not_lost_and_deleted_text_is_gone(tmp_path: Path) -> None:
    inserted = (
        b"<w:ins w:id='1' w:author='a'><w:r><w:t>new</w:t></w:r></w:ins>"
        b"<w:del w:id='2' w:author='a'><w:r><w:delText>old</w:delText></w:r></w:del></w:p>"
        b"<w:sdt><w:sdtContent><w:p><w:r><w:t>in a form</w:t></w:r></w:p></w:sdtContent></w:sdt><w:p>"
    )
    data = _repacked(
        _docx(),
        "word/document.xml",
        b'<w:p><w:pPr><w:pStyle w:val="ListBullet"/>',
        b"<w:p>" + inserted + b'<w:pPr><w:pStyle w:val="ListBullet"/>',
    )
    text = _loaded(tmp_path / "a.docx", data).value
    assert "\nnew\nin a form\n" in text
    assert "old" not in text


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"PK\x03\x04rest", "broken or cut off"),
        (b"\xd0\xcf\x11\xe0" + "EncryptedPackage".encode("utf-16-le"), "locked with a password"),
        (b"\xd0\xcf\x11\xe0" + b"WordDocument", "old office document (doc)"),
        (b"no zip at all", "broken or cut off"),
    ],
)
def test_what_is_no_word_document_has_its_own_sentence(tmp_path: Path, data: bytes, words: str) -> None:
    assert words in _refused(tmp_path / "a.docx", data)


def test_a_zip_bomb_is_not_unpacked(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("word/document.xml", b"x" * (40 << 20))
    assert "zip bomb" in _refused(tmp_path / "a.docx", buffer.getvalue())
    with zipfile.ZipFile(buffer := io.BytesIO(), "w") as file:
        file.writestr("notes.txt", "x")
    assert "no Word document" in _refused(tmp_path / "b.docx", buffer.getvalue())


def test_entities_and_nesting_in_a_word_document_do_not_grow(tmp_path: Path) -> None:
    laughs = b"<!DOCTYPE x [<!ENTITY a 'ha'>" + b"".join(
        b"<!ENTITY %c '%s'>" % (98 + n, b"&%c;" % (97 + n) * 50) for n in range(8)
    )
    bomb = _repacked(_docx(), "word/document.xml", b"<w:document", laughs + b"]><w:document")
    bomb = _repacked(bomb, "word/document.xml", b"Sales", b"&i;")
    assert "broken" in _refused(tmp_path / "a.docx", bomb)
    deep = _repacked(_docx(), "word/document.xml", b"<w:body>", b"<w:body>" + b"<w:sdt>" * 100_000)
    assert "broken" in _refused(tmp_path / "b.docx", deep)


def test_a_missing_library_is_named_with_what_installs_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = isolated_module.importlib.util.find_spec
    monkeypatch.setattr(
        isolated_module.importlib.util, "find_spec", lambda name: None if name == "docx" else real(name)
    )
    assert _refused(tmp_path / "a.docx", _docx()) == "a.docx needs python-docx: pip install 'rlm-tui[docx]'."
    _write(tmp_path / "f" / "b.txt", "text")
    _write(tmp_path / "f" / "a.docx", _docx())
    document = load_document([str(tmp_path / "f")])
    assert document.value == ["text"]
    assert document.notes == ["Left out: a.docx needs python-docx: pip install 'rlm-tui[docx]'."]


# --- json, jsonl, csv


def test_json_stays_the_text_that_code_can_parse_and_its_outline_has_the_keys(tmp_path: Path) -> None:
    text = '{\r\n "users": [{"id": 1, "name": "Ann"}, {"id": 2}],\n "meta": {"ver": 3, "deep": {"x": [1]}}, "ok": true}'
    document = _loaded(tmp_path / "a.json", text)
    assert document.value == text
    assert json.loads(text)["ok"] is True
    part = document.parts[0]
    assert part.shape == "JSON, an object of 3 keys: users, meta, ok"
    assert [(h.title, h.level) for h in part.headings] == [
        ("users  a list of 2 objects: id, name", 1),
        ('1  {"id": 1, "name": "Ann"}', 2),
        ('2  {"id": 2}', 2),
        ("meta  an object of 2 keys: ver, deep", 1),
        ("ver  number", 2),
        ("deep  an object", 2),
        ("ok  true", 1),
    ]
    assert [part.text[h.offset] for h in part.headings] == ['"', "{", "{", '"', '"', '"', '"']


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ('{"a": 1,\n"b" 2}', "a.json is not whole as JSON: Expecting ':' delimiter at line 2, column 5."),
        ("[1, 2,]", "a.json is not whole as JSON: Expecting a value after the comma at line 1, column 7."),
        ("{} {}", "a.json is not whole as JSON: Something stands after the end at line 1, column 4."),
        ("[" * 200_000, "a.json is nested so deeply that json.loads may refuse it."),
    ],
)
def test_broken_json_is_a_text_with_a_note(tmp_path: Path, text: str, note: str) -> None:
    document = _loaded(tmp_path / "a.json", text)
    assert document.value == text
    assert document.notes == [note]


def test_numbers_of_any_length_are_no_fault(tmp_path: Path) -> None:
    assert not _loaded(tmp_path / "a.json", "[" + "9" * 6_000 + "]").notes


def test_json_lines_have_their_records_and_broken_lines_are_a_note(tmp_path: Path) -> None:
    text = '{"a": 1}\n\n{"b": 2}\nbad\n{"c": 3} x\n'
    document = _loaded(tmp_path / "a.jsonl", text)
    assert document.value == text
    assert document.parts[0].shape == "JSON lines, 2 objects: a, b"
    assert document.notes == ["a.jsonl has 2 lines (4, 5) of no whole JSON."]
    assert [h.offset for h in document.parts[0].headings] == [0, 10]


def test_a_table_has_its_columns_and_uneven_rows_are_a_note(tmp_path: Path) -> None:
    text = 'name;age\nBob;5\n"two\nlines";6\nx\n'
    document = _loaded(tmp_path / "a.csv", text)
    part = document.parts[0]
    assert document.value == text
    assert part.shape == "CSV, 3 rows of 2 columns: name, age"
    assert document.notes == ["a.csv has 1 line (5) of other than 2 columns."]
    assert [part.text[h.offset :].split(";")[0].split("\n")[0] for h in part.headings] == ["Bob", '"two', "x"]


def test_of_many_records_each_nth_is_in_the_outline(tmp_path: Path) -> None:
    headings = _loaded(tmp_path / "a.csv", "n\n" + "".join(f"{n}\n" for n in range(1, 1_001))).parts[0].headings
    assert [heading.title for heading in headings[:3]] == ["1  1", "6  6", "11  11"]
    assert len(headings) == 200


# --- source files


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        (
            "a.py",
            "class A:\n    async def go(self): ...\ndef run(): ...\n",
            [("class A", 1), ("def go", 2), ("def run", 1)],
        ),
        (
            "a.rs",
            "pub struct P;\nimpl<T> P {\n    pub fn go() {}\n}\n",
            [("struct P", 1), ("impl<T> P", 1), ("fn go", 2)],
        ),
        ("a.ts", "export class Q {}\nexport const f = async (x) => {}\n", [("class Q", 1), ("const f", 1)]),
        ("a.go", "func (s *S) Run() error {\n}\ntype S struct {}\n", [("func Run", 1), ("type S", 1)]),
        ("a.c", "static int add(int a,\n  int b)\n{\n  if (a) { return f(a); }\n}\n", [("add", 1)]),
        ("a.java", "class A {\n    @Override\n    public String name() {\n", [("class A", 1), ("name", 2)]),
        ("a.sh", "build() {\n", [("build", 1)]),
        ("a.sql", "create table users (id int);", [("table users", 1)]),
        ("a.toml", "[tool.ruff]\nx = [1]\n", [("tool.ruff", 1)]),
    ],
)
def test_a_source_file_is_outlined_by_what_it_declares(
    tmp_path: Path, name: str, text: str, expected: list[tuple[str, int]]
) -> None:
    document = _loaded(tmp_path / name, text)
    assert document.value == text
    assert document.parts[0].kind == "code"
    assert [(heading.title, heading.level) for heading in document.parts[0].headings] == expected


# --- patterns that no shell expanded


def test_a_pattern_is_the_files_that_match_in_order(tmp_path: Path) -> None:
    for name in ("b.md", "a.md", "c.txt", "deep/er/d.md", ".hidden.md", "deep/bin.md"):
        _write(tmp_path / name, b"\x00\x01" if "bin" in name else name)
    flat = load_document([str(tmp_path / "*.md")])
    assert (flat.value, [part.name for part in flat.parts]) == (["a.md", "b.md"], ["a.md", "b.md"])
    deep = load_document([str(tmp_path / "**" / "*.md")])
    assert [part.name for part in deep.parts] == ["a.md", "b.md", "deep/er/d.md"]
    assert deep.notes == [f"Skipped of {tmp_path}/**/*.md: 1 binary file."]
    assert load_document([str(tmp_path / "?.txt")]).value == "c.txt"
    assert load_document([str(tmp_path / "[ab].md"), str(tmp_path / "c.txt")]).value == ["a.md", "b.md", "c.txt"]


def test_a_file_that_is_called_like_a_pattern_is_that_file(tmp_path: Path) -> None:
    _write(tmp_path / "a1.txt", "other")
    assert _loaded(tmp_path / "a[1].txt", "this").value == "this"


def test_a_pattern_without_a_match_is_one_sentence(tmp_path: Path) -> None:
    _write(tmp_path / "a.bin", b"\x00\x01")
    for pattern, words in (
        ("*.pdf", "matches nothing to read;"),
        ("*.bin", "matches nothing to read (1 binary file);"),
    ):
        with pytest.raises(DocumentError) as caught:
            load_document([str(tmp_path / pattern)])
        assert words in str(caught.value)


# --- the child


def _fault(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, prelude: str) -> None:
    """Runs the real child with a fault in it; `reader` is its module."""
    real = reader_module._CHILD
    path = _write(
        tmp_path / "fault" / "fault.py",
        f"import os, signal, sys, time\nsys.path.insert(0, {str(real.parent.parent)!r})\nfrom child import reader\n"
        f"del sys.path[0]\n{prelude}\nreader.main(sys.argv[2:])\n",
    )
    monkeypatch.setattr(reader_module, "_CHILD", Path(path))


@pytest.fixture
def children(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[bytes]]:
    started: list[subprocess.Popen[bytes]] = []
    real = subprocess.Popen

    def spy(*args: object, **kwargs: object) -> subprocess.Popen[bytes]:
        started.append(real(*args, **kwargs))  # type: ignore[call-overload]
        return started[-1]

    monkeypatch.setattr(subprocess, "Popen", spy)
    return started


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
    assert words in _refused(tmp_path / "a.html", PAGE)
    assert [child.poll() is None for child in children] == [False]


def test_a_child_that_hangs_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, children: list[subprocess.Popen[bytes]]
) -> None:
    _fault(monkeypatch, tmp_path, "reader._read = lambda *a: time.sleep(600)")
    monkeypatch.setattr(reader_module, "STALL_S", 0.05)
    assert "hung on it" in _refused(tmp_path / "a.html", PAGE)
    assert [child.poll() is None for child in children] == [False]


def test_data_whose_outline_fails_is_read_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _fault(monkeypatch, tmp_path, "reader._read = lambda *a: os._exit(3)")
    document = _loaded(tmp_path / "a.json", "[1]")
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
    names, fds, isolated = eval(str(_loaded(tmp_path / "a.html", "x").value))  # noqa: S307
    assert not {"OPENAI_API_KEY", "PATH", "HOME"} & set(names)
    assert (fds, isolated) == (3, 1)  # control, output and the document


def test_one_child_reads_all_documents_of_a_folder_and_a_new_one_goes_on_after_a_crash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, children: list[subprocess.Popen[bytes]]
) -> None:
    for name in "abcd":
        _write(tmp_path / "f" / f"{name}.html", f"<p>page {name}")
    assert load_document([str(tmp_path / "f")]).value == [f"page {name}" for name in "abcd"]
    assert len(children) == 1
    _write(tmp_path / "f" / "b.html", "<p>kill")
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
    loading = Loading([_write(tmp_path / "a.html", PAGE)])
    loading.start()
    ticks = threading.Event()
    while not children:
        ticks.wait(0.002)
    loading.cancel()
    loading.join()
    assert loading.error is None
    assert [child.poll() is None for child in children] == [False]


def test_the_readers_leave_no_descriptors_open(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.html", PAGE)
    load_document([path])
    before = len(os.listdir("/dev/fd"))
    load_document([path, _write(tmp_path / "b.json", "[1]")])
    assert len(os.listdir("/dev/fd")) == before


# --- the cache


def _entries() -> list[Path]:
    folder = cache_module.paths.cache_dir() / "documents"
    return sorted(folder.iterdir()) if folder.exists() else []


@pytest.mark.parametrize(
    ("name", "data"),
    [("a.pdf", make_pdf(["one", "two", ""], bookmarks=[("Two", 2)])), ("a.html", PAGE.encode()), ("a.docx", _docx())],
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
    monkeypatch.setenv("RLM_TUI_HOME", _write(tmp_path / "a-file", "x"))
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
