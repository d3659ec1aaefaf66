"""Compaction: when a conversation nears the model's window, the model itself sums it up and goes on from there.

Nothing is lost by it: the trace has every message, and the REPL has all of them as `history`.
"""

from __future__ import annotations

import json

from rlm_tui import events as ev
from rlm_tui.engine import prompts
from rlm_tui.engine.ask import RootAsker
from rlm_tui.engine.config import Run
from rlm_tui.engine.talk import Talk
from rlm_tui.engine.tokens import estimate
from rlm_tui.errors import ProviderError, UsageError
from rlm_tui.lm.base import Message
from rlm_tui.repl.base import JsonValue

FULL = 0.85
"""The share of the window from which on a conversation is compacted."""
_LEAST = 4
"""Messages after the system prompt and the question that are worth a summary."""
_LEAST_SHOWN = 800  # characters of a message
_WORTH = 0.3
"""The share of the window from which on fewer messages (of a model that did not stop) are worth a summary, too."""
_ROOM = 0.6
"""The share of the window that a conversation cut so takes; the rest is for the summary and a wrong estimate."""
_MOST_IN_VAIN = 3
"""So many summaries in a row, each as soon as one can be, are going round in circles."""


class Compaction:
    """Watches one conversation."""

    def __init__(self, run: Run, talk: Talk) -> None:
        self._run = run
        self._talk = talk
        self._in_vain = 0
        self._asker: RootAsker | None = None

    def check(self) -> None:
        """Refuse a question whose first request does not fit the window; no summary could make it shorter."""
        window = self._run.config.window
        tokens = self._tokens() if window else 0
        if window and tokens >= window:
            raise UsageError(
                f"The system prompt and the question take ≈{tokens:,} tokens, and the window has {window:,}; "
                "give more with --window, or choose a model with a larger one."
            )

    def _tokens(self) -> int:
        counted, told = self._talk.counted
        return told + estimate(self._talk.messages[counted:])

    @property
    def overfull(self) -> tuple[float, float] | None:
        """The tokens and the window, where summaries no longer help; else None."""
        window = self._run.config.window
        return (self._tokens(), window) if window and self._in_vain >= _MOST_IN_VAIN and self.is_due() else None

    def is_due(self) -> bool:
        """Whether the next request would fill the window too far."""
        window, rest = self._run.config.window, self._talk.messages[2:]
        if not window or not rest or (tokens := self._tokens()) < FULL * window:
            return False
        return len(rest) >= _LEAST or tokens >= window or tokens - estimate(self._talk.messages[:2]) > _WORTH * window

    def _fitted(self) -> list[Message]:
        """The conversation, its long messages as head and tail where it is too long to be read once more."""
        messages, window, tokens = self._talk.messages, self._run.config.window or 0, self._tokens()
        if tokens < window:
            return messages
        first, rest = messages[:2], messages[2:]
        chars = sum(len(message.content) for message in messages)
        room = int(_ROOM * window * chars / tokens) - sum(len(message.content) for message in first)
        share = max(_LEAST_SHOWN, room // len(rest))
        return [*first, *(Message(message.role, prompts.cut(message.content, share)[0]) for message in rest)]

    @property
    def is_asking(self) -> bool:
        """Whether a summary is asked for right now."""
        return self._asker is not None and self._asker.is_asking

    def interrupt(self) -> str:
        """Cancel the request for a summary, if one is under way; returns its node, or ""."""
        return self._asker.interrupt() if self._asker is not None else ""

    async def compact(self, iteration: str) -> None:
        """Let the model sum up all but the question; a summary that cannot be had is a note, and all stays."""
        is_soon = len(self._talk.messages) <= 2 + _LEAST
        aside = self._talk.aside(self._fitted(), Message("user", prompts.SUMMARISE))
        asker = self._asker = RootAsker(self._run, aside, ev.COMPACTION)
        try:
            reply = await asker.ask(iteration)
        except ProviderError as error:
            self._failed(asker.node, str(error))
            return
        finally:
            self._asker = None
        if reply.skipped or not reply.text.strip():
            self._failed(asker.node, "you did without it." if reply.skipped else "the model wrote no summary.")
        elif not reply.is_cut:
            self._in_vain = self._in_vain + 1 if is_soon else 0
            await self._replace(asker.node, reply.text)

    async def _replace(self, node: str, summary: str) -> None:
        """Put the summary in the place of what it sums up, which the REPL has from then on."""
        run, talk = self._run, self._talk
        dropped = talk.compact(prompts.so_far(summary))
        run.emit(ev.Compacted(node=node, summary=summary, dropped=dropped))
        said = [message._asdict() for message in talk.everything]
        await run.repl.load("history", JsonValue(json.dumps(said, ensure_ascii=False)))

    def _failed(self, node: str, why: str) -> None:
        """All stays as it is."""
        self._run.nodes.close(node, "error")
        self._run.emit(ev.Note(node=node, text=f"The conversation was not summed up: {why}", level="warning"))
