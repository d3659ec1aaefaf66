"""The official engine, rlms 0.1.3, on the same server: a venv of its own, made once, beside the project's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

VERSION = "0.1.3"
WIDTH = 16
"""Calls of a batch that rlms has under way at once; it cannot be told otherwise."""
_HOME = Path(__file__).parents[1] / ".venv-rlms"
_RUN = """
import json, sys
from rlm import RLM
url, limit, chars = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
engine = RLM(backend="openai", backend_kwargs={"api_key": "none", "base_url": url, "model_name": "m"},
             max_iterations=limit, verbose=False)
print(engine.completion("x" * chars, root_prompt="What?").response)
"""


def python() -> str | None:
    """The interpreter that has rlms; None, with a printed word, where it cannot be had."""
    found = _HOME / "bin" / "python"
    if (_HOME / "ready").exists():
        return str(found)
    try:
        subprocess.run([sys.executable, "-m", "venv", str(_HOME)], check=True, capture_output=True)
        install = [str(found), "-m", "pip", "install", "-q", f"rlms=={VERSION}"]
        subprocess.run(install, check=True, capture_output=True, timeout=600)
    except (OSError, subprocess.SubprocessError) as error:
        print(f"rlms {VERSION} cannot be installed here, so nothing is measured beside it ({type(error).__name__}).")
        return None
    (_HOME / "ready").touch()
    return str(found)


def ask(interpreter: str, url: str, *, limit: int = 5, chars: int = 10) -> Any:
    """What the scripted run over the server answered, as JSON."""
    words = [interpreter, "-c", _RUN, url, str(limit), str(chars)]
    done = subprocess.run(
        words, check=False, capture_output=True, text=True, timeout=300, env={**os.environ, "NO_PROXY": "*"}
    )
    if done.returncode:
        raise RuntimeError(f"rlms failed: {done.stderr.strip().splitlines()[-1]}")
    return json.loads(done.stdout.strip().splitlines()[-1])
