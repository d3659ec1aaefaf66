"""Logs as other engines write them, made for tests: any number of iterations over a context of any size."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rlm_tui import events as ev
from rlm_tui.trace.foreign import ForeignReader
from rlm_tui.trace.opening import open_trace

GOLDEN = Path(__file__).parent / "golden" / "foreign"
META = {"type": "metadata", "timestamp": "2026-01-02T03:04:05", "root_model": "m", "max_depth": 1, "max_iterations": 30}
SETUP = [
    {"role": "system", "content": "You are an RLM. " * 50},
    {"role": "user", "content": "Answer the following: Why?\n\nYour context is a str of 9 total characters."},
]


def block(code: str = "print(1)", *, calls: list[Any] | None = None, **result: Any) -> dict[str, Any]:
    """A code block with its result."""
    base = {"stdout": "1\n", "stderr": "", "locals": {"context": "a context"}, "execution_time": 0.25}
    return {"code": code, "result": {**base, "rlm_calls": calls or [], "final_answer": None, **result}}


def iteration(number: int, **fields: Any) -> dict[str, Any]:
    """An iteration whose prompt repeats all that came before it."""
    talk = [{"role": role, "content": f"{role} {turn}"} for turn in range(1, number) for role in ("assistant", "user")]
    return {
        "type": "iteration",
        "iteration": number,
        "timestamp": f"2026-01-02T03:04:{5 + number:02}",
        "prompt": SETUP + talk,
        "response": f"assistant {number}",
        "code_blocks": [block()],
        "final_answer": None,
        "iteration_time": 0.5,
        **fields,
    }


def write(path: Path, records: list[Any]) -> Path:
    """One JSON object a line, as Python's own json writes it."""
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def big(path: Path, *, turns: int, context: str) -> Path:
    """A log in which every block holds the context twice, as `rlms` writes it."""
    held = {"context_0": context, "context": context}
    with path.open("w") as file:
        file.write(json.dumps(META) + "\n")
        for number in range(1, turns + 1):
            answer = "the end" if number == turns else None
            turn = iteration(number, code_blocks=[block(locals={**held, "n": number})], final_answer=answer)
            file.write(json.dumps({**turn, "timestamp": None}) + "\n")
    return path


def imported(path: Path) -> tuple[list[ev.TraceEvent], ForeignReader]:
    """All events of a foreign log, and its reader (closed)."""
    reader = open_trace(path)
    assert isinstance(reader, ForeignReader), path
    with reader:
        return list(reader), reader


def of(events: list[ev.TraceEvent], kind: type[Any]) -> Iterator[Any]:
    """The events of a kind."""
    return (event for event in events if type(event) is kind)
