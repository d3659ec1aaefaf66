"""Themes as files: each role of the screen has one colour, the same in every pane.

A role is a CSS variable (`$done`, `$root`, `$muted`) and, for text that is drawn by hand, `style(widget, role)`.
"""

from __future__ import annotations

import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

from rich.style import Style
from textual.dom import DOMNode
from textual.theme import Theme

from rlm_tui.errors import UsageError
from rlm_tui.resources import folder

Role: TypeAlias = Literal[
    "background", "surface", "panel", "rule", "text", "muted", "dim", "accent", "done", "failed", "careful",
    "running", "root", "sub", "code", "output", "user",
]  # fmt: skip
DARK, LIGHT = "rlm-dark", "rlm-light"


def load_themes() -> list[Theme]:
    """Every theme file of this installation as a Textual theme.

    Raises UsageError naming the file and what is wrong in it.
    """
    return [_load(path) for path in sorted(folder("themes").glob("*.toml"))]


def _load(path: Path) -> Theme:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"The theme {path.name} cannot be read ({error}); mend it or remove it.") from None
    colours = {
        role: str(colour) for group in table.values() if isinstance(group, dict) for role, colour in group.items()
    }
    missing = [role for role in get_args(Role) if role not in colours]
    if missing:
        raise UsageError(f"The theme {path.name} names no colour for {', '.join(missing)}; add it.")
    return _theme(table, colours)


def _theme(table: dict[str, Any], colours: dict[str, str]) -> Theme:
    return Theme(
        name=str(table["name"]),
        dark=bool(table.get("dark", True)),
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
