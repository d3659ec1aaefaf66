"""The Vars pane: the REPL's variables, what the last block did to them, and one of them in full."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from rlm_tui import events as ev
from rlm_tui.text import one_line, plural, short_bytes, short_count
from rlm_tui.ui.content.parts import MARGIN, Page, context_of, verbatim
from rlm_tui.ui.lines import Line, Piece, Rows, Span, clip, line, pad, rjust, wrap_text
from rlm_tui.ui.rows import Joined

_UNTOLD = "No variables are known: no block made any, or the log does not tell them."
_EMPTY = "The variables of the REPL appear here once a block has run."
_FORGOTTEN = "The REPL was forgotten; it begins anew with the next question."
VAR = "var:"
_NAME, _TYPE, _SIZE = 14, 8, 7
_BESIDE = _TYPE + _SIZE + 4
_PREVIEW_FROM = 44
_MARKS: dict[str, Piece] = {"added": ("+ ", "done"), "changed": ("~ ", "careful"), "removed": ("- ", "failed")}
_SAME: Piece = ("  ", "dim")


def variables(page: Page, values: Mapping[str, str] = MappingProxyType({}), repl: str = "") -> Rows:
    """One row a variable of a REPL, `context` first; those that a person opened in full, or as the trace holds them."""
    marks = last_changes(page, repl)
    rows: list[Rows] = []
    context = _of_child(page, repl) if repl else _context(page)
    if context is not None:
        rows.append(_rows(page, context, _SAME))
    for variable in page.view.variables(repl):
        change = variable.change
        if change.name != "context" or context is None:
            rows.append(_rows(page, change, _mark(marks, change.name), values.get(change.name)))
    gone = [change for change in marks.values() if change.change == "removed"]
    rows += [[line(_MARKS["removed"], (change.name, "dim"), key=f"{VAR}{change.name}")] for change in gone]
    if rows:
        return Joined(rows)
    none = _UNTOLD if page.view.last_block(repl) else _FORGOTTEN if page.view.forgotten and not repl else _EMPTY
    return wrap_text(none, page.width, "dim")


def last_changes(page: Page, repl: str = "") -> dict[str, ev.VarChange]:
    """What the last block that ended added, changed and removed, by name."""
    seq = page.view.last_block(repl)
    event = page.log.event(seq) if seq else None
    return {change.name: change for change in event.changes} if isinstance(event, ev.CodeFinished) else {}


def _mark(marks: dict[str, ev.VarChange], name: str) -> Piece:
    return _MARKS[marks[name].change] if name in marks else _SAME


def _context(page: Page) -> ev.VarChange | None:
    started = page.view.started
    root = page.view.root
    if started is None or not started.context.parts or (root is not None and root.opened < page.view.forgotten):
        return None
    info = started.context
    kind = "list" if info.is_list else "str"
    parts = ", ".join(
        part.name + (f" ({plural(part.pages, 'page')})" if part.pages else "") for part in info.parts[:50]
    )
    size = len(info.parts) if info.is_list else info.chars
    return ev.VarChange("context", "added", kind, size, parts)


def _of_child(page: Page, repl: str) -> ev.VarChange | None:
    """The context of a child RLM: the text that it was asked about."""
    text = context_of(page, repl)
    return ev.VarChange("context", "added", "str", len(text), text[:200]) if text else None


def _rows(page: Page, change: ev.VarChange, mark: Piece, value: str | None = None) -> Rows:
    key = f"{VAR}{change.name}"
    if key not in page.opened:
        return [_row(page, change, mark)]
    whole = verbatim((change.preview if value is None else value) or "(empty)", page, "output", 2 * MARGIN)
    is_cut = value is None and change.preview.endswith("…")
    more = [line(" " * 2 * MARGIN, ("this is as much of it as the trace holds", "dim"))] if is_cut else []
    return Joined(([_row(page, change, mark)], whole, more))


def _row(page: Page, change: ev.VarChange, mark: Piece) -> Line:
    name = pad(line((change.name, "text")), min(_NAME, max(6, page.width - _BESIDE)))
    kind = pad(line((one_line(change.type, 20), "muted")), _TYPE)
    is_narrow = page.width < _PREVIEW_FROM
    size = (one_line(change.preview, _SIZE) if is_narrow else "") if change.size is None else _size(change)
    left = line(mark, key=f"{VAR}{change.name}")
    columns = (*left.spans, *name.spans, Span(" "), *kind.spans, Span(" "), rjust(size, _SIZE))
    preview = line("  ", (one_line(change.preview), "dim")).spans if not is_narrow else ()
    return clip(Line((*columns, *preview), left.key), page.width)


def _size(change: ev.VarChange) -> str:
    is_long = change.type == "str" and (change.size or 0) >= 1_000
    return short_bytes(change.size or 0) if is_long else short_count(change.size)
