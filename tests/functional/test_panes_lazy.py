"""Chat and REPL on a run of thousands of turns: only what is looked at is made, and nothing that is read jumps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Self, TypeAlias

import pytest

from rlm_tui.ui.content.parts import FOLD
from rlm_tui.ui.theme import DARK, LIGHT
from rlm_tui.ui.widgets.chat import ChatPane
from rlm_tui.ui.widgets.lazy_view import LazyView
from rlm_tui.ui.widgets.repl import ReplPane
from tests.functional.panes_kit import Desk, desk
from tests.trajectories import Recorder, StillSession, peeked

AnyPane: TypeAlias = ChatPane | ReplPane
COUNT = 1_200
BOTH = pytest.mark.parametrize("make", [ChatPane, ReplPane])


def turn(run: Recorder, number: int, output: str = "") -> None:
    node = run.iteration(number)
    said = f"I look at part {number}.\n```repl\nprint(part[{number}])\n```"
    seen = ("user", f"output before {number}\n" + f"line of {number}\n" * (number % 40))
    run.ask(node, f"{said}\nresponse {number}", prior=2 * number - 2, new=(("assistant", said), seen))
    run.end_block(run.begin_block(node, f"print(part[{number}])", number), output or f"of {number}\n" * (number % 37))
    run.finish_iteration(node, number)


@pytest.fixture(scope="module")
def long_run() -> Recorder:
    run = peeked()
    for number in range(2, COUNT + 1):
        turn(run, number)
    return run


class Counting:
    """Counts how often the log was asked."""

    def __init__(self, run: Recorder) -> None:
        self.run, self.asked, self._event = run, 0, run.log.event

    def __enter__(self) -> Self:
        def event(seq: int) -> object:
            self.asked += 1
            return self._event(seq)

        self.run.log.event = event  # type: ignore[method-assign,assignment]
        return self

    def __exit__(self, *_: object) -> None:
        self.run.log.event = self._event  # type: ignore[method-assign]


def lines(at: Desk[AnyPane]) -> LazyView:
    return at.pane.lines if isinstance(at.pane, ReplPane) else at.pane


def seen(at: Desk[AnyPane]) -> list[str]:
    """The rows on screen, without the scrollbar."""
    view = lines(at)
    texts = [view.rows[row].text.rstrip() for row in range(view.top, min(view.top + view.page, len(view.rows)))]
    drawn = [row[: view.columns].rstrip() for row in at.screen().split("\n")][: len(texts)]
    assert drawn == texts
    return texts


@BOTH
async def test_opening_and_one_more_turn_read_what_is_on_the_screen(
    make: Callable[[], AnyPane], long_run: Recorder
) -> None:
    with Counting(long_run) as log:
        async with desk(make(), StillSession(long_run), (80, 24)) as at:
            assert f"{COUNT}" in "".join(seen(at))
            assert 0 < log.asked < 400
            before = log.asked
            turn(long_run, COUNT + 1 + len(long_run.trajectory.now().children(long_run.trajectory.nodes["1"])) - COUNT)
            await at.show()
            assert log.asked - before < 200


@BOTH
async def test_rows_that_come_from_above_move_nothing(make: Callable[[], AnyPane], long_run: Recorder) -> None:
    async with desk(make(), StillSession(long_run), (80, 24)) as at:
        view = lines(at)
        for _ in range(50):
            before = seen(at)
            view.scroll_relative(y=-1, animate=False)
            await at.pilot.pause()
            assert seen(at)[1:] == before[:-1]
        for _ in range(20):
            before = seen(at)
            await at.press("pageup")
            assert seen(at)[-1] == before[0]
        for _ in range(30):
            before = seen(at)
            await at.press("k")
            after = seen(at)
            assert after == before or after[1:] == before[:-1]
            assert view.top <= view.cursor < view.top + view.page


@BOTH
async def test_both_ends_are_reached_and_the_way_between(make: Callable[[], AnyPane], long_run: Recorder) -> None:
    async with desk(make(), StillSession(long_run), (80, 24)) as at:
        view = lines(at)
        end = seen(at)
        await at.press("g")
        assert view.top == view.cursor == 0
        first = seen(at)
        for _ in range(20):
            before = seen(at)
            await at.press("space")
            assert seen(at)[0] == before[-1]
        view.scroll_to(y=len(view.rows) // 2)
        await at.pilot.pause()
        assert "".join(seen(at)) != ""
        await at.press("G")
        assert view.cursor == len(view.rows) - 1
        assert seen(at)[-1] == end[-1]
        await at.press("g")
        assert seen(at) == first


@BOTH
async def test_any_iteration_comes_into_view(make: Callable[[], AnyPane], long_run: Recorder) -> None:
    session = StillSession(long_run)
    async with desk(make(), session, (80, 24)) as at:
        for number in (2, 1_000, 1_199, 37, 1_001, 500, 3):
            node = long_run.trajectory.nodes[f"1.{number}"]
            session.seq = node.closed
            await at.show(f"1.{number}")
            assert f"part[{number}]" in "\n".join(seen(at))
        session.seq = None
        for number in (2, 1_150, 36, 999):
            await at.show(f"1.{number}")
            if isinstance(at.pane, ChatPane):
                assert f"part[{number}]" in "\n".join(seen(at))


@BOTH
async def test_another_width_keeps_the_place_and_another_theme_the_rows(
    make: Callable[[], AnyPane], long_run: Recorder
) -> None:
    session = StillSession(long_run)
    async with desk(make(), session, (80, 24)) as at:
        session.seq = long_run.trajectory.nodes["1.1000"].closed
        await at.show("1.1000")
        view = lines(at)
        for size in ((120, 36), (60, 20), (80, 24)):
            place = view.rows.place(view.cursor)[:1]  # type: ignore[attr-defined]
            await at.pilot.resize_terminal(*size)
            await at.until(lambda: view.size.width <= size[0] and len(seen(at)) > 0)  # noqa: B023
            assert view.rows.place(view.cursor)[:1] == place  # type: ignore[attr-defined]
            assert view.top <= view.cursor < view.top + view.page
        before = seen(at)
        at.app.theme = LIGHT
        await at.pilot.pause()
        assert seen(at) == before
        at.app.theme = DARK


@BOTH
async def test_a_fold_opens_below_the_cursor_and_closes_under_it(
    make: Callable[[], AnyPane], long_run: Recorder
) -> None:
    session = StillSession(long_run)
    async with desk(make(), session, (80, 30)) as at:
        session.seq = long_run.trajectory.nodes["1.1035"].closed
        await at.show("1.1035")
        view = lines(at)
        await at.press("pageup")
        fold = next(row for row in range(view.top, len(view.rows)) if view.rows[row].key.startswith(FOLD))
        view.move_cursor(fold)
        await at.pilot.pause()
        before, key, y = seen(at), view.cursor_key, view.cursor - view.top
        await at.press("enter")
        assert seen(at)[:y] == before[:y]
        assert view.cursor - view.top == y
        while view.cursor_key != key:
            await at.press("j")
        assert "fold up" in view.rows[view.cursor].text
        await at.press("enter")
        assert view.cursor_key == key
        assert "more row" in view.rows[view.cursor].text
        assert view.rows[view.cursor].text.strip() in [row.strip() for row in seen(at)]


@BOTH
async def test_at_the_end_new_turns_are_followed_and_above_it_they_move_nothing(make: Callable[[], AnyPane]) -> None:
    run = peeked()
    for number in range(2, 100):
        turn(run, number)
    async with desk(make(), StillSession(run), (80, 24)) as at:
        await at.press("G")
        turn(run, 100)
        await at.show()
        assert "100" in "".join(seen(at))
        await at.press("pageup", "pageup")
        before = seen(at)
        for number in range(101, 120):
            turn(run, number)
            await at.show()
            assert seen(at) == before


@BOTH
async def test_a_huge_text_is_read_where_one_looks(make: Callable[[], AnyPane]) -> None:
    run = peeked()
    huge = "\n".join(f"{number:>6} the quick brown fox" for number in range(200_000))
    turn(run, 2, huge)
    run.ask(run.iteration(3), "Now.", prior=4, new=(("user", huge),))
    async with desk(make(), StillSession(run), (80, 24)) as at:
        view = lines(at)
        key = next(row.key for row in (view.rows[i] for i in range(len(view.rows))) if "≈" in row.text)
        at.pane.unfold({key})
        await at.press("g", *["space"] * 8)
        for _ in range(10):
            before = seen(at)
            await at.press("space")
            assert seen(at)[0] == before[-1]
        view.scroll_to(y=len(view.rows) // 2)
        await at.pilot.pause()
        numbers = [int(row.split()[0]) for row in seen(at)]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        assert 50_000 < numbers[0] < 150_000
        for _ in range(12):
            before = seen(at)
            await at.press("pageup")
            assert seen(at)[-1] == before[0]
        await at.press("G")
        assert "199999 the quick" in "\n".join(seen(at)) or "Now." in "\n".join(seen(at))


@BOTH
async def test_what_the_mouse_selected_stays_selected(make: Callable[[], AnyPane], long_run: Recorder) -> None:
    async with desk(make(), StillSession(long_run), (80, 24)) as at:
        view = lines(at)
        await at.pilot.mouse_down(LazyView, offset=(2, 3))
        await at.pilot.hover(LazyView, offset=(30, 9))
        await at.pilot.mouse_up(LazyView, offset=(30, 9))
        assert view.text_selection
        before = view.get_selection(view.text_selection)
        assert before is not None
        assert len(before[0].split("\n")) == 7
        for _ in range(8):
            await at.press("pageup")
        assert view.get_selection(view.text_selection) == before
