"""The headings of Markdown."""

from __future__ import annotations

import pytest

from rlm_tui.context.markdown import markdown_headings


def _found(text: str) -> list[tuple[str, int]]:
    return [(heading.title, heading.level) for heading in markdown_headings(text)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("# One\ntext\n## Two ##\n###### Six\n####### seven\n#none\n", [("One", 1), ("Two", 2), ("Six", 6)]),
        ("Big\n===\n\nsmall\n---\r\n", [("Big", 1), ("small", 2)]),
        ("para\n\n---\n\n- item\n---\n| a | b |\n---\n", []),
        ("```\n# code\n```\n# text\n~~~~\n# code\n~~~\n# code\n~~~~\n## end", [("text", 1), ("end", 2)]),
        ("---\ntitle: x\n---\n# Real\n", [("Real", 1)]),
        ("   # indented\n    # code\n", [("indented", 1)]),
        ("# \n#\n# C#\n# a # b\n", [("C#", 1), ("a # b", 1)]),
        ("\r\n# Windows\r\ntext\r\n", [("Windows", 1)]),
        ("", []),
    ],
)
def test_headings_are_found(text: str, found: list[tuple[str, int]]) -> None:
    assert _found(text) == found


def test_the_offset_is_where_the_line_of_the_title_begins() -> None:
    text = "intro\n\nBig\n===\ntext\n## Small\n"
    assert [heading.offset for heading in markdown_headings(text)] == [text.index("Big"), text.index("##")]


@pytest.mark.parametrize(
    "line", ["# " + " " * 200_000 + "x", "=" * 200_000 + "x", "# " + " #" * 100_000, "-" * 200_000]
)
def test_hostile_lines_end(line: str) -> None:
    assert all(len(heading.title) <= 200 for heading in markdown_headings(f"a\n{line}\n"))
