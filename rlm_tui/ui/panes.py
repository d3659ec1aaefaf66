"""The panes of the main screen, made late: their modules are imported after the first paint."""

from __future__ import annotations

from typing import Any

from textual.widget import Widget

from rlm_tui.ui.state import PANES, Pane
from rlm_tui.ui.widgets.bar import Bar


class Placeholder(Bar, can_focus=True):
    DEFAULT_CSS = "Placeholder { height: 1fr; }"
    pane_title = "?"

    def show(self, session: Any, selection: Any) -> None:
        from rlm_tui.ui.lines import line

        self.show_rows(line((f" {self.pane_title} will stand here · {selection}", "dim")))


def make_pane(name: str) -> Widget:
    import importlib

    try:
        return getattr(importlib.import_module(f"rlm_tui.ui.widgets.{name}"), f"{name.capitalize()}Pane")()  # type: ignore
    except (ImportError, AttributeError):
        out = Placeholder()
        out.pane_title = name.capitalize()
        return out


def make_panes() -> dict[Pane, Widget]:
    """One widget a pane."""
    return {name: make_pane(name) for name in PANES}
