"""The panes of the main screen; their modules are imported when they are made, after the first paint."""

from __future__ import annotations

from importlib import import_module

from textual.widget import Widget

from rlm_tui.ui.state import PANES, Pane

_CLASSES: dict[Pane, str] = {
    "calls": "CallsPane",
    "step": "StepPane",
    "chat": "ChatPane",
    "repl": "ReplPane",
    "context": "ContextPane",
    "vars": "VarsPane",
}


def make_pane(name: Pane) -> Widget:
    """A new widget for one pane."""
    pane: Widget = getattr(import_module(f"rlm_tui.ui.widgets.{name}"), _CLASSES[name])()
    return pane


def make_panes() -> dict[Pane, Widget]:
    """One widget a pane, in the order of the panes."""
    return {name: make_pane(name) for name in PANES}
