"""The palette finds by keys, names and whole words first; letters that stand scattered find nothing."""

from __future__ import annotations

import pytest

from rlm_tui.ui.actions import ACTIONS, Action, key_name
from rlm_tui.ui.palette import closeness


def found(query: str) -> list[str]:
    """The ids that are found, the best first."""
    ways = [(_closeness(query, action), action.id) for action in ACTIONS]
    return [name for way, name in sorted(ways, key=lambda pair: -pair[0]) if way]


def _closeness(query: str, action: Action) -> float:
    told = f"{action.tooltip} {action.id}"
    return closeness(query, [key_name(key) for key in action.keys], action.label, told)


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("run", "gate.run"),
        ("stop the run", "gate.stop"),
        ("stop", "gate.stop"),
        ("saved", "look.runs"),
        ("sav", "look.runs"),
        ("ctrl+p", "app.palette"),
        ("R", "look.runs"),
        ("r", "gate.retry"),
        ("?", "app.help"),
        ("F10", "gate.step"),
        ("gate.turn", "gate.turn"),
        ("original", "gate.original"),
        ("  THEME ", "app.theme"),
    ],
)
def test_what_is_meant_comes_first(query: str, first: str) -> None:
    assert found(query)[0] == first


def test_whole_words_come_before_beginnings_and_these_before_parts() -> None:
    names = found("run")
    assert names.index("gate.stop") < names.index("look.runs") < names.index("gate.interrupt")
    assert names.index("gate.run") < names.index("gate.step")


def test_scattered_letters_and_nothing_find_nothing() -> None:
    assert found("rnh") == []
    assert found("") == []
    assert found("zz") == []
