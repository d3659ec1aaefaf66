"""The passages that a trace itself holds: what blocks printed and what went to sub-LMs, for who lacks the document."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from itertools import chain

from rlm_tui import events as ev
from rlm_tui.session.log import Log
from rlm_tui.text import one_line, plural, short_count
from rlm_tui.trajectory import Node, View
from rlm_tui.ui.content.parts import Page, context_of
from rlm_tui.ui.lines import BLANK, Line, Rows, clip, line, rjust, split, wrap_text
from rlm_tui.ui.rows import Joined, Provider, text_rows
from rlm_tui.ui.words import child_name, iteration_of

_NUMBER = 6
_GIST = 80
_MOST = 200_000
_KINDS = (ev.CodeFinished, ev.SubcallRequested)


class Passages(Provider):
    """One row a passage, in the order of the run; each is read from the trace when it is looked at."""

    def __init__(self, view: View, log: Log, width: int) -> None:
        self._view, self._log, self._width = view, log, width
        self._seqs, self._last = _seqs_of(view), view.tree.last

    def again(self, view: View, log: Log, width: int) -> Passages:
        """The passages at another moment; put in order anew only when the trace has grown."""
        if view.tree is not self._view.tree or view.tree.last != self._last:
            return Passages(view, log, width)
        if (view.seq, width) != (self._view.seq, self._width):
            self._view, self._width = view, width
        return self

    def __len__(self) -> int:
        return bisect_right(self._seqs, self._view.seq)

    def at(self, index: int) -> Line:
        """Which iteration, what was done with it, how long it is, and how it begins."""
        where, text = self._passage(index)
        size = Line((rjust(short_count(len(text)), _NUMBER),))
        row = line((where, "muted"), "  ", (one_line(text, _GIST), "dim"))
        return split(row, size, self._width)

    def of_node(self, node: Node) -> int | None:
        """The first passage of a node or of what is below it; None when it has none."""
        last = node.closed if node.done(self._view.seq) else self._view.seq
        index = bisect_left(self._seqs, node.opened)
        return index if index < len(self) and self._seqs[index] <= (last or self._view.seq) else None

    def rows(self, index: int, width: int) -> Rows:
        """A passage with where it comes from."""
        where, text = self._passage(index)
        heading = clip(line((where, "text bold"), (f"  {plural(len(text), 'character')}", "dim")), width)
        body = text_rows(text[:_MOST], width, "output")
        rest = len(text) - _MOST
        more = wrap_text(f"… {plural(rest, 'more character')}; the step shows them.", width, "dim") if rest > 0 else []
        return Joined(([heading, BLANK], body, more))

    def _passage(self, index: int) -> tuple[str, str]:
        event = self._log.event(self._seqs[index])
        turn = iteration_of(self._view, event.node)
        place = f"it {turn.number}" if turn is not None else "–"
        if isinstance(event, ev.SubcallRequested):
            return f"{place} to sub-LM", self._log.text(event.prompt)
        return f"{place} printed", self._log.text(event.stdout) if isinstance(event, ev.CodeFinished) else ""


def banner(view: View, passages: Passages, why: str, width: int) -> list[Line]:
    """That the document is not at hand, why, and what is shown in its place."""
    started = view.started
    parts = started.context.parts if started is not None else ()
    name = parts[0].name if len(parts) == 1 else plural(len(parts), "document") if parts else "document"
    more = why.removeprefix("not at hand").removeprefix("; ")
    reason = f" ({more})" if more else ""
    said = f"{one_line(name, 60)} is not at hand{reason}. "
    held = f"Shown: the {plural(len(passages), 'passage')} that the trace itself holds, printed or sent to sub-LMs."
    return wrap_text(said + held, width, "careful")


def _seqs_of(view: View) -> array[int]:
    counts = [view.tree.counts.get(kind.__name__, _NONE) for kind in _KINDS]
    return array("Q", sorted(chain(*counts)))


_NONE: array[int] = array("Q")


def child_context(page: Page, rlm: str) -> Rows:
    """The text that a child RLM works on, as `context` in its REPL."""
    text = context_of(page, rlm)
    if not text:
        return wrap_text("The trace does not tell what this child RLM was asked about.", page.width, "dim")
    size = plural(len(text), "character")
    if len(text) > _MOST:
        size = f"{_MOST:,} of {size} shown; / finds in all"
    heading = clip(line((f"context of {child_name(page.view, rlm)}", "text bold"), (f"  {size}", "dim")), page.width)
    return Joined(([heading, BLANK], _beginning(text, page.width)))


def _beginning(text: str, width: int) -> Rows:
    rest = len(text) - _MOST
    more = wrap_text(f"… {plural(rest, 'more character')}; the step shows them.", width, "dim") if rest > 0 else []
    return Joined((text_rows(text[:_MOST], width, "output"), more))
