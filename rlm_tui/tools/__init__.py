"""Custom tools: functions and values of a person's own that code in the REPL may use.

Of an ordinary tool only the source travels: the REPL worker executes it, this process never does. A tool that needs
this machine (a database, a key, a network) is marked with `host_tool` or named `host:…`, and runs here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, ParamSpec, TypeVar

_P = ParamSpec("_P")
_R = TypeVar("_R")

HOST = "host:"
"""What stands before the name of a file or function whose tools run on the host."""


@dataclass(frozen=True)
class HostTool(Generic[_P, _R]):
    """A function that runs on the host, called from the REPL; here it is called as ever."""

    function: Callable[_P, _R]

    def __call__(self, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        return self.function(*args, **kwargs)


def host_tool(function: Callable[_P, _R]) -> HostTool[_P, _R]:
    """Mark a tool, as a decorator or a call: it runs on the host, with this program's rights.

    What it is given and what it returns travels as JSON. It may be async; it runs in a thread of its own.
    """
    return HostTool(function)
