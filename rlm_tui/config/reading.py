"""The settings of now: a value comes from the command line, the environment, `config.toml`, or is the default.

`[keys]` gives actions other keys by their id; which ids and keys there are, the screen knows.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rlm_tui import files, paths
from rlm_tui.config.schema import BY_NAME, KEYS, SETTINGS, Setting, Source, Value, check, parse, wanted
from rlm_tui.errors import UsageError
from rlm_tui.text import one_line


@dataclass(frozen=True, slots=True)
class Settings:
    """What holds now: the value of every setting and where it comes from, and the keys as they stand in the file."""

    values: Mapping[str, tuple[Value, Source]]
    keys: Mapping[str, tuple[str, ...]]
    file: Path

    def __getitem__(self, name: str) -> Any:
        """The value of a setting by its name."""
        return self.values[name][0]

    def source(self, name: str) -> Source:
        """Where the value of a setting comes from."""
        return self.values[name][1]

    def where(self, name: str) -> str:
        """The place at which a setting is set, in words; "" for its default."""
        setting = BY_NAME[name]
        match self.source(name):
            case "command line":
                return setting.option
            case "environment":
                return next(variable for variable in setting.environment if os.environ.get(variable, "").strip())
            case "file":
                return place(self.file, name)
        return ""


def load(given: Mapping[str, Value] | None = None) -> Settings:
    """The settings of now; `given` is what the command line says (None: nothing), already checked.

    Raises UsageError for a file or a variable that cannot be meant, in one sentence that names the place.
    """
    file = paths.config_file()
    table = _read(file)
    keys = _keys(file, table.pop(KEYS, {}))
    stored = {name: _checked(file, name, value) for name, value in table.items()}
    values = {setting.name: _resolve(setting, (given or {}).get(setting.name), stored) for setting in SETTINGS}
    return Settings(values, keys, file)


def _resolve(setting: Setting, given: Value, stored: Mapping[str, Value]) -> tuple[Value, Source]:
    if given is not None and given != "":
        return given, "command line"
    for variable in setting.environment:
        if text := os.environ.get(variable, "").strip():
            return _from_environment(setting, variable, text), "environment"
    if setting.name in stored:
        return stored[setting.name], "file"
    return setting.default, "default"


def _from_environment(setting: Setting, variable: str, text: str) -> Value:
    try:
        return parse(setting, text)
    except ValueError:
        shown = one_line(text, 40)
        raise UsageError(f"The environment's {variable} is {shown!r}; it takes {wanted(setting, text)}.") from None


def _read(file: Path) -> dict[str, Any]:
    """The table in the file; no file is an empty one, and costs no parser."""
    try:
        return files.read_toml(file)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"The settings {file} cannot be read ({files.why(error)}); mend the file or remove it."
        ) from None
    except ValueError as error:
        raise UsageError(f"The settings {file} are no TOML ({files.why(error)}); mend that place.") from None


def _checked(file: Path, name: str, value: object) -> Value:
    setting = BY_NAME.get(name)
    if setting is None:
        raise UsageError(f"{place(file, name)}: there is no setting {name!r}; {nearest(name, [*BY_NAME, KEYS])}")
    try:
        return check(setting, value)
    except ValueError:
        shown = one_line(repr(value), 40)
        raise UsageError(f"{place(file, name)}: {name} is {shown}; it takes {wanted(setting, value)}.") from None


def nearest(name: str, known: list[str]) -> str:
    """`did you mean X?`, or the names that there are; it ends its sentence."""
    import difflib

    near = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}."


def place(file: Path, name: str) -> str:
    """The file, and the line at which a name is set where that can be told."""
    try:
        text = files.read_text(file)
    except (OSError, UnicodeDecodeError):
        return str(file)
    quoted = rf"[\"']?{re.escape(name)}[\"']?"
    found = re.search(rf"^[ \t]*(?:{quoted}[ \t]*=|\[[ \t]*{quoted}[ \t]*\])", text, re.MULTILINE)
    return f"{file} line {text.count(chr(10), 0, found.start()) + 1}" if found else str(file)


def _keys(file: Path, table: object) -> dict[str, tuple[str, ...]]:
    """The keys by action id; `gate.run = "z"` is in TOML a table in a table, and is meant as the quoted id."""
    if not isinstance(table, dict):
        raise UsageError(f'{place(file, KEYS)}: keys is no table; write [keys] and below it "gate.run" = "a".')
    found: dict[str, tuple[str, ...]] = {}
    for name, value in table.items():
        if isinstance(value, dict):
            found |= {f"{name}.{inner}": _key_texts(file, f"{name}.{inner}", keys) for inner, keys in value.items()}
        else:
            found[name] = _key_texts(file, name, value)
    return found


def _key_texts(file: Path, name: str, value: object) -> tuple[str, ...]:
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        shown = one_line(repr(value), 40)
        raise UsageError(f'{place(file, name)}: the key of {name} is {shown}; it takes a text like "Z" or a list.')
    return tuple(text for text in texts if text)
