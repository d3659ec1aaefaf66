"""`/` over every field: what is found, grouped, gone to and walked through."""

from __future__ import annotations

import re

import pytest
from rich.cells import cell_len
from textual import events

from rlm_tui.resources import sample
from rlm_tui.session.replay import ReplaySession
from rlm_tui.ui.content.hits import HitRows
from rlm_tui.ui.screens.finder import Finder
from rlm_tui.ui.widgets.lines_view import LinesView
from tests.states import STATES, still
from tests.trajectories import RUNS, StillSession
from tests.ui_kit import Hand, on_screen


def finder(hand: Hand) -> Finder:
    found = hand.app.main.finder
    assert isinstance(found, Finder)
    return found


async def look_for(hand: Hand, query: str) -> None:
    await hand.press("slash")
    finder(hand).input.value = query
    await hand.until(lambda: (found := finder(hand).search) is not None and found.query == query and not found.is_busy)
    await hand.until(lambda: "searching" not in hand.screen())


def marked(hand: Hand) -> list[str]:
    """What is marked as a hit in the Step pane, row by row."""
    view = hand.app.main.pane("step").lines
    rows = [view._row(index) for index in range(len(view.rows))]
    return [
        span.text for row in rows if row is not None for span in row.spans if span.role.startswith("background on ")
    ]


async def test_hits_are_grouped_by_field_with_place_and_passage() -> None:
    async with on_screen(STATES["held"]()) as hand:
        await look_for(hand, "ENGINEER")
        rows = finder(hand).rows.rows
        assert isinstance(rows, HitRows)
        texts = [rows[index].text for index in range(len(rows))]
        assert "DOCUMENT 2" in texts
        assert any("report.pdf p. 2" in text and "Alice, engineer: 75,000" in text for text in texts)
        assert any(text.startswith("PROMPT ") for text in texts)
        assert "document 2" in hand.screen()


async def test_enter_goes_to_the_node_and_marks_the_hit() -> None:
    async with on_screen(still(RUNS["batched"](), "replay")) as hand:
        await hand.press("5")
        await look_for(hand, "answers")
        await hand.press("enter")
        await hand.until(lambda: "answers" in marked(hand))
        lines = hand.app.main.pane("step").lines
        await hand.until(lambda: "answers" in lines.rows[lines.cursor].text)
        assert hand.app.ui.pane == "step"
        assert "Hit 1 of" in hand.bar("GateBar")
        assert not finder(hand).is_open


async def test_n_walks_through_every_group_and_round() -> None:
    async with on_screen(still(RUNS["batched"](), "replay")) as hand:
        await look_for(hand, "engineer")
        search = finder(hand).search
        assert search is not None
        await hand.press("enter")
        for number in [*range(2, search.total + 1), 1]:
            await hand.press("n")
            await hand.until(lambda number=number: f"Hit {number} of {search.total}" in hand.bar("GateBar"))  # type: ignore[misc]
        await hand.press("N")
        await hand.until(lambda: f"Hit {search.total} of {search.total} · document" in hand.bar("GateBar"))
        assert hand.app.ui.pane == "context"


async def test_a_hit_of_later_takes_one_there() -> None:
    async with on_screen(still(RUNS["clean"](), "replay")) as hand:
        await hand.press("home")
        before = hand.app.session.view.seq
        await look_for(hand, "hits")
        await hand.press("enter")
        await hand.until(lambda: hand.app.session.view.seq > before)
        assert hand.app.session.view.node(hand.app.ui.selection or "") is not None


async def test_the_arrows_choose_and_the_list_stands_again_when_it_is_opened_again() -> None:
    async with on_screen(STATES["held"]()) as hand:
        await look_for(hand, "engineer")
        await hand.press("down", "down", "enter")
        await hand.until(lambda: "Hit 2 of" in hand.bar("GateBar") or "Hit 3 of" in hand.bar("GateBar"))
        await hand.press("slash")
        assert finder(hand).input.value == "engineer"
        await hand.until(lambda: "document 2" in hand.screen())


async def test_esc_leaves_nothing_marked() -> None:
    async with on_screen(still(RUNS["batched"](), "replay")) as hand:
        pane = hand.app.ui.pane
        await look_for(hand, "engineer")
        await hand.press("escape")
        assert not finder(hand).is_open
        assert (hand.app.ui.pane, hand.app.ui.asking, hand.app.ui.searched) == (pane, "", False)
        await look_for(hand, "answers")
        await hand.press("enter")
        await hand.until(lambda: marked(hand) != [])
        await hand.press("escape")
        assert marked(hand) == []
        assert hand.app.main.pane("context").finding is None
        await hand.press("n")
        assert "Nothing is searched for now" in hand.bar("GateBar")


async def test_a_filter_finds_texts_or_nodes_and_a_wrong_one_is_plain_text() -> None:
    async with on_screen(still(RUNS["batched"](), "replay")) as hand:
        await look_for(hand, "~code llm_query")
        assert [group for group, _ in finder(hand).search.counts] == ["code"]  # type: ignore[union-attr]
        await hand.press("escape")
        await look_for(hand, "~kind iteration")
        assert finder(hand).search.counts == [("node", 2)]  # type: ignore[union-attr]
        await hand.press("escape")
        await look_for(hand, "~coed x")
        assert "read as plain text: The filter is wrong at column 1" in hand.screen()


