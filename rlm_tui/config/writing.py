"""Writes single settings into `config.toml`: what else stands there, comments and order included, stays."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from rlm_tui import files, paths
from rlm_tui.config import KEYS, Value
from rlm_tui.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tomlkit import TOMLDocument


def save(name: str, value: Value) -> Path:
    """Put a setting into the file, or with None take it out, so that its default holds; returns the file.

    Raises UsageError where the file cannot be read as TOML (it is then left as it is) or written.
    """

    def change(document: TOMLDocument) -> None:
        if value is None:
            document.pop(name, None)
        else:
            document[name] = value

    return _rewrite(change)


def save_keys(action_id: str, keys: Sequence[str] | None) -> Path:
    """Give an action these keys (none at all is a choice too), or with None those of the registry again."""

    def change(document: TOMLDocument) -> None:
        import tomlkit

        table = document.setdefault(KEYS, tomlkit.table())
        first, _, last = action_id.partition(".")
        inner = table.get(first)
        if hasattr(inner, "pop"):  # written without quotes, it is a table in the table
            inner.pop(last, None)
        table.pop(action_id, None)
        if keys is not None:
            table[action_id] = keys[0] if len(keys) == 1 else list(keys)

    return _rewrite(change)


def _rewrite(change: Callable[[TOMLDocument], None]) -> Path:
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    file = paths.config_file()
    target = Path(os.path.realpath(file))  # a link to a file that is kept elsewhere stays a link
    try:
        document = tomlkit.parse(files.read_text(target)) if os.path.lexists(target) else tomlkit.document()
        change(document)
        _replace(target, tomlkit.dumps(document))
    except (TOMLKitError, UnicodeDecodeError):
        raise UsageError(f"The settings {file} are no TOML any more, so nothing was saved; mend them first.") from None
    except OSError as error:
        raise UsageError(f"The settings {file} cannot be written ({files.why(error)}); nothing was saved.") from None
    return file


def _replace(target: Path, text: str) -> None:
    """Write beside the file and rename, so that a crash leaves the old file or the new one, whole."""
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fd, name = tempfile.mkstemp(dir=target.parent, prefix=".config-", suffix=".toml")
    try:
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            os.chmod(name, target.stat().st_mode & 0o777)
        os.replace(name, target)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
