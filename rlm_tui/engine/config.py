"""How a run is set up: models, dialect, limits; and the parts that one run shares."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Literal, TypeAlias, Unpack

from rlm_tui.engine import prompts
from rlm_tui.engine.budget import Budget
from rlm_tui.engine.deadline import Deadline
from rlm_tui.engine.dialect import Dialect, built_in, dialect
from rlm_tui.engine.gate import Emit, Gate, Pending, Verdict
from rlm_tui.engine.parser import OUT_OF_TOKENS
from rlm_tui.engine.shape import shape_of
from rlm_tui.engine.talk import Queued
from rlm_tui.engine.tree import NodeFacts, Nodes
from rlm_tui.errors import ProviderError
from rlm_tui.events import Checkpoint, ContextInfo, Limits, LmFailed, NodeType, Parameters, Role, Served
from rlm_tui.lm.base import LM, Request, Response
from rlm_tui.lm.providers import provider_of
from rlm_tui.lm.registry import is_local
from rlm_tui.lm.retry import complete_with_retries
from rlm_tui.lm.watch import Pace, Sign, Watch
from rlm_tui.repl.base import HostHandler, REPLEnvironment
from rlm_tui.text import plural
from rlm_tui.tools.box import Toolbox

_USUAL_WINDOW = 16_384
_MOST_SAID = 0.5
"""The share of the window that one answer may take; the rest is for what it answers."""

Signal: TypeAlias = Callable[[str, Literal["text", "reasoning", "stdout", "waiting"], str], None]
"""Takes (node, stream, piece): transient text that is shown while live and never stored; `waiting` replaces itself."""


@dataclass(frozen=True, slots=True)
class EngineConfig:
    """What a run was asked to be; everything here may stand in a trace."""

    model: str
    sub_model: str = ""
    dialect: Dialect = field(default_factory=lambda: built_in("paper"))
    dialect_reason: str = ""
    limits: Limits = field(default_factory=Limits)
    temperature: float | None = None
    seed: int | None = None
    sandbox: str = "auto"
    window: int | None = None
    """Tokens that the root model takes; None is unknown, and then nothing is compacted."""
    sub_window: int | None = None
    """Tokens that the sub-model takes, which are the root's where it leads a child RLM."""
    constrain: bool = True
    """Whether a server that can is asked to hold `strict` to its form."""
    route: bool = False
    """Whether a context that fits the window goes straight to the model."""
    offload: bool = False
    """Whether an output over 500 characters goes to a variable `_result_N` and only its beginning to the model."""
    batch_calls: int = 20
    batch_cost: float = 0.25
    """A batch of more sub-calls, or of an estimated cost (US dollars) from here on, is asked about first."""
    is_attended: bool = False
    """Whether a person is there to be asked (the app), or nobody is (`run`)."""

    @property
    def sub_name(self) -> str:
        """The sub-model; the root model unless named."""
        return self.sub_model or self.model


def choose_dialect(wanted: str, model: str, base_url: str | None = None) -> tuple[Dialect, str]:
    """The dialect that `wanted` means for a model, and why."""
    if wanted != "auto":
        return dialect(wanted), "as you asked"
    provider = model.split("/", 1)[0].split(":", 1)[0]
    if provider in ("offline", "scripted", "human", "replay"):
        return built_in("paper"), f"auto: {provider} speaks the paper's forms"
    if is_local(model, base_url):
        return built_in("strict"), "auto: a model on this machine is held to the simplest forms"
    return built_in("rlms"), "auto: hosted models know the official form best"


class Lanes:
    """How much is under way at once over the whole tree: requests to LMs, and at each depth child RLMs.

    Children of one depth wait for each other only, never for a request that a deeper one makes, so that no number of
    them can lock the tree.
    """

    def __init__(self, width: int) -> None:
        self.requests = asyncio.Semaphore(width)
        self.batches = count(1)
        self.asks_about_batches = True
        self.has_told_depth = False
        self.limits = asyncio.Lock()
        """Held while a person is asked about a limit, so that no second question is open about the same one."""
        self._children: defaultdict[int, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(width))

    def children(self, depth: int) -> asyncio.Semaphore:
        """The lane of child RLMs at a depth."""
        return self._children[depth]


def _told_if_ended(response: Response, request: Request) -> Response:
    """The response, with a remark if it was ended where its request said, or before that, as the window was full."""
    most = request.max_tokens
    if most is None or response.finish_reason not in OUT_OF_TOKENS:
        return response
    written = response.usage.output_tokens
    if written is not None and written < most:
        remark = f"the answer was ended after {plural(written, 'token')}, as the window was full"
    else:
        remark = f"the answer was ended at {most:,} tokens, so that the window keeps room, as the model did not stop"
    return replace(response, note="; ".join(filter(None, (response.note, remark))))


@dataclass(slots=True)
class Asked:
    """What a person is asked once a session, whichever RLM of the tree comes to it first."""

    about_walls: bool = False
    """Whether a worker without isolation may run what is not their own."""


