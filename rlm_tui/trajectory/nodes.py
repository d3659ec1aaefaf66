"""What the fold keeps of a run: nodes with their stamps, holds, steps, places, variables.

There may be a million of them, so what a node owns is kept as numbers: a stamp is a seq and a kind in one word.
"""

from __future__ import annotations

from array import array
from typing import NamedTuple

import msgspec

from rlm_tui import events as ev
from rlm_tui.trajectory.spending import Spending

_KINDS: tuple[type[ev.TraceEvent], ...] = (*ev.KINDS, ev.Unknown)
_NAMES = tuple(kind.__name__ for kind in _KINDS)
CODES = {kind: code for code, kind in enumerate(_KINDS)}
BITS = 6  # what a kind takes beside its seq in one word
MASK = (1 << BITS) - 1


class Hold(NamedTuple):
    """A wait for a person at a checkpoint, as the fold knows it; `released` is a seq or None while it lasts."""

    id: int
    checkpoint: ev.Checkpoint
    node: str
    why: str
    batch: str
    seq: int
    released: int | None = None
    needs_answer: bool = False
    has_failed: bool = False
    unit: str = ""


class Step(NamedTuple):
    """A place that a person walks to: the seq at which it is complete, its node, and what it is."""

    seq: int
    node: str
    label: str


class Activity(NamedTuple):
    """What the engine does since `seq` (at `t` seconds) in `node`: asking, code, subcall, idle."""

    seq: int
    t: float
    kind: str
    node: str


class Place(NamedTuple):
    """One message of a conversation: the `lm.requested` event that first sent it, and its place there (`nth`)."""

    seq: int
    nth: int


class Variable(NamedTuple):
    """A REPL variable as the last block that touched it left it, at `seq`."""

    seq: int
    change: ev.VarChange


class Node(msgspec.Struct, eq=False):
    """One node of the tree: an RLM, an iteration, an LM call, a code block or a sub-call."""

    id: str
    type: ev.NodeType
    parent: str
    depth: int
    role: ev.Role
    title: str
    by: ev.Author
    opened: int
    opened_t: float
    closed: int | None = None
    closed_t: float = 0.0
    outcome: ev.Outcome = "ok"
    timed: bool = True
    number: int = 0
    """Which iteration, block, call of a batch (from 0) or child RLM of an RLM (from 1) it is."""
    batch: str = ""
    in_batch: bool = False
    """Whether it is one of a batch, known before it is held or sent; `batch` names which, once it is."""
    batch_since: int = 0
    """The seq at which a sub-call was first held with its batch, or sent; 0 before."""
    asks: ev.Asks = ""
    level: int = 0
    """How many nodes are above it."""
    cached: bool = False
    """Whether the cache answered a sub-call."""
    children: list[str] = []
    stamps: array[int] = msgspec.field(default_factory=lambda: array("Q"))
    spent: Spending = msgspec.field(default_factory=Spending)

    @property
    def facts(self) -> list[tuple[int, str]]:
        """The seq and kind of every event that the node owns, in order."""
        return [(stamp >> BITS, _NAMES[stamp & MASK]) for stamp in self.stamps]

    @property
    def is_own(self) -> bool:
        """Whether it is a block of the person's own."""
        return self.type == "code" and self.by == "user"

    def done(self, seq: int) -> bool:
        """Whether the node was over at `seq`."""
        return self.closed is not None and self.closed <= seq
