"""Breakpoints and the filter of the tree, as a person sets them on the screen."""

from __future__ import annotations

from pathlib import Path

import pytest

from rlm_tui.filter import Moment, parse
from rlm_tui.resources import sample
from rlm_tui.session.replay import ReplaySession
from rlm_tui.trajectory import Node
from rlm_tui.ui.content.narrowed import Narrowing
from tests.driving import block, live
from tests.trajectories import RUNS
from tests.ui_kit import Hand, on_screen

ROOT = [block("print(1)"), block("llm_query('a')"), block("1 / 0"), "FINAL(done)"]


async def write(hand: Hand, text: str) -> None:
    """Put a text where one types."""
    await hand.until(lambda: hand.app.focused is not None and hasattr(hand.app.focused, "text"))
    hand.app.focused.text = text  # type: ignore[union-attr]
    await hand.pilot.pause()


async def test_a_breakpoint_is_written_holds_counts_and_is_switched_and_taken_away(tmp_path: Path) -> None:
    with live(tmp_path, ROOT, sub={".": "yes"}, step=True) as driver:
        driver.start().hold("before_code")
        async with on_screen(driver.session) as hand:
            await hand.held("before_code")
            await hand.press("b")
            await write(hand, "~code llm_query")
            await hand.until(lambda: "Enter keeps it." in hand.screen())
            await hand.pilot.press("enter")
            await hand.until(lambda: "~code llm_query" in hand.screen() and "0 hits" in hand.screen())
            await hand.pilot.press("escape")
            await hand.until(lambda: hand.app.screen is hand.app.main)
            await hand.press("c")
            await hand.until(lambda: driver.session.breakpoints[0].hits == 1 and "HELD" in hand.bar("Header"))
            await hand.press("b")
            await hand.until(lambda: "1 hit " in hand.screen())
            await hand.pilot.press("k", "space")
            await hand.until(lambda: not driver.session.breakpoints[0].is_on and "off · 1 hit" in hand.screen())
            await hand.pilot.press("d")
            await hand.until(lambda: driver.session.breakpoints == ())
            await hand.pilot.press("escape")
            await hand.press("c")
            await hand.until(lambda: "ANSWERED" in hand.bar("Header"))


async def test_a_wrong_breakpoint_says_where_while_it_is_typed_and_is_not_kept(tmp_path: Path) -> None:
    with live(tmp_path, ROOT, step=True) as driver:
        driver.start().hold("before_code")
        async with on_screen(driver.session) as hand:
            await hand.held("before_code")
            await hand.press("b")
            await write(hand, "~eror")
            await hand.until(lambda: "column 1" in hand.screen())
            await hand.pilot.press("enter")
            await hand.until(lambda: "column 1" in hand.screen())
            assert driver.session.breakpoints == ()
            await hand.pilot.press("escape", "escape")
            await hand.until(lambda: hand.app.screen is hand.app.main)


async def test_a_caret_stands_below_the_fault_of_a_breakpoint(tmp_path: Path) -> None:
    with live(tmp_path, ROOT, step=True) as driver:
        driver.start().hold("before_code")
        async with on_screen(driver.session) as hand:
            await hand.held("before_code")
            await hand.press("b")
            await write(hand, "~error & ~cod x")
            await hand.until(lambda: "^" in hand.screen())
            rows = hand.screen().splitlines()
            above = next(nth for nth, row in enumerate(rows) if "~error & ~cod x" in row)
            marked = rows[above + 1]
            assert rows[above][marked.index("^") : marked.rindex("^") + 1] == "~cod"


async def test_a_breakpoint_is_changed_in_its_place(tmp_path: Path) -> None:
    with live(tmp_path, ROOT, step=True, breaks=("~error", "~depth >3")) as driver:
        driver.start().hold("before_code")
        async with on_screen(driver.session) as hand:
            await hand.held("before_code")
            await hand.press("b")
            await hand.until(lambda: "~depth >3" in hand.screen())
            await hand.pilot.press("k", "k", "j", "enter")
            await write(hand, "~tok >10")
            await hand.pilot.press("enter")
            await hand.until(lambda: [each.filter for each in driver.session.breakpoints] == ["~error", "~tok >10"])


async def test_a_recorded_run_has_no_breakpoints_and_says_why() -> None:
    session = ReplaySession(sample("clean"))
    async with on_screen(session) as hand:
        await hand.until(lambda: hand.app.main.is_ready)
        await hand.press("b")
        await hand.until(lambda: "Nothing runs in a recorded run" in hand.bar("GateBar"))
    session.close()


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 60)])
async def test_the_tree_shows_only_what_the_filter_finds_and_what_holds_it(size: tuple[int, int]) -> None:
    session = ReplaySession(sample("misbehaves"))
    async with on_screen(session, size=size) as hand:
        await hand.until(lambda: hand.app.main.is_ready and not session.waiting)
        calls = hand.app.main.pane("calls")
        await hand.press("f")
        await write(hand, "~error")
        await hand.until(lambda: " of " in calls.pane_title and " …" not in calls.pane_title)
        shown = calls.pane_title
        await hand.until(lambda: shown in hand.screen())
        await write(hand, "~erro")
        await hand.until(lambda: "column" in hand.screen())
        assert "did you mean ~error?" in hand.screen()
        assert calls.pane_title == shown
        await hand.pilot.press("enter")
        await hand.until(lambda: "did you mean ~error?" in hand.bar("GateBar"))
        await hand.until(lambda: hand.screen().count("did you mean") == 1)
        await write(hand, "~error")
        await hand.pilot.press("enter")
        await hand.until(lambda: hand.app.ui.asking == "" and hand.app.ui.narrowed == "~error")
        await hand.press("escape")
        await hand.until(lambda: hand.app.ui.narrowed == "" and calls.pane_title == "Calls")
    session.close()


async def test_a_filter_that_finds_nothing_says_so_and_leaving_the_line_shows_all() -> None:
    session = ReplaySession(sample("clean"))
    async with on_screen(session) as hand:
        await hand.until(lambda: hand.app.main.is_ready and not session.waiting)
        await hand.press("f")
        await write(hand, "~depth >9")
        await hand.until(lambda: "Nothing matches" in hand.screen())
        await hand.pilot.press("escape")
        await hand.until(lambda: hand.app.main.pane("calls").pane_title == "Calls")
    session.close()


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize("text", ["~all", "~error", "~kind subcall", "~kind code | ~edited"])
def test_every_match_stands_below_all_that_holds_it_and_nothing_else_does(name: str, text: str) -> None:
    session, meant = RUNS[name](), parse(text)
    view, narrowing = session.trajectory.now(), Narrowing(meant, text)
    narrowing.look(view, session.log)
    while not narrowing.is_done:
        narrowing.look(view, session.log)
    keys = [narrowing.rows.row(index).key for index in range(len(narrowing.rows))]
    moment = Moment(view, session.log)
    matching = [node for node in view.tree.nodes.values() if meant.matches(moment, node)]
    wanted = set()
    for each in matching:
        node: Node | None = each
        while node is not None:
            wanted.add(node.id)
            node = view.node(node.parent)
    assert set(keys) == wanted
    assert len(keys) == len(set(keys))
    assert (narrowing.hits, narrowing.total) == (len(matching), len(view.tree.nodes))
