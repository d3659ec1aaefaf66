"""The schema of the settings: the only place that knows a setting's name, kind, default and words.

The command line's option, the environment variable, the settings screen and docs/settings.md follow from it.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias, cast

Kind: TypeAlias = Literal["text", "choice", "whole", "number", "flag"]
Value: TypeAlias = str | int | float | bool | None
Source: TypeAlias = Literal["command line", "environment", "file", "default"]
KEYS = "keys"
_MOST = 2.0**53  # what any reader of numbers takes without rounding
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
    most: float = _MOST
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
        if self.least:
            kind = "whole number" if self.kind == "whole" else "number"
            unit = " megabytes" if self.metavar == "MB" else ""
            return f"a {kind} from {self.least:.0f} to {self.most:.0f}{unit}"
        if self.name == "theme":
            return "the name of a theme"
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
    Setting("sub_model", "text", "", _MODEL, "the model of sub-calls", "MODEL", none="same as the root LM"),
    Setting("base_url", "text", "", _MODEL, "an OpenAI-compatible server", "URL", none="the provider's own",
            variables=("LLM_BASE_URL", "OPENAI_BASE_URL")),
    Setting("env_file", "text", "", _MODEL, "a file of NAME=value lines with keys", "FILE", none="none"),
    Setting("dialect", "text", "auto", _MODEL, "auto, paper, rlms, runtime, dspy, strict, or a TOML file", "D"),
    Setting("think", "choice", "auto", _MODEL, "whether models of Ollama think first", "HOW",
            choices=("auto", "on", "off")),
    Setting("constrain", "choice", "auto", _MODEL, "hold strict to its form where a server can", "HOW",
            choices=("auto", "off")),
    Setting("max_iterations", "whole", 20, _LIMITS, "turns of the root LM", "N"),
    Setting("max_subcalls", "whole", 200, _LIMITS, "sub-calls in all", "N"),
    Setting("max_concurrency", "whole", None, _LIMITS, "sub-calls at once; a local server: its slots", "N",
            none="16; local: its slots"),
    Setting("max_depth", "whole", 1, _LIMITS, "levels of RLMs: 1 has sub-LMs only, 2 child RLMs too", "N"),
    Setting("max_tokens", "whole", None, _LIMITS, "tokens in all", "N"),
    Setting("max_cost", "number", None, _LIMITS, "US dollars in all, where the cost is known", "USD"),
    Setting("window", "whole", None, _LIMITS, "tokens the root LM takes; history is summed up before", "N",
            none="what the server tells"),
    Setting("max_seconds", "number", None, _LIMITS, "seconds, without those held", "S"),
    Setting("max_errors", "whole", 5, _LIMITS, "turns in a row that fail", "N"),
    Setting("block_timeout", "number", 120.0, _LIMITS, "seconds of a block's own time", "S"),
    Setting("memory", "whole", 2048, _LIMITS, "megabytes of memory of the REPL worker", "MB", least=64, most=1 << 20),
    Setting("silence", "number", 600.0, _RUN, "seconds that a model server may say nothing", "S"),
    Setting("cache", "choice", "off", _RUN, "keep answers of equal requests", "WHERE",
            choices=("off", "memory", "disk")),
    Setting("route", "choice", "off", _RUN, "auto: what fits the window goes straight to the model", "HOW",
            choices=("off", "auto")),
    Setting("offload", "flag", False, _RUN, "long outputs go to variables; the model sees their start"),
    Setting("sandbox", "choice", "auto", _RUN, "the walls round the REPL", "TIER", choices=("auto", "strong", "none")),
    Setting("save_trace", "flag", True, _RUN, "keep the trace of every run"),
    Setting("theme", "text", "rlm-dark", _SCREEN, "the colours", "NAME", since="now"),
    Setting("attention", "choice", "bell", _SCREEN,
            "how a run that waits or is over calls you to its window",
            choices=("bell", "title", "off"), since="now"),
)  # fmt: skip
SEED = Setting("seed", "whole", None, _RUN, "sent to models that take one", "N", least=-_MOST)
TEMPERATURE = Setting("temperature", "number", None, _RUN, "sent to models that take one", "T", least=-_MOST)
"""These two are of one start alone: no variable and no file sets them."""
BY_NAME: dict[str, Setting] = {setting.name: setting for setting in SETTINGS}


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


def wanted(setting: Setting, given: object) -> str:
    """What a value must be, for a sentence about one that was refused: of one that is too large, the bound too."""
    try:
        is_large = setting.kind in ("whole", "number") and float(cast(float, given)) > setting.most
    except (TypeError, ValueError):
        is_large = False
    except OverflowError:
        is_large = True
    return f"{setting.expects}, at most {setting.most:.0f}" if is_large and not setting.least else setting.expects


def _is_within(setting: Setting, number: float) -> bool:
    return setting.least <= number <= setting.most and (number > 0 or setting.least < 0)
