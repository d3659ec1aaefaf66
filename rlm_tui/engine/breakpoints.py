"""Breakpoints: policies over the gate. What is about to pass is matched with the filter of each one that is on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec

from rlm_tui import events as ev
from rlm_tui.engine.gate import Pending
from rlm_tui.errors import RlmTuiError
from rlm_tui.filter import Count, Filter, Moment, SlowFilterError, parse_counted
from rlm_tui.text import one_line
from rlm_tui.trajectory import Node
from rlm_tui.trajectory.facts import HELD_FIELDS, Pair

_SHOWN = 60


class Breakpoint(msgspec.Struct, frozen=True):
    """One breakpoint as a person sees it; `hits` counts the nodes that matched, whether or not it held there."""

    number: int
    filter: str
    is_on: bool = True
    hits: int = 0


class Breakpoints:
    """The breakpoints of a session; all but `listed` belongs to the engine's event loop.

    A node is a hit once: at the first checkpoint at which the filter is true of it, and there again when what
    was held there is asked or run once more.
    """

    def __init__(self, look: Callable[[], Awaitable[Moment]]) -> None:
        self.listed: tuple[Breakpoint, ...] = ()
        self._look = look
        self._meant: dict[int, tuple[Filter, Count | None]] = {}
        self._seen: dict[tuple[int, str], ev.Checkpoint] = {}
        self._last = 0

    def set(self, number: int, text: str, *, is_on: bool = True) -> None:
        """Add a breakpoint (number 0), change one, or take one away (an empty filter); another filter counts anew."""
        known = {each.number: each for each in self.listed}
        if number and number not in known:
            raise RlmTuiError(f"There is no breakpoint {number} (any more); nothing was changed.")
        if number and not text:
            del known[number], self._meant[number]
            self._forget_hits(number)
        elif number and text == known[number].filter:
            known[number] = msgspec.structs.replace(known[number], is_on=is_on)
        else:
            meant = parse_counted(text)
            if not number:
                number = self._last = self._last + 1
            self._meant[number] = meant
            self._forget_hits(number)
            known[number] = Breakpoint(number, text, is_on)
        self.listed = tuple(known.values())

    def _forget_hits(self, number: int) -> None:
        self._seen = {key: at for key, at in self._seen.items() if key[0] != number}

    @property
    def are_on(self) -> bool:
        """Whether any of them is on."""
        return any(each.is_on for each in self.listed)

    async def why(self, checkpoint: ev.Checkpoint, pending: Pending) -> str:
        """Which breakpoint holds here, in words; empty when none does. Counts the hits of all that are on."""
        if not self.are_on:
            return ""
        moment = await self._look()
        node = moment.view.node(pending.node)
        if node is None:
            return ""
        about = tuple((HELD_FIELDS[checkpoint], text) for text in (pending.content, *pending.before))
        found = [self._hit(each, moment, node, checkpoint, about) for each in self.listed if each.is_on]
        return next(filter(None, found), "")

    def _hit(
        self, each: Breakpoint, moment: Moment, node: Node, checkpoint: ev.Checkpoint, about: tuple[Pair, ...]
    ) -> str:
        condition, count = self._meant[each.number]
        first = self._seen.get((each.number, node.id), checkpoint)
        try:
            if first != checkpoint or not condition.matches(moment, node, about):
                return ""
        except SlowFilterError as error:
            return f"breakpoint {each.number} cannot tell: {error.fault}"
        self._seen[each.number, node.id] = checkpoint
        hits = each.hits + 1
        counted = msgspec.structs.replace(each, hits=hits)
        self.listed = tuple(counted if known.number == each.number else known for known in self.listed)
        holds = count is None or count.admits(hits)
        return f"breakpoint {each.number}: {one_line(each.filter, _SHOWN)}, hit {hits}" if holds else ""
