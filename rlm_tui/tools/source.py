"""Tools in Python files and modules, read without running them: what there is, with signature and docstring."""

from __future__ import annotations

import ast
import importlib.util
import os
import sys
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path

from rlm_tui import files
from rlm_tui.errors import UsageError
from rlm_tui.tools.tool import Tool

_MOST_BYTES = 4 << 20
_MARK = "host_tool"


def read(path: Path, spec: str) -> tuple[str, ast.Module]:
    """The source of a file and its tree; UsageError naming `spec` where it is none."""
    try:
        raw = files.read_bytes(path, _MOST_BYTES)
        return importlib.util.decode_source(raw), ast.parse(raw)
    except OSError as error:
        raise UsageError(
            f"The tools {spec} cannot be read ({files.why(error)}); name a Python file, or module:function."
        ) from error
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = f" (line {error.lineno})" if isinstance(error, SyntaxError) and error.lineno else ""
        raise UsageError(f"The tools {spec} are no Python{line}: {getattr(error, 'msg', error)}.") from error


def find_module(name: str) -> Path:
    """The source file of a module, found without importing it or its packages; the current folder comes last."""
    places: list[str] | None = [*sys.path, os.getcwd()]
    found: ModuleSpec | None = None
    for at in range(1, name.count(".") + 2):
        part = ".".join(name.split(".")[:at])
        found = PathFinder.find_spec(part, places) if places is not None else None
        places = list(found.submodule_search_locations or []) if found is not None else None
    if found is None or not found.has_location or not str(found.origin).endswith(".py"):
        raise UsageError(
            f"There is no module {name} with Python source here; name its file, or run it on the host, host:{name}:…."
        )
    return Path(str(found.origin))


def offered(tree: ast.Module, spec: str) -> list[Tool]:
    """The tools of a file: what its `__all__` names, else its public functions and classes; UsageError for none."""
    known = defined(tree)
    names = _all(tree) or [name for name, tool in known.items() if not name.startswith("_") and tool.is_callable]
    if not names:
        raise UsageError(f"The tools {spec} have no public function; write one, or name what is offered in __all__.")
    return [known.get(name) or Tool(name, is_callable=False) for name in names]


def defined(tree: ast.Module) -> dict[str, Tool]:
    """Everything that a file defines at its top level, by name."""
    found: dict[str, Tool] = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found[node.name] = described(node)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = [each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name)]
            found.update((name, Tool(name, is_callable=False, doc=_value(node.value))) for name in names)
    return found


def described(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> Tool:
    """A function or class as the model is told of it."""
    doc = ast.get_docstring(node) or ""
    if isinstance(node, ast.ClassDef):
        return Tool(node.name, _made_with(node), doc)
    result = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    is_async = isinstance(node, ast.AsyncFunctionDef)
    return Tool(node.name, f"({ast.unparse(node.args)}){result}", doc, is_async=is_async)


def _made_with(node: ast.ClassDef) -> str:
    """What a class is called with: the arguments of its `__init__`, or the fields of a dataclass."""
    for each in node.body:
        if isinstance(each, ast.FunctionDef) and each.name == "__init__":
            return f"({', '.join(ast.unparse(each.args).split(', ')[1:])})"
    if any("dataclass" in ast.unparse(each) for each in node.decorator_list):
        return f"({', '.join(ast.unparse(each) for each in node.body if isinstance(each, ast.AnnAssign))})"
    return "(…)" if node.bases else "()"


def marked(tree: ast.Module) -> list[str]:
    """The functions that are marked as host tools."""
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return [node.name for node in functions if any(_MARK in ast.unparse(each) for each in node.decorator_list)]


def _all(tree: ast.Module) -> list[str]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["__all__"]:
            try:
                return [str(name) for name in ast.literal_eval(node.value)]
            except ValueError:
                return []
    return []


def _value(node: ast.expr | None) -> str:
    return "" if node is None else ast.unparse(node)
