"""Makes a toolbox of what a person or a program named: files, functions, values; each checked before a run begins."""

from __future__ import annotations

import ast
import json
import keyword
import os
import re
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeAlias, cast

from rlm_tui import paths
from rlm_tui.errors import UsageError
from rlm_tui.repl.base import HostNames, JsonValue, Source
from rlm_tui.repl.worker.helpers import names as helper_names
from rlm_tui.text import one_line
from rlm_tui.tools import HOST, HostTool, here, live, source
from rlm_tui.tools.box import Toolbox
from rlm_tui.tools.tool import Tool

Given: TypeAlias = "str | Path | Callable[..., object] | Mapping[str, object]"
"""A Python file, `module:function`, either after `host:`, a function, or functions and values by name."""

_NUMBERED = re.compile(r"context_\d+|_result_\d+")
_MODULE = re.compile(r"[\w.]+:\w+")
_HOST_TITLE = "host tools"


class _Maker:
    """Fills a toolbox, tool by tool."""

    def __init__(self) -> None:
        self.box = Toolbox()

    def take(self, tool: Tool) -> None:
        """Add a tool; UsageError for a name that it cannot have."""
        _check_name(tool.name)
        if any(tool.name == other.name for other in self.box.tools):
            raise UsageError(f"There are two tools called {tool.name}; rename one.")
        self.box.tools.append(tool)

    def take_source(self, title: str, text: str, tools: list[Tool]) -> None:
        """Add tools that the worker makes from their source."""
        for tool in tools:
            self.take(tool)
        free = title if title not in self.box.loads else f"{title} ({len(self.box.loads)})"
        self.box.loads[free] = Source(text, tuple(tool.name for tool in tools))

    def take_host(self, function: Callable[..., object], name: str = "") -> None:
        """Add a tool that runs on the host."""
        named = name or getattr(function, "__name__", "")
        tool = live.from_host(function, named)
        self.take(tool)
        self.box.hosts[named] = function
        docs = {each.name: f"{each.title}\n\n{each.doc}".strip() for each in self.box.tools if each.runs == "host"}
        self.box.loads[_HOST_TITLE] = HostNames(docs)

    def take_value(self, name: str, value: object) -> None:
        """Add a value, which is in the REPL what JSON makes of it."""
        try:
            text = json.dumps(value, ensure_ascii=False, allow_nan=False)
        except (TypeError, ValueError, RecursionError) as error:
            raise UsageError(
                f"The tool {name} is neither a function nor a value that JSON can say ({error})."
            ) from error
        self.take(Tool(name, doc=one_line(text, 200), is_callable=False))
        self.box.loads[name] = JsonValue(text)


def toolbox(given: Given | Iterable[Given]) -> Toolbox:
    """The tools that a person or a program named; UsageError for what cannot be one. Only `host:` ones are imported."""
    maker = _Maker()
    is_one = isinstance(given, str | Path | Mapping) or callable(given) or not isinstance(given, Iterable)
    for each in cast("Iterable[Given]", [given] if is_one else given):
        if isinstance(each, Mapping):
            for name, value in each.items():
                _take_named(maker, str(name), value)
        elif isinstance(each, str | Path):
            _take_spec(maker, str(each))
        elif callable(each):
            _take_named(maker, "", each)
        else:
            raise UsageError(
                f"The option tools takes functions, files, module:function, dicts; not of type {type(each).__name__}."
            )
    return maker.box


def _take_named(maker: _Maker, name: str, value: Any) -> None:
    if isinstance(value, HostTool):
        maker.take_host(value.function, name)
    elif callable(value):
        tool, text = live.from_function(value, name)
        maker.take_source(tool.name, text, [tool])
    else:
        maker.take_value(name, value)


def _take_spec(maker: _Maker, spec: str) -> None:
    """A file or `module:function`, to run in the worker or, after `host:`, here."""
    is_host, name = spec.startswith(HOST), spec.removeprefix(HOST)
    path = paths.typed(name)
    is_file = name.endswith(".py") or os.path.isfile(path)
    if not is_file and not _MODULE.fullmatch(name):
        raise UsageError(
            f"Tools are a Python file or module:function, either after {HOST}; {one_line(spec, 60)!r} is neither."
        )
    if is_host:
        for each, function in (here.from_file(path, name) if is_file else here.from_module(name)).items():
            maker.take_host(function, each)
        return
    title, _, wanted = (path.name, "", "") if is_file else name.partition(":")
    text, tree = source.read(path if is_file else source.find_module(title), name)
    tools = source.offered(tree, name) if is_file else [_wanted(wanted, source.defined(tree), title)]
    _refuse_marked(tree, name, tools)
    maker.take_source(title, text, tools)


def _wanted(name: str, known: Mapping[str, Tool], module: str) -> Tool:
    if name in known:
        return known[name]
    near = get_close_matches(name, known, 1)
    raise UsageError(f"The module {module} defines no {name}" + (f"; did you mean {near[0]}?" if near else "."))


def _refuse_marked(tree: ast.Module, spec: str, tools: list[Tool]) -> None:
    marked = set(source.marked(tree)) & {tool.name for tool in tools}
    if marked:
        raise UsageError(f"{', '.join(sorted(marked))} in {spec} runs on the host by its mark; name it {HOST}{spec}.")


def _check_name(name: str) -> None:
    if not name.isidentifier() or keyword.iskeyword(name) or name.startswith("__") or len(name) > 100:
        raise UsageError(f"A tool cannot be called {name[:100]!r}; give it a Python name, as in {{'name': tool}}.")
    if name in helper_names() or _NUMBERED.fullmatch(name):
        raise UsageError(f"A tool cannot be called {name}: the REPL has something of that name; rename it.")
    if name in _BUILTINS:
        raise UsageError(f"A tool cannot be called {name}: that would hide Python's own; rename it.")


_BUILTINS = frozenset(dir(__import__("builtins")))
