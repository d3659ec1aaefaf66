"""The list of saved runs: narrowed by typing, opened, deleted after a question, copied; damaged ones are named."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from rlm_tui import paths
from rlm_tui.resources import sample
from rlm_tui.trace.saved import SavedRun
from rlm_tui.trace.sidecar import Sidecar, save_sidecar, sidecar_of
from rlm_tui.trace.store import TraceStore
from rlm_tui.ui.opening import First, Opening
from rlm_tui.ui.screens.runs import RunsScreen
from rlm_tui.ui.screens.runs_rows import about, ago, matching, run_row
from tests.states import finished, held
from tests.ui_kit import Hand, on_screen
from tests.unit.trace_examples import HEADER

NOW = 1_000_000_000.0


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two runs and what is left of a third."""
    monkeypatch.setenv("RLM_TUI_HOME", str(tmp_path))
    traces = paths.traces_dir()
    traces.mkdir(parents=True)
    for name in ("clean", "batch"):
        (traces / f"{name}.rlm.jsonl").write_bytes(sample(name).read_bytes())
    (traces / "cut.rlm.jsonl").write_bytes(sample("clean").read_bytes()[:60])
    return traces


@asynccontextmanager
async def browsing(size: tuple[int, int] = (120, 36)) -> AsyncIterator[Hand]:
    """The list alone, as the command shows it, all of it read."""
    async with on_screen(Opening("saved runs"), size, first=First("runs")) as hand:
        await hand.until(lambda: isinstance(hand.app.screen, RunsScreen))
        await hand.app.workers.wait_for_complete()
        await hand.pilot.pause()
        yield hand


def says(hand: Hand, words: str) -> Callable[[], bool]:
    return lambda: words in hand.screen()


async def to(hand: Hand, name: str) -> None:
    """Put the cursor on a run."""
    for _ in range(4):
        if f"rlm-tui replay {name} " in hand.screen() or f"{name}.rlm.jsonl" in hand.screen():
            return
        await hand.press("j")
    raise AssertionError(hand.screen())


@pytest.mark.usefixtures("folder")
async def test_every_run_has_a_row_and_a_damaged_one_says_why() -> None:
    async with browsing() as hand:
        await hand.until(says(hand, "3 saved runs"))
        assert "! unreadable" in hand.screen()
        assert "cut off inside its first line" in hand.screen()
        assert hand.screen().count("✓ answered") == 2
        await to(hand, "cut")
        await hand.press("enter")
        assert hand.app.wanted is None
        assert "It cannot be replayed. The trace is cut off" in hand.screen()
        assert "Traceback" not in hand.screen()


async def test_enter_ends_the_app_for_the_replay(folder: Path) -> None:
    async with browsing() as hand:
        await to(hand, "batch")
        await hand.press("enter")
        await hand.until(lambda: hand.app.wanted == folder / "batch.rlm.jsonl")
        assert hand.app.return_value == 0


@pytest.mark.usefixtures("folder")
async def test_words_narrow_the_list_and_letters_in_them_are_no_keys() -> None:
    async with browsing() as hand:
        await hand.press("slash", *"dyq")
        assert "TYPING" in hand.screen()
        await hand.until(says(hand, "0 of 3 saved runs"))
        assert "No saved run has these words; Esc shows all." in hand.screen()
        assert "Esc show all" in hand.screen()
        await hand.pilot.press("escape")
        await hand.until(says(hand, " 3 saved runs"))
        await hand.until(says(hand, "Esc leave"))
        await hand.pilot.press("escape")
        await hand.until(lambda: hand.app.return_value == 0)


@pytest.mark.usefixtures("folder")
async def test_enter_keeps_the_words_for_the_keys_of_the_list_and_esc_shows_all_again() -> None:
    async with browsing() as hand:
        await hand.press("slash")
        await hand.type("magic")
        await hand.until(says(hand, "1 of 3 saved runs"))
        await hand.press("enter")
        await hand.until(says(hand, "KEYS"))
        assert "1 of 3 saved runs" in hand.screen()
        assert "Esc show all" in hand.screen()
        assert hand.app.wanted is None
        await hand.press("escape")
        await hand.until(says(hand, " 3 saved runs"))
        await hand.press("slash")
        await hand.type("magic")
        await hand.press("enter")
        await hand.press("enter")
        await hand.until(lambda: hand.app.wanted is not None)


@pytest.mark.usefixtures("folder")
async def test_the_arrows_choose_while_words_are_typed() -> None:
    async with browsing() as hand:
        await hand.press("slash")
        first = hand.screen()
        await hand.pilot.press("down", "down")
        await hand.pilot.pause()
        assert hand.screen() != first
        assert "TYPING" in hand.screen()


async def test_a_run_is_deleted_with_its_notes_only_by_another_key(folder: Path) -> None:
    path = folder / "batch.rlm.jsonl"
    save_sidecar(sidecar_of(path), Sidecar(marks=(3,)))
    async with browsing() as hand:
        await to(hand, "batch")
        await hand.press("d")
        await hand.until(says(hand, "y delete it"))
        await hand.press("d")
        assert path.exists()
        await hand.press("n")
        assert path.exists()
        await hand.press("d")
        await hand.press("y")
        await hand.until(says(hand, "batch.rlm.jsonl is deleted."))
        assert not path.exists()
        assert not sidecar_of(path).exists()
        assert "2 saved runs" in hand.screen()


