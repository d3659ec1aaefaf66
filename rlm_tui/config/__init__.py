"""The settings: one schema, four sources, and the file into which they are saved."""

from rlm_tui.config.reading import Settings, load, nearest, place
from rlm_tui.config.schema import (
    BY_NAME,
    KEYS,
    SEED,
    SETTINGS,
    TEMPERATURE,
    Setting,
    Source,
    Value,
    check,
    parse,
    wanted,
)

__all__ = [
    "BY_NAME",
    "KEYS",
    "SEED",
    "SETTINGS",
    "TEMPERATURE",
    "Setting",
    "Settings",
    "Source",
    "Value",
    "check",
    "load",
    "nearest",
    "parse",
    "place",
    "wanted",
]
