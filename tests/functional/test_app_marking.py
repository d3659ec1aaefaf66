"""Bookmarks and notes by hand: shown where they stand, walked among, kept beside the trace and never in it."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from rlm_tui.session.replay import ReplaySession
from rlm_tui.trace.sidecar import Sidecar, load_sidecar, save_sidecar, sidecar_of
from tests.driving import block, live
from tests.replaying import TRACE
from tests.ui_kit import Hand, on_screen


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    path = tmp_path / "run.rlm.jsonl"
    shutil.copy(TRACE, path)
    return path


@pytest.fixture
def session(trace: Path) -> Iterator[ReplaySession]:
    replay = ReplaySession(trace)
    replay.read_whole()
    yield replay
    replay.close()


def content(path: Path) -> bytes:
    return path.read_bytes()


async def go_to(hand: Hand, number: int) -> None:
    await hand.press("home")
    for _ in range(number - 1):
        await hand.press("full_stop")
    assert hand.app.session.view.step_number() == number


async def test_marks_show_on_slider_and_tree_and_are_walked_among(session: ReplaySession, trace: Path) -> None:
    before = content(trace)
    async with on_screen(session) as hand:
        await hand.press("M")
        assert "m marks one" in hand.bar("GateBar")
        await go_to(hand, 2)
        await hand.press("m")
        assert "Step 2 is marked." in hand.bar("GateBar")
        await hand.press("M")
        assert "This is the only mark." in hand.bar("GateBar")
        await go_to(hand, 4)
        await hand.press("m")
        assert hand.bar("Slider").count("◆") == 2
        assert "◆" in "\n".join(row.text for row in hand.app.main.pane("calls").rows)
        await hand.press("M")
        assert session.view.step_number() == 2
        await hand.press("apostrophe")
        assert session.view.step_number() == 4
        await hand.press("m")
        assert "Step 4 is no longer marked." in hand.bar("GateBar")
    assert load_sidecar(sidecar_of(trace)).marks == (session.trajectory.steps[1].seq,)
    assert content(trace) == before


async def test_what_is_marked_is_the_step_that_is_shown_also_where_a_node_was_chosen(session: ReplaySession) -> None:
    async with on_screen(session) as hand:
        steps = session.trajectory.steps
        turn = steps[1].node.rpartition(".")[0]
        last = max(index for index, step in enumerate(steps, 1) if step.node.startswith(turn))
        assert last < len(steps)
        hand.app.look_at(steps[1].node, pinned=True)
        await hand.press("m")
        assert f"Step {last} is marked." in hand.bar("GateBar")
        (marked,) = [row.text for row in hand.app.main.pane("calls").rows if "◆" in row.text]
        assert "root" not in marked


async def test_a_mark_that_cannot_be_kept_is_told_in_full(
    session: ReplaySession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was done stands before what went wrong, which is never what a bar leaves out."""

    def refused(*_: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr("rlm_tui.trace.sidecar._replace", refused)
    async with on_screen(session) as hand:
        await go_to(hand, 2)
        await hand.press("m")
        said = " ".join(hand.bar("GateBar").split())
        assert "Step 2 is marked. Marks and notes cannot be kept in" in said
        assert "yet (read-only file system); it is tried again until you quit." in said


async def test_marks_go_out_once_there_is_room_and_quitting_before_asks(
    session: ReplaySession, trace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("rlm_tui.ui.controllers.marking._RETRY_S", 0.01)
    with monkeypatch.context() as full:
        full.setattr("rlm_tui.trace.sidecar._replace", refused)
        async with on_screen(session) as hand:
            await go_to(hand, 2)
            await hand.press("m", "q")
            await hand.until(lambda: "Your marks and notes could not be written" in hand.screen())
            await hand.press("n")
            assert not sidecar_of(trace).exists()
            full.undo()
            await hand.until(lambda: "could be written now; none is missing." in hand.bar("GateBar"))
            assert load_sidecar(sidecar_of(trace)).marks == (session.trajectory.steps[1].seq,)
            await hand.press("q")
            assert hand.app._exit


async def test_marks_that_could_not_be_kept_are_tried_once_more_at_the_end(
    session: ReplaySession, trace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as full:
        full.setattr("rlm_tui.trace.sidecar._replace", refused)
        session.notebook.toggle(session.trajectory.steps[1].seq)
        assert "cannot be kept" in session.notebook.save(session.trace_path)
    session.close()
    assert load_sidecar(sidecar_of(trace)).marks == (session.trajectory.steps[1].seq,)


async def test_a_note_is_written_read_again_changed_and_taken_away(session: ReplaySession, trace: Path) -> None:
    async with on_screen(session) as hand:
        await go_to(hand, 2)
        await hand.press("2", "semicolon")
        await hand.type("why this?")
        await hand.press("enter")
        node = hand.app.ui.selection or ""
        await hand.until(lambda: "¶ why this?" in hand.screen())
        assert load_sidecar(sidecar_of(trace)).notes == {node: "why this?"}
        await hand.press("semicolon")
        assert "why this?" in hand.app.main.query_one("PromptEditor").text  # type: ignore[attr-defined]
        await hand.press("ctrl+a", "ctrl+shift+k")
        await hand.press("enter")
        await hand.until(lambda: "no note on this node" in hand.bar("GateBar"))
        assert "¶" not in hand.screen()
    assert not sidecar_of(trace).exists()


async def test_notes_of_before_are_there_and_a_bad_file_is_told(trace: Path) -> None:
    save_sidecar(sidecar_of(trace), Sidecar(marks=(1, 10**12), notes={"gone": "x"}))
    first = ReplaySession(trace)
    first.read_whole()
    async with on_screen(first) as hand:
        assert hand.app.session.notebook.notes == {"gone": "x"}
    first.close()
    sidecar_of(trace).write_text("{")
    second = ReplaySession(trace)
    assert any("passed over" in message for message in second.drain().messages)
    second.close()


async def test_a_live_run_keeps_its_marks_beside_its_trace(tmp_path: Path) -> None:
    with live(tmp_path, [block("x = 1"), "FINAL(3)"]) as driver:
        async with on_screen(driver.start(step=True).session) as hand:
            await hand.held("before_code")
            await hand.press("m")
            assert "is marked" in hand.bar("GateBar")
        path = sidecar_of(Path(driver.session.trace_path))
        assert load_sidecar(path).marks == (driver.session.trajectory.steps[-1].seq,)
