"""The palette finds by keys, names and whole words first; letters that stand scattered find nothing."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from textual.command import DiscoveryHit, Hit

from rlm_tui.ui.actions import ACTIONS, Action, key_name
from rlm_tui.ui.palette import ActionProvider, closeness
from rlm_tui.ui.state import UiState
from tests.states import held


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


def test_a_way_to_match_counts_more_than_all_ways_after_it() -> None:
    ways = [
        closeness("ru", ["ru"], "Other", ""),
        closeness("run", [], "Run", ""),
        closeness("run", [], "Runs of mine", ""),
        closeness("run", [], "Let it run", ""),
        closeness("run", [], "Old runs", ""),
        closeness("run", [], "Go on", "and let it run"),
        closeness("run", [], "Go on", "the runs"),
        closeness("run", [], "Prune it", ""),
    ]
    assert ways == sorted(ways, reverse=True)
    assert len(set(ways)) == len(ways)


def palette() -> ActionProvider:
    """The palette over a run that is held: some actions can be done, some cannot."""
    app = SimpleNamespace(session=held(), ui=UiState(), ui_below=UiState(), perform=print)
    return ActionProvider(cast("Any", SimpleNamespace(app=app)))


def cannot_act(hit: Hit | DiscoveryHit) -> bool:
    return "not now: " in str(hit.prompt)


async def test_with_nothing_typed_what_can_act_comes_first_and_else_the_order_of_the_registry() -> None:
    hits = [cast("DiscoveryHit", hit) async for hit in palette().discover()]
    dead = [cannot_act(hit) for hit in hits]
    assert dead == sorted(dead)
    assert {*dead} == {False, True}
    for part in (False, True):
        order = iter([action.label for action in ACTIONS])
        assert all(hit.text in order for hit in hits if cannot_act(hit) == part)


async def searched(query: str) -> list[tuple[str, bool]]:
    """What a search finds, the best first, and whether it cannot act."""
    hits = [cast("Hit", hit) async for hit in palette().search(query)]
    return [(str(hit.text), cannot_act(hit)) for hit in sorted(hits, key=lambda hit: -hit.score)]


async def test_of_what_matches_alike_what_can_act_comes_first_but_not_before_a_better_match() -> None:
    assert (await searched("se"))[:2] == [("settings", False), ("send", True)]
    assert (await searched("it"))[:2] == [("write it yourself", True), ("run", False)]
