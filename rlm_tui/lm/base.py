"""The one protocol that every language model here speaks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from rlm_tui.events import Role, Usage


class Message(NamedTuple):
    """One message of a conversation: role is system, user or assistant."""

    role: str
    content: str


class Shape(NamedTuple):
    """The form that an answer is held to by a server that can: a grammar in GBNF, or a JSON schema, as text.

    `thinking` is the grammar for a model whose chat template has opened its reasoning before it writes a word.
    """

    grammar: str
    schema: str
    thinking: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of an LM; `role` tells the root LM from a sub-LM."""

    messages: tuple[Message, ...]
    model: str
    role: Role = "root"
    temperature: float | None = None
    max_tokens: int | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()
    shape: Shape | None = None
    is_fresh: bool = False
    """Whether it must be asked anew, because a person wants another answer."""
    is_watched: bool = True
    """Whether somebody reads the answer as it comes; of a batch only states are shown, so it comes at once."""


@dataclass(frozen=True, slots=True)
class Response:
    """What an LM answered; text is "" when the provider sent none, usage fields are None when it sent none."""

    text: str
    usage: Usage = field(default_factory=Usage)
    finish_reason: str | None = None
    reasoning: str | None = None
    note: str = ""
    held_to: str = ""
    """What the server held the answer to: a grammar, a JSON schema."""
    found_nothing: bool = False
    """Whether the LM itself says that there is no answer (offline does)."""
    cached: bool = False
    """Whether it was answered from the cache, at no cost."""


OnDelta = Callable[[str], None]


class LM(Protocol):
    """A language model: `complete` raises ProviderError (or a subclass) and nothing else of its own."""

    @property
    def name(self) -> str:
        """How the model is named to a person and in a trace: `provider/model`."""
        ...

    async def complete(self, request: Request, on_delta: OnDelta | None = None) -> Response:
        """Answer one request; `on_delta` gets pieces of text as they come, and as a Watch all else that is known."""
        ...

    async def close(self) -> None:
        """Give back connections; never raises."""
        ...


def held_to(lm: LM) -> str:
    """What an LM's server holds an answer to when it is asked: a grammar, a JSON schema, or nothing."""
    return str(getattr(lm, "held_to", ""))
