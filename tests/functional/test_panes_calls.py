"""The Calls pane under keys and mouse, and the view of lines that all panes are made of."""

from __future__ import annotations

from rlm_tui.ui.lines import Line, line
from rlm_tui.ui.rows import Provider
from rlm_tui.ui.theme import LIGHT
from rlm_tui.ui.widgets.calls import CallsPane, NodeSelected
from rlm_tui.ui.widgets.lines_view import LinesView
from tests.functional.panes_kit import desk
from tests.trajectories import StillSession, batched, clean, held, peeked


class Millions(Provider):
    """Ten million rows, and which of them were looked at."""

    def __init__(self, count: int = 10_000_000) -> None:
        self.count = count
        self.seen: set[int] = set()

    def __len__(self) -> int:
        return self.count

    def at(self, index: int) -> Line:
        self.seen.add(index)
        return line(f"row {index}", key=str(index))


class Counted(LinesView):
    """A view that shows what it is given, and counts the rows that it paints."""

    pane_title = "Rows"

    def __init__(self) -> None:
        super().__init__(keep_cursor=True)
        self.painted: list[int] = []

    def show(self, session: object, selection: object) -> None:
        """Nothing comes from a session."""

    def render_line(self, y: int):  # type: ignore[no-untyped-def]
        self.painted.append(y)
        return super().render_line(y)


async def test_the_cursor_selects_and_the_app_moves_it_without_a_message() -> None:
    async with desk(CallsPane(), StillSession(batched()), (34, 20)) as at:
        await at.show("1.1")
        assert at.pane.cursor_key == "1.1"
        assert at.app.posted == []
        await at.press("j", "down", "k")
        assert at.texts(NodeSelected, "node_id") == ["1.1.lm1", "1.1.code1", "1.1.lm1"]
        await at.show("1.2.code1.sub4")
        assert at.pane.cursor_key == "1.2.code1#b1"
        assert len(at.app.posted) == 3


async def test_a_selection_that_comes_late_does_not_take_the_cursor_back() -> None:
    async with desk(CallsPane(), StillSession(batched()), (34, 20)) as at:
        await at.show("1")
        await at.press("j", "j")
        await at.show("1.1")
        assert at.pane.cursor_key == "1.1.lm1"
        await at.show("1.1.lm1")
        assert at.pane.cursor_key == "1.1.lm1"
        await at.show("1.1")
        assert at.pane.cursor_key == "1.1"


async def test_a_root_that_is_selected_from_outside_comes_up_with_what_stands_below_it() -> None:
    run = clean()
    run.start("And what then?", "2")
    turn = run.iteration(1, "2")
    async with desk(CallsPane(), StillSession(run), (34, 7)) as at:
        await at.show(turn)
        run.ask(turn, "FINAL(2)")
        run.finish_iteration(turn, 1)
        await at.show("2")
        assert at.pane.cursor + 1 < len(at.pane.rows) <= at.pane.top + at.pane.page
        at.pane.scroll_to(y=at.pane.cursor - at.pane.page + 1, animate=False)
        top = at.pane.top
        await at.show("2")
        assert at.pane.top == top, "where the person has scrolled, it stays"


async def test_rows_open_and_close_by_key_and_click() -> None:
    async with desk(CallsPane(), StillSession(batched()), (34, 24)) as at:
        await at.show("1.2.code1#b1")
        assert "llm 7" not in at.screen()
        await at.press("enter")
        assert "✗ llm 7 429" in at.screen()
        await at.press("right")
        assert at.pane.cursor_key == "1.2.code1.sub1"
        await at.press("h")
        assert at.pane.cursor_key == "1.2.code1#b1"
        await at.press("h")
        assert "llm 7" not in at.screen()
        await at.pilot.click(CallsPane, offset=(4, 1))
        assert at.pane.cursor_key == "1.1"
        await at.pilot.click(CallsPane, offset=(4, 1))
        await at.pilot.pause()
        assert "lm qwen" in at.screen()
        assert at.screen().count("lm qwen") == 1


async def test_the_pane_follows_what_is_held() -> None:
    session = StillSession(held())
    async with desk(CallsPane(), session, (34, 20)) as at:
        assert at.pane.cursor_key == "1.3"
        session.seq = 10
        await at.show("1.1")
        assert "1.3" not in [row.key for row in at.pane.rows]
        assert at.pane.cursor_key == "1.1"


