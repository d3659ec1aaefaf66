"""Reads the text of a Word document: paragraphs, lists, table rows, notes, and headings by their style.

python-docx opens the package and knows its styles; its paragraphs leave out content controls, text boxes and
insertions that were tracked, so the text is taken from the tree itself.
"""

from __future__ import annotations

import io
import re
import zipfile
from typing import Any

from .found import Flow, Found, RefusedError

_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_VAL = f"{_WORD}val"
_OLE = b"\xd0\xcf\x11\xe0"
_LOCKED = "EncryptedPackage".encode("utf-16-le")
_MAX_UNPACKED = 512 << 20
_MAX_RATIO = 200
_BOUNDS = (89, 114)  # libxml2: a loop of entities (its older versions for all that expands), a limit of resources
_SMALL = 16 << 20  # so much may come of few bytes without harm
_HEADING = re.compile(r"heading ([1-6])$")
_SKIPPED = {f"{_WORD}{name}" for name in ("del", "moveFrom", "instrText", "pPr", "rPr", "tblPr", "sectPr")}
_SKIPPED.add("{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback")
_NOTES = (("footnotes", "footnote"), ("endnotes", "endnote"), ("comments", "comment"))


def read_docx(data: bytes) -> Found:
    """The text of a document, its notes after it, and its headings as the outline."""
    _check(data)
    from lxml.etree import XMLSyntaxError  # type: ignore[import-untyped]

    try:
        return _read(data)
    except XMLSyntaxError as error:
        raise RefusedError(_why_not(error)) from None


def _why_not(error: Any) -> str:
    """What libxml2 has against the XML of a part: a bound of its own, which a whole document may pass, or its form."""
    if str(error).startswith("Excessive depth"):  # the name of an element may have the word, too
        return "deep"
    return "entities" if "entity" in str(error).lower() and error.code in _BOUNDS else "broken"


def _read(data: bytes) -> Found:
    from docx import Document

    try:
        document = Document(io.BytesIO(data))
    except (KeyError, ValueError, AttributeError, zipfile.BadZipFile, NotImplementedError):
        raise RefusedError("broken") from None
    flow = Flow()
    _Walk(flow, _levels(document)).over(document.element.body)
    for kind, item in _NOTES:
        _notes(document.part, kind, item, flow)
    return Found(flow.text, flow.headings)


def _check(data: bytes) -> None:
    """Refuse what is locked, no zip, or unpacks to much more than it is."""
    if data.startswith(_OLE):
        raise RefusedError("locked" if _LOCKED in data else "old")
    try:
        entries = zipfile.ZipFile(io.BytesIO(data)).infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        raise RefusedError("broken") from None
    if "word/document.xml" not in {entry.filename for entry in entries} and not _has_main(entries):
        raise RefusedError("other")
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > _MAX_UNPACKED or unpacked > _SMALL + _MAX_RATIO * len(data):
        raise RefusedError("bomb")


def _has_main(entries: list[zipfile.ZipInfo]) -> bool:
    return any(entry.filename.startswith("word/") for entry in entries)


def _levels(document: Any) -> dict[str, int]:
    """The heading level of each style that has one, by its name or the outline level that it sets; 0 for lists."""
    levels = {}
    for style in document.styles.element.iterchildren(f"{_WORD}style"):
        named = style.find(f"{_WORD}name")
        name = (named.get(_VAL) or "").lower() if named is not None else ""
        match = _HEADING.match(name)
        level = int(match[1]) if match else 1 if name == "title" else _outline_level(style)
        if level is None and name.startswith(("list bullet", "list number")):
            level = 0
        if level is not None:
            levels[style.get(f"{_WORD}styleId")] = level
    return levels


def _outline_level(element: Any) -> int | None:
    outline = element.find(f"{_WORD}pPr/{_WORD}outlineLvl")
    value = outline.get(_VAL) if outline is not None else None
    return int(value) + 1 if value in set("012345") else None


class _Walk:
    """One pass over the events of a tree; what is nested too deeply, lxml has refused before."""

    def __init__(self, flow: Flow, levels: dict[str, int]) -> None:
        self._flow = flow
        self._levels = levels
        self._cells = 0

    def over(self, root: Any) -> None:
        """Write the text below an element."""
        from lxml.etree import iterwalk

        walk = iterwalk(root, events=("start", "end"))
        for event, element in walk:
            if event == "start":
                self._begin(element, walk)
            else:
                self._end(element)

    def _begin(self, element: Any, walk: Any) -> None:
        tag = element.tag
        if tag in _SKIPPED:
            walk.skip_subtree()
            return
        match str(tag).removeprefix(_WORD):
            case "p":
                self._paragraph(element)
            case "t":
                self._flow.exact(element.text or "")
            case "tab":
                self._flow.exact("\t")
            case "br" | "cr":
                self._flow.newline()
            case "noBreakHyphen":
                self._flow.exact("-")
            case "tc":
                self._cell(element)
            case "tr":
                self._flow.newline()
            case "tbl" if not self._cells:
                self._flow.newline(2)
            case "footnoteReference" | "endnoteReference":
                self._flow.exact(f"[{element.get(f'{_WORD}id')}]")

    def _paragraph(self, element: Any) -> None:
        """A paragraph begins: a heading, an item of a list, or in a cell only a space."""
        style = element.find(f"{_WORD}pPr/{_WORD}pStyle")
        level = _outline_level(element) or (self._levels.get(style.get(_VAL)) if style is not None else None)
        if self._cells:
            self._flow.space()
        elif level:
            self._flow.begin_heading(level)
        elif level == 0 or element.find(f"{_WORD}pPr/{_WORD}numPr") is not None:
            self._flow.item()
        else:
            self._flow.newline()

    def _cell(self, element: Any) -> None:
        if element.getprevious() is not None and element.getprevious().tag == element.tag:
            self._flow.cell()
        self._cells += 1

    def _end(self, element: Any) -> None:
        tag = str(element.tag).removeprefix(_WORD)
        if tag == "p" and self._flow.is_heading:
            self._flow.end_heading()
        elif tag == "p" and not self._cells:
            self._flow.newline()
        elif tag == "tc":
            self._cells -= 1
        elif tag == "tbl" and not self._cells:
            self._flow.newline(2)


def _notes(part: Any, kind: str, item: str, flow: Flow) -> None:
    """Footnotes, endnotes or comments after the text, each by its number."""
    from docx.oxml import parse_xml

    related = [
        rel.target_part for rel in part.rels.values() if not rel.is_external and rel.reltype.endswith(f"/{kind}")
    ]
    for element in parse_xml(related[0].blob).iterchildren(f"{_WORD}{item}") if related else ():
        if element.get(f"{_WORD}type") in (None, "normal"):
            flow.newline(2)
            flow.exact(f"[{item} {element.get(f'{_WORD}id')}] ")
            _Walk(flow, {}).over(element)