async def test_a_run_that_is_being_written_is_marked_and_not_deleted(folder: Path) -> None:
    store = TraceStore(folder / "now.rlm.jsonl", HEADER)
    try:
        async with browsing() as hand:
            await hand.until(says(hand, "● running"))
            await to(hand, "now")
            await hand.press("d")
            await hand.press("y")
            await hand.until(says(hand, "is being written right now"))
            assert (folder / "now.rlm.jsonl").exists()
    finally:
        store.close()


async def test_the_path_is_copied(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copied: list[str] = []
    async with browsing() as hand:
        monkeypatch.setattr(hand.app, "copy_text", lambda text, _name: copied.append(text))
        await to(hand, "clean")
        await hand.press("y")
        assert copied == [str(folder / "clean.rlm.jsonl")]


@pytest.mark.usefixtures("folder")
async def test_over_a_run_it_goes_back_there_and_asks_before_that_run_ends() -> None:
    async with on_screen(held()) as hand:
        await hand.press("R")
        await hand.until(says(hand, "3 saved runs"))
        await to(hand, "batch")
        await hand.press("enter")
        await hand.until(says(hand, "The run is not over. End it and open the replay?"))
        assert "y open the replay" in hand.screen()
        await hand.press("n")
        await hand.press("q")
        await hand.until(lambda: hand.app.screen is hand.app.main)
        assert hand.app.wanted is None
    async with on_screen(finished()) as hand:
        await hand.press("R")
        await hand.until(says(hand, "3 saved runs"))
        await to(hand, "batch")
        await hand.press("enter")
        await hand.until(lambda: hand.app.wanted is not None)


async def test_without_saved_runs_it_says_what_makes_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RLM_TUI_HOME", str(tmp_path))
    async with browsing((80, 24)) as hand:
        await hand.until(says(hand, "There are no saved runs yet; open or run makes one."))
        await hand.press("enter", "d", "y", "q")
        await hand.until(lambda: hand.app.return_value == 0)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0s"),
        (59, "59s"),
        (61, "1m"),
        (7200, "2h"),
        (86_400 * 9, "9d"),
        (86_400 * 200, "200d"),
        (86_400 * 800, "2y"),
    ],
)
def test_an_age_takes_few_cells(seconds: int, words: str) -> None:
    assert ago("2001-09-09T01:46:40+00:00", NOW + seconds) == words


def test_a_date_that_is_none_or_ahead_has_no_age() -> None:
    assert (ago("", NOW), ago("soon", NOW), ago("2031-01-01", NOW)) == ("–", "–", "now")


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_a_row_has_its_width_whatever_is_in_it(width: int) -> None:
    wide = SavedRun(question="数字は何ですか \x1b[31m" * 20, model="m" * 90, document="d" * 90, status="a new one")
    for run in (wide, SavedRun(problem="broken " * 60)):
        row = run_row(run, NOW, width)
        assert row.cells == width
        assert "\x1b" not in row.text


def test_words_are_found_wherever_they_stand() -> None:
    runs = [
        SavedRun(question="Who pays?", model="offline", document="a.pdf"),
        SavedRun(question="Why?", path="/x/pays"),
    ]
    assert matching(runs, "") == runs
    assert matching(runs, "PAYS offline") == runs[:1]
    assert matching(runs, "pays") == runs


@pytest.mark.usefixtures("folder")
async def test_the_verbs_of_the_list_can_be_clicked() -> None:
    async with browsing() as hand:
        await hand.until(says(hand, "3 saved runs"))
        row = hand.screen().split("\n")[-1]
        await hand.pilot.click("#runs-verbs", offset=(row.index("delete"), 0))
        await hand.until(says(hand, "Delete the run"))
        await hand.press("n")
        await hand.press("slash")
        await hand.until(says(hand, "TYPING"))
        await hand.pilot.click("#runs-verbs", offset=(hand.screen().split("\n")[-1].index("choose"), 0))
        await hand.until(says(hand, "3 saved runs"))


def test_the_rows_below_the_list_are_always_as_many() -> None:
    long = "/home/" + "deep/" * 60 + "the-end.rlm.jsonl"
    runs = [SavedRun(path=path, model=model, problem=problem) for path in ("/a", "/漢" * 200, long)
            for model in ("", "m " * 90) for problem in ("", "It is cut off. " * 20)]  # fmt: skip
    for width in (1, 2, 24):
        assert {len(about(run, width)) for run in (*runs, None)} == {3}
    for width in (60, 80, 120, 200):
        shown = [about(run, width) for run in (*runs, None)]
        assert {len(rows) for rows in shown} == {3}
        assert max(row.cells for rows in shown for row in rows) <= width
        assert all("the-end.rlm.jsonl" in "".join(row.text.strip() for row in about(run, width)) for run in runs[-4:])
