"""A recorded run opens on its summary: it says how it went, and one key goes to each place that matters."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from rlm_tui import events as ev
from rlm_tui.resources import sample
from rlm_tui.session.base import Attachment, Origin
from rlm_tui.session.commands import Seek
from rlm_tui.session.replay import ReplaySession
from rlm_tui.ui.content.summary import Summary, best_place
from rlm_tui.ui.opening import First
from rlm_tui.ui.screens.summary import SummaryBar, SummaryScreen
from rlm_tui.ui.widgets.bar import Bar
from rlm_tui.ui.widgets.lines_view import LinesView
from tests.trajectories import RUNS, Recorder, StillSession, clean, failing, held, peeked
from tests.ui_kit import Hand, on_screen

SIZES = [(80, 24), (120, 36), (200, 60)]


def origin(state: str = "missing", *, is_live: bool = False, problems: tuple[str, ...] = ()) -> Origin:
    attachment = Attachment(state, f"it is {state}")  # type: ignore[arg-type]
    return Origin("run.rlm.jsonl", 25_400, "rlm-tui 0.1.0", "2026-01-01", is_live, problems, attachment)


@asynccontextmanager
async def summary(run: Recorder, size: tuple[int, int] = (120, 36), of: Origin | None = None) -> AsyncIterator[Hand]:
    session = StillSession(run, None, "replay", origin=of or origin())
    async with on_screen(session, size, first=First("summary")) as hand:
        await hand.until(lambda: "COST" in hand.screen())
        yield hand


@pytest.mark.parametrize("size", SIZES)
async def test_it_says_how_the_run_went(size: tuple[int, int]) -> None:
    async with summary(clean(), size) as hand:
        said = hand.screen()
    for words in (
        "What do the engineers earn in total?",
        "160,000",
        "✓ answered after 2 iterations",
        "18.0k tokens in, 1.9k out",
        "$0",
        "2 of 20 iterations",
        "0 of 200 sub-calls",
        "ollama/qwen2.5:7b → ollama/qwen2.5:1.5b",
        "dialect paper",
        "NOT SANDBOXED",
        "report.pdf",
        "it is missing",
        "25.4 kB",
        "Iterations  2",
        "I will look at the beginning of the text first.",
    ):
        assert words in said, words


async def test_an_unknown_cost_is_unknown() -> None:
    run = peeked()
    run.emit(ev.RunFinished(node="1", status="answered", answer="x", via="FINAL", usage=ev.Usage()))
    async with summary(run) as hand:
        assert "unknown · tokens unknown" in hand.screen()


def troubled(count: int) -> Recorder:
    """A run whose blocks raised so often, the last of them a person's own."""
    run = peeked()
    for number in range(count):
        node = run.open(f"1.1.c{9 + number}", "code", "1.1", by="user" if number == count - 1 else "model")
        run.emit(ev.CodeStarted(node=node, code="x", number=9 + number))
        run.emit(ev.CodeFinished(node=node, status="error", error=ev.CodeError("NameError", f"no {number}")))
        run.close(node, "error")
    return run


@pytest.mark.parametrize("size", SIZES)
async def test_every_problem_is_counted_and_one_key_from_its_place(size: tuple[int, int]) -> None:
    async with summary(troubled(6), size) as hand:
        assert "6 problems" in hand.screen()
        shown = 1 if size[1] == 24 else 3
        assert f"no {shown - 1}" in hand.screen()
        assert f"no {shown}" not in hand.screen()
        assert f"▸ {6 - shown} more problems · Enter lists them" in hand.screen()
        await hand.press(*["down"] * shown, "enter")
        assert "▾ fold up" in hand.screen()
        assert "iteration 1: your block raised NameError: no 5" in hand.screen()
        await hand.press(*["down"] * (5 - shown), "enter")
        await hand.until(lambda: hand.app.screen is hand.app.main)
        assert hand.app.session.log.event(hand.app.session.view.seq).node == "1.1.c14"


async def test_a_long_answer_is_opened_where_it_stands() -> None:
    run = peeked()
    run.emit(ev.AnswerGiven(node="1.1", text="\n".join(f"row {n}" for n in range(30)), via="FINAL"))
    async with summary(run) as hand:
        assert "row 29" not in hand.screen()
        summary_screen = hand.app.screen
        view = summary_screen.query_one("#summary-facts", LinesView)
        view.move_cursor(next(i for i, row in enumerate(view.rows[:]) if "more rows" in row.text))
        await hand.press("enter")
        assert hand.app.screen is summary_screen
        assert any("row 29" in row.text for row in view.rows[:])


