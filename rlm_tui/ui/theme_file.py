"""Theme files: TOML, each role of the screen with one colour; read without the screen, so that every command can tell
a person of one that is passed over."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias, get_args

from rlm_tui import files
from rlm_tui.config import Settings, nearest
from rlm_tui.errors import UsageError
from rlm_tui.paths import themes_dir
from rlm_tui.resources import folder
from rlm_tui.text import one_line, safe

Role: TypeAlias = Literal[
    "background", "surface", "panel", "rule", "text", "muted", "dim", "accent", "done", "failed", "careful",
    "running", "root", "sub", "code", "output", "user",
]  # fmt: skip
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_MOST_BYTES = 1 << 20
DARK, LIGHT = "rlm-dark", "rlm-light"


class ThemeFile(NamedTuple):
    """What a file says: `colours` by role, as `#rrggbb`."""

    name: str
    is_dark: bool
    colours: Mapping[str, str]


class Fault(NamedTuple):
    """A theme file that is passed over, and why, in one sentence."""

    name: str
    sentence: str


def bundled(name: str) -> Path | None:
    """The file of one of our themes; None for any other name."""
    path = folder("themes") / f"{name.removeprefix('rlm-')}.toml"
    return path if name.startswith("rlm-") and path.name != f"{name}.toml" and os.path.isfile(path) else None


def read_all() -> tuple[list[ThemeFile], list[Fault]]:
    """Every theme file of this installation and then of the person; one of theirs may take the name of one of ours."""
    found: dict[str, ThemeFile] = {}
    faults = []
    for path in [*sorted(folder("themes").glob("*.toml")), *sorted(themes_dir().glob("*.toml"))]:
        try:
            theme = read(path)
            found[theme.name] = theme
        except UsageError as error:
            faults.append(Fault(path.stem, str(error)))
    return list(found.values()), faults


def read(path: Path) -> ThemeFile:
    """One theme file; UsageError, with what is wrong in it, for one that is passed over."""
    try:
        table = files.read_toml(path, _MOST_BYTES)
    except (OSError, ValueError) as error:
        raise UsageError(f"The theme {path} is passed over: it cannot be read ({files.why(error)}).") from None
    name = table.get("name")
    if not isinstance(name, str) or not name:
        raise UsageError(f'The theme {path} is passed over: it has no name; add name = "{path.stem}".')
    if name != safe(name):
        shown = one_line(name, 40)
        raise UsageError(f"The theme {path} is passed over: its name {shown!r} holds characters that no screen shows.")
    colours = {role: colour for group in table.values() if isinstance(group, dict) for role, colour in group.items()}
    missing = [role for role in get_args(Role) if role not in colours]
    if missing:
        raise UsageError(f"The theme {path} is passed over: it names no colour for {', '.join(missing)}.")
    for role, colour in colours.items():
        if not isinstance(colour, str) or not _COLOUR.fullmatch(colour):
            shown = one_line(str(colour), 20)
            raise UsageError(f'The theme {path} is passed over: {role} is {shown!r}; a colour is like "#a1b2c3".')
    return ThemeFile(name, table.get("dark") is not False, colours)


def chosen(name: str, names: Sequence[str], faults: Sequence[Fault] = (), where: str = "") -> str:
    """The theme that a name means; the dark one for a file that was passed over, UsageError for no name at all."""
    if name in names:
        return name
    if any(name in (fault.name, f"rlm-{fault.name}") for fault in faults):
        return DARK
    place = f" ({where})" if where else ""
    raise UsageError(f"There is no theme {one_line(name, 40)!r}{place}; {nearest(name, list(names))}")


def trouble(settings: Settings) -> str:
    """Why the theme that is set cannot be shown, for the commands without a screen; "" when it could."""
    name = settings["theme"]
    if bundled(name) and not themes_dir().is_dir():
        return ""
    themes, faults = read_all()
    try:
        chosen(name, [theme.name for theme in themes], faults, settings.where("theme"))
    except UsageError as error:
        return f"{error} Without a screen it does not matter."
    return " ".join(fault.sentence for fault in faults if name in (fault.name, f"rlm-{fault.name}"))
