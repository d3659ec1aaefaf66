"""The engine as a library: `RLM`, `run`, `arun`, `open_trace`; neither the screen nor an SDK is loaded unasked.

    from rlm_tui import run
    print(run("What is the magic number?", context=text, model="offline").answer)

A question runs in a session like that of the app: the same gate, limits, worker and trace.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, TypedDict, Unpack

from msgspec import structs

from rlm_tui import events as ev
from rlm_tui.context.given import Context, loading_of
from rlm_tui.errors import ExitCode, ProviderError, RlmTuiError, UsageError
from rlm_tui.lm.base import LM, Message
from rlm_tui.lm.scripted import ScriptedLM
from rlm_tui.session import commands as cmd
from rlm_tui.session.live import LiveSession
from rlm_tui.session.options import check_model, check_options, check_query, shown
from rlm_tui.session.setup import Setup
from rlm_tui.session.turns import Turns
from rlm_tui.tools import HostTool, host_tool
from rlm_tui.tools.box import Toolbox
from rlm_tui.trace import opening
from rlm_tui.trace.naming import ELSEWHERE, Names
from rlm_tui.trace.opening import Reader

if TYPE_CHECKING:
    from rlm_tui.tools.making import Given

__all__ = ["RLM", "HostTool", "Options", "Result", "ScriptedLM", "arun", "host_tool", "open_trace", "run"]


class Limits(TypedDict, total=False):
    """What a question may spend, over the whole tree; None is no limit. `max_cost` is in US dollars, times in s."""

    max_iterations: int | None
    max_subcalls: int | None
    max_concurrent_subcalls: int
    max_depth: int
    max_tokens: int | None
    max_cost: float | None
    max_seconds: float | None
    max_errors: int | None
    block_timeout: float


class Options(Limits, total=False):
    """How a question is worked on: dialect, tools, trace and the like, and the limits.

    `tools` are functions, Python files, `module:function`, dicts of functions and values (see docs/api.md). `window`
    is the root model's, in tokens. `trace` is False (saves none), True (under the user's data), or a path.
    """

    sub_model: str | LM | None
    dialect: str
    base_url: str | None
    persistent: bool
    trace: bool | str | Path
    tools: Given | Iterable[Given]
    window: int | None
    offload: bool
    think: bool | None
    constrain: bool
    route: bool
    cache: Literal["off", "memory", "disk"]
    temperature: float | None
    seed: int | None
    sandbox: str
    memory_mb: int


_LIMITS = {
    "max_iterations": "iterations",
    "max_subcalls": "subcalls",
    "max_concurrent_subcalls": "concurrency",
    "max_depth": "depth",
    "max_tokens": "tokens",
    "max_cost": "cost_usd",
    "max_seconds": "seconds",
    "max_errors": "errors",
    "block_timeout": "block_timeout_s",
}
_SENT = ("temperature", "seed", "think", "constrain")
_OTHERS = ("dialect", "base_url", "window", "offload", "route", "cache", "sandbox", "memory_mb", *_SENT)
_TAKEN = (*_LIMITS, *_OTHERS, "sub_model", "persistent", "trace", "tools")


@dataclass(frozen=True, slots=True)
class Result:
    """How a question ended; counts and usage are those of the whole tree, a None in them is unknown."""

    answer: str | None
    status: ev.RunStatus
    detail: str = ""
    iterations: int = 0
    sub_calls: int = 0
    code_executions: int = 0
    usage: ev.Usage = field(default_factory=ev.Usage)
    history: tuple[Message, ...] = ()
    """The conversation with the root LM about this question, without the system prompt."""
    trace_path: Path | None = None

    @property
    def cost_usd(self) -> float | None:
        """US dollars, as far as every call told them."""
        return self.usage.cost_usd

    def __str__(self) -> str:
        return self.answer or ""


class RLM:
    """A Recursive Language Model, to be asked questions about contexts that are too long for a model.

    `model` and the option `sub_model` are names as on the command line (`offline`, `openai/gpt-4o-mini`,
    `ollama/qwen2.5:7b`) or objects with the LM protocol. Each question has a REPL of its own; with `persistent=True`
    they share one, as a conversation that has `history` and, for later contexts, `context_1`, `context_2`, … in the
    REPL. Close a persistent one, or use it in a `with` block. The other options: Options and Limits.
    """

    def __init__(self, model: str | LM = "offline", **options: Unpack[Options]) -> None:
        """Take the models, the tools and the limits; UsageError for what cannot be meant."""
        unknown = options.keys() - set(_TAKEN)
        if unknown:
            raise UsageError(f"RLM takes no {', '.join(sorted(unknown))}; it takes {', '.join(_TAKEN)}.")
        check_options(options)
        given: dict[str, Any] = {"sandbox": "none", **options}
        sub_model, trace, tools = given.get("sub_model"), given.get("trace", False), given.get("tools")
        check_model(model, "model", given.get("base_url"))
        if sub_model is not None:
            check_model(sub_model, "sub_model", given.get("base_url"))
        toolbox = _toolbox(tools) if tools is not None else None
        names, lms = _told_apart(model, sub_model)
        self._setup = Setup(
            model=names[0],
            sub_model=names[1],
            limits=ev.Limits(**{name: given[key] for key, name in _LIMITS.items() if key in given}),
            fits_width="max_concurrent_subcalls" not in given,
            lms=lms,
            tools=toolbox if toolbox is not None and toolbox.tools else None,
            trace=Path(trace) if isinstance(trace, str | Path) else None,
            is_traced=trace is not False,
            is_attended=False,
            advice=ELSEWHERE,
            **{name: given[name] for name in _OTHERS if name in given},
        )
        self._is_persistent = bool(given.get("persistent"))
        self._session: LiveSession | None = None
        self._alone: set[LiveSession] = set()
        """The questions under way of one that is not persistent: each has a session of its own."""
        self._turns = Turns()
        self._names = Names(self._setup.trace) if self._setup.trace is not None else None

    def completion(self, query: str, context: Context = None) -> Result:
        """Answer a question over a context.

        A limit is a status of the result; a document that cannot be read, a model that cannot be reached or a run
        that fails raises an RlmTuiError (ProviderError for models). A persistent one is asked one question at a time:
        UsageError while another thread's is being worked on.
        """
        check_query(query)
        if self._is_persistent:
            self._turns.take()
        asking = self._asked(query, context)
        try:
            for _ in asking.batches():
                pass
            return asking.result()
        finally:
            self._end(asking)

    async def acompletion(self, query: str, context: Context = None) -> Result:
        """The same without blocking the running event loop; cancelling it ends the run, and comes back when it has."""
        async with self._asking(query, context) as asking:
            async for _ in asking.events():
                pass
            return asking.result()

    async def events(self, query: str, context: Context = None) -> AsyncIterator[ev.TraceEvent]:
        """Everything that happens while a question is answered, as it happens; leaving the loop ends the run."""
        async with self._asking(query, context) as asking:
            async for event in asking.events():
                yield event

    def reset(self) -> None:
        """Forget the conversation, the variables and the contexts of a persistent one."""
        self.close()

    def close(self) -> None:
        """End the worker, if there is one, and what is still being worked on."""
        session, self._session = self._session, None
        for each in (*self._alone, *([] if session is None else [session])):
            each.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    @asynccontextmanager
    async def _asking(self, query: str, context: Context) -> AsyncIterator[_Asking]:
        """A question that is over, or was ended, when the block is left."""
        check_query(query)
        if self._is_persistent:
            await self._turns.take_soon()
        asking = self._asked(query, context)
        try:
            yield asking
        finally:
            if self._is_persistent:
                self._turns.ending()
            await asyncio.shield(asyncio.to_thread(self._end, asking))

    def _asked(self, query: str, context: Context) -> _Asking:
        """The question under way; a persistent one has the turn until `_end`."""
        try:
            session = self._ready(context)
            session.send(cmd.Start(query))
        except BaseException:
            if self._is_persistent:
                self._turns.give_back()
            raise
        return _Asking(session)

    def _end(self, asking: _Asking) -> None:
        """End what still runs, and wait until it has ended."""
        session = asking.session
        if not self._is_persistent:
            self._alone.discard(session)
            session.close()
            return
        try:
            asking.stop()
        finally:
            self._turns.give_back()

    def _ready(self, context: Context) -> LiveSession:
        """The session with this context in it: a new one, or of a persistent one the same."""
        if self._session is not None:
            if context is not None:
                more = loading_of(context)
                more.start()
                self._session.bring(more)
            return self._session
        loading = loading_of(context, memory_mb=self._setup.memory_mb)
        setup = self._setup
        if self._names is not None:
            setup = structs.replace(setup, trace=self._names.next_free())
        session = LiveSession(setup, loading, title="context")
        loading.start()
        if self._is_persistent:
            self._session = session
        else:
            self._alone.add(session)
        return session


class _Asking:
    """One question under way, and what has been drained of it."""

    def __init__(self, session: LiveSession) -> None:
        self.session = session
        self._events: list[ev.TraceEvent] = []
        self._draining = threading.Lock()
        self._is_over = False

    def batches(self) -> Iterator[tuple[ev.TraceEvent, ...]]:
        """What happens, until the question is over."""
        while not self._is_over:
            yield self._drain()
            if not self._is_over:
                self.session.wait()

    def _drain(self) -> tuple[ev.TraceEvent, ...]:
        """What is new; nothing once the question is over, as what comes then is the next one's."""
        with self._draining:
            if self._is_over:
                return ()
            self._is_over = not self.session.is_running
            events = self.session.drain().events
            self._events += events
            return events

    def stop(self) -> None:
        """End the question, if it still runs, and wait for that."""
        if self.session.is_running:
            self.session.send(cmd.Stop())
        for _ in self.batches():
            pass

    async def events(self) -> AsyncIterator[ev.TraceEvent]:
        """The same one by one, drained in a thread."""
        batches = self.batches()
        while (batch := await asyncio.to_thread(next, batches, None)) is not None:
            for event in batch:
                yield event

    def result(self) -> Result:
        """How it ended; raises what made it fail."""
        finished = next((event for event in reversed(self._events) if isinstance(event, ev.RunFinished)), None)
        if finished is None:
            raise self.session.failure or RlmTuiError("The run was stopped before it began.")
        if finished.status == "failed":
            failure = ProviderError if finished.exit_code == ExitCode.PROVIDER else RlmTuiError
            raise failure(finished.detail)
        counts = [type(event) for event in self._events if not getattr(event, "refused", False)]
        return Result(
            answer=None if finished.answer is None else self.session.log.text(finished.answer),
            status=finished.status,
            detail=finished.detail,
            iterations=counts.count(ev.IterationStarted),
            sub_calls=counts.count(ev.SubcallRequested),
            code_executions=counts.count(ev.CodeFinished),
            usage=finished.usage,
            history=tuple(self._history()),
            trace_path=Path(self.session.trace_path) if self.session.trace_path else None,
        )

    def _history(self) -> list[Message]:
        """The root LM's conversation, put together from what each request added to it."""
        text = self.session.log.text
        roots = {e.node for e in self._events if isinstance(e, ev.NodeOpened) and e.type == "lm" and not e.depth}
        messages: list[Message] = []
        for event in self._events:
            if isinstance(event, ev.LmRequested) and event.node in roots:
                messages[event.prior :] = [Message(m.role, text(m.content)) for m in event.messages]
            elif isinstance(event, ev.LmResponded) and event.node in roots:
                messages.append(Message("assistant", text(event.text)))
        return [message for message in messages if message.role != "system"]


