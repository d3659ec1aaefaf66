"""The one gate: every point at which a person may step in is `await gate.pass_(checkpoint, pending)`.

What is held is data; stepping, breakpoints, a person answering in place of the model and a remote debugger are all
policies over this one call. Holds are a queue; commands name the hold they mean and a stale one is refused.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Literal, TypeAlias

from rlm_tui import events as ev
from rlm_tui.errors import RlmTuiError
from rlm_tui.trajectory.numbers import NUMBERS, refused_edit

Emit: TypeAlias = Callable[[ev.TraceEvent], int]
Mode: TypeAlias = Literal["go", "over", "into", "out", "iteration"]
NEEDS_ANSWER = "There is no LM here but you: write the answer, or stop the run."
_OVER: frozenset[ev.Checkpoint] = frozenset({"before_code", "after_code", "before_final"})
_REFUSED: dict[str, tuple[frozenset[ev.Checkpoint], str]] = {
    "skip": (
        frozenset({"before_request"}),
        "A question to the root LM cannot be skipped; answer it or stop.",
    ),
    "retry": (
        frozenset({"before_request", "before_batch", "before_subcall", "at_limit"}),
        "Nothing was asked yet that could be asked again.",
    ),
    "answer": (
        NUMBERS | {"before_code", "after_code"},
        "There is no answer to give here; edit what is held instead.",
    ),
}
_EDITED: dict[ev.Checkpoint, str] = {
    "before_request": "prompt",
    "after_response": "response",
    "before_code": "code",
    "after_code": "output",
    "before_batch": "calls",
    "before_subcall": "prompt",
    "after_subcall": "answer",
    "before_final": "answer",
    "at_limit": "limit",
}


def refused(action: str, checkpoint: ev.Checkpoint, has_failed: bool = False) -> str:
    """Why what is held at a checkpoint cannot be skipped, asked again or answered for; "" where it can."""
    where, why = _REFUSED[action]
    can = checkpoint not in where or (action == "retry" and has_failed)
    return "" if can else why


class StaleHoldError(RlmTuiError):
    """A command named a hold that is over."""


@dataclass(frozen=True, slots=True)
class Pending:
    """What is about to pass: the node that owns it, its text, and the batch it belongs to, if any."""

    node: str
    content: str
    parent: str = ""
    batch: str = ""
    asks_person: str = ""
    """A sentence when a person must act here whatever the policy (the model `human`, a red sandbox label)."""
    needs_answer: bool = False
    """Whether only an answer can end the hold: there is no LM behind it."""
    has_failed: bool = False
    """Whether it went out already, and failed."""
    unit: str = ""
    """What it counts, where it is a number: the name of a limit."""
    depth: int = 0
    """The depth of the RLM that it belongs to."""
    before: tuple[str, ...] = ()
    """The messages of a request before `content`, its newest one."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the engine shall do with it: `how` it was released, and the content, maybe edited."""

    how: ev.Release
    content: str
    edited: bool = False


@dataclass(slots=True)
class _Hold:
    id: int
    checkpoint: ev.Checkpoint
    pending: Pending
    content: str
    done: asyncio.Future[Verdict] = field(repr=False)

    @property
    def edited(self) -> bool:
        return self.content != self.pending.content


