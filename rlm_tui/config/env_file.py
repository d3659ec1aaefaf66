"""Keys from a file of NAME=value lines that a person names; never from one that lies in the folder at hand.

What the environment has already is not changed. A value is never part of a message.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from rlm_tui import files, paths
from rlm_tui.errors import UsageError

_LINE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)", re.DOTALL)
_QUOTED = re.compile(r"(['\"])(.*)\1\s*(?:#.*)?", re.DOTALL)
_MOST_BYTES = 1_000_000


def read_into_environment(name: str, *, is_typed: bool) -> None:
    """Set the variables of the file that are not set yet; UsageError, with the line, for what is no variable.

    A name that was not typed at the command line must be a whole path: a relative one would mean another file in
    every folder.
    """
    path = paths.typed(name)
    if not is_typed and not path.is_absolute():
        raise UsageError(f"env_file is {name!r}; write the whole path, as a part of one means another file elsewhere.")
    for variable, value in _variables(path):
        os.environ.setdefault(variable, value)


def _variables(path: Path) -> list[tuple[str, str]]:
    found = []
    for number, line in enumerate(_text(path).splitlines(), 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        match = _LINE.fullmatch(text)
        value = None if match is None else _value(match[2])
        if match is None or value is None or "\0" in value:
            raise UsageError(f"{path} line {number} is no NAME=value; mend that line.")
        found.append((match[1], value))
    return found


def _text(path: Path) -> str:
    try:
        return files.read_text(path, _MOST_BYTES)
    except (OSError, ValueError) as error:
        why = files.why(error)
        raise UsageError(f"The file of keys {path} cannot be read ({why}); name another with --env-file.") from None


def _value(raw: str) -> str | None:
    """The value without its quotes, or without the remark behind it; None for a quote that does not end."""
    if raw[:1] in ("'", '"'):
        quoted = _QUOTED.fullmatch(raw)
        return quoted[2] if quoted else None
    return re.split(r"\s+#", raw, maxsplit=1)[0].strip()
