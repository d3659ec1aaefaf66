"""What a run may spend and has spent, over its whole tree; time held for a person is free."""

from __future__ import annotations

from collections.abc import Callable

from rlm_tui.events import Limits, Usage
from rlm_tui.text import plural


class Budget:
    """Counts iterations, sub-calls, tokens, seconds and consecutive errors against the limits."""

    def __init__(self, limits: Limits, clock: Callable[[], float]) -> None:
        self.limits = limits
        self.iterations = 0
        self.subcalls = 0
        self.errors = 0
        self.usage = Usage()
        self._clock = clock
        self._begun = clock()
        self._held_at: float | None = None
        self._held = 0.0

    def held(self, is_held: bool) -> None:
        """Stop the clock while a person is asked, and start it again."""
        if is_held and self._held_at is None:
            self._held_at = self._clock()
        elif not is_held and self._held_at is not None:
            self._held += self._clock() - self._held_at
            self._held_at = None

    @property
    def seconds(self) -> float:
        """Seconds since the start without those held."""
        now = self._held_at if self._held_at is not None else self._clock()
        return now - self._begun - self._held

    def spend(self, usage: Usage) -> None:
        """Count the tokens and the cost of a call."""
        self.usage = self.usage + usage

    def exceeded(self) -> tuple[str, float, float] | None:
        """The first limit that is reached as (name, value, cap), checked before each root request."""
        limits = self.limits
        for name, value, cap in (
            ("iterations", self.iterations, limits.iterations),
            ("errors", self.errors, limits.errors),
            *self._shared(),
        ):
            if cap is not None and value is not None and value >= cap:
                return name, float(value), float(cap)
        return None

    def subcall_refused(self) -> str:
        """Why no further sub-call may start, or nothing."""
        checks = (("subcalls", self.subcalls, self.limits.subcalls), *self._shared())
        for name, value, cap in checks:
            if cap is not None and value is not None and value >= cap:
                return f"the limit of {_amount(name, cap)} for this run is reached"
        return ""

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
        if limits.seconds is not None:
            parts.append(f"{max(0.0, limits.seconds - self.seconds):.0f} s left")
        return "This is " + ", ".join(parts) + "." if parts else ""


def _amount(name: str, cap: float) -> str:
    words = {"subcalls": "sub-calls", "cost": "US dollars"}
    return f"{cap:,g} {words.get(name, name)}"


def describe_limit(name: str, cap: float) -> str:
    """A limit in words for a person: what was reached and which option raises it."""
    option = {"subcalls": "--max-subcalls", "errors": "--max-errors"}.get(name, f"--max-{name}")
    what = "consecutive turns with an error" if name == "errors" else {"cost": "US dollars"}.get(name, name)
    return f"The limit of {cap:,g} {what} was reached; {option} raises it."
