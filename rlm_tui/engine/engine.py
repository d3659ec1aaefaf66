"""The engine as its owner sees it: ask a question, and reach into the run while it goes."""

from __future__ import annotations

import asyncio

from rlm_tui import events as ev
from rlm_tui.engine.broker import Broker
from rlm_tui.engine.children import run_child
from rlm_tui.engine.config import Run
from rlm_tui.engine.consent import Consent
from rlm_tui.engine.ending import Ending
from rlm_tui.engine.loop import NOTHING, Earlier, RootLoop, opening
from rlm_tui.engine.route import Direct, Route, route_of
from rlm_tui.errors import ExitCode, RlmTuiError
from rlm_tui.lm.base import Message
from rlm_tui.repl.base import HostCall
from rlm_tui.text import one_line

_EXITS: dict[ev.RunStatus, ExitCode] = {
    "answered": ExitCode.OK,
    "no_answer": ExitCode.FAILED,
    "failed": ExitCode.FAILED,
    "limit": ExitCode.LIMIT,
    "stopped": ExitCode.INTERRUPTED,
}


class Engine:
    """Runs questions one after the other; every method belongs to the engine's event loop."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self._broker = Broker(run, run_child)
        self._loop: RootLoop | None = None
        self._node = ""

    @property
    def node(self) -> str:
        """The root RLM of the newest question; "" before the first."""
        return self._node

    async def handle(self, call: HostCall) -> list[str]:
        """Answer a host call of the REPL worker."""
        return await self._broker.handle(call)

    @property
    def messages(self) -> list[Message]:
        """All that was said to and by the root LM, earlier questions first, without system prompts."""
        return self._loop.talk.everything if self._loop else []

    async def ask(self, query: str, earlier: Earlier = NOTHING) -> ev.RunFinished:
        """Work on one question to its end; errors and cancellation end the run by name, never by an exception.

        `earlier` is the conversation before it.
        """
        run = self.run
        node = run.nodes.open("rlm", title=one_line(query))
        self._node = node
        route = route_of(run, is_first=earlier == NOTHING)
        self._begin(node, query, earlier.loaded, is_direct=route.text is not None)
        if route.told:
            run.emit(ev.Note(node=node, text=route.told))
        self._loop = RootLoop(run, node, self._broker, opening(run, query, earlier))
        try:
            ending, code = await self._worked(query, self._loop, route), None
        except RlmTuiError as error:
            ending, code = Ending("failed", detail=str(error)), error.exit_code
        except asyncio.CancelledError as stop:
            ending, code = Ending("stopped", detail=str(next(iter(stop.args), None) or "Stopped by you.")), None
        except Exception as error:
            fault = f"A fault of rlm-tui itself: {type(error).__name__}: {error}"
            self._finish(node, Ending("failed", detail=fault), ExitCode.FAILED)
            raise
        return self._finish(node, ending, code)

    async def _worked(self, query: str, loop: RootLoop, route: Route) -> Ending:
        """Work on the question, while the clock is watched."""
        run, node = self.run, self._node
        run.deadline.start(lambda value, cap: Consent(run).raised(node, "seconds", value, cap))
        try:
            if run.config.dialect.question_variable:
                await run.repl.load(run.config.dialect.question_variable, query)
            straight = await self._straight(query, route.text) if route.text is not None else None
            return straight or await loop.run()
        finally:
            await run.deadline.close()

    async def _straight(self, query: str, text: str) -> Ending | None:
        """Let the model read the whole context; None leaves the question to the usual loop."""
        usual = self._loop
        self._loop = direct = Direct(self.run, query, self._node, self._broker, text)
        ending = await direct.once()
        if ending is None:
            self._loop = usual
        return ending

    def _begin(self, node: str, query: str, loaded: tuple[ev.VarChange, ...], *, is_direct: bool) -> None:
        run, config = self.run, self.run.config
        run.sub_parameters = run.parameters("sub", config.sub_name)
        run.emit(
            ev.RunStarted(
                node=node,
                query=query,
                model=config.model,
                sub_model=config.sub_name,
                dialect=config.dialect.name,
                dialect_reason=config.dialect_reason,
                limits=config.limits,
                context=run.context,
                sandbox=run.sandbox_label,
                has_walls=run.has_walls,
                served=run.served,
                sub_parameters=run.sub_parameters,
                is_direct=is_direct,
                loaded=loaded,
            )
        )

    def _finish(self, node: str, ending: Ending, code: ExitCode | None) -> ev.RunFinished:
        outcomes: dict[ev.RunStatus, ev.Outcome] = {"answered": "ok", "limit": "ok", "stopped": "cancelled"}
        self.run.nodes.close_below(node, outcomes.get(ending.status, "error"))
        finished = ev.RunFinished(
            node=node,
            status=ending.status,
            answer=ending.answer,
            via=ending.via,
            usage=self.run.budget.usage,
            detail=ending.detail,
            exit_code=_EXITS[ending.status] if code is None else code,
        )
        self.run.emit(finished)
        return finished

    def tell(self, words: str) -> None:
        """Queue a person's words for the next request to the root LM, which may be that of the next question."""
        if self._loop is None:
            raise RlmTuiError("There is no run yet that could be told something; ask a question first.")
        self.run.queued.tell(words)
        self.run.emit(ev.Told(node=self._node, text=words))

    async def inject(self, code: str) -> None:
        """Run a person's own block between two blocks of the model."""
        if self._loop is None:
            raise RlmTuiError("The REPL starts with the first question; ask one first.")
        if self._loop.blocks.is_busy:
            raise RlmTuiError("A block runs; your own can run when it is over or was interrupted.")
        self.run.queued.announce(await self._loop.blocks.inject(self._loop.iteration or self._node, code))

    @property
    def is_busy(self) -> bool:
        """Whether a block runs or a request to the root LM is under way."""
        return self.is_block_running or (self._loop is not None and self._loop.is_asking)

    @property
    def is_block_running(self) -> bool:
        """Whether the worker is busy with a block."""
        return self._loop is not None and self._loop.blocks.is_busy

    def interrupt(self, *, force: bool = False) -> str:
        """Stop the running block and keep its state (by force: lose it), else the request under way.

        Returns the node of what was asked to stop; "" when nothing runs.
        """
        if self._loop is None:
            return ""
        if not self._loop.blocks.is_busy:
            return self._loop.interrupt()
        if force:
            self.run.repl.kill()
        else:
            self.run.repl.interrupt()
        return self._broker.block
