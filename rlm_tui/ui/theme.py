"""Themes on the screen: each role has one colour, the same in every pane.

A role is a CSS variable (`$done`, `$root`, `$muted`) and, for text that is drawn by hand, `style(widget, role)`.
"""

from __future__ import annotations

from functools import lru_cache

from rich.style import Style
from textual.dom import DOMNode
from textual.theme import Theme

from rlm_tui.paths import themes_dir
from rlm_tui.ui.theme_file import DARK, LIGHT, Fault, Role, ThemeFile, bundled, read, read_all

__all__ = ["DARK", "LIGHT", "Fault", "Role", "colour", "first_theme", "load_themes", "style"]


def first_theme(name: str) -> Theme | None:
    """The one theme that the first paint needs, where it is ours and nobody has themes of their own; else None."""
    path = bundled(name)
    return None if path is None or themes_dir().is_dir() else _theme(read(path))


def load_themes() -> tuple[list[Theme], list[Fault]]:
    """Every theme, ours first, and the files that are passed over."""
    themes, faults = read_all()
    return list(map(_theme, themes)), faults


def _theme(file: ThemeFile) -> Theme:
    colours = file.colours
    return Theme(
        name=file.name,
        dark=file.is_dark,
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
