"""A variable looked at in full: told without running its code, paged, and gone when another block runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from repl_kit import open_repl, run

from rlm_tui.repl.process import WorkerREPL
from rlm_tui.repl.worker.variables import MAX_WHOLE, whole
from rlm_tui.session import commands as cmd
from tests.driving import block, live
from tests.states import finished
from tests.ui_kit import on_screen

HOSTILE = (
    "class Loop:\n    def __repr__(self):\n        while True: pass\n    __str__ = __repr__\nbad = [Loop(), 'x' * 300]"
)


@settings(deadline=None, max_examples=50)
@given(
    st.recursive(
        st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_any_value_is_told_within_bounds(value: object) -> None:
    assert len(whole(value)) <= MAX_WHOLE + 1
    assert whole("x" * (MAX_WHOLE + 9)) == "x" * MAX_WHOLE


async def test_the_worker_tells_values_and_runs_none_of_their_code() -> None:
    async with open_repl() as repl:
        assert (await run(repl, HOSTILE + "\ntext = 'a\\nb'\ntable = {'k': 'v' * 500}")).status == "ok"
        assert await repl.show("text") == "a\nb"
        assert await repl.show("table") == f"'k': {'v' * 500!r}"
        assert await repl.show("bad") == f"<Loop object>\n{'x' * 300!r}"
        assert await repl.show("gone") is None
        assert (await run(repl, "print(len(bad))")).stdout == "2\n"


def test_a_variable_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with live(tmp_path, [block("x = 1"), "FINAL(1)"]) as run:
        run.start().end()
        run.send(cmd.Show("nope"))
        run.send(cmd.Show("x"))
        run.until(lambda: run.session.values == {"x": "1"} and bool(run.messages))
        assert run.messages == ["The REPL has no variable nope now."]


def test_a_fault_while_a_variable_is_fetched_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(_repl: WorkerREPL, name: str) -> str:
        raise ValueError(name)

    monkeypatch.setattr(WorkerREPL, "show", broken)
    with live(tmp_path, ["FINAL(1)"]) as run:
        run.start().end()
        run.send(cmd.Show("x"))
        run.until(lambda: bool(run.messages))
        assert run.messages[0].startswith("An unexpected ValueError stopped this (x)")


async def test_enter_opens_the_value_in_full_and_a_new_block_brings_the_new_one(tmp_path: Path) -> None:
    root = [block("rows = [f'row {i}' for i in range(300)]"), block("rows.append('the last one')"), "FINAL(3)"]
    with live(tmp_path, root) as driver:
        async with on_screen(driver.start(step=True).session) as hand:
            await hand.held("before_code")
            await hand.press("a")
            await hand.held("after_code")
            await hand.press("6", "j", "enter")
            await hand.until(lambda: "'row 5'" in hand.screen())
            vars_pane = hand.app.main.pane("vars")
            await hand.press("space", "space")
            assert vars_pane.top > 0
            assert vars_pane.rows[len(vars_pane.rows) - 1].text.strip() == "'row 299'"
            top = vars_pane.top
            await hand.press("a")
            await hand.held("before_code")
            await hand.press("a")
            await hand.held("after_code")
            await hand.until(lambda: vars_pane.rows[len(vars_pane.rows) - 1].text.strip() == "'the last one'")
            assert vars_pane.top == top
        assert "Show" not in driver.kinds()


async def test_a_recorded_run_shows_as_much_as_it_holds() -> None:
    session = finished()
    async with on_screen(session) as hand:
        await hand.press("6", "j", "enter")
        await hand.until(lambda: "[0, 1000, 2000]" in hand.screen())
