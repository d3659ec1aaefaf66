"""Turns the rows of a pane into lines that can be heard: a section is one sentence and its text, nothing is aligned.

Text from a model, a document or a trace stands behind a name or is indented, so that none of it passes for a sentence
of rlm-tui's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import NamedTuple

from rlm_tui.text import safe
from rlm_tui.ui.content.parts import FOLD, NODE
from rlm_tui.ui.lines import Line, Rows, Span

WIDTH = 4000
"""Columns to draw a pane in before it is made linear: wide, so that a paragraph stays one line."""
_INDENT = "  "
_MORE = "  … there is more; more says it."
_GAP = 3
_NOTES = {"↻": "repaired", "⚠": "careful", "↳": "note", "✗": "failed"}
_SYMBOLS = {
    "✓": "ok",
    "✗": "failed",
    "‖": "held",
    "●": "running",
    "↻": "trying again",
    "○": "not done",
    "✎": "yours:",
    "⚠": "amiss",
    "□": "stopped",
    "◌": "unfinished",
}
_MARKS = re.compile(r"^[‖✎✓✗●○□◌⚠▸▾↳] ?")
_YOU = "user bold"  # words of the person that no node holds yet
_OWN = ("text", "output", "code")


class EveryFold(frozenset[str]):
    """The folds of a page of which every one is open."""

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and key.startswith(FOLD)


class Section(NamedTuple):
    """One thing that a pane says: its name (`code`), a remark (`edited`), a sentence, and the text below it.

    Without a name the sentence is one about the place itself: `iteration 2 begins.`
    """

    name: str
    remark: str = ""
    head: str = ""
    body: tuple[str, ...] = ()

    def lines(self, where: str = "") -> Iterator[str]:
        """`iteration 2, code (edited): held, not run yet:` and the text, indented."""
        name = ", ".join(part for part in (where, self.name) if part)
        remark = f" ({self.remark})" if self.remark else ""
        yield f"{name}{remark}: {self.head}".rstrip() if self.name else f"{where} {self.head}".strip()
        yield from (f"{_INDENT}{row}".rstrip() for row in self.body)


def sections(rows: Rows) -> list[Section]:
    """The sections of a pane that were drawn `WIDTH` wide."""
    found: list[Section] = []
    for row in rows[:]:
        section = _heading(row)
        if section is not None:
            found.append(section)
        elif not row.key.startswith(FOLD) or "▾ fold up" not in row.text:
            last = found.pop() if found else Section("")
            found.append(last._replace(body=(*last.body, _text(row))))
    return [section._replace(body=_trimmed(section.body)) for section in found]


def _heading(row: Line) -> Section | None:
    if not row.spans:
        return None
    first, rest = row.spans[0], row.spans[1:]
    if first.role == "muted bold":
        left, right = _ends(rest)
        return Section(_MARKS.sub("", first.text).strip().lower(), _joined(right), _joined(left))
    if first.role == _YOU or (row.key.startswith(NODE) and first.role.endswith("bold")):
        left, right = _ends(row.spans)
        return Section(_MARKS.sub("", _joined(left)), _joined(right))
    symbol = first.text.strip()
    if symbol in _NOTES and first.text.startswith(" " * _GAP):
        return Section(_NOTES[symbol], "", "".join(span.text for span in rest).strip())
    return None


def _ends(spans: Iterable[Span]) -> tuple[list[Span], list[Span]]:
    """What stands at the left and at the right of the space that fills a row."""
    left, right, gap = list[Span](), list[Span](), False
    for span in spans:
        is_gap = not span.text.strip() and len(span.text) >= _GAP
        if is_gap and left and not gap:
            gap = True
        elif not is_gap:
            (right if gap else left).append(span)
        else:
            gap = gap or bool(left)
    return (left, right) if gap else (left, [])


def _joined(spans: Iterable[Span]) -> str:
    """The words of some spans; marks that only a screen needs are left out."""
    return "".join(span.text if span.role.startswith(_OWN) else _spoken(span.text) for span in spans).strip()


def _spoken(text: str) -> str:
    return _MARKS.sub("", text).replace(" · ", ", ")


def _text(row: Line) -> str:
    spans = row.spans[1:] if row.spans and not row.spans[0].text.strip() else row.spans
    return "".join(span.text for span in spans).rstrip() if not row.key.startswith(FOLD) else _joined(spans)


def _trimmed(rows: tuple[str, ...]) -> tuple[str, ...]:
    end = len(rows)
    while end and not rows[end - 1]:
        end -= 1
    return rows[:end]


def spoken_row(row: Line) -> str:
    """One row of a tree or a table: symbols are words, columns are parted by commas."""
    spans = [span for span in row.spans if span.text.strip() not in ("▸", "▾")]
    words = [_SYMBOLS[symbol] + " " if (symbol := span.text.strip()) in _SYMBOLS else span.text for span in spans]
    return re.sub(r"\s{3,}", ", ", "".join(words).strip()).replace("  ", " ")


def told(lines: Iterator[str], most: int) -> tuple[list[str], Iterator[str]]:
    """The lines to say now, each harmless, and the rest, which is not made before it is asked for."""
    now = [safe(line, multiline=True).replace("\n", " ") for line in islice(lines, most)]
    if len(now) < most or (next_ := next(lines, None)) is None:
        return now, iter(())
    return [*now, _MORE], chain([next_], lines)
