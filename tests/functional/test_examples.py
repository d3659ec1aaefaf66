"""Every example runs as it stands, in a process of its own, and says what its docstring promises."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "docs" / "examples"
EXAMPLES = sorted(path for path in FOLDER.glob("*.py") if path.stem != "standin")
_MOST_LINES = 60
SAYS = {
    "minimal": ["4217", "answered after"],
    "needle": ["7-3-9-1", "33,000,005 characters were searched", r"^\d,\d{3} characters were said$"],
    "several_documents": [
        r"context\[2\]: june\.txt",
        r"^buy a ladder. mend the roof. paint the wall. Cy came to both later meetings.$",
    ],
    "counting": [r"^30 of 60 letters are angry\.$", r"^60 sub-calls in 2 iterations$"],
    "context_as_variable": [
        r"a text +is str of 1200000 +· in the prompt: False",
        r"texts +is list of 2 ",
        r"a dict +is dict of 2 .*False",
        r"messages +is list of 2 .*False",
    ],
    "recursion": [r"^root RLM\n  child RLM\n  child RLM\n  child RLM\n18$"],
    "logs": ["^300 requests to /pay failed from 10:30 to 10:44; 95% of all took under 92 ms.$"],
    "custom_tools": [
        r"^It costs 3,000 euros, is worth 1,061 more than that, and pays back in year 4\.$",
        "^2 calls of host tools$",
    ],
    "extraction_first": [r"^290\.50 euros, 1 of 3 invoices read by a sub-LM$", "^1 sub-call$"],
    "providers": [
        r"^quick/one  iterations: 2  \$0\.0004  Ines$",
        r"^hasty/one  iterations: 1  \$0\.0071  Someone",
        "Ines",
    ],
    "local_and_hosted": [
        r"^local: It opens on Friday at nine\. \(2 iterations, \d+ tokens\)$",
        r"^hosted: It opens on Friday at nine\. \(2 iterations, \d+ tokens\)$",
        "^2 and 2 requests were sent$",
    ],
    "compaction": [
        "^a request of 4 messages$",
        "^4 messages gave way to: Each line is a day",
        r"gave way to: .*\na request of 2 messages\na request of 4 messages\nanswer: 366$",
    ],
    "offloading": [r"^without +7650 +9,\d{3} +\d+$", r"^with +7650 +1,\d{3} +\d+$"],
    "routing": [
        "^  The context fits the window .* straight to the model",
        "^short: 1932 by direct, 620 characters, requests: 1$",
        r"^long: 1932 by FINAL, 480,031 characters, requests: 2$",
    ],
    "weak_model": [
        r"^  told: FINAL\(text\) does not count here",
        "^  seen: invented-output$",
        "^  told: You wrote the output of the REPL yourself",
        r"^  told: FINAL_VAR\(captain\) names no variable",
        "^answer: Ahab$",
    ],
}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_runs_and_says_what_it_promises(path: Path, tmp_path: Path) -> None:
    plain = {name: value for name, value in os.environ.items() if not name.endswith(("_API_KEY", "_BASE_URL", "_HOST"))}
    env = {**plain, "RLM_TUI_HOME": str(tmp_path), "OPENAI_API_KEY": "none", "PYTHONWARNINGS": "error"}
    done = subprocess.run(
        [sys.executable, str(path)], check=False, capture_output=True, text=True, env=env, cwd=tmp_path
    )
    assert (done.returncode, done.stderr) == (0, "")
    for pattern in SAYS[path.stem]:
        assert re.search(pattern, done.stdout, re.MULTILINE), done.stdout
    assert [each.name for each in tmp_path.rglob("*.rlm.jsonl")] == []


@pytest.mark.parametrize("path", [*EXAMPLES, FOLDER / "standin.py"], ids=lambda path: path.stem)
def test_an_example_is_short_and_told(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= _MOST_LINES
    assert ast.get_docstring(ast.parse(text))
    assert f"[{path.name}]({path.name})" in (FOLDER / "README.md").read_text(encoding="utf-8")


def test_no_example_is_promised_that_is_not_there() -> None:
    assert sorted(SAYS) == [path.stem for path in EXAMPLES]
