"""How a live session is set up: the models, the limits, the walls and the trace that the command line names."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from rlm_tui import paths
from rlm_tui.events import ContextInfo, Limits
from rlm_tui.version import __version__

if TYPE_CHECKING:  # a Setup is made before the first paint: what it leads to is imported after it
    from rlm_tui.engine.config import EngineConfig
    from rlm_tui.trace.store import Lines


class Setup(msgspec.Struct, frozen=True):
    """Everything that a person may choose for a run; the question and the model may come later (Start)."""

    model: str = ""
    sub_model: str = ""
    base_url: str | None = None
    dialect: str = "auto"
    limits: Limits = Limits()
    window: int | None = None
    offload: bool = False
    think: bool | None = None
    constrain: bool = True
    route: bool = False
    fits_width: bool = False
    """Whether as many sub-calls go at once as the server of the sub-model has slots for."""
    temperature: float | None = None
    seed: int | None = None
    silence_s: float | None = None
    cache: str = "off"
    """Where answers of equal requests are kept: off, memory or disk."""
    sandbox: str = "auto"
    memory_mb: int = 2048
    step: bool = False
    breaks: tuple[str, ...] = ()
    """Filters of breakpoints that are set before anything runs."""
    is_attended: bool = True
    lms: dict[str, Any] = {}
    """LMs that a program made itself, by their names; they are the caller's to close."""
    tools: Any = None
    """A Toolbox of custom tools."""
    trace: Path | None = None
    is_traced: bool = True
    advice: str = ""
    """What to do where the trace cannot be written, for who has no command line."""

    def engine_config(self, model: str, sub_model: str) -> EngineConfig:
        """What the engine is told once the models are known."""
        from rlm_tui.engine.config import EngineConfig, choose_dialect

        is_own = model in self.lms and self.dialect == "auto"
        dialect, reason = choose_dialect("paper" if is_own else self.dialect, model, self.base_url)
        return EngineConfig(
            model=model,
            sub_model=sub_model,
            dialect=dialect,
            dialect_reason="auto: a model that a program brings is asked in the simplest forms" if is_own else reason,
            limits=self.limits,
            window=self.window,
            offload=self.offload,
            constrain=self.constrain,
            route=self.route,
            temperature=self.temperature,
            seed=self.seed,
            sandbox=self.sandbox,
            is_attended=self.is_attended,
        )

    def open_trace(self, query: str, config: EngineConfig, sandbox: str, context: ContextInfo) -> Lines:
        """The place where events go: a new trace file, or memory."""
        from rlm_tui.trace.codec import Header
        from rlm_tui.trace.store import MemoryLines, TraceStore, new_trace

        if not self.is_traced:
            return MemoryLines()
        now = datetime.now(UTC)
        header = Header(
            app=f"rlm-tui {__version__}",
            created=now.isoformat(timespec="seconds"),
            config={
                "model": config.model,
                "sub_model": config.sub_name,
                "dialect": config.dialect.name,
                "temperature": config.temperature,
                "seed": config.seed,
                **{name: getattr(self, name) for name in ("window", "think", "constrain", "route")},
                **({"tools": ", ".join(tool.name for tool in self.tools.tools)} if self.tools else {}),
                **{f"max_{name}": getattr(config.limits, name) for name in config.limits.__struct_fields__},
            },
            sandbox=sandbox,
            context=context,
        )
        if self.trace is not None:
            return TraceStore(self.trace, header, advice=self.advice)
        return new_trace(query, now.astimezone(), paths.traces_dir(), header, advice=paths.elsewhere())
