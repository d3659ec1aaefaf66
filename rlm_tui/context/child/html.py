"""Reads the text of an HTML page as a person sees it: blocks, lists, table rows, headings, where links lead."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from .found import Flow, Found, RefusedError

_SKIPPED = {"script", "style", "template", "head", "iframe", "object", "datalist", "-comment"}
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_APART = {"p", "ul", "ol", "dl", "table", "pre", "blockquote", "figure", "hr", "article", "section", "header", "footer"}
_OWN_LINE = {"div", "tr", "dt", "dd", "br", "option", "caption", "figcaption", "main", "nav", "aside", "form"}
_OWN_LINE |= {"address", "details", "summary", "fieldset", "legend", "body", "thead", "tbody", "tfoot"}
_CELLS = {"td", "th"}
_LARGE_CELL = "table, ul, ol, pre, h1, h2, h3, h4, p + p, div + div"
MAX_TAGS = 5_000_000  # a tree of so many takes over a gigabyte, and half a minute to walk through
MAX_DEPTH = 1_000  # browsers stop at half of it
_CLOSED_ALONE = {"p", "li", "dt", "dd", "tr", "td", "th", "option", "optgroup", "thead", "tbody", "tfoot", "colgroup"}
_CLOSED_ALONE |= {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
_DRAWINGS = ("svg", "math")  # in them no tag is closed by another
_TAG = re.compile(
    r"<!--.*?-->|<(?:script|style|textarea)\b.*?</(?:script|style|textarea)|<(/?)([a-zA-Z][^\s/>]*)[^>]*>",
    re.DOTALL | re.IGNORECASE,
)
_LINKED = ("http://", "https://", "mailto:")


def read_html(source: str) -> Found:
    """The text of a page with its title first and its headings as the outline."""
    from selectolax.lexbor import LexborHTMLParser

    if source.count("<") > MAX_TAGS:
        raise RefusedError("tags")
    source, is_cut = shallow(source)
    tree = LexborHTMLParser(source)
    flow = Flow()
    _title(tree, flow)
    titled = flow.length
    if tree.root is not None:
        _Walk(flow).over(tree.root)
    if flow.length == titled and tree.css_first("script") is not None:
        raise RefusedError("scripts")
    remarks = (
        [f"is nested more than {MAX_DEPTH:,} levels deep; its text is whole, the layout below is not"] if is_cut else []
    )
    return Found(flow.text, flow.headings, remarks=remarks)


def shallow(source: str) -> tuple[str, bool]:
    """The page without the tags that are nested too deeply, and whether there were any.

    The parser looks through all that is open at every tag, so a page of 90,000 open ones would take it a minute.
    """
    if source.count("<") <= MAX_DEPTH:
        return source, False
    pieces, done, nest = list[str](), 0, _Nest()
    for match in _TAG.finditer(source):
        if match[2] is not None and not nest.keeps(match[2].lower(), match[1], match[0].endswith("/>")):
            pieces.append(source[done : match.start()])
            done = match.end()
    return ("".join([*pieces, source[done:]]), True) if done else (source, False)


class _Nest:
    """The tags that are open, by name; those that HTML closes by itself do not count."""

    def __init__(self) -> None:
        self._open: list[str] = []
        self._count: Counter[str] = Counter()
        self._left_out: Counter[str] = Counter()

    def keeps(self, name: str, slash: str, is_empty: bool) -> bool:
        """Whether a tag may stay; one with a slash before its name is an end, one that is empty ends at once."""
        is_drawing = any(self._count[drawing] for drawing in _DRAWINGS)
        if (is_drawing and is_empty) or (name in _CLOSED_ALONE and not is_drawing):
            return True
        if not slash:
            is_deep = len(self._open) >= MAX_DEPTH
            (self._left_out if is_deep else self._count)[name] += 1
            if not is_deep:
                self._open.append(name)
            return not is_deep
        if self._left_out[name]:
            self._left_out[name] -= 1
            return False
        while self._count[name]:
            last = self._open.pop()
            self._count[last] -= 1
            if last == name:
                break
        return True


def _title(tree: Any, flow: Flow) -> None:
    title, first = tree.css_first("head > title"), tree.css_first("h1")
    if title is None or (first is not None and first.text(deep=True).split() == title.text(deep=True).split()):
        return
    flow.begin_heading(1)
    flow.words(title.text(deep=True))
    flow.end_heading()


class _Walk:
    """One pass over the tree, without recursion as a page may be nested as deeply as it likes."""

    def __init__(self, flow: Flow) -> None:
        self._flow = flow
        self._exact = 0
        self._links: list[int] = []
        self._small_cell: int | None = None

    def over(self, root: Any) -> None:
        """Write the text below a node."""
        node: Any = root
        end = root.mem_id
        while node is not None:
            child = node.child if self._enter(node) else None
            while child is None and node is not None:
                self._leave(node)
                if node.mem_id == end:
                    return
                child = node.next
                if child is None:
                    node = node.parent
                    continue
                break
            node = child

    def _enter(self, node: Any) -> bool:
        """Begin a node; whether what is below it counts."""
        if node.is_text_node:
            text = node.text_content or ""
            (self._flow.exact if self._exact else self._flow.words)(text)
            return False
        tag = node.tag
        if tag in _SKIPPED:
            return False
        if tag in _HEADINGS:
            self._flow.begin_heading(_HEADINGS[tag])
        elif tag in _CELLS:
            self._cell(node)
        elif tag == "li":
            self._flow.item()
        elif tag == "a":
            self._links.append(self._flow.mark)
        elif tag == "img" and (node.attributes.get("alt") or "").strip():
            self._flow.words(f"[image: {node.attributes['alt']}]")
        else:
            self._break(tag)
        self._exact += tag == "pre"
        return True

    def _break(self, tag: str) -> None:
        if self._small_cell is not None:
            self._flow.space()
        elif tag in _APART:
            self._flow.newline(2)
        elif tag in _OWN_LINE:
            self._flow.newline()

    def _cell(self, node: Any) -> None:
        """A cell of data stays in the line of its row; one that holds half a page is laid out like any block."""
        before = node.prev
        while before is not None and before.tag not in _CELLS:
            before = before.prev
        if node.child is not None and node.css_first(_LARGE_CELL) is not None:
            self._flow.newline()
            return
        if before is not None:
            self._flow.cell()
        if self._small_cell is None:
            self._small_cell = node.mem_id

    def _leave(self, node: Any) -> None:
        tag = node.tag
        if node.is_text_node or tag in _SKIPPED:
            return
        if node.mem_id == self._small_cell:
            self._small_cell = None
        elif tag in _HEADINGS:
            self._flow.end_heading()
        elif tag == "a" and self._links:
            self._link(node, self._flow.since(self._links.pop()))
        elif tag == "li":
            self._flow.newline()
        else:
            self._break(tag)
        self._exact -= tag == "pre"

    def _link(self, node: Any, words: str) -> None:
        """An address of another site is part of what a page says, unless it stands there already."""
        address = (node.attributes.get("href") or "").strip()
        if address.startswith(_LINKED) and words.strip() and words.strip() not in address:
            self._flow.exact(f" ({address})")
