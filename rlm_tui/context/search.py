"""Finds a text or a regular expression in a document, lazily, hit by hit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rlm_tui.context.document import Document
from rlm_tui.errors import UsageError
from rlm_tui.text import safe

_WINDOW = 1 << 20
_REACH = 1 << 14  # white space that a plain query may span beyond its own length
_SPACE = re.compile(r"\s")


@dataclass(frozen=True, slots=True)
class Hit:
    """A place in the document: index of the part, offset and length in code points."""

    part: int
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The surroundings of a hit as one safe line; `start` and `end` are where the hit stands in it."""

    text: str
    start: int
    end: int


def find(document: Document, query: str, *, regex: bool = False, ignore_case: bool = True) -> Iterator[Hit]:
    """Yield the hits in document order; an empty query or an empty match is no hit.

    In a plain query white space stands for any white space, so that a phrase is found across a line break.
    A bad regular expression raises UsageError at once, not at the first hit.
    """
    pattern = _compile(query, regex=regex, ignore_case=ignore_case)
    reach = None if regex else _REACH + len(query)
    return _hits(document, pattern, reach) if query.strip() else iter(())


def _compile(query: str, *, regex: bool, ignore_case: bool) -> re.Pattern[str]:
    if not regex:
        query = r"\s+".join(re.escape(word) for word in query.split())
    try:
        return re.compile(query, re.MULTILINE | (re.IGNORECASE if ignore_case else 0))
    except re.error as error:
        where = f" at character {error.pos + 1}" if error.pos is not None else ""
        raise UsageError(f"The regular expression is wrong{where}: {error.msg}.") from None
    except (OverflowError, RecursionError):
        raise UsageError("The regular expression is too large or too deeply nested; make it simpler.") from None


def _hits(document: Document, pattern: re.Pattern[str], reach: int | None) -> Iterator[Hit]:
    for index, part in enumerate(document.parts):
        text = part.text
        matches = pattern.finditer(text) if reach is None else _in_windows(pattern, text, reach)
        for match in matches:
            if match.end() > match.start():
                yield Hit(index, match.start(), match.end() - match.start())


def _in_windows(pattern: re.Pattern[str], text: str, reach: int) -> Iterator[re.Match[str]]:
    """As `finditer`, a window at a time: a match of `re` holds the interpreter, and a screen waits for it."""
    done = 0
    for start in range(0, len(text), _WINDOW):
        end = start + _WINDOW
        for match in pattern.finditer(text, max(start, done), end + reach):
            if match.start() >= end:
                break
            done = match.end()
            yield match


def excerpt(document: Document, hit: Hit, width: int = 72) -> Excerpt:
    """The hit with what stands around it, at most `width` characters, one line; `…` where it was cut."""
    text = document.parts[hit.part].text
    length = min(hit.length, max(1, width - 2))
    before = max(0, (width - length - 2) // 3)
    start = max(0, hit.offset - before)
    end = min(len(text), start + max(length, width - 2))
    left, right = "…" if start else "", "…" if end < len(text) else ""
    line = safe(_SPACE.sub(" ", text[start:end]))
    at = hit.offset - start + len(left)
    return Excerpt(left + line + right, at, at + min(length, end - hit.offset))
