"""Custom tools in the worker: made from their source, or stand-ins for those that run on the host."""

from __future__ import annotations

import linecache
import sys
from collections.abc import Callable, Mapping, Sequence
from json import dumps, loads
from traceback import walk_tb
from types import ModuleType
from typing import Any

from .link import HostError

_ERROR = "Error: "
_FILE = "<tools {}>"


def from_source(title: str, text: str, names: Sequence[str], helpers: Mapping[str, object]) -> dict[str, object]:
    """Execute a source in a module of its own, which sees the helpers, and take the named things from it."""
    filename = _FILE.format(title)
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    module = ModuleType(f"tools:{title}")
    sys.modules[module.__name__] = module
    namespace = vars(module)
    namespace.update(helpers)
    exec(compile(text, filename, "exec", dont_inherit=True), namespace)  # noqa: S102
    missing = [name for name in names if name not in namespace]
    if missing:
        raise NameError(f"it defines no {', '.join(missing)}")
    return {name: namespace[name] for name in names}


def line_of(problem: BaseException, title: str) -> str:
    """Where in a source a problem arose: `line 3: `, or nothing where that is not told."""
    lines = [line for frame, line in walk_tb(problem.__traceback__) if frame.f_code.co_filename == _FILE.format(title)]
    return f"line {lines[-1]}: " if lines else ""


def on_host(name: str, doc: str, ask: Callable[[str, str], str]) -> Callable[..., Any]:
    """A function that passes its arguments to the host as JSON and returns what comes back."""

    def tool(*args: object, **kwargs: object) -> object:
        try:
            given = dumps([args, kwargs], allow_nan=False)
        except (TypeError, ValueError, RecursionError) as error:
            raise TypeError(f"{name} runs on the host, so it takes only what JSON can say: {error}") from None
        text = ask(name, given)
        if text.startswith(_ERROR):
            raise HostError(text.removeprefix(_ERROR))
        try:
            return loads(text)
        except ValueError:  # a person's own words in the place of the result
            return text

    tool.__name__ = tool.__qualname__ = name
    tool.__doc__ = doc
    tool.__annotations__ = {}
    tool.__module__ = "__main__"
    return tool
