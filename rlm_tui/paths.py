"""Where rlm-tui keeps its things on this machine; `RLM_TUI_HOME` moves all of them."""

from __future__ import annotations

import os
from pathlib import Path

_HOME = "RLM_TUI_HOME"


def _data() -> Path:
    home = os.environ.get(_HOME)
    if home:
        return Path(home).expanduser() / "data"
    import platformdirs

    return platformdirs.user_data_path("rlm-tui", appauthor=False)


def traces_dir() -> Path:
    """The folder of saved runs; the store creates it (mode 0700)."""
    return _data() / "traces"


def log_file() -> Path:
    """Where a crash leaves its traceback."""
    return _data() / "crash.log"
