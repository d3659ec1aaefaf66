"""What the worker may say, typed: a frame that does not fit is a breach of the protocol."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import msgspec

from rlm_tui.events import EXACT, CodeError, VarChange, Via

Number: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=EXACT)]
"""Code can make the worker say any number; what enters an event must be one that a trace holds."""


class Ready(msgspec.Struct, frozen=True, tag_field="op", tag="ready"):
    """The worker is up."""

    pid: Number


class Began(msgspec.Struct, frozen=True, tag_field="op", tag="began"):
    """A block begins to run; from here on SIGINT reaches it."""

    id: Number


class Loaded(msgspec.Struct, frozen=True, tag_field="op", tag="loaded"):
    """A variable is set, or why it could not be."""

    id: Number
    problem: str


class Value(msgspec.Struct, frozen=True, tag_field="op", tag="value"):
    """The text of a variable is the payload."""

    id: Number
    is_there: bool


class Call(msgspec.Struct, frozen=True, tag_field="op", tag="call"):
    """Code asks the host; the prompts are the payload, `sizes` their lengths in bytes."""

    id: Number
    function: str
    is_batch: bool
    sizes: list[Number]
    model: str | None = None
    question: str = ""
    first: Number = 0
    """Id of the call that the first part of a large batch is."""
    start: Number = 0
    total: Number = 0
    """Prompts of the whole batch, and how many of them came before this part."""


class Done(msgspec.Struct, frozen=True, tag_field="op", tag="done"):
    """A block is over; with `via` the payload is the answer it gave."""

    id: Number
    status: Literal["ok", "error", "interrupted"]
    error: CodeError | None
    via: Via | None
    changes: list[VarChange]
    names: list[str]
    notes: list[str]
    dropped: list[Number]


Message: TypeAlias = Ready | Began | Loaded | Value | Call | Done
decode = msgspec.json.Decoder(Message).decode