class Gate:
    """Decides what waits; belongs to the engine's event loop, as do all its methods."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._mode: Mode = "go"
        self._out_parent = ""
        self._depth = 0
        self._pause = ""
        self._holds: dict[int, _Hold] = {}
        self._ids = count(1)
        self.held_since: Callable[[bool], None] = lambda _held: None
        self.breaks: Callable[[ev.Checkpoint, Pending], Awaitable[str]] = _never
        """Asked at every checkpoint, as it counts: which breakpoint holds there, or nothing."""

    @property
    def holds(self) -> list[int]:
        """The ids of what waits, oldest first."""
        return list(self._holds)

    async def pass_(self, checkpoint: ev.Checkpoint, pending: Pending) -> Verdict:
        """Let `pending` through at once, or hold it until a person decides."""
        why = self._why(checkpoint, pending, await self.breaks(checkpoint, pending))
        if not why:
            return Verdict("run", pending.content)
        if self._mode == "out":
            self._mode, self._depth = "over", pending.depth
        return await self.hold(checkpoint, pending, why)

    async def hold(self, checkpoint: ev.Checkpoint, pending: Pending, why: str) -> Verdict:
        """Hold `pending` whatever the policy."""
        future: asyncio.Future[Verdict] = asyncio.get_running_loop().create_future()
        hold = _Hold(next(self._ids), checkpoint, pending, pending.content, future)
        if not self._holds:
            self.held_since(True)
        self._holds[hold.id] = hold
        self._emit(
            ev.Held(
                node=pending.node,
                hold=hold.id,
                checkpoint=checkpoint,
                why=why,
                content=pending.content,
                batch=pending.batch,
                needs_answer=pending.needs_answer,
                has_failed=pending.has_failed,
                unit=pending.unit,
            )
        )
        try:
            return await future
        except asyncio.CancelledError:
            self._released(hold, "stop")
            raise
        finally:
            if not self._holds:
                self.held_since(False)

    def _why(self, checkpoint: ev.Checkpoint, pending: Pending, breakpoint_: str) -> str:
        if pending.asks_person:
            return pending.asks_person
        if self._pause:
            why, self._pause, self._mode, self._depth = self._pause, "", "over", pending.depth
            return why
        if breakpoint_:
            return breakpoint_
        return "step" if self._stops(checkpoint, pending) else ""

    def _stops(self, checkpoint: ev.Checkpoint, pending: Pending) -> bool:
        match self._mode:
            case "into":
                return True
            case "over":
                return checkpoint in _OVER and pending.depth <= self._depth
            case "iteration":
                return checkpoint in ("before_code", "before_final") and pending.depth <= self._depth
            case "out":
                return not pending.node.startswith(self._out_parent + ".")
            case "go":
                return False

    def pause(self, why: str = "paused by you") -> None:
        """Hold at the next checkpoint, whatever it is."""
        self._pause = why

    def begin(self, mode: Mode) -> None:
        """Start a new question under a policy; ids of holds go on, so that an old one never means a new hold."""
        self._mode, self._pause, self._depth = mode, "", 0

    def go_on(self) -> None:
        """Clear the policy and release everything that waits."""
        self._mode, self._pause = "go", ""
        for hold in self._waiting():
            if not hold.pending.needs_answer:
                self._release(hold, "go_on")

    def step(self, hold_id: int, kind: Mode) -> None:
        """Release a hold and stop again as `kind` says; a batch counts as one hold for all but `into`."""
        hold = self._answerable(hold_id)
        self._mode, self._depth = kind, hold.pending.depth
        if kind == "out":
            self._out_parent = hold.pending.parent
        batch = hold.pending.batch
        together = [h for h in self._waiting() if h is hold or (batch and kind != "into" and h.pending.batch == batch)]
        for each in together:
            self._release(each, "step")

    def run(self, hold_id: int) -> None:
        """Release one hold with its current content and keep the policy."""
        self._release(self._answerable(hold_id), "run")

    def skip(self, hold_id: int) -> None:
        """Do without what is held."""
        self._release(self._allowed(hold_id, "skip"), "skip")

    def retry(self, hold_id: int) -> None:
        """Ask or run once more."""
        self._release(self._allowed(hold_id, "retry"), "retry")

    def answer(self, hold_id: int, text: str) -> None:
        """Put a person's text in the place of what the LM would say, or of the final answer."""
        hold = self._allowed(hold_id, "answer")
        if hold.checkpoint in ("before_request", "before_subcall"):
            hold.content = text
        else:
            self._edit(hold, text)
        self._release(hold, "answer")

    def edit(self, hold_id: int, content: str) -> None:
        """Replace what is held; it stays held."""
        self._edit(self._find(hold_id), content)

    def revert(self, hold_id: int) -> None:
        """Put back what was held at first."""
        hold = self._find(hold_id)
        self._edit(hold, hold.pending.content)

    def _edit(self, hold: _Hold, content: str) -> None:
        if why := refused_edit(hold.checkpoint, hold.pending.unit, content, hold.content):
            raise RlmTuiError(why)
        if content == hold.content:
            return
        before, hold.content = hold.content, content
        what = _EDITED[hold.checkpoint]
        self._emit(ev.Edited(node=hold.pending.node, what=what, before=before, after=content, hold=hold.id))

    def _release(self, hold: _Hold, how: ev.Release) -> None:
        self._released(hold, how)
        hold.done.set_result(Verdict(how, hold.content, edited=hold.edited))

    def _released(self, hold: _Hold, how: ev.Release) -> None:
        if self._holds.pop(hold.id, None) is not None:
            self._emit(ev.Released(node=hold.pending.node, hold=hold.id, checkpoint=hold.checkpoint, how=how))

    def _allowed(self, hold_id: int, action: str) -> _Hold:
        hold = self._find(hold_id)
        if why := refused(action, hold.checkpoint, hold.pending.has_failed):
            raise RlmTuiError(why)
        return hold

    def _answerable(self, hold_id: int) -> _Hold:
        hold = self._find(hold_id)
        if hold.pending.needs_answer:
            raise RlmTuiError(NEEDS_ANSWER)
        return hold

    def _find(self, hold_id: int) -> _Hold:
        hold = next((hold for hold in self._waiting() if hold.id == hold_id), None)
        if hold is None:
            raise StaleHoldError("That hold is over already; nothing was done.")
        return hold

    def _waiting(self) -> list[_Hold]:
        """What can be released: a hold that was stopped is over, and leaves with the next turn of the loop."""
        return [hold for hold in self._holds.values() if not hold.done.done()]


async def _never(_checkpoint: ev.Checkpoint, _pending: Pending) -> str:
    return ""
