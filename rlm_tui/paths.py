"""Where rlm-tui keeps its things on this machine; `RLM_TUI_HOME` moves all of them."""

from __future__ import annotations

import os
from pathlib import Path

_HOME = "RLM_TUI_HOME"


def typed(name: str) -> Path:
    """A path as a person typed it; a `~` of nobody stays, so that the file is missing by its own name."""
    return Path(os.path.expanduser(name))


def homeless() -> str:
    """What `RLM_TUI_HOME` is, where it begins with the home of nobody; else ""."""
    home = os.environ.get(_HOME, "")
    return home if home.startswith("~") and os.path.expanduser(home) == home else ""


def _data() -> Path:
    home = os.environ.get(_HOME)
    if home:
        return typed(home) / "data"
    import platformdirs

    return platformdirs.user_data_path("rlm-tui", appauthor=False)


def _config() -> Path:
    home = os.environ.get(_HOME)
    if home:
        return typed(home)
    import platformdirs

    return platformdirs.user_config_path("rlm-tui", appauthor=False)


def config_file() -> Path:
    """The settings of the person, which may not be there."""
    return _config() / "config.toml"


def prices_file() -> Path:
    """The person's own prices of models, which may not be there."""
    return _config() / "prices.toml"


def themes_dir() -> Path:
    """The person's own themes, a file each; the folder may not be there."""
    return _config() / "themes"


def dialects_dir() -> Path:
    """The person's own dialects, a file each; the folder may not be there."""
    return _config() / "dialects"


def traces_dir() -> Path:
    """The folder of saved runs; the store creates it (mode 0700)."""
    return _data() / "traces"


def elsewhere() -> str:
    """What to do when the folder of saved runs cannot be written, as the end of a sentence."""
    home = os.environ.get(_HOME)
    where = f"set {_HOME} (now {home}) to another place" if home else f"choose another place with {_HOME}"
    return f"{where}, name a file with --trace, or save none with --no-trace"


def cache_dir() -> Path:
    """The folder of what can be made again; whoever writes there creates it (mode 0700)."""
    home = os.environ.get(_HOME)
    if home:
        return typed(home) / "cache"
    import platformdirs

    return platformdirs.user_cache_path("rlm-tui", appauthor=False)


def log_file() -> Path:
    """Where a crash leaves its traceback."""
    return _data() / "crash.log"
