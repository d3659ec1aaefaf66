"""Failures, notes and limits beside what they belong to."""

from __future__ import annotations

from rlm_tui import events as ev
from rlm_tui.text import short_seconds
from rlm_tui.trajectory import Node
from rlm_tui.trajectory.facts import RESET
from rlm_tui.trajectory.limits import reached
from rlm_tui.ui.content.parts import Page, note
from rlm_tui.ui.lines import Rows
from rlm_tui.ui.rows import Joined

FORGOTTEN = f"{RESET[:1].upper()}{RESET[1:]}."
_REMARKS = frozenset({"LmFailed", "Note", "LimitHit", "Reset"})


def remarks(page: Page, node: Node, kinds: frozenset[str] = _REMARKS, told: str = "") -> Rows:
    """Failures, notes and limits that a node owns, in order; or only those of some kinds of events.

    A failure for good in the words of `told` is left out: they stand elsewhere.
    """
    rows: list[Rows] = []
    for seq, name in node.facts:
        event = page.log.event(seq) if seq <= page.view.seq and name in kinds else None
        if isinstance(event, ev.LmFailed) and event.retry_in_s is None and event.message == told:
            continue
        if isinstance(event, ev.LmFailed):
            rows.append(_failure(page, event))
        elif isinstance(event, ev.Note):
            rows.append(note("⚠", event.text, page, "careful" if event.level == "warning" else "muted"))
        elif isinstance(event, ev.Reset):
            rows.append(note("↳", FORGOTTEN, page))
        elif isinstance(event, ev.LimitHit):
            rows.append(note("⚠", f"{reached(event.limit, event.cap)}.", page))
    return Joined(rows)


def _failure(page: Page, event: ev.LmFailed) -> Rows:
    if event.retry_in_s is None:
        return note("✗", event.message, page, "failed")
    return note("↻", f"{event.message} It is asked again after {short_seconds(event.retry_in_s)}.", page)
