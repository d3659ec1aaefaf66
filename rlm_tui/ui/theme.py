"""Themes as files: each role of the screen has one colour, the same in every pane.

A role is a CSS variable (`$done`, `$root`, `$muted`) and, for text that is drawn by hand, `style(widget, role)`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

from rich.style import Style
from textual.dom import DOMNode
from textual.theme import Theme

from rlm_tui import files
from rlm_tui.config import nearest
from rlm_tui.errors import UsageError
from rlm_tui.paths import themes_dir
from rlm_tui.resources import folder
from rlm_tui.text import one_line

Role: TypeAlias = Literal[
    "background", "surface", "panel", "rule", "text", "muted", "dim", "accent", "done", "failed", "careful",
    "running", "root", "sub", "code", "output", "user",
]  # fmt: skip
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_MOST_BYTES = 1 << 20
DARK, LIGHT = "rlm-dark", "rlm-light"


class Fault(NamedTuple):
    """A theme file that is passed over, and why, in one sentence."""

    name: str
    sentence: str


def first_theme(name: str) -> Theme | None:
    """The one theme that the first paint needs, where it is ours and nobody has themes of their own; else None."""
    path = folder("themes") / f"{name.removeprefix('rlm-')}.toml"
    if path.name == f"{name}.toml" or not path.is_file() or themes_dir().is_dir():
        return None
    return _load(path)


def load_themes() -> tuple[list[Theme], list[Fault]]:
    """Every theme file of this installation and then of the person; one of theirs may take the name of one of ours."""
    found: dict[str, Theme] = {}
    faults = []
    for path in [*sorted(folder("themes").glob("*.toml")), *sorted(themes_dir().glob("*.toml"))]:
        try:
            theme = _load(path)
            found[theme.name] = theme
        except UsageError as error:
            faults.append(Fault(path.stem, str(error)))
    return list(found.values()), faults


def chosen_theme(name: str, themes: Sequence[Theme], faults: Sequence[Fault]) -> str:
    """The theme that a name means; the dark one for a file that was passed over, UsageError for no name at all."""
    names = [theme.name for theme in themes]
    if name in names:
        return name
    if any(name in (fault.name, f"rlm-{fault.name}") for fault in faults):
        return DARK
    raise UsageError(f"There is no theme {one_line(name, 40)!r}; {nearest(name, names)}.")


def _load(path: Path) -> Theme:
    try:
        table = files.read_toml(path, _MOST_BYTES)
    except (OSError, ValueError) as error:
        raise UsageError(f"The theme {path} is passed over: it cannot be read ({files.why(error)}).") from None
    name = table.get("name")
    if not isinstance(name, str) or not name:
        raise UsageError(f'The theme {path} is passed over: it has no name; add name = "{path.stem}".')
    colours = {role: colour for group in table.values() if isinstance(group, dict) for role, colour in group.items()}
    missing = [role for role in get_args(Role) if role not in colours]
    if missing:
        raise UsageError(f"The theme {path} is passed over: it names no colour for {', '.join(missing)}.")
    for role, colour in colours.items():
        if not isinstance(colour, str) or not _COLOUR.fullmatch(colour):
            shown = one_line(str(colour), 20)
            raise UsageError(f'The theme {path} is passed over: {role} is {shown!r}; a colour is like "#a1b2c3".')
    return _theme(table, colours)


def _theme(table: dict[str, Any], colours: dict[str, str]) -> Theme:
    return Theme(
        name=table["name"],
        dark=table.get("dark") is not False,
        primary=colours["accent"],
        secondary=colours["root"],
        accent=colours["accent"],
        warning=colours["careful"],
        error=colours["failed"],
        success=colours["done"],
        foreground=colours["text"],
        background=colours["background"],
        surface=colours["surface"],
        panel=colours["panel"],
        variables={
            **colours,
            "footer-key-foreground": colours["accent"],
            "scrollbar": colours["rule"],
            "scrollbar-background": colours["background"],
            "scrollbar-corner-color": colours["background"],
            "border": colours["accent"],
            "border-blurred": colours["rule"],
        },
    )


def colour(widget: DOMNode, role: Role) -> str:
    """The colour of a role in the theme of now, as `#rrggbb`."""
    return widget.app.theme_variables[role]


def style(widget: DOMNode, role: str) -> Style:
    """The style of a drawn role: a role of the theme, with `bold`, `italic` or `on ROLE` behind it where wanted."""
    variables = widget.app.theme_variables
    ink, _, ground = role.partition(" on ")
    name, *manners = ink.split()
    return _style(variables[name], variables[ground] if ground else None, "bold" in manners, "italic" in manners)


@lru_cache(512)
def _style(ink: str, ground: str | None, bold: bool, italic: bool) -> Style:
    return Style(color=ink, bgcolor=ground, bold=bold or None, italic=italic or None)
