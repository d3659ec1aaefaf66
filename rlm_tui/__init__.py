"""rlm-tui: the debugger for Recursive Language Models.

from rlm_tui import RLM, run, arun, open_trace, host_tool
"""

from rlm_tui.version import __version__

TYPE_CHECKING = False  # as in typing, whose import would be a tenth of what --help takes

if TYPE_CHECKING:
    from rlm_tui.api import RLM, HostTool, Result, ScriptedLM, arun, host_tool, open_trace, run


__all__ = ["RLM", "HostTool", "Result", "ScriptedLM", "__version__", "arun", "host_tool", "open_trace", "run"]


def __getattr__(name: str) -> object:
    """Load the library when one of its names is first used, so that the command line does not (PEP 562)."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from rlm_tui import api

    return getattr(api, name)
