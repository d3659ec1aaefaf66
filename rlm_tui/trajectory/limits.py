"""Limits in words for a person: what was reached, and which option raises it."""

from __future__ import annotations

from rlm_tui.events import EXACT

_WORDS = {
    "subcalls": ("sub-call", "sub-calls"),
    "cost": ("US dollar", "US dollars"),
    "errors": ("turn with an error", "consecutive turns with an error"),
    "depth": ("level of RLMs", "levels of RLMs"),
}


def figure(number: float) -> str:
    """A limit as a person reads one: `0.25`, `1,200`, and never `1e+06`."""
    return f"{number:,.0f}" if 1e5 <= number <= EXACT else f"{number:,g}"


def amount(name: str, cap: float) -> str:
    """A limit as an amount: `200 sub-calls`, `1 second`."""
    plain = name.replace("_", " ")
    one, many = _WORDS.get(name, (plain.removesuffix("s"), plain))
    return f"{figure(cap)} {one if cap == 1 else many}"


def reached(name: str, cap: float) -> str:
    """That a limit was reached, as a sentence without its full stop."""
    if name == "window":
        return f"The window of {figure(cap)} tokens is full again after every summary"
    instead = ", so a sub-LM answers in place of a child RLM" if name == "depth" else ""
    return f"The limit of {amount(name, cap)} was reached{instead}"


def remark(name: str, value: float, cap: float) -> str:
    """That a limit was reached, as a note: `limit reached: tokens (1,020 of 1,000)`."""
    if name == "depth":
        return f"limit reached: {amount(name, cap)}, so a sub-LM answers in place of a child RLM"
    return f"limit reached: {name} ({figure(value)} of {figure(cap)})"


def describe_limit(name: str, cap: float) -> str:
    """The same, with what gives more."""
    way = "--window or another model gives more" if name == "window" else f"--max-{name} raises it"
    return f"{reached(name, cap)}; {way}."
