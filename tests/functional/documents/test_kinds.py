"""html, docx, json, jsonl, csv and source files through the real loader and its child process; and patterns."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest

from rlm_tui.context import isolated as isolated_module
from rlm_tui.context.document import Document
from rlm_tui.context.load import load_document
from rlm_tui.errors import DocumentError
from tests.functional.documents.kit import PAGE, is_refused, loaded, word_document, write


def _outline(document: Document) -> list[tuple[str, int, str]]:
    """Title, level, and the first characters of the text where each leads."""
    part = document.parts[0]
    return [(h.title, h.level, part.text[h.offset : h.offset + 6]) for h in part.headings]


def test_a_page_is_read_as_a_person_sees_it(tmp_path: Path) -> None:
    document = loaded(tmp_path / "a.html", PAGE)
    assert document.value == (
        "Annual report\n\n- Home\n- About & contact\n\nOverview\n\nHello world,\nsee the source (https://example.org/a)."
        "\n\nName | Age\nBob | 5\n\na\n  b\n\nEnd\n\n[image: A map]"
    )
    assert _outline(document) == [("Annual report", 1, "Annual"), ("Overview", 1, "Overvi"), ("End", 2, "End\n\n[")]
    assert document.parts[0].kind == "html"


def test_a_page_names_its_own_encoding(tmp_path: Path) -> None:
    page = "<html><head><meta charset='Shift_JIS'><title>日本</title></head><p>東京①</p></html>".encode("cp932")
    document = loaded(tmp_path / "a.htm", page)
    assert document.value == "日本\n\n東京①"
    assert not document.notes


def test_a_page_without_an_ending_is_known_by_its_begin(tmp_path: Path) -> None:
    assert loaded(tmp_path / "page", "<!-- x --><!DOCTYPE html><p>Hello").value == "Hello"
    assert loaded(tmp_path / "about.md", "<html> is a tag").parts[0].kind == "markdown"


def test_a_page_whose_text_is_fetched_by_scripts_says_so(tmp_path: Path) -> None:
    message = is_refused(tmp_path / "app.html", "<title>App</title><div id=root></div><script src=app.js></script>")
    assert (
        message
        == "app.html has no text of its own, as scripts fetch it; open the page in a browser and save it as PDF."
    )
    assert "only white space" in is_refused(tmp_path / "b.html", "<p> </p>")


def test_a_page_of_millions_of_tags_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    assert "has more than 5 million tags" in is_refused(tmp_path / "a.html", b"<p>x" * 5_000_001)


def test_a_page_nested_as_deeply_as_it_likes_is_read(tmp_path: Path) -> None:
    assert loaded(tmp_path / "deep.html", "<div>" * 5_000 + "ground").value == "ground"


def _repacked(data: bytes, name: str, change: bytes, to: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.namelist():
            content = old.read(entry)
            new.writestr(entry, content.replace(change, to) if entry == name else content)
    return buffer.getvalue()


def test_a_word_document_is_its_paragraphs_lists_and_rows_with_its_headings(tmp_path: Path) -> None:
    document = loaded(tmp_path / "a.docx", word_document())
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
        word_document(),
        "word/document.xml",
        b'<w:p><w:pPr><w:pStyle w:val="ListBullet"/>',
        b"<w:p>" + inserted + b'<w:pPr><w:pStyle w:val="ListBullet"/>',
    )
    text = loaded(tmp_path / "a.docx", data).value
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
    assert words in is_refused(tmp_path / "a.docx", data)


def test_a_zip_bomb_is_not_unpacked(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("word/document.xml", b"x" * (40 << 20))
    assert "zip bomb" in is_refused(tmp_path / "a.docx", buffer.getvalue())
    with zipfile.ZipFile(buffer := io.BytesIO(), "w") as file:
        file.writestr("notes.txt", "x")
    assert "no Word document" in is_refused(tmp_path / "b.docx", buffer.getvalue())


def test_entities_and_nesting_in_a_word_document_do_not_grow(tmp_path: Path) -> None:
    laughs = b"<!DOCTYPE x [<!ENTITY a 'ha'>" + b"".join(
        b"<!ENTITY %c '%s'>" % (98 + n, b"&%c;" % (97 + n) * 50) for n in range(8)
    )
    bomb = _repacked(word_document(), "word/document.xml", b"<w:document", laughs + b"]><w:document")
    bomb = _repacked(bomb, "word/document.xml", b"Sales", b"&i;")
    assert "has entities that expand" in is_refused(tmp_path / "a.docx", bomb)
    deep = _repacked(word_document(), "word/document.xml", b"<w:body>", b"<w:body>" + b"<w:sdt>" * 100_000)
    assert "nested too deeply" in is_refused(tmp_path / "b.docx", deep)
    broken = _repacked(word_document(), "word/document.xml", b"</w:body>", b"<w:depth></w:x></w:body>")
    assert "is broken or cut off" in is_refused(tmp_path / "c.docx", broken)


def test_a_missing_library_is_named_with_what_installs_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = isolated_module.importlib.util.find_spec
    monkeypatch.setattr(
        isolated_module.importlib.util, "find_spec", lambda name: None if name == "docx" else real(name)
    )
    assert is_refused(tmp_path / "a.docx", word_document()) == "a.docx needs python-docx: pip install 'rlm-tui[docx]'."
    write(tmp_path / "f" / "b.txt", "text")
    write(tmp_path / "f" / "a.docx", word_document())
    document = load_document([str(tmp_path / "f")])
    assert document.value == ["text"]
    assert document.notes == ["Left out: a.docx needs python-docx: pip install 'rlm-tui[docx]'."]


def test_json_stays_the_text_that_code_can_parse_and_its_outline_has_the_keys(tmp_path: Path) -> None:
    text = '{\r\n "users": [{"id": 1, "name": "Ann"}, {"id": 2}],\n "meta": {"ver": 3, "deep": {"x": [1]}}, "ok": true}'
    document = loaded(tmp_path / "a.json", text)
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
    ids=lambda value: value[:24],
)
def test_broken_json_is_a_text_with_a_note(tmp_path: Path, text: str, note: str) -> None:
    document = loaded(tmp_path / "a.json", text)
    assert document.value == text
    assert document.notes == [note]


def test_numbers_of_any_length_are_no_fault(tmp_path: Path) -> None:
    assert not loaded(tmp_path / "a.json", "[" + "9" * 6_000 + "]").notes


def test_json_lines_have_their_records_and_broken_lines_are_a_note(tmp_path: Path) -> None:
    text = '{"a": 1}\n\n{"b": 2}\nbad\n{"c": 3} x\n'
    document = loaded(tmp_path / "a.jsonl", text)
    assert document.value == text
    assert document.parts[0].shape == "JSON lines, 2 objects: a, b"
    assert document.notes == ["a.jsonl has 2 lines (4, 5) of no whole JSON."]
    assert [h.offset for h in document.parts[0].headings] == [0, 10]


def test_a_table_has_its_columns_and_uneven_rows_are_a_note(tmp_path: Path) -> None:
    text = 'name;age\nBob;5\n"two\nlines";6\nx\n'
    document = loaded(tmp_path / "a.csv", text)
    part = document.parts[0]
    assert document.value == text
    assert part.shape == "CSV, 3 rows of 2 columns: name, age"
    assert document.notes == ["a.csv has 1 line (5) of other than 2 columns."]
    assert [part.text[h.offset :].split(";")[0].split("\n")[0] for h in part.headings] == ["Bob", '"two', "x"]


def test_of_many_records_each_nth_is_in_the_outline(tmp_path: Path) -> None:
    headings = loaded(tmp_path / "a.csv", "n\n" + "".join(f"{n}\n" for n in range(1, 1_001))).parts[0].headings
    assert [heading.title for heading in headings[:3]] == ["1  1", "6  6", "11  11"]
    assert len(headings) == 200


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
    document = loaded(tmp_path / name, text)
    assert document.value == text
    assert document.parts[0].kind == "code"
    assert [(heading.title, heading.level) for heading in document.parts[0].headings] == expected


def test_a_pattern_is_the_files_that_match_in_order(tmp_path: Path) -> None:
    for name in ("b.md", "a.md", "c.txt", "deep/er/d.md", ".hidden.md", "deep/bin.md"):
        write(tmp_path / name, b"\x00\x01" if "bin" in name else name)
    flat = load_document([str(tmp_path / "*.md")])
    assert (flat.value, [part.name for part in flat.parts]) == (["a.md", "b.md"], ["a.md", "b.md"])
    deep = load_document([str(tmp_path / "**" / "*.md")])
    assert [part.name for part in deep.parts] == ["a.md", "b.md", "deep/er/d.md"]
    assert deep.notes == [f"Skipped of {tmp_path}/**/*.md: 1 binary file."]
    assert load_document([str(tmp_path / "?.txt")]).value == "c.txt"
    assert load_document([str(tmp_path / "[ab].md"), str(tmp_path / "c.txt")]).value == ["a.md", "b.md", "c.txt"]


def test_a_file_that_is_called_like_a_pattern_is_that_file(tmp_path: Path) -> None:
    write(tmp_path / "a1.txt", "other")
    assert loaded(tmp_path / "a[1].txt", "this").value == "this"


def test_a_pattern_without_a_match_is_one_sentence(tmp_path: Path) -> None:
    write(tmp_path / "a.bin", b"\x00\x01")
    for pattern, words in (
        ("*.pdf", "matches nothing to read;"),
        ("*.bin", "matches nothing to read (1 binary file);"),
    ):
        with pytest.raises(DocumentError) as caught:
            load_document([str(tmp_path / pattern)])
        assert words in str(caught.value)
