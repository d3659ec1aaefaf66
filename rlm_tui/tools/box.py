"""All the custom tools of a run: loaded into every REPL worker, those of the host kept by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from rlm_tui.repl.base import ContextValue, HostNames, REPLEnvironment
from rlm_tui.tools.tool import Tool


@dataclass
class Toolbox:
    """What `tools` came to: `tools` for the prompt, `loads` for each worker, `hosts` for calls that come back."""

    tools: list[Tool] = field(default_factory=list)
    loads: dict[str, ContextValue] = field(default_factory=dict)
    hosts: dict[str, Callable[..., object]] = field(default_factory=dict)

    async def load_into(self, repl: REPLEnvironment) -> None:
        """Have a worker load them, now or when it starts, and each one that replaces it; ReplError where that fails."""
        for title, value in sorted(self.loads.items(), key=lambda each: not isinstance(each[1], HostNames)):
            await repl.load(title, value)  # those of the host first, as a source may call them
