"""How this program was started, so that a command that is told can be pasted into the same shell."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

NAME = "rlm-tui"


def command() -> str:
    """What starts this program again, quoted for a shell: its name where PATH leads to it, else the path as typed."""
    script = Path(sys.argv[0])
    if script.resolve() == Path(__file__).resolve().with_name("__main__.py"):
        return f"{shlex.quote(sys.orig_argv[0])} -m {__package__}"
    return NAME if script.name != NAME or _is_on_path(script) else shlex.quote(sys.argv[0])


def _is_on_path(script: Path) -> bool:
    import shutil

    found = shutil.which(NAME)
    return found is not None and Path(found).resolve() == script.resolve()


def replaying(name: str) -> str:
    """The command that shows a saved run again."""
    return f"{command()} replay {shlex.quote(name)}"
