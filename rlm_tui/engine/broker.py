"""Answers the calls that REPL code makes: sub-LMs or child RLMs, one or a batch, in order, a failure an error value."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import islice
from typing import TypeAlias

import msgspec

from rlm_tui import events as ev
from rlm_tui.engine import hosting, prompts
from rlm_tui.engine.config import Run
from rlm_tui.engine.consent import Consent
from rlm_tui.engine.ending import Ending
from rlm_tui.engine.gate import Pending
from rlm_tui.errors import RlmTuiError
from rlm_tui.lm.base import Message, Request, Response
from rlm_tui.lm.scripted import ScriptUsedUpError
from rlm_tui.repl.base import HostCall
from rlm_tui.text import plural
from rlm_tui.trajectory.limits import amount

StartChild: TypeAlias = Callable[[Run, str, str, str], Awaitable[Ending]]
"""Takes (the parent's run, the node of the sub-call, the question, the text) and runs a child RLM."""

_HOST = "host"
_YOUR_TURN = "you are the sub-LM: write its answer"
_MOST_WATCHED = 4
"""So many calls at once have answers that somebody may read as they come: threads that ask make a batch, too."""
_MOST_REFUSED = 20
"""So many calls of a batch or a block beyond a limit are events of their own."""
_SKIPPED = "Error: this sub-call was skipped by the user."


@dataclass(frozen=True, slots=True)
class _Call:
    """One sub-call as it is worked on: its node, the block it came from and its place in a batch."""

    node: str
    parent: str
    function: str
    model: str
    batch: str
    index: int
    size: int
    question: str = ""
    is_child: bool = False
    is_tool: bool = False
    """Whether a custom tool runs on the host; it passes gate, log and limits as a sub-call does."""


class Broker:
    """Turns host calls of the worker into sub-calls; `block` is the code node that runs now."""

    def __init__(self, run: Run, start_child: StartChild) -> None:
        self._run = run
        self._start_child = start_child
        self._consent = Consent(run)
        self._told_limits: set[str] = set()
        self._limits = asyncio.Lock()
        self._told_models: set[str] = set()
        self._told_notes: set[str] = set()
        self._refusals: Counter[str] = Counter()
        """How often each block was told that a limit forbids what it asks."""
        self._busy = 0
        self._again: set[str] = set()
        self._batches: dict[int, str] = {}
        self._consents: dict[str, asyncio.Future[int]] = {}
        self.failures: set[str] = set()
        """The error values that sub-calls gave, which are no answers."""
        self.block = ""
        self.fatal: RlmTuiError | None = None
        """An error of a sub-call after which the whole run makes no sense."""

    async def handle(self, call: HostCall) -> list[str]:
        """Answer every prompt of a call, in order."""
        batch = self._batch(call)
        self._begin(call)
        try:
            allowed = min(await self._allowed(call, batch), len(call.prompts))
            answers: list[str] = []
            while len(answers) < allowed:
                refused = self._refused(call) if answers or self._refusals[self.block] >= _MOST_REFUSED else ""
                if refused:
                    answers += self._not_begun(call, refused, allowed - len(answers))
                else:
                    answers += await self._together(call, batch, len(answers), allowed)
            return answers + [prompts.NOT_ASKED] * (len(call.prompts) - len(answers))
        finally:
            self._end(call)

    async def _together(self, call: HostCall, batch: str, start: int, end: int) -> list[str]:
        """The answers to prompts from `start` on: all that are allowed, and of those beyond a limit the first few."""
        room = self._run.budget.subcalls_left()
        end = end if room is None else min(end, start + room + _MOST_REFUSED)
        calls = (self._opened(call, batch, index) for index in range(start, end))
        answers: dict[int, str] = {}

        async def in_turn(opened: _Call | None) -> None:
            while opened is not None:
                at = opened.index - call.start
                answers[at] = await self._one(opened, call.prompts[at])
                opened = None if self._refused(call) else next(calls, None)

        tasks = [asyncio.create_task(in_turn(opened)) for opened in list(islice(calls, self._at_once))]
        try:
            await asyncio.gather(*tasks)
            return [answers[at] for at in sorted(answers)]
        finally:
            for task in tasks:
                if not task.cancelling():  # a second time would cut short how a child RLM ends its worker
                    task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    @property
    def _at_once(self) -> int | None:
        """How many calls of a batch begin before any is answered: a limit on what they spend is met on the way."""
        is_bounded = self._run.budget.is_spending_bounded
        return self._run.config.limits.concurrency + _MOST_REFUSED if is_bounded else None

    def _refused(self, call: HostCall) -> str:
        """The error value of what is left of a batch, where a limit that was told forbids it; else empty."""
        run = self._run
        over = run.budget.subcall_over(is_child=call.wants_child and run.may_recurse)
        return f"Error: {_limit_words(over)}" if over and over[0] in self._told_limits else ""

    def _not_begun(self, call: HostCall, error: str, count: int) -> list[str]:
        """The same error value for each of so many calls, told in one event: a batch or a loop may have any length."""
        self._refusals[self.block] += 1
        which = f"{plural(count, 'more call')} of this batch" if call.is_batch else "All further calls of this block"
        if self._refusals[self.block] <= (2 * _MOST_REFUSED if call.is_batch else _MOST_REFUSED + 1):
            text = f"{which}: {error.removeprefix('Error: ')}."
            self._run.emit(ev.Note(node=self.block, text=text, level="warning"))
        self.failures.add(error)
        return [error] * count

    def _begin(self, call: HostCall) -> None:
        if not self._busy:
            self._run.budget.pause()
        self._busy += len(call.prompts)

    def _end(self, call: HostCall) -> None:
        self._busy -= len(call.prompts)
        if not self._busy:
            self._run.budget.resume()

    def _batch(self, call: HostCall) -> str:
        """The name of the batch; all parts of a large one share it."""
        if not call.is_batch:
            return ""
        if not call.start or call.first not in self._batches:
            self._batches[call.first] = f"batch{next(self._run.lanes.batches)}"
        return self._batches.pop(call.first) if call.is_last else self._batches[call.first]

    async def _allowed(self, call: HostCall, batch: str) -> int:
        """How many prompts of a call may be asked; a person is asked once about all parts of a batch."""
        if not batch:
            return len(call.prompts)
        asking = self._consents.get(batch) or asyncio.ensure_future(self._consent.batch(self.block, call))
        self._consents[batch] = asking
        if call.is_last:
            del self._consents[batch]
        return max(0, await asking - call.start)

    def _opened(self, call: HostCall, batch: str, index: int) -> _Call:
        is_tool = call.function in self._run.tools.hosts
        model = self._run.config.sub_name if is_tool else self._wanted(call)
        is_led = call.wants_child and self._run.may_recurse
        asks: ev.Asks = "tool" if is_tool else "rlm" if is_led else "lm"
        title = f"{call.function}()" if is_tool else call.function
        node = self._run.open("subcall", self.block, title=title, asks=asks, batch=batch)
        is_child = call.wants_child and self._may_recurse(node)
        place = batch, call.start + index, call.size
        asked = _HOST if is_tool else model
        return _Call(node, self.block, call.function, asked, *place, call.question, is_child, is_tool)

    def _wanted(self, call: HostCall) -> str:
        """The model that the code asks for: the sub-LM, or the root LM by its name; of another it is told once."""
        config = self._run.config
        if not call.model:
            return config.sub_name
        names = [config.sub_name] if call.wants_child else [config.sub_name, config.model]
        for name in names:
            if call.model in (name, name.partition("/")[2]):
                return name
        if call.model not in self._told_models:
            self._told_models.add(call.model)
            text = f"The code asked for the model {call.model}, which is none of this run; {config.sub_name} answers."
            self._run.emit(ev.Note(node=self.block, text=text))
        return config.sub_name

    def _may_recurse(self, node: str) -> bool:
        """Whether a child RLM may start; that an LM answers in its place is told once, of the whole tree."""
        run = self._run
        if not run.may_recurse and not run.lanes.has_told_depth:
            run.lanes.has_told_depth = True
            depth = run.config.limits.depth
            run.emit(ev.LimitHit(node=node, limit="depth", value=run.depth + 1, cap=depth))
        return run.may_recurse

    async def _one(self, call: _Call, prompt: str) -> str:
        try:
            lanes = self._run.lanes
            async with lanes.children(self._run.depth) if call.is_child else lanes.requests:
                asked = prompts.question_about(call.question, prompt) if call.question and not call.is_child else prompt
                text, outcome = await self._asked(call, asked)
        except asyncio.CancelledError:
            self._run.nodes.close(call.node, "cancelled")
            raise
        if outcome != "ok":
            self.failures.add(text)
        self._run.nodes.close(call.node, outcome)
        return text

    async def _asked(self, call: _Call, prompt: str) -> tuple[str, ev.Outcome]:
        run = self._run
        if call.is_tool:
            prompt = hosting.shown(call.function, prompt)
        while True:
            verdict = await run.pass_("before_subcall", self._question(call, prompt))
            if verdict.how == "skip":
                return _SKIPPED, "skipped"
            if verdict.how == "answer":
                text, outcome = self._answered(call, prompt, verdict.content)
            else:
                prompt = verdict.content
                text, outcome = await self._complete(call, prompt)
            pending = Pending(call.node, text, parent=call.parent, batch=call.batch)
            after = await run.pass_("after_subcall", pending)
            if after.how == "skip":
                return _SKIPPED, "skipped"
            if after.how != "retry":
                return after.content, "ok" if after.edited else outcome
            self._again.add(call.node)

    def _question(self, call: _Call, prompt: str) -> Pending:
        is_human = self._run.sub_lm.name == "human" and not call.is_child and not call.is_tool
        why = _YOUR_TURN if is_human else ""
        return Pending(call.node, prompt, parent=call.parent, batch=call.batch, asks_person=why, needs_answer=is_human)

    def _requested(self, call: _Call, prompt: str) -> None:
        self._run.budget.subcalls += 1
        self._run.emit(self._event(call, prompt))

    def _event(self, call: _Call, prompt: str) -> ev.SubcallRequested:
        run = self._run
        asked = None if call.is_tool or call.is_child else run.parameters("sub", call.model)
        return ev.SubcallRequested(
            node=call.node,
            function=call.function,
            prompt=prompt,
            model=call.model,
            batch=call.batch,
            index=call.index,
            batch_size=call.size,
            parameters=None if asked == run.sub_parameters else asked,
        )

    def _answered(self, call: _Call, prompt: str, text: str) -> tuple[str, ev.Outcome]:
        self._requested(call, prompt)
        self._run.emit(ev.SubcallFinished(node=call.node, text=text))
        return text, "ok"

    async def _complete(self, call: _Call, prompt: str) -> tuple[str, ev.Outcome]:
        run = self._run
        refused = await self._refusal(call, prompt)
        if refused:
            return refused, "error"
        self._requested(call, prompt)
        begun = time.perf_counter()
        try:
            response = await self._of(call)(call, prompt)
        except RlmTuiError as error:
            if isinstance(error, ScriptUsedUpError):
                self.fatal = error
            took = round(time.perf_counter() - begun, 4)
            run.emit(ev.SubcallFinished(node=call.node, error=str(error), latency_s=took))
            return f"Error: {error}", "error"
        run.budget.spend(response.usage)
        took = round(time.perf_counter() - begun, 4)
        if not call.is_tool and not response.cached:
            run.pace.took(took, is_child=call.is_child)
        run.emit(
            ev.SubcallFinished(
                node=call.node, text=response.text, usage=response.usage, latency_s=took, cached=response.cached
            )
        )
        self._note(call, response.note)
        return response.text, "ok"

    def _of(self, call: _Call) -> Callable[[_Call, str], Awaitable[Response]]:
        """Who answers a call."""
        return self._of_tool if call.is_tool else self._of_child if call.is_child else self._request

    async def _of_tool(self, call: _Call, text: str) -> Response:
        """The result of a host tool as JSON."""
        function, timeout_s = self._run.tools.hosts[call.function], self._run.config.limits.block_timeout_s
        return Response(await hosting.run_tool(call.function, function, text, timeout_s))

    async def _of_child(self, call: _Call, text: str) -> Response:
        """The answer of a child RLM; its usage is counted where it is spent, so none is told here."""
        ending = await self._start_child(self._run, call.node, call.question or prompts.CHILD_QUERY, text)
        if ending.answer is None:
            raise RlmTuiError(ending.detail or "The child RLM ended without an answer.")
        return Response(prompts.partial_answer(ending.answer) if ending.status == "limit" else ending.answer)

    def _note(self, call: _Call, note: str) -> None:
        """Tell what is odd about an answer; of many alike, the first."""
        kind = note.partition(":")[0]
        if note and kind not in self._told_notes:
            self._told_notes.add(kind)
            self._run.emit(ev.Note(node=call.node, text=note, level="warning"))

    async def _refusal(self, call: _Call, prompt: str) -> str:
        """The error value of a call over a limit, which is told once; nothing is counted, as nothing is asked."""
        run = self._run
        async with self._limits:  # who waits here hears what came of the question to the person
            while (over := run.budget.subcall_over(is_child=call.is_child)) and over[0] not in self._told_limits:
                if not await self._consent.raised(call.node, *over, parent=call.parent):
                    self._told_limits.add(over[0])
                    run.emit(ev.LimitHit(node=call.node, limit=over[0], value=over[1], cap=over[2]))
        if over is None:
            return ""
        error = _limit_words(over)
        self._refusals[call.parent] += 1
        run.emit(msgspec.structs.replace(self._event(call, prompt), refused=True))
        run.emit(ev.SubcallFinished(node=call.node, error=error))
        return f"Error: {error}"

    async def _request(self, call: _Call, prompt: str) -> Response:
        asked = self._run.parameters("sub", call.model)
        request = Request(
            (Message("user", prompt),),
            call.model,
            role="sub",
            temperature=asked.temperature,
            seed=asked.seed,
            max_tokens=asked.max_tokens,
            is_fresh=call.node in self._again,
            is_watched=not call.batch and self._busy <= _MOST_WATCHED,
        )
        lm = self._run.sub_lm if call.model == self._run.config.sub_name else self._run.root_lm
        return await self._run.complete(lm, request, call.node)


def _limit_words(over: tuple[str, float, float]) -> str:
    name, _, cap = over
    return f"the limit of {amount(name, cap)} for this run is reached; nothing was asked"
