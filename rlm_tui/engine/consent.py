"""What a person is asked before much is spent: a large batch of sub-calls, or more than a limit allows.

Both are holds like any other. What is held is a number, and editing it is how a person asks for less or grants more.
"""

from __future__ import annotations

from rlm_tui import events as ev
from rlm_tui.engine.config import Run
from rlm_tui.engine.gate import Pending
from rlm_tui.engine.tokens import estimate_text
from rlm_tui.lm.prices import price_of
from rlm_tui.repl.base import HostCall
from rlm_tui.text import plural, short_cost, short_count, short_seconds
from rlm_tui.trajectory.limits import amount, figure, reached
from rlm_tui.trajectory.numbers import number_of

_FREE = ("offline",)
_ANSWER = 250  # tokens: a paragraph or two, as sub-calls are asked for; nobody knows before


class Consent:
    """Asks for one RLM; whether batches are asked about at all is shared by the whole tree, in `Lanes`."""

    def __init__(self, run: Run) -> None:
        self._run = run

    async def batch(self, node: str, call: HostCall) -> int:
        """How many calls of a batch may be made, from the first on."""
        run, count = self._run, call.size
        why = self._about(call) if run.config.is_attended and run.lanes.asks_about_batches else ""
        if not why:
            return count
        pending = Pending(node, str(count), parent=node, asks_person=why, unit="subcalls")
        verdict = await run.pass_("before_batch", pending)
        if verdict.how == "go_on":
            run.lanes.asks_about_batches = False
        if verdict.how == "skip":
            return 0
        return min(count, int(number_of(verdict.content, pending.unit))) if verdict.edited else count

    def _about(self, call: HostCall) -> str:
        """What the batch will take, where that is more than may be spent unasked; else empty."""
        run, count = self._run, call.size
        if run.sub_lm.name in _FREE:
            return ""
        tokens = sum(map(estimate_text, call.prompts)) * count // len(call.prompts)  # this may be the first part of it
        cost = _cost(run, tokens, count)
        if count <= run.config.batch_calls and (cost is None or cost < run.config.batch_cost):
            return ""
        paid = f", ≈{short_cost(cost)} with the answers" if cost else ""
        takes = run.pace.of_batch(count, run.config.limits.concurrency, is_child=call.wants_child and run.may_recurse)
        time = f", ≈{short_seconds(takes)}" if takes is not None else ""
        calls = f"{plural(count, 'sub-call')}{self._left(count)}"
        return f"a batch of {calls}, ≈{short_count(tokens)} tokens to send{paid}{time}"

    def _left(self, count: int) -> str:
        """What the limit leaves of a batch, where it is less than all."""
        budget = self._run.budget
        most = budget.limits.subcalls
        left = count if most is None else max(0, most - budget.subcalls)
        return f" ({left:,} left to the limit)" if left < count else ""

    async def raised(self, node: str, name: str, value: float, cap: float, *, parent: str = "") -> bool:
        """Whether the person grants more than a limit that was reached; without a person nobody does.

        `parent` owns a sub-call at a limit; without it, the RLM `node` itself is at one.
        """
        run = self._run
        if not run.config.is_attended:
            return False
        async with run.lanes.limits:
            if run.budget.cap(name) != cap:  # granted meanwhile to another call
                return True
            if name == "seconds" and run.budget.is_time_up:  # refused meanwhile
                return False
            why = reached(name, cap)
            pending = Pending(node, f"{cap:.15g}", parent=parent or node, asks_person=why, unit=name)
            verdict = await run.pass_("at_limit", pending)
            granted = number_of(verdict.content, name) if verdict.edited else cap
            if granted <= value or verdict.how == "skip":
                run.budget.is_time_up = name == "seconds"
                if verdict.edited and verdict.how != "skip":
                    said = f"A limit of {amount(name, granted)} grants nothing more: {figure(value)} are used up."
                    run.emit(ev.Note(node=node, text=said, level="warning"))
                return False
            run.budget.grant(name, granted)
            said = f"You raised the limit of {name} from {figure(cap)} to {figure(granted)}."
            run.emit(ev.Note(node=node, text=said, limits=run.budget.limits))
            return True


def _cost(run: Run, tokens: int, calls: int) -> float | None:
    """US dollars by the price of the sub-LM, else as this run's tokens cost so far; None where neither is known."""
    price = price_of(run.sub_lm)
    if price is not None:
        return price.of(ev.Usage(tokens, calls * _ANSWER))
    spent, cost = run.budget.usage.tokens, run.budget.usage.cost_usd
    return tokens * cost / spent if spent and cost else None