async def test_n_shows_which_of_several_hits_in_a_row_it_is_at() -> None:
    session = ReplaySession(sample("batch"))
    async with on_screen(session, (80, 24)) as hand:
        await hand.until(lambda: hand.app.main.is_ready and not session.waiting)
        await look_for(hand, "page")
        await hand.press("enter")
        lines, places = hand.app.main.pane("step").lines, list[tuple[int, str]]()
        for nth in range(6):
            await hand.until(lambda: f"Hit {nth + 1} of" in hand.bar("GateBar") and len(here(lines)) == 1)  # noqa: B023
            places += here(lines)
            await hand.press("n")
        assert len(set(places)) == 6
        assert [row for row, _ in places] == sorted(row for row, _ in places)
    session.close()


def here(lines: LinesView) -> list[tuple[int, str]]:
    """The rows in sight with the hit that one is at, each with what stands before it."""
    found = list[tuple[int, str]]()
    for index in range(lines.top, min(lines.top + lines.page, len(lines.rows))):
        row = lines._row(index)
        spans = row.spans if row is not None else ()
        nth = next((nth for nth, span in enumerate(spans) if "on accent" in span.role), None)
        if nth is not None and index == lines.cursor:
            found.append((index, "".join(span.text for span in spans[:nth])))
    return found


@pytest.mark.parametrize(("size", "count"), [((120, 36), 3), ((200, 60), 5)])
async def test_the_search_takes_no_pane_away(size: tuple[int, int], count: int) -> None:
    session = ReplaySession(sample("batch"))
    async with on_screen(session, size) as hand:
        await hand.until(lambda: hand.app.main.is_ready and not session.waiting and "6 Vars" in hand.screen())
        panes = hand.app.main.on_screen
        await look_for(hand, "page")
        assert hand.app.main.on_screen == panes
        assert len(panes) == count
    session.close()


async def test_every_group_of_hits_is_counted_also_on_a_small_screen() -> None:
    session = ReplaySession(sample("misbehaves"))
    async with on_screen(session, (80, 24)) as hand:
        await hand.until(lambda: hand.app.main.is_ready and not session.waiting)
        await look_for(hand, "engineer")
        said = " ".join(" ".join(finder(hand).status.rows).split())
        await hand.until(lambda: "document 25" in hand.screen())
        assert said.startswith("says 10 · code 3")
        assert finder(hand).status.rows[1] == "told 1 · document 25"
        assert all(cell_len(row) < 80 for row in finder(hand).status.rows)
    session.close()


async def test_the_place_of_a_hit_takes_no_more_room_than_it_needs() -> None:
    async with on_screen(still(RUNS["batched"](), "replay"), (80, 24)) as hand:
        await look_for(hand, "engineer")
        rows = finder(hand).rows.rows
        places = [rows[index].text for index in range(len(rows)) if rows[index].text.startswith("  ")]
        gaps = [len(found[1]) for text in places if (found := re.match(r"  \S+(?: \S+)*?(  +)", text))]
        assert min(gaps) == 2


async def test_a_wrong_filter_is_told_whole_while_it_is_typed_and_after() -> None:
    async with on_screen(still(RUNS["batched"](), "replay"), (80, 24)) as hand:
        await look_for(hand, "~edit")
        assert "~edit total; did you mean ~edited?" in " ".join(hand.screen().split())
        await hand.press("enter")
        said = " ".join(hand.bar("GateBar").split())
        assert "did you mean ~edited? ~edit stands nowhere as plain text." in said


async def test_what_stands_nowhere_is_said_to_be_nowhere() -> None:
    async with on_screen(STATES["held"]()) as hand:
        await look_for(hand, "zebra")
        assert "no hit" in hand.screen()
        await hand.press("enter")
        assert "zebra stands nowhere" in hand.bar("GateBar")


async def test_without_a_document_the_run_is_searched() -> None:
    async with on_screen(StillSession(RUNS["batched"]())) as hand:
        await look_for(hand, "engineer")
        groups = dict(finder(hand).search.counts)  # type: ignore[union-attr]
        assert groups["code"]
        assert "document" not in groups


async def test_notes_of_ones_own_are_found() -> None:
    session = StillSession(RUNS["batched"]())
    session.notebook.write("1", "a quokka was here")
    async with on_screen(session) as hand:
        await look_for(hand, "quokka")
        assert "your notes 1" in hand.screen()
        await hand.press("enter")
        await hand.until(lambda: "quokka" in marked(hand))


async def test_what_is_pasted_is_drawn_safely() -> None:
    async with on_screen(STATES["held"](), (80, 24)) as hand:
        await look_for(hand, "\x1b[31mred\x07")
        assert "␛[31mred␇" in hand.screen()
        assert "\x1b" not in hand.screen()


async def test_lines_that_are_pasted_are_looked_for_as_one() -> None:
    async with on_screen(STATES["held"]()) as hand:
        await hand.press("slash")
        hand.app.post_message(events.Paste("Alice,\n  engineer"))
        await hand.until(lambda: finder(hand).input.value == "Alice, engineer")
