"""docs/api.md is run from top to bottom in one namespace, inside a running loop, as a reader's notebook would."""

from __future__ import annotations

import ast
import inspect
import io
import linecache
import re
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from rlm_tui.api import Options

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```python\n(.*?\n)```\n(?=\n|\Z)", re.DOTALL | re.MULTILINE)
TOP_LEVEL_AWAIT = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT


async def execute(code: str, number: int, namespace: dict[str, Any]) -> None:
    """Run one block as a notebook does: its source can be found, and it may await."""
    name = f"<api.md {number}>"
    linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)
    result = eval(compile(code, name, "exec", TOP_LEVEL_AWAIT), namespace)  # noqa: S307
    if inspect.isawaitable(result):
        await result


async def test_every_block_of_the_page_runs_and_prints_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = BLOCK.findall(PAGE)
    assert len(blocks) == PAGE.count("```python")
    namespace: dict[str, Any] = {"__name__": "page"}
    for number, code in enumerate(blocks, 1):
        out = io.StringIO()
        with redirect_stdout(out):
            await execute(code, number, namespace)
        assert out.getvalue().splitlines() == re.findall(r"# → (.*)", code), code


def test_every_option_is_on_the_page() -> None:
    named = set(re.findall(r"`(\w+)`", PAGE))
    assert sorted(Options.__annotations__.keys() - named) == []
