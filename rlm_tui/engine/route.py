"""Routing: a context that fits the window comfortably goes straight to the model, in one request without the REPL."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import msgspec

from rlm_tui import events as ev
from rlm_tui.engine import prompts
from rlm_tui.engine.blocks import Blocks, Ran
from rlm_tui.engine.broker import Broker
from rlm_tui.engine.config import Run
from rlm_tui.engine.ending import Ending
from rlm_tui.engine.loop import RootLoop
from rlm_tui.engine.talk import Talk
from rlm_tui.engine.tokens import estimate
from rlm_tui.lm.base import Message
from rlm_tui.lm.servers import short_tokens
from rlm_tui.repl.base import Offer
from rlm_tui.text import short_count

COMFORT = 0.5
"""The share of the window that a context may take; the rest is for the question, the answer and a wrong estimate."""
_FEWEST_BYTES = 3  # a token of text that is no English prose may have this few
_STAYS = "The context stays a variable of the REPL, {}."
_REFUSED = "The answer that was read straight from the context does not stand; the run goes on with the REPL."


class Route(NamedTuple):
    """Which way a question goes: with a text, straight to the model; what a person is told, if there was a choice."""

    text: str | None = None
    told: str = ""


def route_of(run: Run, *, is_first: bool) -> Route:
    """Whether the context fits the window comfortably; where that was asked for and is not so, it is said why."""
    window = run.config.window
    if not run.config.route or not is_first or run.text is None:
        return Route()
    if run.tools.tools:
        return Route(told=_STAYS.format("as custom tools need the REPL"))
    if not window:
        return Route(told=_STAYS.format(f"as the window of {run.config.model} is not known; --window tells it"))
    if run.context.chars > window * COMFORT * _FEWEST_BYTES:
        return Route(told=_too_long(run.context.chars // _FEWEST_BYTES, window))
    text = run.text()
    tokens = max(estimate([Message("user", text)]), len(text.encode("utf-8", "replace")) // _FEWEST_BYTES)
    if tokens > window * COMFORT:
        return Route(told=_too_long(tokens, window))
    size = f"at most {short_count(tokens)} of {short_tokens(window)} tokens"
    return Route(text, f"The context fits the window ({size}), so it goes straight to the model: one request, no REPL.")


def _too_long(tokens: int, window: int) -> str:
    size = f"up to {short_count(tokens)} tokens, and the window has {short_tokens(window)}"
    return _STAYS.format(f"as it may not fit comfortably ({size})")


class Direct(RootLoop):
    """One request with the whole context in it; its answer is offered as any other."""

    def __init__(self, run: Run, query: str, node: str, broker: Broker, text: str) -> None:
        dialect = msgspec.structs.replace(run.config.dialect, stop=())
        free = replace(run, config=replace(run.config, constrain=False, dialect=dialect))
        asked = Message("user", prompts.question_about(query, text))
        super().__init__(free, node, broker, Talk(Message("system", prompts.DIRECT), asked, queued=run.queued))
        self.blocks = Blocks(run, broker)  # a person's own blocks are counted on when the usual loop takes over

    async def once(self) -> Ending | None:
        """The ending, or None when there is no answer that stands."""
        if self._run.budget.exceeded(self._run.errors) is not None:
            return None
        ending = await self._turn()
        if ending is None:
            self._run.emit(ev.Note(node=self._node, text=_REFUSED, level="warning"))
        return ending

    async def _attempt(self) -> Ending | None:
        reply = await self.asker.ask(self.iteration)
        self.talk.say("assistant", reply.text)
        if reply.is_cut:
            return await self._out_of_time(reply)
        if reply.skipped or not reply.text.strip():
            return None
        return await self._offered(Offer(reply.text.strip(), "direct"), Ran())
