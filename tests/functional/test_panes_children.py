"""A child RLM that is looked at: every pane shows its own, says so, and Esc leads back."""

from __future__ import annotations

from pathlib import Path

from rlm_tui import events as ev
from rlm_tui.events import Limits
from rlm_tui.session.replay import ReplaySession
from rlm_tui.ui.actions import reason
from rlm_tui.ui.content.parts import page_of
from rlm_tui.ui.content.passages import child_context
from rlm_tui.ui.searching import At, Search
from rlm_tui.ui.widgets.header import header_line
from rlm_tui.ui.words import child_name, hold_words
from tests.driving import Driver, block, live
from tests.functional.test_recursion import below, led
from tests.states import still
from tests.trajectories import peeked
from tests.ui_kit import Hand, on_screen

ROOT = [block("words = rlm_query_batched(['tea is oolong', 'coffee is robusta'])\nprint(words)"), "FINAL(done)"]
SUB = led("found = context.split()[-1]\nprint('found', found)", "FINAL_VAR(found)")


def second(run: Driver) -> str:
    """The node of the second child RLM."""
    return below(run, "rlm")[1].node


async def looked_at(hand: Hand, node: str) -> str:
    """Select a node and open the REPL beside Calls and Vars; what the screen says."""
    hand.app.look_at(node, pinned=True)
    hand.app.main.enter("repl")
    await hand.until(lambda: "4 REPL · child 2" in hand.screen())
    return hand.screen()


async def test_the_panes_of_a_child_are_its_own_live_and_in_replay(tmp_path: Path) -> None:
    with live(tmp_path, ROOT, sub=SUB, limits=Limits(depth=2)) as run:
        run.start().end()
        node = second(run)
        async with on_screen(run.session) as hand:
            await panes_of_the_second(hand, node, "The REPL of child 2 is for reading")
    replay = ReplaySession(tmp_path / "run.rlm.jsonl")
    try:
        async with on_screen(replay) as hand:
            await hand.until(lambda: not replay.waiting and bool(replay.trajectory.finished))
            await hand.press("escape")
            await panes_of_the_second(hand, node, "recorded run")
    finally:
        replay.close()


async def panes_of_the_second(hand: Hand, node: str, no_prompt: str) -> None:
    """Chat, REPL, context, variables and header of the second child, from inside it too, and the way back."""
    said = await looked_at(hand, node)
    assert "found robusta" in said
    assert "rlm_query_batched" not in said.split("4 REPL")[1].split("6 Vars")[0]
    assert "6 Vars · child 2" in said
    assert "child 2 it 2, all 6/20" in hand.bar("Header")
    hand.app.main.enter("chat")
    await hand.until(lambda: "3 Chat · child 2" in hand.screen() and "● LM of the child RLM" in hand.screen())
    hand.app.main.enter("context")
    await hand.until(lambda: "5 Context · child 2" in hand.screen() and "coffee is robusta" in hand.screen())
    hand.app.look_at(f"{node}.1", pinned=True)
    await hand.until(lambda: "5 Context · child 2" in hand.screen())
    assert no_prompt in reason(hand.app.session, hand.app.sync(), "look.prompt")
    await hand.press("escape")
    assert hand.app.ui.selection == hand.app.session.trajectory.nodes[node].parent
    await hand.until(lambda: "· child 2" not in hand.screen() and "a long text" in hand.screen())
    assert "it 2, all 6/20" in hand.bar("Header")
    assert "child" not in hand.bar("Header")


def test_what_is_held_in_a_child_says_of_whom(tmp_path: Path) -> None:
    with live(tmp_path, ROOT, sub=SUB, limits=Limits(depth=2), breaks=("~depth >=1 & ~code found",)) as run:
        run.start().hold("before_code")
        view = run.session.trajectory.now()
        holds = view.holds()
        assert hold_words(view, holds[0]) == (f"code of iteration 1 of {child_name(view, holds[0].node)}, not run yet")
        assert "of iteration 1 of child " in header_line(run.session, 120, holds[0].node).text


def test_the_turns_of_every_rlm_are_counted_from_1(tmp_path: Path) -> None:
    with live(tmp_path, ROOT, sub=SUB, limits=Limits(depth=2)) as run:
        run.start().end()
        counted = {(event.node, event.number) for event in run.of(ev.IterationStarted)}
        assert {number for node, number in counted if node.count(".") == 1} == {1, 2}
        assert sorted(number for node, number in counted if node.startswith(second(run))) == [1, 2]


async def test_the_variables_of_a_child_are_its_own(tmp_path: Path) -> None:
    with live(tmp_path, ROOT, sub=SUB, limits=Limits(depth=2)) as run:
        run.start().end()
        async with on_screen(run.session, (80, 24)) as hand:
            hand.app.look_at(second(run), pinned=True)
            hand.app.main.enter("vars")
            await hand.until(lambda: "6 Vars · child 2" in hand.screen())
            assert "robusta" in hand.screen()
            assert "words" not in hand.screen().split("6 Vars")[1]
            await hand.press("escape")
            await hand.until(lambda: "words" in hand.screen())
            assert "found" not in hand.screen().split("6 Vars")[1]


def test_a_long_context_of_a_child_says_that_it_is_cut_and_a_search_finds_in_all_of_it() -> None:
    run = peeked()
    code = run.begin_block(run.iteration(2), "rlm_query(context)", 2)
    call = run.open(f"{code}.sub1", "subcall", code, depth=1, title="rlm_query", asks="rlm")
    prompt = "a row of the table\n" * 15_000 + "the needle is here"
    run.emit(ev.SubcallRequested(node=call, function="rlm_query", prompt=prompt, model="m"))
    child = run.open(f"{call}.1", "rlm", call, depth=1)
    session = still(run, "replay")
    rows = child_context(page_of(session, 80), child)
    said = [rows[0].text, rows[len(rows) - 1].text]
    assert said == [
        "context of child 1  200,000 of 285,018 characters shown; / finds in all",
        "… 85,018 more characters; the step shows them.",
    ]
    search = Search(session, "needle is")
    while search.is_busy:
        search.work(0.01)
    assert search.counts == [("prompt", 1)]
    hit = search.hit(At("prompt", 0))
    assert (hit.node, hit.found) == (call, "needle is")
