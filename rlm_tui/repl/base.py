"""The protocol of a REPL environment, and what it tells of a block."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, TypeAlias

from rlm_tui.events import BlockStatus, CodeError, VarChange, Via
from rlm_tui.repl.sandbox import NOT_SANDBOXED


class JsonValue(NamedTuple):
    """A value that travels as JSON and is a dict, a list or the like in the REPL."""

    text: str


class Source(NamedTuple):
    """Python source that the worker executes apart; the things of these names become helpers."""

    text: str
    names: tuple[str, ...]


class HostNames(NamedTuple):
    """Functions of the host, by name with what `help()` says; a call of one is a host call with JSON as its prompt."""

    docs: dict[str, str]


ContextValue: TypeAlias = str | list[str] | JsonValue | Source | HostNames


@dataclass(frozen=True, slots=True)
class Offer:
    """An answer that a block gave in the REPL: by FINAL(…), FINAL_VAR(…), SUBMIT(…) or the `answer` dict."""

    value: str
    via: Via


@dataclass(frozen=True, slots=True)
class BlockResult:
    """How a block went; `elapsed_s` is its own time, without time spent in host calls."""

    status: BlockStatus
    stdout: str = ""
    stderr: str = ""
    error: CodeError | None = None
    elapsed_s: float = 0.0
    offer: Offer | None = None
    changes: tuple[VarChange, ...] = ()
    notes: tuple[str, ...] = ()
    """Remarks for the model and the person: `context` was reassigned, why `answer` did not count, output dropped."""


_CHILDREN = frozenset(("rlm_query", "rlm_query_batched", "recursive_llm"))


@dataclass(frozen=True, slots=True)
class HostCall:
    """A call that code in the worker makes to the host; it blocks there until the reply comes."""

    function: str
    prompts: tuple[str, ...]
    model: str | None = None
    is_batch: bool = False
    question: str = ""
    """What is asked of the prompts, where the call tells it apart from the text (`recursive_llm`)."""
    first: int = 0
    """The same for all parts of a batch that is too large for one call; 0 where this is all of it."""
    start: int = 0
    """How many prompts of the batch came before this part."""
    total: int = 0
    """Prompts of the whole batch; 0 where this is all of it."""

    @property
    def wants_child(self) -> bool:
        """Whether a child RLM is asked for."""
        return self.function in _CHILDREN

    @property
    def size(self) -> int:
        """Prompts of the whole batch."""
        return self.total or len(self.prompts)

    @property
    def is_last(self) -> bool:
        """Whether no part of the batch comes after this one."""
        return self.start + len(self.prompts) >= self.size


HostHandler: TypeAlias = Callable[[HostCall], Awaitable[list[str]]]
"""Answers a HostCall with one text a prompt, in order; a failure is one error value (`Error: …`), not an exception."""

OnOutput: TypeAlias = Callable[[str], None]


class REPLEnvironment(Protocol):
    """Runs blocks one at a time in a namespace that lives on between them."""

    async def start(self) -> None:
        """Spawn the worker; ReplError when it cannot be."""
        ...

    async def load(self, name: str, value: ContextValue) -> None:
        """Set a variable (`context`) before the first block; it is loaded again when a dead worker is replaced."""
        ...

    async def run(self, code: str, *, timeout_s: float, on_output: OnOutput | None = None) -> BlockResult:
        """Run one block; a dead worker is a result (`died`, `killed`) and is replaced before the next block."""
        ...

    async def lookup(self, name: str) -> str | None:
        """The text of a variable for FINAL_VAR: `str(value)`, or None when there is no such variable."""
        ...

    async def names(self) -> list[str]:
        """The user's variables, for completion and for messages."""
        ...

    def interrupt(self) -> None:
        """Stop the running block with SIGINT, keeping the state; safe from any thread."""
        ...

    def end(self, why: str) -> None:
        """Stop the block that runs or is about to, as its timeout would; `why` begins the sentence that it is told."""
        ...

    def kill(self) -> None:
        """End the worker at once; the running block reads `killed` and its variables are lost; from any thread."""
        ...

    async def close(self) -> None:
        """End the worker and every helper thread; idempotent."""
        ...


@dataclass(slots=True)
class WorkerFacts:
    """What is known of a running worker, for the header and for doctor."""

    pid: int | None = None
    label: str = NOT_SANDBOXED
    has_walls: bool = False
    details: list[str] = field(default_factory=list)
