"""The documents that are shipped hold what they are said to hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from rlm_tui.context.document import Document
from rlm_tui.context.load import load_document
from rlm_tui.context.search import find
from tests.functional.documents.kit import write


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

    part = load_document([write(tmp_path / "a.pdf", long_pdf(12))]).parts[0]
    assert [f"This is page {page}." in part.page_text(page) for page in range(1, 13)] == [True] * 12
    assert [part.page_of(heading.offset) for heading in part.headings] == [1, 11]