async def test_what_a_person_closed_and_where_they_are_survive_an_update() -> None:
    run = peeked()
    session = StillSession(run)
    async with desk(CallsPane(), session, (34, 6)) as at:
        await at.show("1.1")
        await at.press("enter")
        for number in range(2, 9):
            node = run.iteration(number)
            run.ask(node, "Look.", prior=2)
        await at.show("1.1")
        assert at.pane.cursor_key == "1.1"
        assert at.pane.top == 0
        assert [row.key for row in at.pane.rows][:3] == ["1", "1.1", "1.2"]
        await at.press("G")
        top = at.pane.top
        assert top > 0
        run.finish_iteration(node, 8)
        await at.show(at.pane.cursor_key)
        assert at.pane.top == top


async def test_ten_million_rows_cost_what_is_on_screen() -> None:
    rows = Millions()
    async with desk(Counted(), StillSession(peeked()), (40, 20)) as at:
        at.pane.show_rows(rows)
        await at.pilot.pause()
        await at.press("G")
        assert "row 9999999" in at.screen()
        await at.press("pageup", "g", "space", "space")
        assert "row 38" in at.screen()
        assert len(rows.seen) < 200


async def test_an_update_paints_the_rows_that_differ_and_no_other() -> None:
    async with desk(Counted(), StillSession(peeked()), (40, 20)) as at:
        rows = [line(f"row {index}") for index in range(100)]
        at.pane.show_rows(list(rows))
        await at.pilot.pause()
        at.pane.painted.clear()
        at.pane.show_rows(list(rows))
        await at.pilot.pause()
        assert at.pane.painted == []
        rows[7] = line("another")
        at.pane.show_rows([*rows, line("one more")])
        await at.pilot.pause()
        assert at.pane.painted == [7]
        assert at.pane.max_scroll_y == 101 - 20


async def test_at_the_end_of_rows_a_tail_stays_at_the_end() -> None:
    class Tail(Counted):
        def __init__(self) -> None:
            LinesView.__init__(self, tail=True)
            self.painted = []

    rows = [line(f"row {index}") for index in range(50)]
    async with desk(Tail(), StillSession(peeked()), (40, 20)) as at:
        at.pane.show_rows(rows)
        await at.pilot.pause()
        await at.press("G")
        at.pane.show_rows([*rows, line("newest")])
        await at.pilot.pause()
        assert "newest" in at.screen()
        await at.press("g")
        at.pane.show_rows([*rows, line("newest"), line("newer still")])
        await at.pilot.pause()
        assert at.pane.top == 0


async def test_the_wheel_scrolls_and_the_next_key_goes_on_from_there() -> None:
    async with desk(Counted(), StillSession(peeked()), (40, 20)) as at:
        at.pane.show_rows(Millions(1000))
        await at.pilot.pause()
        at.pane.scroll_to(y=500, animate=False)
        await at.press("j")
        assert at.pane.cursor == 500
        assert at.pane.top == 500


async def test_marks_show_where_a_text_stands() -> None:
    async with desk(Counted(), StillSession(peeked()), (40, 20)) as at:
        at.pane.show_rows([line("Alice earns"), line("Bob earns")])
        await at.pilot.pause()
        at.pane.painted.clear()
        at.pane.highlight("alice")
        await at.pilot.pause()
        assert at.pane.painted == [0]


async def test_another_theme_is_seen_at_once() -> None:
    async with desk(CallsPane(), StillSession(peeked()), (40, 10)) as at:
        before = [segment.style for segment in at.pane.render_line(0)]
        at.app.theme = LIGHT
        await at.pilot.pause()
        after = [segment.style for segment in at.pane.render_line(0)]
        assert all(old != new for old, new in zip(before, after, strict=True))


async def test_another_session_is_another_tree() -> None:
    async with desk(CallsPane(), StillSession(batched()), (34, 20)) as at:
        await at.show("1.1")
        await at.press("enter")
        at.session = StillSession(peeked())
        await at.show("1.1")
        assert [row.key for row in at.pane.rows] == ["1", "1.1", "1.1.lm1", "1.1.code1"]
