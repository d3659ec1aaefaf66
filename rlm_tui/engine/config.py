"""How a run is set up: models, dialect, limits; and the parts that one run shares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from rlm_tui.engine.budget import Budget
from rlm_tui.engine.dialect import Dialect, built_in, dialect
from rlm_tui.engine.gate import Emit, Gate
from rlm_tui.engine.nodes import Nodes
from rlm_tui.errors import ProviderError
from rlm_tui.events import ContextInfo, Limits, LmFailed
from rlm_tui.lm.base import LM, Request, Response
from rlm_tui.lm.registry import is_local
from rlm_tui.lm.retry import complete_with_retries
from rlm_tui.lm.watch import Pace, Watch
from rlm_tui.repl.base import REPLEnvironment

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


@dataclass(slots=True)
class Run:
    """The parts that everything in one run shares."""

    config: EngineConfig
    emit: Emit
    signal: Signal
    gate: Gate
    nodes: Nodes
    budget: Budget
    root_lm: LM
    sub_lm: LM
    repl: REPLEnvironment
    context: ContextInfo = field(default_factory=ContextInfo)
    sandbox_label: str = ""
    blocks: int = 0
    pace: Pace = field(default_factory=Pace)
    has_asked_for_walls: bool = False
    """Whether the person has been asked about a worker without isolation; once a session is enough."""

    async def complete(self, lm: LM, request: Request, node: str) -> Response:
        """Ask an LM, trying again where that helps; every failure on the way is an event of `node`."""
        watch = Watch(
            lambda sign, piece: self.signal(node, sign, piece),
            expected_s=self.pace.expected(request),
            on_first=lambda seconds: self.pace.learn(request, seconds),
        )

        def failed(error: ProviderError, delay: float | None) -> None:
            self.emit(LmFailed(node=node, message=str(error), status=error.status, retry_in_s=delay))

        return await complete_with_retries(lm, request, on_delta=watch, on_failure=failed)
