"""The clock of a run: it stands while a person or nothing but sub-LMs is waited for, and runs while an RLM works."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlm_tui.engine.budget import Budget
from rlm_tui.engine.deadline import Deadline
from rlm_tui.events import Limits, Usage
from rlm_tui.trajectory.limits import describe_limit


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_what_a_sub_lm_takes_is_free_and_what_a_child_takes_is_not() -> None:
    clock = Clock()
    budget = Budget(Limits(), clock)
    clock.now += 1
    budget.pause()  # the root's block asks for a child
    clock.now += 10
    budget.resume()  # the child is at work
    clock.now += 2
    budget.pause()  # and asks a sub-LM
    clock.now += 20
    budget.resume()
    clock.now += 4
    budget.pause()  # the child is over
    clock.now += 40
    budget.resume()  # and so is the call
    assert budget.seconds == 7


@settings(deadline=None, max_examples=200)
@given(st.lists(st.sampled_from(["child", "ask", "answered", "hold", "release", "over"]), max_size=40))
def test_the_clock_runs_exactly_while_somebody_works_and_nobody_is_asked(steps: list[str]) -> None:
    clock = Clock()
    budget = Budget(Limits(), clock)
    working, expected, held = 1, 0.0, False
    for step in steps:
        clock.now += 1
        expected += working > 0 and not held
        if step in ("hold", "release"):
            held = step == "hold"
            budget.held(held)
        elif step in ("child", "answered"):
            working += 1
            budget.resume()
        else:
            working -= 1
            budget.pause()
        assert budget.seconds == expected


async def test_until_returns_when_the_clock_shows_so_much_or_more_is_granted() -> None:
    clock = Clock()
    budget = Budget(Limits(seconds=5), clock)
    budget.pause()
    waiting = asyncio.create_task(budget.until(5))
    await asyncio.sleep(0)
    clock.now += 100
    budget.resume()
    await asyncio.sleep(0)
    assert not waiting.done(), "the clock stood"
    budget.grant("seconds", 60)
    await waiting
    clock.now += 60
    await budget.until(60)


async def test_what_begins_after_the_end_is_ended_at_once() -> None:
    clock = Clock()
    budget = Budget(Limits(seconds=5), clock)
    deadline = Deadline(budget)
    ended: list[str] = []
    over = asyncio.Event()

    async def refuses(_value: float, _cap: float) -> bool:
        return False

    clock.now += 6
    deadline.start(refuses)
    with deadline.ends(ended.append), deadline.ends(lambda _: over.set()):
        await over.wait()
    with deadline.ends(ended.append):
        assert len(ended) == 2
    await deadline.close()
    with deadline.ends(ended.append):
        assert len(ended) == 2


@pytest.mark.parametrize(
    ("name", "cap", "words"),
    [
        ("seconds", 1, "The limit of 1 second was reached; --max-seconds raises it."),
        ("iterations", 20, "The limit of 20 iterations was reached; --max-iterations raises it."),
        ("subcalls", 1, "The limit of 1 sub-call was reached; --max-subcalls raises it."),
        ("cost", 0.5, "The limit of 0.5 US dollars was reached; --max-cost raises it."),
        ("errors", 5, "The limit of 5 consecutive turns with an error was reached; --max-errors raises it."),
        (
            "depth",
            1,
            "The limit of 1 level of RLMs was reached, so a sub-LM answers in place of a child RLM; --max-depth",
        ),
        ("depth", 2, "The limit of 2 levels of RLMs was reached"),
        ("window", 500, "The window of 500 tokens is full again after every summary"),
    ],
)
def test_a_limit_in_words_names_what_raises_it(name: str, cap: float, words: str) -> None:
    assert describe_limit(name, cap).startswith(words)


@pytest.mark.parametrize(("spent", "is_over"), [(0.49, False), (0.5, True), (0.51, True)])
def test_a_limit_of_dollars_is_reached_by_the_last_one(spent: float, is_over: bool) -> None:
    budget = Budget(Limits(cost_usd=0.5), Clock())
    budget.spend(Usage(cost_usd=spent))
    over = ("cost", spent, 0.5) if is_over else None
    assert budget.subcall_over() == over
    assert budget.subcall_over(is_child=True) == over
    assert budget.exceeded(0) == over
