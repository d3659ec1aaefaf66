"""What a program may give as options, checked before anything starts; their ranges are those of the settings."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from os.path import isdir
from pathlib import Path
from typing import Any

from rlm_tui.config.schema import BY_NAME, SEED, TEMPERATURE, Setting, check, wanted
from rlm_tui.errors import UsageError
from rlm_tui.text import one_line

_SAME = ("max_iterations", "max_subcalls", "max_depth", "max_tokens", "max_cost", "max_seconds", "max_errors")
_SETTINGS: dict[str, Setting] = {
    **{name: BY_NAME[name] for name in (*_SAME, "block_timeout", "window", "cache", "sandbox", "dialect")},
    "max_concurrent_subcalls": BY_NAME["max_concurrency"],
    "memory_mb": BY_NAME["memory"],
    "seed": SEED,
    "temperature": TEMPERATURE,
}
_NEEDED = frozenset(
    ("max_concurrent_subcalls", "max_depth", "block_timeout", "memory_mb", "cache", "sandbox", "dialect")
)
_ON_THE_COMMAND_LINE = re.compile(r"--([a-z-]+)")
_FLAGS = ("persistent", "offload", "constrain", "route")
_KINDS: dict[str, tuple[tuple[type, ...], str]] = {
    "think": ((bool, type(None)), "True, False or None"),
    "base_url": ((str, type(None)), "a text or None"),
    "trace": ((bool, str, Path), "True, False or the path of a file"),
}


def check_options(options: Mapping[str, Any]) -> None:
    """Raise UsageError for the first option whose value cannot be meant; unknown names are not looked at."""
    for name, value in options.items():
        if name in _SETTINGS and not (value is None and name not in _NEEDED):
            setting = _SETTINGS[name]
            try:
                check(setting, value)
            except ValueError:
                expects = f"{wanted(setting, value)}{'' if name in _NEEDED else ', or None'}"
                raise _wrong(name, value, expects) from None
        elif name in _FLAGS and not isinstance(value, bool):
            raise _wrong(name, value, "True or False")
        elif name in _KINDS:
            kinds, expects = _KINDS[name]
            is_flag = isinstance(value, bool) and bool not in kinds
            if not isinstance(value, kinds) or is_flag:
                raise _wrong(name, value, expects)
        if name in _MEANT:
            _MEANT[name](name, value)


def _check_address(name: str, value: str | None) -> None:
    if value:
        from rlm_tui.lm.endpoint import check_url

        _named(name, lambda: check_url(value))


def _check_dialect(name: str, value: str) -> None:
    if value != "auto":
        from rlm_tui.engine.dialect import dialect

        _named(name, lambda: dialect(value))


def _check_sandbox(name: str, value: str) -> None:
    if value == "strong":
        raise UsageError(f"The option {name} cannot be 'strong' on this machine; take 'none' to run unsandboxed.")


def _check_trace(name: str, value: bool | str | Path) -> None:
    text = str(value)
    if (isinstance(value, str) and not value.strip()) or "\0" in text or (not isinstance(value, bool) and isdir(text)):
        raise _wrong(name, text, "True, False or the path of a file")


_MEANT: dict[str, Callable[[str, Any], None]] = {
    "base_url": _check_address,
    "dialect": _check_dialect,
    "sandbox": _check_sandbox,
    "trace": _check_trace,
}


def check_model(model: object, option: str = "model", base_url: str | None = None) -> None:
    """Raise UsageError for what is neither the name of a model nor an object that can answer."""
    takes = "it takes a name or an object with name, complete and close"
    if isinstance(model, str):
        if model.strip() == "human":
            said = f"The option {option} cannot be 'human', as nobody is here to answer"
            raise UsageError(f"{said}; rlm-tui open … -m human asks you, and an LM of your own may ask whom it likes.")
        if not model.strip():
            raise UsageError(f"The option {option} cannot be {model!r}; {takes}.")
        from rlm_tui.lm.registry import check_spec

        _named(option, lambda: check_spec(model, base_url=base_url))
    elif isinstance(model, type):
        raise UsageError(f"The option {option} cannot be the class {model.__name__}; give an object of it.")
    elif not all(hasattr(model, name) for name in ("name", "complete", "close")):
        raise UsageError(f"The option {option} cannot be {shown(model)}, {_kind(model)}; {takes}.")
    elif not isinstance(model.name, str):  # type: ignore[attr-defined]
        raise UsageError(f"The option {option} is a model whose name is not a text, but {_kind(model.name)}.")  # type: ignore[attr-defined]


def check_query(query: object) -> None:
    """Raise UsageError for a question that is no text."""
    if not isinstance(query, str):
        raise UsageError(f"The query is a text, not {shown(query)} of type {type(query).__name__}.")


def _named(option: str, look: Callable[[], object]) -> None:
    """Look at a value; what is wrong with it begins with the name of its option."""
    try:
        look()
    except UsageError as error:
        words = _ON_THE_COMMAND_LINE.sub(lambda found: found[1].replace("-", "_"), str(error))
        raise UsageError(f"The option {option}: {words}") from None


def shown(value: object) -> str:
    """What was given, on one line; what cannot show itself is shown as Python does without its help."""
    try:
        return one_line(repr(value), 60)
    except Exception:  # noqa: BLE001  a program's own __repr__ may raise anything; what is told is the option
        return one_line(object.__repr__(value), 60)


def _kind(value: object) -> str:
    return f"of type {type(value).__name__}"


def _wrong(name: str, value: object, expects: str) -> UsageError:
    return UsageError(f"The option {name} cannot be {shown(value)}; it takes {expects}.")
