"""What a live session keeps on its engine's loop: the worker, the models and the engine of the current question."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from rlm_tui import events as ev
from rlm_tui import paths
from rlm_tui.context.document import Document
from rlm_tui.context.load import Loading
from rlm_tui.context.weight import told
from rlm_tui.engine.breakpoints import Breakpoints
from rlm_tui.engine.budget import Budget
from rlm_tui.engine.config import EngineConfig, Lanes, Run
from rlm_tui.engine.deadline import Deadline
from rlm_tui.engine.engine import Engine
from rlm_tui.engine.gate import Gate
from rlm_tui.engine.talk import Queued
from rlm_tui.engine.tree import Nodes
from rlm_tui.errors import RlmTuiError, TraceError, UsageError
from rlm_tui.lm.base import LM
from rlm_tui.lm.cache import Answers, answers_for
from rlm_tui.lm.endpoint import public
from rlm_tui.lm.fitted import is_unpriced, make_fitted
from rlm_tui.lm.guest import as_guest
from rlm_tui.lm.providers import provider_of
from rlm_tui.lm.registry import REPLAY, endpoint_of, overshadowed
from rlm_tui.repl.base import HostCall, HostHandler
from rlm_tui.repl.process import WorkerREPL
from rlm_tui.session import commands as cmd
from rlm_tui.session.base import FORGOTTEN
from rlm_tui.session.conversation import Conversation
from rlm_tui.session.following import Follower
from rlm_tui.session.log import EventLog
from rlm_tui.session.outbox import Outbox
from rlm_tui.session.recorded import recorded_lm
from rlm_tui.session.serving import fitted, loaded_window
from rlm_tui.session.setup import Setup
from rlm_tui.session.spill import SpillingLines
from rlm_tui.session.value import text_of, value_of
from rlm_tui.tools.box import Toolbox
from rlm_tui.trace.store import Lines, TraceStore

_AGAIN_S = 0.5


class Crew:
    """Makes a question's parts ready, asks it, and passes commands on.

    Every method is the engine's loop's. A front end makes it where breakpoints are listed before the first question,
    and reads `waiting`, `breakpoints` and whether something runs or is interrupted: values that are replaced whole.
    """

    def __init__(self, setup: Setup, log: EventLog, outbox: Outbox) -> None:
        self.waiting = ""
        self.interrupted = ""
        """The node of what was asked to stop and has not yet."""
        self._setup = setup
        self._tools: Toolbox = setup.tools or Toolbox()
        self._log = log
        self._outbox = outbox
        self._nodes = Nodes(log.emit)
        self._gate = Gate(log.emit)
        self._follower = Follower(log)
        self.breakpoints = Breakpoints(self._follower.moment)
        self._gate.breaks = self.breakpoints.why
        for text in setup.breaks:
            self.breakpoints.set(0, text)
        self._follower.is_needed = self.breakpoints.are_on
        self._repl: WorkerREPL | None = None
        self._engine: Engine | None = None
        self._before: Run | None = None
        """What the newest question worked with; its counts go on in the next one."""
        self._conversation = Conversation()
        self._question: asyncio.Task[None] | None = None
        self._chosen = setup.model, setup.sub_model
        """The models of the newest question that could begin; the next one goes to them where it names none."""
        self._steps = setup.step
        """Whether the newest question was held at every step."""
        self._lms: dict[str, LM] = {}
        self._answers: Answers | None = None
        self._syncs: set[asyncio.Task[None]] = set()
        self._is_behind = False

    async def ask(self, command: cmd.Start, loading: Loading, more: Loading | None = None) -> None:
        """Wait for the document, make the parts, and work on the question to its end; `more` is a further context."""
        self._question = asyncio.current_task()
        config = self._config(command)
        for each in (loading, more) if more is not None else (loading,):
            await asyncio.to_thread(each.join)
            if each.error is not None:
                raise each.error
        await self._weigh(loading.document)
        repl = await self._ready_repl(loading)
        models = await self._models(config)
        self._chosen = config.model, config.sub_model
        self._tell("asking how the model is served")
        config = await fitted(config, self._setup)
        context = loading.document.info()
        self._steps = self._steps if command.step is None else command.step
        self._gate.begin("over" if self._steps else "go")
        run = self._before = self._run(config, models, repl, context)
        run.text = partial(text_of, loading.document)
        if more is not None:
            await self._conversation.bring(more.document, repl)
        earlier = await self._conversation.carry(repl)
        self._tell("")
        run.queued.take_back()
        if self._is_told_to_stop:  # and something on the way here, such as an SDK, made nothing of it
            raise asyncio.CancelledError
        if len(self._log) == 0:
            self._log.lines = self._kept(self._setup.open_trace(command.query, config, repl.facts.label, context))
        engine = self._engine = Engine(run)
        try:
            await engine.ask(command.query, earlier)
        finally:
            self._conversation.keep(engine.messages)

    def _kept(self, lines: Lines) -> Lines:
        """A trace file with what looks after it when it cannot be written; lines in memory as they are."""
        if not isinstance(lines, TraceStore):
            return lines
        later = partial(asyncio.get_running_loop().call_later, _AGAIN_S)
        return SpillingLines(lines, on_trouble=self._on_trouble, on_whole=self._on_whole, later=later)

    def _on_trouble(self, error: TraceError) -> None:
        """The trace cannot be written: tell the person, and hold the run for them where there is one."""
        waits = " The run waits." if self._setup.is_attended else ""
        self._outbox.message(f"{error}{waits} What comes from now on is kept in memory until it can.")
        if self._setup.is_attended:
            self._gate.pause("the trace cannot be written")

    def _on_whole(self) -> None:
        """The trace has taken all that waited for it."""
        self._outbox.message("The trace can be written again; nothing is missing.")
        self._outbox.change()
        self.sync()

    def _run(self, config: EngineConfig, models: tuple[LM, LM], repl: WorkerREPL, context: ev.ContextInfo) -> Run:
        """What a question works with; the counts of the one before it go on."""
        root, sub = models
        budget = Budget(config.limits, self._log.clock)
        self._gate.held_since = budget.held
        run = Run(
            config=config,
            emit=self._log.emit,
            signal=self._outbox.delta,
            gate=self._gate,
            nodes=self._nodes,
            budget=budget,
            deadline=Deadline(budget),
            root_lm=root,
            sub_lm=sub,
            repl=repl,
            lanes=Lanes(max(1, config.limits.concurrency)),
            open_repl=self._new_repl,
            tools=self._tools,
            context=context,
            sandbox_label=repl.facts.label,
            has_walls=repl.facts.has_walls,
            served=self._served(config),
            measure=partial(loaded_window, config.model, self._setup) if provider_of(root.name).loads_later else None,
        )
        if (before := self._before) is not None:
            run.blocks, run.asked, run.pace, run.queued = before.blocks, before.asked, before.pace, before.queued
        return run

    async def reset(self) -> None:
        """Forget the conversation and the REPL; the next question starts both anew."""
        repl, self._repl, self._conversation = self._repl, None, Conversation()
        engine, self._engine = self._engine, None
        if self._before is not None:
            self._before.queued = Queued()
        if repl is not None:
            self._log.emit(ev.Reset(node=engine.node if engine is not None else ""))  # before a question can follow
            await repl.close()

    async def _weigh(self, document: Document) -> None:
        """Say what the context will take in the worker, before it is loaded there."""
        if self._repl is not None:
            return
        lines = [] if self._setup.is_attended else await asyncio.to_thread(told, document)
        for line in dict.fromkeys([*lines, *document.warnings]):
            self._outbox.message(line)

    def _config(self, command: cmd.Start) -> EngineConfig:
        if not command.query.strip():
            raise UsageError("The question is empty; write what you want to know.")
        model, sub_model = self._chosen if not command.model else (command.model, self._setup.sub_model)
        if not model.strip():
            raise UsageError("No model is chosen; choose one, or `offline` for the keyword search demo.")
        return self._setup.engine_config(model.strip(), (command.sub_model or sub_model).strip())

    async def _ready_repl(self, loading: Loading) -> WorkerREPL:
        if self._repl is None:
            self._tell("starting the REPL")
            repl = self._new_repl(self._handle)
            try:
                await repl.start()
                await self._tools.load_into(repl)
                await repl.load("context", value_of(loading.document))
            except BaseException:
                await repl.close()
                raise
            self._repl = repl
        return self._repl

    def _new_repl(self, handler: HostHandler) -> WorkerREPL:
        return WorkerREPL(handler, sandbox=self._setup.sandbox, memory_mb=self._setup.memory_mb)

    def _address(self, model: str) -> str:
        """Where a model answers; "" for one that was handed over as an object, or is no server."""
        if model in self._setup.lms:
            return ""
        end = endpoint_of(model, base_url=self._setup.base_url)
        return public(end.base_url) if end is not None else ""

    def _served(self, config: EngineConfig) -> ev.Served:
        """Where the models answer, as the trace has it."""
        setup = self._setup
        root, sub = (self._address(name) for name in (config.model, config.sub_name))
        return ev.Served(root, sub, setup.window, setup.think)

    async def _models(self, config: EngineConfig) -> tuple[LM, LM]:
        """The clients of both models; SDKs take seconds to load, so in a thread."""
        self._tell("making the client")
        root = await self._made(config.model)
        if config.sub_name == config.model:
            return root, root
        return root, await self._made(config.sub_name)

    async def _made(self, model: str) -> LM:
        """The client of a model; all questions of a session share it."""
        known: LM | None = self._setup.lms.get(model) or self._lms.get(model)
        if known is not None:
            return as_guest(known)
        setup = self._setup
        wishes: dict[str, Any] = {"silence_s": setup.silence_s, "window": setup.window, "think": setup.think}
        if self._answers is None:
            self._answers = await asyncio.to_thread(answers_for, setup.cache)
        if model.startswith(REPLAY):
            recorded = self._lms[model] = await asyncio.to_thread(recorded_lm, model.removeprefix(REPLAY))
            return recorded
        lm = await asyncio.to_thread(make_fitted, model, base_url=setup.base_url, answers=self._answers, **wishes)
        self._lms[model] = lm
        self._warn(model)
        return as_guest(lm)

    def _warn(self, model: str) -> None:
        """Say what a person should know of a model that is used for the first time."""
        setup, package = self._setup, overshadowed(model)
        if package:
            taken = model.partition("/")[0]
            self._outbox.message(f"The package {package} offers a provider {taken}, too; the built-in one is used.")
        if setup.limits.cost_usd is not None and is_unpriced(model, setup.base_url):
            file = paths.prices_file()
            self._outbox.message(f"What {model} costs is not known, so --max-cost does not bind it; add it to {file}.")

    def _tell(self, waiting: str) -> None:
        self.waiting = waiting
        self._outbox.change()

    async def _handle(self, call: HostCall) -> list[str]:
        if self._engine is None:
            return ["Error: no run is under way that could ask a sub-LM."] * len(call.prompts)
        return await self._engine.handle(call)

    async def do(self, command: cmd.SessionCommand) -> None:
        """Carry out a command on the current engine; breakpoints can be set before there is one."""
        if isinstance(command, cmd.SetBreakpoint):
            self._break(command)
            return
        if isinstance(command, cmd.Reset):
            await self.reset()
            return
        engine = self._engine
        if engine is None:
            raise RlmTuiError(FORGOTTEN if self._before is not None else "There is no run yet; ask a question first.")
        if isinstance(command, cmd.Interrupt):
            self.interrupted = engine.interrupt(force=command.force)
            self._outbox.change()
            return
        done = _ACTIONS[type(command)](engine, command)
        if done is not None:
            await done

    async def show(self, name: str) -> str | None:
        """A variable of the REPL in full, or None when there is none."""
        return await self._repl.show(name) if self._repl is not None else None

    def _break(self, command: cmd.SetBreakpoint) -> None:
        self.breakpoints.set(command.number, command.filter, is_on=command.is_on)
        self._follower.is_needed = self.breakpoints.are_on

    def follow(self, event: ev.TraceEvent) -> None:
        """Take note of what happens, as far as an interrupt or a breakpoint needs it."""
        if self.interrupted == event.node and isinstance(event, _STOPPED):
            self.interrupted = ""
        self._follower.take(event)

    def stop(self, why: str = "") -> bool:
        """End the question, once, as a second cancellation would cut its tidying up short. False: there is none."""
        if self._question is None or self._question.done():
            return False
        if not self._is_told_to_stop:
            self._question.cancel(why or None)
        return True

    @property
    def _is_told_to_stop(self) -> bool:
        return self._question is not None and self._question.cancelling() > 0

    @property
    def is_busy(self) -> bool:
        """Whether a block runs or a request is under way: what an interrupt would stop."""
        return self._engine is not None and self._engine.is_busy

    @property
    def is_block_running(self) -> bool:
        """Whether the worker is busy."""
        return self._engine is not None and self._engine.is_block_running

    def sync(self) -> None:
        """Bring the trace to the disk in a thread, one sync at a time; what comes during one gets another."""
        store = self._log.lines
        self._is_behind = True
        if isinstance(store, SpillingLines) and not self._syncs:
            task = asyncio.get_running_loop().create_task(self._sync(store))
            self._syncs.add(task)
            task.add_done_callback(self._syncs.discard)

    async def _sync(self, store: SpillingLines) -> None:
        while self._is_behind:
            self._is_behind = False
            try:
                await asyncio.to_thread(store.sync)
            except TraceError as error:
                self._outbox.message(str(error))

    async def close(self) -> None:
        """End the worker and give back connections."""
        self.stop()
        if self._question is not None:
            await asyncio.wait([self._question])
        async with contextlib.AsyncExitStack() as rest:  # one that cannot be closed keeps no other open
            rest.push_async_callback(self._sync_at_end)
            for lm in self._lms.values():
                rest.push_async_callback(lm.close)
            if self._repl is not None:
                rest.push_async_callback(self._repl.close)

    async def _sync_at_end(self) -> None:
        if isinstance(self._log.lines, SpillingLines):
            with contextlib.suppress(TraceError):
                await asyncio.to_thread(self._log.lines.sync)


_STOPPED = ev.CodeFinished | ev.LmFailed | ev.LmResponded | ev.NodeClosed
_Action = Callable[[Engine, Any], Awaitable[None] | None]
_ACTIONS: dict[type[cmd.SessionCommand], _Action] = {
    cmd.Pause: lambda engine, _: engine.run.gate.pause(),
    cmd.Resume: lambda engine, _: engine.run.gate.go_on(),
    cmd.Run: lambda engine, command: engine.run.gate.run(command.hold),
    cmd.Step: lambda engine, command: engine.run.gate.step(command.hold, command.kind),
    cmd.Edit: lambda engine, command: engine.run.gate.edit(command.hold, command.content),
    cmd.Revert: lambda engine, command: engine.run.gate.revert(command.hold),
    cmd.Skip: lambda engine, command: engine.run.gate.skip(command.hold),
    cmd.Retry: lambda engine, command: engine.run.gate.retry(command.hold),
    cmd.Answer: lambda engine, command: engine.run.gate.answer(command.hold, command.text),
    cmd.Tell: lambda engine, command: engine.tell(command.text),
    cmd.Inject: lambda engine, command: engine.inject(command.code),
}
