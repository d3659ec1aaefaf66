"""NO_COLOR: everything in the terminal's own two colours; weight, dimness and reversal say what colours said."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from rich.color import Color as RichColor
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter
from textual.theme import Theme

_DIM = ("dim", "rule")
_MARKED = ("careful", "accent", "rule")


class Colourless(LineFilter):
    """Takes every colour out; `roles` are the colours of the theme by role, as `#rrggbb`."""

    def __init__(self, roles: Mapping[str, str]) -> None:
        super().__init__()
        self._dim = frozenset(roles[role].lower() for role in _DIM)
        self._marked = frozenset(roles[role].lower() for role in _MARKED)
        self._cursor = roles["panel"].lower()

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same texts without colour; `background` is that of the widget they stand in."""
        has_cursor = background.hex.lower() != self._cursor
        grounds = self._marked | {self._cursor} if has_cursor else self._marked
        return [
            Segment(text, plain(style, self._dim, grounds) if style else None, control)
            for text, style, control in segments
        ]


_made: dict[str, tuple[Theme, Colourless]] = {}


def filter_of(theme: Theme) -> Colourless:
    """The filter for a theme; one object as long as the theme is the same, since Textual caches by it."""
    known = _made.get(theme.name)
    if known is None or known[0] is not theme:
        known = _made[theme.name] = theme, Colourless(theme.variables)
    return known[1]


@lru_cache(1024)
def plain(style: Style, dim: frozenset[str], marked: frozenset[str]) -> Style:
    """A style's weight and marks: a dim ink is dim, the ground of a hit, a selection or the cursor is reversed."""
    return Style(
        bold=style.bold,
        italic=style.italic,
        underline=style.underline,
        dim=style.dim or _hex(style.color) in dim or None,
        reverse=style.reverse or _hex(style.bgcolor) in marked or None,
        strike=style.strike,
        meta=style.meta or None,
    )


def _hex(colour: RichColor | None) -> str:
    return "" if colour is None or colour.is_default else colour.get_truecolor().hex.lower()