def run(query: str, context: Context = None, model: str | LM = "offline", **options: Unpack[Options]) -> Result:
    """Answer one question over a context; `options` are those of RLM."""
    return RLM(model, **options).completion(query, context)


async def arun(query: str, context: Context = None, model: str | LM = "offline", **options: Unpack[Options]) -> Result:
    """The same without blocking the running event loop."""
    return await RLM(model, **options).acompletion(query, context)


def open_trace(path: str | Path) -> Reader:
    """A recorded trace, ours or another engine's: iterate over its events, close it or use it in a `with` block.

    `reader.text(…)` gives long texts back; TraceError where the file cannot be read.
    """
    if not isinstance(path, str | Path) or not str(path).strip():
        raise UsageError(f"open_trace takes the path of a file, as a str or a Path, not {shown(path)}.")
    reader = opening.open_trace(Path(path))
    reader.index()
    return reader


def _toolbox(tools: Given | Iterable[Given]) -> Toolbox:
    from rlm_tui.tools.making import toolbox  # reads sources, which a run without tools need not

    return toolbox(tools)


def _told_apart(model: str | LM, sub_model: str | LM | None) -> tuple[tuple[str, str], dict[str, LM]]:
    """The names of both models, and the objects among them by name; two objects of one name get two."""
    if sub_model is None:
        name = model if isinstance(model, str) else model.name
        return (name, ""), {} if isinstance(model, str) else {name: model}
    name, sub_name = (each if isinstance(each, str) else each.name for each in (model, sub_model))
    if name == sub_name and model is not sub_model:
        sub_name = f"{sub_name} (sub)" if not isinstance(sub_model, str) else sub_name
    pairs = ((name, model), (sub_name, sub_model))
    return (name, sub_name), {key: each for key, each in pairs if not isinstance(each, str)}
