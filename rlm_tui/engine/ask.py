"""Asks the root LM: the two checkpoints round a request, retries, a person's words, and interruption."""

from __future__ import annotations

import asyncio
import time
from contextlib import nullcontext
from dataclasses import dataclass

from rlm_tui import events as ev
from rlm_tui.engine.config import Run
from rlm_tui.engine.deadline import settled
from rlm_tui.engine.gate import Pending, Verdict
from rlm_tui.engine.shape import shape_of
from rlm_tui.engine.talk import Talk
from rlm_tui.errors import ProviderError
from rlm_tui.lm.base import Request, Response

_YOUR_TURN = "you are the model: write its answer"
_INTERRUPTED = "interrupted by you"
_OUT_OF_TIME = "out of time"


class _Cut(Response):
    """What had come of a response when the end of the run's time cut it."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A response as it goes on to the parser; `skipped` when a person did without it."""

    text: str
    finish_reason: str | None = None
    skipped: bool = False
    found_nothing: bool = False
    held_to: str = ""
    has_thought: bool = False
    is_cut: bool = False
    """Whether the end of the run's time ended it."""


class RootAsker:
    """Puts a conversation to the root LM and returns what counts as its reply.

    With a `title` it is asked aside, for words about the conversation: in no form, and by no setting of a turn.
    """

    def __init__(self, run: Run, talk: Talk, title: str = "") -> None:
        self._run = run
        self._talk = talk
        self._title = title
        self.node = ""
        """The newest request."""
        self._request: asyncio.Task[Response] | None = None
        self.wants_another = False
        """Whether the person was not content with the last response, so that none from the cache will do."""

    @property
    def is_asking(self) -> bool:
        """Whether a request is under way."""
        return self._request is not None

    def interrupt(self) -> str:
        """Cancel the request that is under way; the engine then waits for the person. Returns its node, or ""."""
        return self.node if self._request is not None and self._request.cancel() else ""

    async def ask(self, iteration: str) -> Reply:
        """One exchange; asks again for as long as a person wants it."""
        while True:
            node = self.node = self._run.open("lm", iteration, title=self._title or self._run.config.model)
            reply = await self._exchange(node, iteration)
            self.wants_another = reply is None
            if reply is not None:
                return reply

    async def _exchange(self, node: str, iteration: str) -> Reply | None:
        response = await self._respond(node, iteration)
        verdict = await self._run.pass_("after_response", Pending(node, response.text, parent=iteration))
        retry, skip = verdict.how == "retry", verdict.how == "skip"
        self._run.nodes.close(node, "skipped" if retry or skip else "ok")
        return (
            None
            if retry
            else Reply(
                verdict.content,
                response.finish_reason,
                skipped=skip,
                found_nothing=response.found_nothing and not verdict.edited,
                held_to=response.held_to,
                has_thought=bool(response.reasoning) and not verdict.edited,
                is_cut=isinstance(response, _Cut),
            )
        )

    async def _respond(self, node: str, iteration: str) -> Response:
        why, has_failed = _YOUR_TURN if self._run.root_lm.name == "human" else "", False
        while True:
            verdict = await self._before(node, iteration, why, has_failed)
            self._send(node)
            begun = time.perf_counter()
            if verdict.how == "answer":
                self._responded(node, Response(verdict.content), begun, by="user")
                return Response(verdict.content)
            try:
                response = await self._complete(node)
            except ProviderError as error:
                if not self._asks_what_to_do:
                    raise
                why, has_failed = str(error), True
                continue
            if isinstance(response, _Cut):
                return self._cut(node, response, begun)
            if response is not None:
                self._responded(node, response, begun)
                await self._run.learn_window()
                return response
            why, has_failed = _INTERRUPTED, False

    @property
    def _asks_what_to_do(self) -> bool:
        """Whether a person decides about a request that failed; that of a child is an error value to its parent."""
        return self._run.config.is_attended and not self._run.depth and not self._title

    def _cut(self, node: str, response: Response, begun: float) -> Response:
        if response.text:
            self._responded(node, response, begun)
        else:
            self._run.emit(ev.LmFailed(node=node, message="ended, as the time for this run was used up"))
        return response

    async def _before(self, node: str, iteration: str, why: str, has_failed: bool) -> Verdict:
        self._talk.flush()
        *before, last = (message.content for message in self._talk.messages)
        is_human = self._run.root_lm.name == "human"
        pending = Pending(
            node,
            last,
            parent=iteration,
            asks_person=why,
            needs_answer=is_human,
            has_failed=has_failed,
            before=tuple(before),
        )
        verdict = await self._run.pass_("before_request", pending)
        if verdict.how != "answer" and verdict.edited:
            self._talk.replace_last(verdict.content)
        self._talk.flush()
        return verdict

    def _send(self, node: str) -> None:
        prior, messages = self._talk.unsent()
        config = self._run.config
        self._run.emit(
            ev.LmRequested(
                node=node,
                model=config.model,
                messages=messages,
                prior=prior,
                window=config.window,
                parameters=self._parameters(),
            )
        )

    def _parameters(self) -> ev.Parameters:
        asked = self._run.parameters("root", self._run.config.model)
        if not self._title:
            return asked
        return ev.Parameters(max_tokens=asked.max_tokens and asked.max_tokens // 2)  # it stays in every later prompt

    async def _complete(self, node: str) -> Response | None:
        """The LM's response, or None when a person interrupted it."""
        run = self._run
        how = self._parameters()
        request = Request(
            tuple(self._talk.messages),
            run.config.model,
            role="sub" if run.depth else "root",
            temperature=how.temperature,
            max_tokens=how.max_tokens,
            seed=how.seed,
            stop=how.stop,
            shape=shape_of(run.config.dialect) if how.is_shaped else None,
            is_fresh=self.wants_another,
        )
        heard: list[str] = []
        asked = self._request = asyncio.create_task(self._completed(request, node, heard))
        try:
            with run.deadline.ends(lambda _: asked.cancel()):
                return await asked
        except asyncio.CancelledError:
            current = asyncio.current_task()
            if current is not None and current.cancelling():
                raise
            if run.deadline.is_over:
                return _Cut("".join(heard), finish_reason=_OUT_OF_TIME)
            run.emit(ev.LmFailed(node=node, message=_INTERRUPTED))
            return None
        finally:
            await settled(asked)
            self._request = None

    async def _completed(self, request: Request, node: str, heard: list[str]) -> Response:
        """A child's request is one of those that the whole tree has under way; the root's own is alone."""
        run = self._run
        async with run.lanes.requests if run.depth else nullcontext():
            return await run.complete(run.root_lm, request, node, heard)

    def _responded(self, node: str, response: Response, begun: float, by: ev.Author = "model") -> None:
        self._run.budget.spend(response.usage)
        if not response.cached:
            self._talk.count(response.usage.input_tokens, response.usage.output_tokens)
        self._run.emit(
            ev.LmResponded(
                node=node,
                text=response.text,
                reasoning=response.reasoning,
                usage=response.usage,
                latency_s=round(time.perf_counter() - begun, 4),
                finish_reason=response.finish_reason,
                cached=response.cached,
                by=by,
            )
        )
        if response.note:
            self._run.emit(ev.Note(node=node, text=response.note, level="warning"))
