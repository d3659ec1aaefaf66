"""Every row is as wide as the terminal, in every state, and no bar cuts a word without saying so."""

from __future__ import annotations

import re
import unicodedata

import pytest
from rich.cells import cell_len

from rlm_tui.session.setup import Setup
from rlm_tui.ui.lines import ELLIPSIS
from rlm_tui.ui.opening import First
from rlm_tui.ui.widgets.header import header_line
from rlm_tui.ui.words import state_of
from tests.states import STATES
from tests.trajectories import QUESTION, RUNS, Recorder, StillSession, peeked
from tests.ui_kit import Hand, on_screen

AT = [(80, 24), (120, 36), (200, 60)]
SIZES = pytest.mark.parametrize("size", AT, ids=lambda size: f"{size[0]}x{size[1]}")
WIDE = (600, 60)
BARS = ("Header", "GateBar", "Footer")
PANES = "123456"


async def assert_width(hand: Hand, size: tuple[int, int]) -> None:
    """Every row that is drawn takes exactly the cells of the terminal."""
    rows = hand.screen().split("\n")
    assert [cell_len(row) for row in rows] == [size[0]] * size[1]


def bar_words(hand: Hand) -> set[str]:
    """The words of header, gate bar, footer and pane titles as they are drawn."""
    main, rows = hand.app.main, hand.screen().split("\n")
    regions = [main.query_one(name).region for name in BARS]
    frame = main.frame
    regions += [titles.region.translate(frame.region.offset) for titles in frame.plan.strips]
    return {word for r in regions for y in range(r.y, r.bottom) for word in _cells(rows[y], r.x, r.right).split()}


def _cells(row: str, start: int, end: int) -> str:
    """The characters of a row in the cells from `start` to `end`; a wide one counts where it begins."""
    kept, at = [], 0
    for char in row:
        if start <= at < end:
            kept.append(char)
        at += cell_len(char)
    return "".join(kept)


@SIZES
@pytest.mark.parametrize("state", STATES)
async def test_every_pane_of_every_state_keeps_the_width(state: str, size: tuple[int, int]) -> None:
    async with on_screen(STATES[state](), size) as hand:
        for key in PANES:
            await hand.press(key)
            await assert_width(hand, size)


@pytest.mark.parametrize("state", STATES)
async def test_no_bar_cuts_a_word_unmarked(state: str) -> None:
    async with on_screen(STATES[state](), WIDE) as hand:
        whole = bar_words(hand)
        assert {"2", "Step", "KEYS", "help"} <= whole
        for size in AT:
            await hand.pilot.resize_terminal(*size)
            await hand.until(lambda size=size: len(hand.screen().split("\n")) == size[1])
            assert {word for word in bar_words(hand) - whole if not word.endswith(ELLIPSIS)} == set()


@SIZES
async def test_dialogs_keep_the_width(size: tuple[int, int]) -> None:
    async with on_screen(STATES["held"](), size) as hand:
        for key, word in (("question_mark", "Keys that act now"), ("colon", "Run what is held as it is")):
            await hand.press(key)
            await hand.until(lambda word=word: word in hand.screen())
            await assert_width(hand, size)
            await hand.pilot.press("escape")
            await hand.until(lambda: hand.app.screen is hand.app.main)
        await hand.press("t")
        await assert_width(hand, size)


@SIZES
async def test_the_start_screen_keeps_the_width(size: tuple[int, int]) -> None:
    options = {"first": First("start", QUESTION * 9, Setup())}
    async with on_screen(STATES["asked"](), size, **options) as hand:
        await hand.until(lambda: hand.app.screen is not hand.app.main)
        await assert_width(hand, size)


@pytest.mark.parametrize("state", [name for name, make in STATES.items() if make().view.started is not None])
async def test_the_header_keeps_iteration_and_sandbox_whatever_the_state_says(state: str) -> None:
    async with on_screen(STATES[state](), (80, 24)) as hand:
        assert re.search(r" it \d+/\d+  (.*  )?NOT SANDBOXED $", hand.bar("Header"))


async def test_a_long_sentence_on_the_summary_is_whole_on_a_small_screen() -> None:
    async with on_screen(STATES["batched"](), (80, 24), first=First("summary")) as hand:
        await hand.until(lambda: "COST" in hand.screen())
        sentence = "The note could not be kept because the folder beside the trace cannot be written by you; free it."
        hand.app.say(sentence)
        await hand.until(lambda: "free it." in hand.screen())
        assert " ".join(" ".join(hand.screen().split()).split()).count(sentence) == 1


@pytest.mark.parametrize("state", STATES)
def test_what_a_state_says_in_short_is_never_cut(state: str) -> None:
    session = STATES[state]()
    says, header = state_of(session), header_line(session, 80).text
    assert says.words in header or says.short in header


def test_a_failure_is_told_whole_in_a_wide_header() -> None:
    said = STATES["limited"]().view.finished
    assert said is not None
    assert said.detail in header_line(STATES["limited"](), 200).text


@pytest.mark.parametrize("doing", ["reading 1 of 2 bytes of report.pdf", "reading page 3"])
def test_a_document_that_is_read_is_named_once(doing: str) -> None:
    session = StillSession(Recorder(), None, "loading", waiting=doing)
    assert header_line(session, 120).text.count("report.pdf") == 1
    assert doing in header_line(session, 120).text


def test_what_terminals_measure_differently_moves_nothing_in_the_header() -> None:
    run = peeked()
    run.end("हिन्दी में उत्तर ☰ 👍🏽 " * 4)
    header = header_line(StillSession(run, None, "finished"), 200).text
    assert not [char for char in header if unicodedata.category(char) == "Mc" or char in "☰🏽"]
    assert "ANSWERED  ह�न" in header
    assert header.endswith(" NOT SANDBOXED ")


def test_a_recorded_hold_is_named_whole_beside_the_name_of_a_model() -> None:
    session = StillSession(RUNS["held"](), None, "replay")
    header = header_line(session, 80).text
    assert "· code held" in header
    assert "it 3/20  NOT SANDBOXED" in header