@dataclass(slots=True)
class Run:
    """What one RLM works with; a child shares all of it but the model, the REPL, the context and its own counts."""

    config: EngineConfig
    emit: Emit
    signal: Signal
    gate: Gate
    nodes: Nodes
    budget: Budget
    deadline: Deadline
    root_lm: LM
    sub_lm: LM
    repl: REPLEnvironment
    lanes: Lanes
    open_repl: Callable[[HostHandler], REPLEnvironment]
    """Makes the REPL of a child RLM; its worker starts with the first block at the latest."""
    tools: Toolbox = field(default_factory=Toolbox)
    context: ContextInfo = field(default_factory=ContextInfo)
    sandbox_label: str = ""
    has_walls: bool = False
    served: Served | None = None
    depth: int = 0
    blocks: int = 0
    errors: int = 0
    """Turns in a row that failed."""
    pace: Pace = field(default_factory=Pace)
    text: Callable[[], str] | None = None
    """Gives the context as one text, for a model that is to read it whole."""
    measure: Callable[[], Awaitable[int | None]] | None = None
    """Asks the root model's server for the window, where it tells it only of a model that is loaded."""
    asked: Asked = field(default_factory=Asked)
    queued: Queued = field(default_factory=Queued)
    sub_parameters: Parameters | None = None
    """How sub-LMs are asked, as the run said when it began."""

    def child(self, context: ContextInfo) -> Run:
        """What a child RLM works with: the sub-LM leads it; its REPL is still to be set."""
        config = replace(self.config, model=self.config.sub_name, window=self.config.sub_window)
        return replace(
            self,
            measure=None,
            config=config,
            deadline=Deadline(self.budget),  # the root's ends the block that the child belongs to
            root_lm=self.sub_lm,
            context=context,
            depth=self.depth + 1,
            blocks=0,
            errors=0,
            queued=Queued(),
        )

    def parameters(self, role: Role, model: str) -> Parameters:
        """How a model is asked as an RLM's own LM (`root`) or as a sub-LM; code may ask either of the two as that."""
        config, is_turn = self.config, role == "root"
        stop = config.dialect.stop if is_turn else ()
        is_shaped = is_turn and config.constrain and shape_of(config.dialect) is not None
        return Parameters(config.temperature, config.seed, stop, is_shaped, self._most_said(model))

    def _most_said(self, model: str) -> int | None:
        """Tokens after which a server that would write for ever ends an answer."""
        window = self.config.window if model == self.config.model else self.config.sub_window
        return int(_MOST_SAID * (window or _USUAL_WINDOW)) if provider_of(model).writes_on else None

    @property
    def most_output(self) -> int:
        """Characters of an output that the model is shown."""
        return prompts.most_output(self.config.window)

    async def learn_window(self) -> None:
        """Take what the server tells once the model has answered; asked once."""
        measure, self.measure = self.measure, None
        if measure is not None and self.config.window is None:
            window, is_same = await measure(), self.config.sub_name == self.config.model
            self.config = replace(self.config, window=window, sub_window=window if is_same else self.config.sub_window)

    @property
    def may_recurse(self) -> bool:
        """Whether a child RLM may start here, or an LM answers in its place."""
        return self.depth + 1 < self.config.limits.depth

    async def pass_(self, checkpoint: Checkpoint, pending: Pending) -> Verdict:
        """The gate, told how deep in the tree this is."""
        return await self.gate.pass_(checkpoint, replace(pending, depth=self.depth))

    def open(self, kind: NodeType, parent: str = "", **more: Unpack[NodeFacts]) -> str:
        """Open a node of this RLM below `parent`; a sub-call belongs to the next depth."""
        depth = self.depth + (kind == "subcall")
        more["depth"], more["role"] = depth, "sub" if depth else "root"
        return self.nodes.open(kind, parent, **more)

    async def complete(self, lm: LM, request: Request, node: str, heard: list[str] | None = None) -> Response:
        """Ask an LM, trying again where that helps; every failure on the way is an event of `node`.

        `heard` takes the pieces of the answer as they come.
        """
        pieces = [] if heard is None else heard

        def show(sign: Sign, piece: str) -> None:
            if sign == "text":
                pieces.append(piece)
            self.signal(node, sign, piece)

        watch = Watch(
            show,
            expected_s=self.pace.expected(request),
            on_first=lambda seconds: self.pace.learn(request, seconds),
            most=request.max_tokens,
        )

        def failed(error: ProviderError, delay: float | None) -> None:
            pieces.clear()
            self.emit(LmFailed(node=node, message=str(error), status=error.status, retry_in_s=delay))

        response = await complete_with_retries(lm, request, on_delta=watch, on_failure=failed, sleep=self._wait)
        return _told_if_ended(response, request)

    async def _wait(self, seconds: float) -> None:
        """Wait before another try; unlike the answer of a sub-LM this is time of the run."""
        self.budget.resume()
        try:
            await asyncio.sleep(seconds)
        finally:
            self.budget.pause()
