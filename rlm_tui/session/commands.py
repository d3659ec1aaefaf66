"""What a person can ask of a session, as data; commands name the hold they mean, so a stale one is refused."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

StepKind: TypeAlias = Literal["over", "into", "out", "iteration"]


class SessionCommand(msgspec.Struct, frozen=True, tag_field="command"):
    """Base of all commands."""


class Start(SessionCommand, frozen=True):
    """Ask a question of the document; with a second one the conversation continues.

    Where it names no model, or not whether to hold at every step, the question before says so.
    """

    query: str
    model: str = ""
    sub_model: str = ""
    step: bool | None = None


class Reset(SessionCommand, frozen=True):
    """Forget the conversation and every variable of the REPL; the document and the trace stay."""


class Pause(SessionCommand, frozen=True):
    """Hold at the next checkpoint."""


class Resume(SessionCommand, frozen=True):
    """Go on: clear the stepping policy and release every hold."""


class Run(SessionCommand, frozen=True):
    """Run what is held as it is (maybe edited) and keep the policy."""

    hold: int


class Step(SessionCommand, frozen=True):
    """Release a hold and stop again: over, into, out, or at the next iteration's code."""

    hold: int
    kind: StepKind = "over"


class SetBreakpoint(SessionCommand, frozen=True):
    """Add a breakpoint (number 0), change the one with this number, or take it away (an empty filter)."""

    filter: str
    number: int = 0
    is_on: bool = True


class Edit(SessionCommand, frozen=True):
    """Replace the content of a hold; it stays held."""

    hold: int
    content: str


class Revert(SessionCommand, frozen=True):
    """Put the original content of a hold back."""

    hold: int


class Skip(SessionCommand, frozen=True):
    """Do without what is held."""

    hold: int


class Retry(SessionCommand, frozen=True):
    """Ask the LM again, or run the block or the sub-call again."""

    hold: int


class Answer(SessionCommand, frozen=True):
    """Answer in place of the LM (before a request, a sub-call) or give the final answer oneself."""

    hold: int
    text: str


class Tell(SessionCommand, frozen=True):
    """Add a person's words to the next message to the root LM."""

    text: str


class Inject(SessionCommand, frozen=True):
    """Run a block of the person's own in the REPL, between two blocks of the model."""

    code: str


class Show(SessionCommand, frozen=True):
    """Fetch a variable of the REPL in full; it comes as `values[name]`, and nothing is recorded."""

    name: str


class Interrupt(SessionCommand, frozen=True):
    """Stop the running block and keep its state; a second time, by force."""

    force: bool = False


class Seek(SessionCommand, frozen=True):
    """Move the cursor to a seq; None follows the end."""

    seq: int | None


class Stop(SessionCommand, frozen=True):
    """End the run; what was answered so far is kept. `why` stands in its end instead of `Stopped by you.`"""

    why: str = ""
