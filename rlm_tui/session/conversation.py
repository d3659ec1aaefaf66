"""What goes on from one question to the next: what was said, and the contexts that came with later questions."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator

from rlm_tui.context.document import Document
from rlm_tui.engine import prompts
from rlm_tui.engine.loop import NOTHING, Earlier
from rlm_tui.events import ContextInfo, VarChange
from rlm_tui.lm.base import Message
from rlm_tui.repl.base import JsonValue, REPLEnvironment
from rlm_tui.session.value import value_of


class Conversation:
    """The questions of one session so far; the REPL has them as `history`, later contexts as `context_1`, …"""

    def __init__(self) -> None:
        self._said: list[Message] = []
        self._contexts: dict[str, ContextInfo] = {}

    async def bring(self, document: Document, repl: REPLEnvironment) -> None:
        """Load a further context under the next free name."""
        name = f"context_{len(self._contexts) + 1}"
        await repl.load(name, value_of(document))
        self._contexts[name] = await asyncio.to_thread(document.info)

    async def carry(self, repl: REPLEnvironment) -> Earlier:
        """Give the REPL what was said before; returns what the next question starts from."""
        if not self._said and not self._contexts:
            return NOTHING
        said = [message._asdict() for message in self._said]
        await repl.load("history", JsonValue(json.dumps(said, ensure_ascii=False)))
        return Earlier(tuple(self._said), prompts.continued(len(said), self._contexts), tuple(self._loaded()))

    def _loaded(self) -> Iterator[VarChange]:
        yield VarChange("history", "added", "list", len(self._said), "what was said before, as role and content")
        for name, info in self._contexts.items():
            size = len(info.parts) if info.is_list else info.chars
            names = ", ".join(part.name for part in info.parts)
            yield VarChange(name, "added", "list" if info.is_list else "str", size, names)

    def keep(self, messages: list[Message]) -> None:
        """Keep all that was said by the end of a question."""
        self._said = messages
