"""The panes of the main screen, made late: their modules are imported after the first paint."""

from __future__ import annotations

from typing import Any

from textual.widget import Widget

from rlm_tui.ui.state import Pane
from rlm_tui.ui.widgets.bar import Bar


class Placeholder(Bar, can_focus=True):
    DEFAULT_CSS = "Placeholder { height: 1fr; }"
    pane_title = "?"

    def show(self, session: Any, selection: Any) -> None:
        from rlm_tui.ui.lines import line

        self.show_rows(line((f" {self.pane_title} will stand here · {selection}", "dim")))


def make_panes() -> dict[Pane, Widget]:
    """One widget a pane."""
    import importlib

    out: dict[Pane, Widget] = {}
    for name, cls in {
        "calls": "CallsPane",
        "step": "StepPane",
        "chat": "ChatPane",
        "repl": "ReplPane",
        "context": "ContextPane",
        "vars": "VarsPane",
    }.items():
        try:
            out[name] = getattr(importlib.import_module(f"rlm_tui.ui.widgets.{name}"), cls)()  # type: ignore
        except (ImportError, AttributeError):
            out[name] = Placeholder()  # type: ignore
            out[name].pane_title = name.capitalize()  # type: ignore
    return out
