"""The settings: one schema; a value comes from the command line, the environment, `config.toml`, or is the default.

The schema is the only place that knows a setting's name, kind, default and words. The command line's option, the
environment variable, the settings screen and docs/settings.md follow from it. `[keys]` gives actions other keys by
their id; which ids and keys there are, the screen knows.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias, cast

from rlm_tui import paths
from rlm_tui.errors import UsageError
from rlm_tui.text import one_line

Kind: TypeAlias = Literal["text", "choice", "whole", "number", "flag"]
Value: TypeAlias = str | int | float | bool | None
Source: TypeAlias = Literal["command line", "environment", "file", "default"]
KEYS = "keys"
_FLAGS = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}


class Setting(NamedTuple):
    """One thing that can be set; `metavar` is how the command line calls its value, None where nothing is set."""

    name: str
    kind: Kind
    default: Value
    group: str
    doc: str
    metavar: str = ""
    choices: tuple[str, ...] = ()
    least: float = 0.0
    most: float = math.inf
    none: str = "no limit"
    variables: tuple[str, ...] = ()
    since: str = "the next start"

    @property
    def option(self) -> str:
        """The option of the command line; empty where there is none."""
        return f"--{self.name.replace('_', '-')}" if self.metavar else ""

    @property
    def environment(self) -> tuple[str, ...]:
        """The environment variables that set it, the first one wins."""
        return self.variables or (f"RLM_TUI_{self.name.upper()}",)

    @property
    def expects(self) -> str:
        """What a value must be, in words."""
        if self.kind == "whole" and self.least:
            unit = " megabytes" if self.metavar == "MB" else ""
            return f"a whole number from {self.least:.0f} to {self.most:.0f}{unit}"
        words = {
            "text": "a text",
            "choice": f"one of {', '.join(self.choices)}",
            "whole": "a whole number above 0",
            "number": "a number above 0",
            "flag": "true or false",
        }
        return words[self.kind]

    def shown(self, value: Value) -> str:
        """A value as a person reads and writes it; what is not set has words too."""
        if value is None or value == "":
            return self.none
        if isinstance(value, bool):
            return "true" if value else "false"
        return f"{value:g}" if isinstance(value, float) else str(value)


_MODEL, _LIMITS, _RUN, _SCREEN = "model", "limits", "run", "screen"
SETTINGS: tuple[Setting, ...] = (
    Setting("model", "text", "", _MODEL, "the root LM: provider/name, offline, human, scripted:FILE", "MODEL",
            none="asked for at the start"),
    Setting("sub_model", "text", "", _MODEL, "the model of sub-calls", "MODEL", none="the same as the root LM"),
    Setting("base_url", "text", "", _MODEL, "an OpenAI-compatible server", "URL", none="the provider's own",
            variables=("LLM_BASE_URL", "OPENAI_BASE_URL")),
    Setting("dialect", "text", "auto", _MODEL, "auto, paper, rlms, runtime, dspy, strict, or a TOML file", "D"),
    Setting("max_iterations", "whole", 20, _LIMITS, "turns of the root LM", "N"),
    Setting("max_subcalls", "whole", 200, _LIMITS, "sub-calls in all", "N"),
    Setting("max_concurrency", "whole", 16, _LIMITS, "sub-calls at once", "N"),
    Setting("max_depth", "whole", 1, _LIMITS, "levels of RLMs: 1 has sub-LMs only, 2 child RLMs too", "N"),
    Setting("max_tokens", "whole", None, _LIMITS, "tokens in all", "N"),
    Setting("max_cost", "number", None, _LIMITS, "US dollars in all, where the cost is known", "USD"),
    Setting("window", "whole", None, _LIMITS, "tokens the root LM takes; near them its history is summed up", "N",
            none="unknown"),
    Setting("max_seconds", "number", None, _LIMITS, "seconds, without those held", "S"),
    Setting("max_errors", "whole", 5, _LIMITS, "turns in a row that fail", "N"),
    Setting("block_timeout", "number", 120.0, _LIMITS, "seconds of a block's own time", "S"),
    Setting("memory", "whole", 2048, _LIMITS, "megabytes of memory of the REPL worker", "MB", least=64, most=1 << 20),
    Setting("silence", "number", 600.0, _RUN, "seconds that a model server may say nothing", "S"),
    Setting("offload", "flag", False, _RUN, "long outputs go to variables, and only their beginning to the model"),
    Setting("sandbox", "choice", "auto", _RUN, "the walls round the REPL", "TIER", choices=("auto", "strong", "none")),
    Setting("save_trace", "flag", True, _RUN, "keep the trace of every run"),
    Setting("theme", "text", "rlm-dark", _SCREEN, "the colours", "NAME", since="now"),
    Setting("attention", "choice", "bell", _SCREEN,
            "how a run that waits or is over calls you to its window",
            choices=("bell", "title", "off"), since="now"),
)  # fmt: skip
BY_NAME: dict[str, Setting] = {setting.name: setting for setting in SETTINGS}


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
        raise UsageError(f"The environment's {variable} is {shown!r}; it takes {setting.expects}.") from None


def parse(setting: Setting, text: str) -> Value:
    """The value that a text means for a setting; ValueError when it means none."""
    text = text.strip()
    if setting.kind == "flag":
        if text.lower() not in _FLAGS:
            raise ValueError(text)
        return _FLAGS[text.lower()]
    value: Value = text
    if setting.kind == "whole":
        value = int(text)
    elif setting.kind == "number":
        value = float(text)
    return check(setting, value)


def check(setting: Setting, value: object) -> Value:
    """The value in its kind, when a setting can have it; ValueError when it cannot."""
    fits = {
        "flag": isinstance(value, bool),
        "text": isinstance(value, str),
        "choice": value in setting.choices,
        "whole": isinstance(value, int) and not isinstance(value, bool) and _is_within(setting, value),
        "number": isinstance(value, int | float) and not isinstance(value, bool) and _is_within(setting, value),
    }
    if not fits[setting.kind]:
        raise ValueError(value)
    return float(cast(float, value)) if setting.kind == "number" else cast(Value, value)


def _is_within(setting: Setting, number: float) -> bool:
    return math.isfinite(number) and number > 0 and setting.least <= number <= setting.most


def _read(file: Path) -> dict[str, Any]:
    """The table in the file; no file is an empty one, and costs no parser."""
    try:
        text = file.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise UsageError(f"The settings {file} cannot be read ({why}); mend the file or remove it.") from None
    import tomllib

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"The settings {file} are no TOML ({one_line(str(error), 120)}); mend that place.") from None


def _checked(file: Path, name: str, value: object) -> Value:
    setting = BY_NAME.get(name)
    if setting is None:
        raise UsageError(f"{place(file, name)}: there is no setting {name!r}; {nearest(name, [*BY_NAME, KEYS])}.")
    try:
        return check(setting, value)
    except ValueError:
        shown = one_line(repr(value), 40)
        raise UsageError(f"{place(file, name)}: {name} is {shown}; it takes {setting.expects}.") from None


def nearest(name: str, known: list[str]) -> str:
    """`did you mean X?` without its mark, or the names that there are."""
    import difflib

    near = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {near[0]}" if near else f"there are {', '.join(known)}"


def place(file: Path, name: str) -> str:
    """The file, and the line at which a name is set where that can be told."""
    try:
        text = file.read_text(encoding="utf-8")
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
