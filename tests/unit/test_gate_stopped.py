"""The gate alone: what is stopped is released no more, whoever comes first within one turn of the loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from rlm_tui import events as ev
from rlm_tui.engine.gate import Gate, Pending, StaleHoldError, Verdict

COMMANDS: dict[str, Callable[[Gate], None]] = {
    "run": lambda gate: gate.run(1),
    "step": lambda gate: gate.step(1, "over"),
    "skip": lambda gate: gate.skip(1),
    "answer": lambda gate: gate.answer(1, "x"),
    "edit": lambda gate: gate.edit(1, "x"),
}


async def stopped() -> tuple[Gate, list[ev.TraceEvent], asyncio.Task[Verdict]]:
    """A gate at which something was held, stopped in this turn of the loop."""
    events: list[ev.TraceEvent] = []
    is_held = asyncio.Event()

    def emit(event: ev.TraceEvent) -> int:
        events.append(event)
        is_held.set()
        return len(events)

    gate = Gate(emit)
    task = asyncio.create_task(gate.hold("before_final", Pending("1", "42"), "step"))
    await is_held.wait()
    task.cancel()
    return gate, events, task


def told(events: list[ev.TraceEvent]) -> list[str]:
    """What became of the hold."""
    return [event.how if isinstance(event, ev.Released) else type(event).__name__ for event in events]


@pytest.mark.parametrize("name", COMMANDS)
async def test_a_hold_that_was_stopped_takes_no_command(name: str) -> None:
    gate, events, task = await stopped()
    with pytest.raises(StaleHoldError, match="over already"):
        COMMANDS[name](gate)
    await asyncio.wait([task])
    assert told(events) == ["Held", "stop"]


async def test_going_on_leaves_what_was_stopped() -> None:
    gate, events, task = await stopped()
    gate.go_on()
    await asyncio.wait([task])
    assert told(events) == ["Held", "stop"]
