"""What a program may give as options, checked before anything starts; their ranges are those of the settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rlm_tui.config.schema import BY_NAME, check
from rlm_tui.errors import UsageError
from rlm_tui.text import one_line

_SETTINGS = {
    **{name: name for name in ("max_iterations", "max_subcalls", "max_depth", "max_tokens", "max_cost", "max_seconds")},
    **{name: name for name in ("max_errors", "block_timeout", "window", "cache", "sandbox", "dialect")},
    "max_concurrent_subcalls": "max_concurrency",
    "memory_mb": "memory",
}
_NEEDED = frozenset(
    ("max_concurrent_subcalls", "max_depth", "block_timeout", "memory_mb", "cache", "sandbox", "dialect")
)
_FLAGS = ("persistent", "offload", "constrain", "route")
_KINDS: dict[str, tuple[tuple[type, ...], str]] = {
    "think": ((bool, type(None)), "True, False or None"),
    "temperature": ((int, float, type(None)), "a number or None"),
    "seed": ((int, type(None)), "a whole number or None"),
    "base_url": ((str, type(None)), "a text or None"),
}


def check_options(options: Mapping[str, Any]) -> None:
    """Raise UsageError for the first option whose value cannot be meant; unknown names are not looked at."""
    for name, value in options.items():
        if name in _SETTINGS and not (value is None and name not in _NEEDED):
            setting = BY_NAME[_SETTINGS[name]]
            try:
                check(setting, value)
            except ValueError:
                raise _wrong(name, value, f"{setting.expects}{'' if name in _NEEDED else ', or None'}") from None
        elif name in _FLAGS and not isinstance(value, bool):
            raise _wrong(name, value, "True or False")
        elif name in _KINDS:
            kinds, expects = _KINDS[name]
            is_flag = isinstance(value, bool) and bool not in kinds
            if not isinstance(value, kinds) or is_flag:
                raise _wrong(name, value, expects)


def check_model(model: object) -> None:
    """Raise UsageError for what is neither the name of a model nor an object that can answer."""
    if not isinstance(model, str) and not all(hasattr(model, name) for name in ("name", "complete", "close")):
        raise UsageError(
            f"A model is a name or an object with name, complete and close, not of type {type(model).__name__}."
        )


def _wrong(name: str, value: object, expects: str) -> UsageError:
    return UsageError(f"The option {name} cannot be {one_line(repr(value), 60)}; it takes {expects}.")
