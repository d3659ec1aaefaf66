"""Compaction: when a conversation nears the model's window, the model itself sums it up and goes on from there.

Nothing is lost by it: the trace has every message, and the REPL has all of them as `history`.
"""

from __future__ import annotations

import json

from rlm_tui import events as ev
from rlm_tui.engine import prompts
from rlm_tui.engine.config import Run
from rlm_tui.engine.talk import Talk
from rlm_tui.engine.tokens import estimate
from rlm_tui.errors import ProviderError
from rlm_tui.lm.base import Message, Request
from rlm_tui.repl.base import JsonValue

FULL = 0.85
"""The share of the window from which on a conversation is compacted."""
_LEAST = 4
"""Messages after the system prompt and the question that are worth a summary."""


class Compaction:
    """Watches one conversation."""

    def __init__(self, run: Run, talk: Talk) -> None:
        self._run = run
        self._talk = talk

    def is_due(self) -> bool:
        """Whether the next request would fill the window too far."""
        window, talk = self._run.config.window, self._talk
        if not window or len(talk.messages) < 2 + _LEAST:
            return False
        counted, told = talk.counted
        return told + estimate(talk.messages[counted:]) >= FULL * window

    async def compact(self, iteration: str) -> None:
        """Let the model sum up all but the question; a summary that cannot be had is a note, and all stays."""
        run, talk = self._run, self._talk
        node = run.open("lm", iteration, title="compaction")
        asking = Message("user", prompts.SUMMARISE)
        prior, unsent = talk.unsent()
        messages = (*unsent, ev.StoredMessage(asking.role, asking.content))
        run.emit(ev.LmRequested(node=node, model=run.config.model, messages=messages, prior=prior))
        request = Request((*talk.messages, asking), run.config.model, role="sub" if run.depth else "root")
        try:
            response = await run.deadline.bound(run.complete(run.root_lm, request, node))
        except ProviderError as error:
            run.nodes.close(node, "error")
            run.emit(ev.Note(node=node, text=f"The conversation was not summed up: {error}", level="warning"))
            return
        if response is None:
            run.nodes.close(node, "cancelled")
            return
        run.budget.spend(response.usage)
        run.emit(ev.LmResponded(node=node, text=response.text, usage=response.usage))
        dropped = talk.compact(prompts.so_far(response.text))
        run.nodes.close(node)
        run.emit(ev.Compacted(node=node, summary=response.text, dropped=dropped))
        said = [message._asdict() for message in talk.everything]
        await run.repl.load("history", JsonValue(json.dumps(said, ensure_ascii=False)))
