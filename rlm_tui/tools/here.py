"""Tools that a person lets run on the host by `host:`: the one place where a tool's file or module is imported here."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rlm_tui.errors import ToolsError, UsageError
from rlm_tui.tools import HostTool, source


def from_file(path: Path, spec: str) -> dict[str, Callable[..., object]]:
    """The functions that a file offers; UsageError where it cannot be imported or has none."""
    _, tree = source.read(path, spec)
    names = [tool.name for tool in source.offered(tree, spec)]
    module = _guarded(spec, lambda: _run(path))
    return {name: _function(module, name, spec) for name in names if not inspect.isclass(getattr(module, name, None))}


def from_module(spec: str) -> dict[str, Callable[..., object]]:
    """The function of `module:function`."""
    title, name = spec.split(":")
    return {name: _function(_guarded(spec, lambda: _import(title)), name, spec)}


def _guarded(spec: str, work: Callable[[], Any]) -> Any:
    try:
        return work()
    except (Exception, SystemExit) as error:
        what = f"{_place(error)}{type(error).__name__}: {error}"
        raise ToolsError(f"The tools {spec} cannot be imported here: {what}.") from error


def _place(error: BaseException) -> str:
    """The line of a person's own file where an import failed: `money.py, line 3: `."""
    ours = {__file__, importlib.__file__}
    frames = [each for each in traceback.extract_tb(error.__traceback__) if each.filename not in ours]
    theirs = [f"{Path(each.filename).name}, line {each.lineno}: " for each in frames if os.path.exists(each.filename)]
    return theirs[-1] if theirs else ""


def _run(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(f"rlm_tui_tools_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ImportError("it is no .py file")
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _import(name: str) -> Any:
    """Import a module; the current folder comes last."""
    folder = os.getcwd()
    sys.path.append(folder)
    try:
        return importlib.import_module(name)
    finally:
        if sys.path[-1] == folder:
            sys.path.pop()


def _function(module: Any, name: str, spec: str) -> Callable[..., object]:
    found = getattr(module, name, None)
    found = found.function if isinstance(found, HostTool) else found
    if not inspect.isroutine(found):
        raise UsageError(f"{name} in {spec} is no function; only functions run on the host.")
    return found
