"""A search in the linear mode: what a large trace leaves over is found when it is asked again."""

from __future__ import annotations

import re

import pytest

from rlm_tui.cli.plain import hits
from rlm_tui.cli.plain.hits import Hits
from rlm_tui.ui.state import UiState
from tests.states import still
from tests.trajectories import StillSession, batched

UNFINISHED = "It is not searched to its end; find again goes on."


def a_large_one() -> StillSession:
    return still(batched(40), "replay")


def found(said: list[str]) -> int:
    match = re.match(r"find: ([\d,]+) hits? of ", said[0])
    return int(match[1]) if match else 0


def test_a_search_that_is_not_over_goes_on_when_it_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = list(Hits(a_large_one(), UiState()).find("chunk 4"))
    assert found(whole) == 2
    assert UNFINISHED not in whole[0]

    monkeypatch.setattr(hits, "_SLICE_S", 2**-60)  # one step a slice, whatever it takes
    monkeypatch.setattr(hits, "_PATIENCE_S", 5 * 2**-60)
    asked, counts = Hits(a_large_one(), UiState()), list[int]()
    said = list(asked.find("chunk 4"))
    assert said == [f"find: no hit of chunk 4 so far. {UNFINISHED}"]
    while UNFINISHED in said[0]:
        counts.append(found(said))
        said = list(asked.find("chunk 4"))
    assert said == whole
    assert len(counts) > 3
    assert counts == sorted(counts)
