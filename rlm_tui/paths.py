"""Where rlm-tui keeps its things on this machine; `RLM_TUI_HOME` moves all of them."""

from __future__ import annotations

import os
from pathlib import Path

_HOME = "RLM_TUI_HOME"


def _base(kind: str) -> Path:
    home = os.environ.get(_HOME)
    if home:
        return Path(home).expanduser() / kind
    import platformdirs

    dirs = {"data": platformdirs.user_data_path, "cache": platformdirs.user_cache_path}
    return dirs[kind]("rlm-tui", appauthor=False)


def traces_dir() -> Path:
    """The folder of saved runs; the store creates it (mode 0700)."""
    return _base("data") / "traces"


def cache_dir() -> Path:
    """The folder of things that can be made again."""
    return _base("cache")


def log_file() -> Path:
    """Where a crash leaves its traceback."""
    return _base("data") / "crash.log"
