"""Finds the headings of a Markdown text; linear in its length, whatever the text is."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rlm_tui.context.document import Heading

_MARK = re.compile(
    r"^ {0,3}(?:(?P<fence>`{3,}|~{3,})|(?P<hashes>#{1,6})(?=[ \t])|(?P<under>=+|-+)[ \t]*\r?$)", re.MULTILINE
)
_NO_TITLE = ("#", ">", "|", "- ", "* ", "+ ", "```", "~~~", "<")
_FRONT_MATTER = re.compile(r"---[ \t]*\r?\n(?:.*\n)*?---[ \t]*\r?$", re.MULTILINE)
_MAX_TITLE = 200


def markdown_headings(text: str) -> list[Heading]:
    """Headings with `#` signs or underlined, in order; those inside fenced code and front matter do not count."""
    return list(_headings(text))


def _headings(text: str) -> Iterator[Heading]:
    fence = ""
    front = _FRONT_MATTER.match(text)
    for match in _MARK.finditer(text, front.end() if front else 0):
        mark = match["fence"]
        if mark:
            if not fence:
                fence = mark
            elif mark.startswith(fence) and not _line_at(text, match.end()).strip():
                fence = ""
        elif not fence:
            heading = _hashed(text, match) if match["hashes"] else _underlined(text, match)
            if heading:
                yield heading


def _line_at(text: str, start: int) -> str:
    end = text.find("\n", start)
    return text[start : end if end >= 0 else len(text)]


def _hashed(text: str, match: re.Match[str]) -> Heading | None:
    title = _line_at(text, match.end())[:_MAX_TITLE].strip()
    closed = title.rstrip("#")
    if closed != title and (not closed or closed[-1] in " \t"):
        title = closed.rstrip()
    return Heading(title, len(match["hashes"]), match.start()) if title else None


def _underlined(text: str, match: re.Match[str]) -> Heading | None:
    end = match.start() - 1
    start = text.rfind("\n", 0, max(0, end)) + 1
    title = text[start : max(0, end)][:_MAX_TITLE].strip()
    if not title or title.startswith(_NO_TITLE):
        return None
    return Heading(title, 1 if match["under"][0] == "=" else 2, start)