async def test_enter_goes_to_the_first_error() -> None:
    async with summary(failing()) as hand:
        assert "iteration 2: the block raised NameError: name 'hits' is not defined" in hand.screen()
        assert "2 problems" in hand.screen()
        assert "Enter goes to the first problem" in hand.screen()
        await hand.press("enter")
        await hand.until(lambda: hand.app.screen is hand.app.main)
        event = hand.app.session.log.event(hand.app.session.view.seq)
        assert isinstance(event, ev.CodeFinished)
        assert hand.app.ui.selection == "1.2"
        await hand.until(lambda: "✗ raised an error" in hand.screen())


def test_a_failed_request_of_a_sub_call_is_told_once_as_that_of_the_sub_call() -> None:
    session = ReplaySession(sample("batch"))
    session.read_whole()
    said = [row.text for row in Summary(session, 120).facts()[:]]
    session.close()
    assert any("iteration 2: sub-call 5 failed: tests/samples/batch.json answers with HTTP 400" in row for row in said)
    assert sum("HTTP 400" in row for row in said) == 1


async def test_without_an_error_enter_goes_to_the_first_repair() -> None:
    async with summary(clean()) as hand:
        assert "iteration 1: a python fence was taken for repl" in hand.screen()
        await hand.press("enter")
        assert isinstance(hand.app.session.log.event(hand.app.session.view.seq), ev.ResponseParsed)


@pytest.mark.parametrize(
    ("key", "kind"),
    [("a", ev.AnswerGiven), ("e", ev.ResponseParsed), ("home", ev.ResponseParsed), ("end", ev.NodeClosed)],
)
async def test_a_key_goes_to_each_place(key: str, kind: type[ev.TraceEvent]) -> None:
    async with summary(clean()) as hand:
        await hand.press(key)
        assert hand.app.screen is hand.app.main
        assert isinstance(hand.app.session.log.event(hand.app.session.view.seq), kind)


async def test_a_place_is_seen_whatever_pane_was_there_before() -> None:
    async with summary(clean(), (80, 24)) as hand:
        await hand.press("escape", "5", "0")
        await hand.until(lambda: "COST" in hand.screen())
        await hand.press("a")
        await hand.until(lambda: "FINAL(160,000)" in hand.screen())


async def test_enter_on_an_iteration_goes_to_its_end() -> None:
    async with summary(clean()) as hand:
        await hand.press("tab", "j", "enter")
        assert hand.app.ui.selection == "1.2"


async def test_what_a_person_did_is_told_and_leads_there() -> None:
    async with summary(RUNS["edited"]()) as hand:
        said = hand.screen()
        assert "edited the code of iteration 3" in said
        assert "told the model: The salaries stand on p. 26." in said


async def test_a_block_of_two_lines_of_ones_own_is_told_in_one() -> None:
    run = peeked()
    run.end_block(run.begin_block("1.1", "rows = 1\nprint(rows)", 2, by="user", place=2), "1\n")
    async with summary(run) as hand:
        assert "✎ injected a block in iteration 1: rows = 1 print(rows)" in hand.screen()


@pytest.mark.parametrize(
    ("run", "of", "words"),
    [
        (peeked(), origin(), "◌ stopped before iteration 2"),
        (RUNS["held"](), origin(), "◌ stopped in iteration 3"),
        (peeked(), origin(is_live=True), "still running when it was opened"),
        (failing(), origin(problems=("Line 7 is damaged.",)), "⚠ Line 7 is damaged."),
        (clean(), origin("differs"), "⚠ it is differs"),
    ],
)
async def test_a_trace_that_is_not_whole_says_how(run: Recorder, of: Origin, words: str) -> None:
    async with summary(run, of=of) as hand:
        assert words in hand.screen()


async def test_q_leaves_the_run_that_opened_on_it_and_0_brings_it_back_from_the_panes() -> None:
    async with summary(clean()) as hand:
        await hand.press("escape")
        assert hand.app.screen is hand.app.main
        await hand.press("0")
        assert isinstance(hand.app.screen, SummaryScreen)
        await hand.press("q")
        assert hand.app.screen is hand.app.main
    async with summary(clean()) as hand:
        await hand.press("q")
        assert hand.app.return_value == 0


