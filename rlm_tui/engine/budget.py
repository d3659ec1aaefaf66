"""What a run may spend and has spent, over its whole tree; time held for a person or spent on a host call is free."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress

import msgspec

from rlm_tui.events import Limits, Usage
from rlm_tui.text import plural

_FIELDS = {"cost": "cost_usd"}


class Budget:
    """Counts iterations, sub-calls, tokens, cost and seconds against the limits."""

    def __init__(self, limits: Limits, clock: Callable[[], float]) -> None:
        self.limits = limits
        self.iterations = 0
        self.subcalls = 0
        self.usage = Usage()
        self._clock = clock
        self._begun = clock()
        self._is_held = False
        self._at_work = 1
        self._paused_at: float | None = None
        self._paused = 0.0
        self._changed = asyncio.Event()
        self.is_time_up = False
        """Whether the seconds are used up and nobody grants more."""

    def held(self, is_held: bool) -> None:
        """Stop the clock while a person is asked, and start it again."""
        self._is_held = is_held
        self._set_clock()

    def pause(self) -> None:
        """An RLM waits for its host calls; the clock stops when all RLMs of the tree do."""
        self._at_work -= 1
        self._set_clock()

    def resume(self) -> None:
        """An RLM is at work (again), or waits only because the run itself makes it wait."""
        self._at_work += 1
        self._set_clock()

    def _set_clock(self) -> None:
        stands = self._is_held or self._at_work <= 0
        if stands == (self._paused_at is not None):
            return
        if self._paused_at is None:
            self._paused_at = self._clock()
        else:
            self._paused += self._clock() - self._paused_at
            self._paused_at = None
        self._changed.set()

    @property
    def seconds(self) -> float:
        """Seconds since the start, without those in which a person or nothing but sub-LMs was waited for."""
        now = self._clock() if self._paused_at is None else self._paused_at
        return now - self._begun - self._paused

    async def until(self, seconds: float) -> None:
        """Wait until the clock shows so many seconds, however often it stops; a grant makes it return as well."""
        cap = self.limits.seconds
        while self.seconds < seconds and self.limits.seconds == cap:
            self._changed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds - self.seconds if self._paused_at is None else None):
                    await self._changed.wait()

    def spend(self, usage: Usage) -> None:
        """Count the tokens and the cost of a call."""
        self.usage = self.usage + usage

    def exceeded(self, errors: int) -> tuple[str, float, float] | None:
        """The first limit that is reached as (name, value, cap), checked before each turn of an RLM.

        `errors` are the turns in a row of that RLM that failed; all else is counted over the whole tree.
        """
        limits = self.limits
        turns = ("iterations", self.iterations, limits.iterations), ("errors", errors, limits.errors)
        return _first_over((*turns, *self._shared()))

    def subcall_over(self, *, is_child: bool = False) -> tuple[str, float, float] | None:
        """The limit as (name, value, cap) that forbids one more sub-call, or None; a child RLM needs a turn, too."""
        limits = self.limits
        calls = "subcalls", self.subcalls, limits.subcalls
        turns = "iterations", self.iterations, limits.iterations if is_child else None
        return _first_over((calls, turns, *self._shared()))

    def subcalls_left(self) -> int | None:
        """How many more sub-calls the limit allows; None: any number."""
        return None if self.limits.subcalls is None else max(0, self.limits.subcalls - self.subcalls)

    @property
    def is_spending_bounded(self) -> bool:
        """Whether a limit may be met that only answers bring nearer: tokens, cost or seconds."""
        return any(cap is not None for _, _, cap in self._shared())

    def cap(self, name: str) -> float | None:
        """What a limit allows."""
        cap: float | None = getattr(self.limits, _FIELDS.get(name, name))
        return cap

    def grant(self, name: str, cap: float) -> None:
        """Allow more."""
        value = cap if name in ("cost", "seconds") else int(cap)
        self.limits = msgspec.structs.replace(self.limits, **{_FIELDS.get(name, name): value})
        self._changed.set()

    def _shared(self) -> tuple[tuple[str, float | None, float | None], ...]:
        limits = self.limits
        return (
            ("tokens", self.usage.tokens, limits.tokens),
            ("cost", self.usage.cost_usd, limits.cost_usd),
            ("seconds", self.seconds, limits.seconds),
        )

    def left(self) -> str:
        """What is left, as one sentence for the model."""
        limits = self.limits
        parts = []
        if limits.iterations is not None:
            parts.append(f"turn {self.iterations} of {limits.iterations}")
        if limits.subcalls is not None:
            parts.append(f"{plural(max(0, limits.subcalls - self.subcalls), 'sub-call')} left")
        if limits.tokens is not None:
            parts.append(f"{plural(max(0, limits.tokens - (self.usage.tokens or 0)), 'token')} left")
        if limits.cost_usd is not None:
            parts.append(f"${max(0.0, limits.cost_usd - (self.usage.cost_usd or 0.0)):.2f} left")
        if limits.seconds is not None:
            parts.append(f"{max(0.0, limits.seconds - self.seconds):.0f} s left")
        return "This is " + ", ".join(parts) + "." if parts else ""


def _first_over(checks: Iterable[tuple[str, float | None, float | None]]) -> tuple[str, float, float] | None:
    for name, value, cap in checks:
        if cap is not None and value is not None and value >= cap:
            return name, float(value), float(cap)
    return None
