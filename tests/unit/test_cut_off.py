"""A trace that was cut off: whatever was open where it stops never came to an end, and no pane shows it at work."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rlm_tui.resources import sample_trace
from rlm_tui.session import commands as cmd
from rlm_tui.session.base import Session
from rlm_tui.session.replay import ReplaySession
from rlm_tui.ui.content.calls import CallRows, scene
from rlm_tui.ui.content.chat import chat
from rlm_tui.ui.content.parts import page_of
from rlm_tui.ui.content.repl import repl
from rlm_tui.ui.content.step import step
from rlm_tui.ui.content.summary import Summary
from rlm_tui.ui.content.tree import CallTree
from rlm_tui.ui.lines import Rows
from rlm_tui.ui.states import UNFINISHED
from rlm_tui.ui.words import is_cut

WIDTH = 100


def opened(path: Path) -> ReplaySession:
    """A trace as `replay` opens it, read whole, at its end."""
    session = ReplaySession(path)
    session.read_whole()
    session.send(cmd.Seek(None))
    return session


def cut(name: str, lines: int, folder: Path) -> ReplaySession:
    """A sample trace of which only the first lines are left."""
    path = folder / "cut.rlm.jsonl"
    path.write_bytes(b"".join(sample_trace(name).read_bytes().splitlines(keepends=True)[:lines]))
    return opened(path)


def calls_of(session: Session) -> CallRows:
    """The tree of calls, all of it open."""
    tree, page = CallTree(), page_of(session, WIDTH)
    moment = scene(page.view, page.log, page.now, is_cut=page.is_cut)
    while True:
        rows = CallRows(tree, moment, WIDTH)
        keys = [rows.rows.row(index).key for index in range(len(rows))]
        folded = [key for key in keys if not tree.is_open(key)]
        if not folded:
            return rows
        for key in folded:
            tree.fold(key, True, page.view)


def panes(session: Session) -> Iterator[tuple[str, Rows]]:
    """Every pane that shows how something stands, for each place that can be chosen."""
    page, calls = page_of(session, WIDTH), calls_of(session)
    yield "calls", calls
    yield "chat", chat(page, None).rows
    yield "repl", repl(page).rows
    summary = Summary(session, WIDTH)
    yield "summary", summary.facts()
    yield "turns of the summary", summary.turns()
    for index in range(len(calls)):
        key = calls.rows.row(index).key
        yield f"step of {key}", step(page, key)


def running(rows: Rows) -> list[str]:
    """The rows that say of something that it is at work."""
    return [row.text for row in rows[:] if any(span.role == "running" for span in row.spans)]


@pytest.mark.parametrize("name", ["clean", "misbehaves", "batch"])
def test_nothing_is_at_work_where_a_trace_was_cut_off(name: str, tmp_path: Path) -> None:
    total = len(sample_trace(name).read_bytes().splitlines())
    for lines in range(8, total - 1, 3):
        session = cut(name, lines, tmp_path)
        try:
            if session.view.finished is None:
                assert is_cut(session)
                assert {what: found for what, rows in panes(session) if (found := running(rows))} == {}, lines
        finally:
            session.close()


@pytest.mark.parametrize("name", ["clean", "misbehaves", "batch"])
def test_what_was_open_there_is_called_unfinished(name: str, tmp_path: Path) -> None:
    total = len(sample_trace(name).read_bytes().splitlines())
    for lines in range(8, total - 1, 3):
        session = cut(name, lines, tmp_path)
        try:
            calls, view = calls_of(session), session.view
            held = scene(view, session.log).held
            for index in range(len(calls)) if view.finished is None else ():
                node = view.node(calls.rows.row(index).key)
                if node is not None and view.outcome(node) is None and node.id not in held:
                    assert UNFINISHED.symbol in calls[index].text or node.type == "code", (lines, calls[index].text)
        finally:
            session.close()


def test_behind_its_end_the_same_trace_is_at_work(tmp_path: Path) -> None:
    session = cut("batch", 100, tmp_path)
    try:
        session.send(cmd.Seek(session.trajectory.steps[0].seq))
        assert not is_cut(session)
        assert running(calls_of(session))
    finally:
        session.close()