async def test_what_is_below_is_not_drawn_and_is_right_when_it_comes_up() -> None:
    session = StillSession(clean(), None, "replay", origin=origin())
    last = len(session.trajectory.steps)
    session.seq = session.trajectory.steps[0].seq
    async with on_screen(session) as hand:
        await hand.press("1")
        await hand.until(lambda: f"step 1 of {last}" in hand.bar("Slider") and "FINAL" not in hand.screen())
        await hand.press("0")
        await hand.until(lambda: "COST" in hand.screen())
        before = below(hand)
        session.send(Seek(None))
        hand.app.redraw()
        assert f"step {last} of {last}" not in hand.bar("Slider")
        assert below(hand) == before
        await hand.press("escape")
        await hand.until(lambda: f"step {last} of {last}" in hand.bar("Slider") and below(hand)[1] != before[1])


def below(hand: Hand) -> tuple[list[tuple[str, ...]], list[str]]:
    """What stands in the bars and in the tree of calls of the panes, whether they are seen or not."""
    rows = hand.app.main.pane("calls").rows
    return [bar.rows for bar in hand.app.main.query(Bar)], [row.text for row in rows]


async def test_a_trace_without_a_run_says_so(tmp_path: Path) -> None:
    path = tmp_path / "empty.rlm.jsonl"
    path.write_bytes(sample("clean").read_bytes().splitlines(keepends=True)[0])
    session = ReplaySession(path)
    async with on_screen(session, first=First("summary")) as hand:
        await hand.until(lambda: "holds no run" in hand.screen())
        for key in ("enter", "a", "e", "home", "tab", "end"):
            await hand.press(key)
    session.close()


async def test_a_click_on_a_key_of_the_summary_is_that_key() -> None:
    async with summary(clean()) as hand:
        row = next(row for row in hand.app.screen.query_one(SummaryBar).rows if "Esc panes" in row)
        await hand.pilot.click(SummaryBar, offset=(row.index("Esc"), 1))
        await hand.until(lambda: hand.app.screen is hand.app.main)


async def test_marks_and_notes_of_the_sidecar_stand_in_it_and_lead_there() -> None:
    session = StillSession(clean(), None, "replay", origin=origin())
    session.notebook.toggle(session.trajectory.steps[1].seq)
    session.notebook.write("1.1", "the first look\nat it")
    session.notebook.write("9.9", "on nothing")
    async with on_screen(session, first=First("summary")) as hand:
        await hand.until(lambda: "MARKS" in hand.screen())
        assert "◆ step 2" in hand.screen()
        assert "¶ iteration 1: the first look at it" in hand.screen()
        assert "on nothing" not in hand.screen()
        row = next(y for y, text in enumerate(hand.screen().splitlines()) if "◆ step 2" in text)
        await hand.pilot.click(offset=(20, row))
        await hand.pilot.click(offset=(20, row))
        await hand.until(lambda: hand.app.screen is hand.app.main)
        assert session.view.step_number() == 2


async def test_help_names_the_keys_of_the_summary_itself() -> None:
    async with summary(failing()) as hand:
        await hand.press("question_mark")
        await hand.until(lambda: " here" in hand.screen() and "first problem" in hand.screen())


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_what_is_told_of_a_cut_trace_covers_nothing_that_is_read(tmp_path: Path, size: tuple[int, int]) -> None:
    whole = sample("misbehaves").read_bytes().splitlines(keepends=True)
    (tmp_path / "cut.rlm.jsonl").write_bytes(b"".join(whole[: len(whole) // 2]))
    async with on_screen(ReplaySession(tmp_path / "cut.rlm.jsonl"), size, first=First("summary")) as hand:
        await hand.until(lambda: "The trace stops before the end" in hand.screen())
        assert not list(hand.app._notifications)


async def test_from_the_summary_of_a_held_run_one_goes_to_its_newest_moment_and_nothing_else() -> None:
    async with on_screen(StillSession(held(), None, "held")) as hand:
        await hand.until(lambda: "HELD" in hand.screen())
        hand.app.open_summary()
        await hand.until(lambda: "The run is left as it is." in hand.screen())
    fresh = Recorder()
    assert best_place(fresh.trajectory.now(), fresh.log).what == "the newest moment"
