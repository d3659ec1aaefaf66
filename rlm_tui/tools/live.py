"""Tools that a program hands over as functions: their source is found, with all that it needs to stand alone."""

from __future__ import annotations

import ast
import dis
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import Any

from rlm_tui.errors import UsageError
from rlm_tui.repl.worker.helpers import names as helper_names
from rlm_tui.tools import HostTool
from rlm_tui.tools.source import described
from rlm_tui.tools.tool import Tool

_FUTURE = "from __future__ import annotations"


def from_function(function: Callable[..., object], name: str = "") -> tuple[Tool, str]:
    """A function or class as a tool, and a source that makes it anew: its own, and what that refers to.

    Modules and things of other modules are imported by it; functions, classes and plain values of the same module go
    along. UsageError for what has no source, or leans on something that cannot travel.
    """
    parts = _Parts(getattr(function, "__name__", "") or name or repr(function))
    node = parts.add(function)
    lines = [_FUTURE, *parts.texts.values()]
    if name and name != node.name:
        lines.append(f"{name} = {node.name}")
    told = described(node)
    return Tool(name or node.name, told.signature, told.doc, is_async=told.is_async), "\n".join(lines) + "\n"


def from_host(function: Callable[..., object], name: str) -> Tool:
    """A function that stays on the host, as the model is told of it."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return Tool(name, "(…)", inspect.getdoc(function) or "", "host")
    plain = [each.replace(annotation=_plain(each.annotation)) for each in signature.parameters.values()]
    told = signature.replace(parameters=plain, return_annotation=_plain(signature.return_annotation))
    return Tool(name, str(told), inspect.getdoc(function) or "", "host")


class _Words(str):
    """An annotation that is written as it was, without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def _plain(annotation: object) -> object:
    return _Words(annotation) if isinstance(annotation, str) else annotation


@dataclass
class _Parts:
    """The pieces of a source by name, each after what it needs."""

    tool: str
    texts: dict[str, str] = field(default_factory=dict)
    _under_way: set[str] = field(default_factory=set)

    def add(self, thing: Any) -> ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef:
        """Add a function or class with what it refers to."""
        text, node = self._source_of(thing)
        self._under_way.add(node.name)
        known = _scope(inspect.unwrap(thing))
        for name in _referred(node):
            if name in known and name not in self.texts and name not in self._under_way:
                self._need(name, known[name], thing)
        self.texts[node.name] = text
        return node

    def _need(self, name: str, value: Any, by: Any) -> None:
        made = inspect.unwrap(value) if callable(value) else value
        if isinstance(value, HostTool) or (callable(value) and name in helper_names()):
            return  # the worker has one of this name
        if isinstance(value, ModuleType):
            self.texts[name] = f"import {value.__name__} as {name}"
        elif not isinstance(made, type | FunctionType | BuiltinFunctionType) or not made.__module__:
            self.texts[name] = f"{name} = {self._literal(name, value)}"
        elif made.__module__ != by.__module__:
            self.texts[name] = f"from {made.__module__} import {made.__name__} as {name}"
        else:
            node = self.add(value)
            if node.name != name:
                self.texts[name] = f"{name} = {node.name}"

    def _literal(self, name: str, value: object) -> str:
        if isinstance(value, re.Pattern):
            return f"__import__('re').compile({value.pattern!r}, {value.flags})"
        try:
            if ast.literal_eval(repr(value)) == value:
                return repr(value)
        except Exception:  # noqa: BLE001, S110  a value's own __repr__ may raise anything
            pass
        raise UsageError(
            f"The tool {self.tool} uses {name}, a {type(value).__name__} that cannot be sent to the REPL; "
            "hand it over as an argument, or mark the tool with host_tool."
        )

    def _source_of(self, thing: Any) -> tuple[str, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
        try:
            text = textwrap.dedent(inspect.getsource(inspect.unwrap(thing)))
            (node,) = ast.parse(text).body
        except (OSError, TypeError, SyntaxError, ValueError):
            node = ast.Pass()
        name = getattr(inspect.unwrap(thing), "__name__", "")  # a lambda is found as the statement that it stands in
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.name == name:
            return text, node
        raise UsageError(
            f"The tool {self.tool} has no source that could be sent to the REPL; write it as a def, "
            "or mark it with host_tool."
        )


def _scope(thing: Any) -> dict[str, Any]:
    """What a function or class sees beside built-ins: its globals, and what it closes over."""
    if not isinstance(thing, FunctionType):
        module = inspect.getmodule(thing)
        return dict(vars(module)) if module else {}
    names, cells = thing.__code__.co_freevars, thing.__closure__ or ()
    return {**thing.__globals__, **{name: cell.cell_contents for name, cell in zip(names, cells, strict=True)}}


class _Bare(ast.NodeTransformer):
    """Drops annotations: they are never evaluated where the source goes."""

    def visit_arg(self, node: ast.arg) -> ast.arg:
        """Keep the name alone."""
        return ast.arg(arg=node.arg)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        """Drop what it returns."""
        node.returns = None
        return self.generic_visit(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        """Drop what it returns."""
        node.returns = None
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        """Keep the place and the value."""
        if node.value is None:
            return ast.Pass()
        return ast.Assign(targets=[node.target], value=self.visit(node.value))


def _referred(node: ast.AST) -> list[str]:
    """The names that a definition takes from its surroundings, in order."""
    tree = ast.fix_missing_locations(_Bare().visit(ast.parse(ast.unparse(node))))
    codes = _codes(compile(tree, "<tool>", "exec", dont_inherit=True))
    loads = [each for code in codes for each in dis.get_instructions(code)]
    return list(dict.fromkeys(str(each.argval) for each in loads if each.opname in ("LOAD_NAME", "LOAD_GLOBAL")))


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield from _codes(each)
