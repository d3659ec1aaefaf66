"""Pages and data that are large in one way: nested, or of very many keys; each becomes text, and is bounded."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from rlm_tui.context.child.data import read_json
from rlm_tui.context.child.found import MAX_HEADINGS
from rlm_tui.context.child.html import MAX_DEPTH, shallow
from rlm_tui.context.load import load_document
from tests.functional.documents.kit import write

DEEP = 30 * MAX_DEPTH


def test_a_page_that_is_nested_without_end_keeps_its_text_and_says_so(tmp_path: Path) -> None:
    page = "<h1>Top</h1>" + "<div><p>x</p>" * DEEP + "the deepest" + "</div>" * DEEP + "<h2>After</h2><p>all</p>"
    document = load_document([write(tmp_path / "deep.html", page)])
    part = document.parts[0]
    assert part.text.split() == ["Top", *["x"] * DEEP, "the", "deepest", "After", "all"]
    assert [heading.title for heading in part.headings] == ["Top", "After"]
    assert document.notes == [
        "deep.html is nested more than 1,000 levels deep; its text is whole, the layout below is not."
    ]


def depth_of(page: str) -> int:
    """How deep the tree is that the parser builds."""
    node, at, deepest = LexborHTMLParser(page).root, 0, 0
    while node is not None:
        deepest = max(deepest, at)
        if node.child is not None:
            node, at = node.child, at + 1
            continue
        while node is not None and node.next is None:
            node, at = (node.parent, at - 1) if at else (None, 0)
        node = node.next if node is not None else None
    return deepest


DEEPEST = 4 * MAX_DEPTH + 4
"""Below a tag that counts there are at most three that do not (tbody, tr, td); html and body are above all."""
TAGS = ["div", "/div", "b", "/b", "svg", "/svg", "table", "tr", "td", "p", "/p", "ul", "li", "a", "path/"]


@settings(deadline=None, max_examples=15)
@given(st.lists(st.sampled_from(TAGS), min_size=1, max_size=9))
@example(["div"])
@example(["table", "tr", "td"])
@example(["ul", "li"])
@example(["svg"])
def test_no_page_reaches_the_parser_deeper_than_the_bound(tags: list[str]) -> None:
    page = "".join(f"<{tag}>" for tag in tags * (1 + 5 * MAX_DEPTH // len(tags)))
    cut, is_cut = shallow(page)
    assert depth_of(cut) <= DEEPEST
    assert is_cut or cut == page
    assert shallow(cut)[0] == cut


def test_the_depth_of_a_page_is_measured() -> None:
    assert depth_of("<div>" * 3 + "x") == depth_of("x") + 3
    assert depth_of("<div>" * (5 * MAX_DEPTH)) > DEEPEST


SHALLOW = ["<p>", "<li>", "<br>", "<td>", "<b>x</b>", "<div>y</div>", "<!-- <div> -->", "z"]


@settings(deadline=None, max_examples=20)
@given(st.lists(st.sampled_from(SHALLOW), max_size=9))
def test_a_page_that_is_long_and_not_deep_stays_as_it_is(pieces: list[str]) -> None:
    page = "".join(pieces) * (2 * MAX_DEPTH)
    assert shallow(page) == (page, False)


def test_the_outline_of_data_with_very_many_keys_is_full_and_no_more(tmp_path: Path) -> None:
    data = {f"key{number}": {"a": number, "b": [1, 2]} for number in range(2 * MAX_HEADINGS)}
    document = load_document([write(tmp_path / "wide.json", json.dumps(data))])
    part = document.parts[0]
    assert part.shape.startswith("JSON, an object of 10,000 keys: key0, key1")
    assert len(part.headings) == MAX_HEADINGS
    assert not document.notes


@settings(deadline=None, max_examples=21)
@given(st.integers(1, 3), st.integers(MAX_HEADINGS - 3, MAX_HEADINGS + 3))
def test_an_outline_is_the_beginning_of_what_it_would_be_without_a_bound(lists: int, keys: int) -> None:
    data = {f"k{number}": list(range(lists)) if number % 7 == 0 else {"a": 1} for number in range(keys)}
    found = read_json(json.dumps(data))
    assert len(found.headings) == MAX_HEADINGS
    assert [offset for _, _, offset in found.headings] == sorted(offset for _, _, offset in found.headings)
    assert not found.remarks
