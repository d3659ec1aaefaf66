"""A recorded run behind the session's door: it moves, and nothing else; its document counts only if it is the same."""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rlm_tui import events as ev
from rlm_tui.cli.replay import _check
from rlm_tui.errors import TraceError
from rlm_tui.resources import sample
from rlm_tui.session import commands as cmd
from rlm_tui.session.replay import ReplaySession
from rlm_tui.trace.codec import encode
from rlm_tui.ui.content.chat import chat
from rlm_tui.ui.content.parts import page_of
from rlm_tui.ui.content.repl import repl
from rlm_tui.ui.content.step import step
from rlm_tui.ui.content.summary import Summary
from rlm_tui.ui.content.vars import variables
from tests.driving import live


@contextmanager
def replay(path: Path, at: int | None = None) -> Iterator[ReplaySession]:
    session = ReplaySession(path, at=at)
    try:
        session.read_whole()
        yield session
    finally:
        session.close()


def recorded(folder: Path) -> Path:
    """The trace of a small run over document.txt in the folder."""
    with live(folder, ["FINAL(x)"]) as run:
        run.start().end()
    return folder / "run.rlm.jsonl"


def text_of(session: ReplaySession) -> str:
    assert session.document is not None
    session._loading.join()  # type: ignore[union-attr]
    return str(session.document.value)


def test_the_document_is_found_where_the_trace_says(tmp_path: Path) -> None:
    with replay(recorded(tmp_path)) as session:
        assert text_of(session) == "a long text"


def test_the_document_is_found_beside_the_trace(tmp_path: Path) -> None:
    path = recorded(tmp_path)
    other = tmp_path / "elsewhere"
    other.mkdir()
    for name in ("run.rlm.jsonl", "document.txt"):
        shutil.move(tmp_path / name, other / name)
    assert not path.exists()
    with replay(other / "run.rlm.jsonl") as session:
        assert text_of(session) == "a long text"


def test_a_document_of_other_bytes_is_not_the_document(tmp_path: Path) -> None:
    path = recorded(tmp_path)
    (tmp_path / "document.txt").write_text("b long text")
    with replay(path) as session:
        assert session.document is None


def test_a_link_to_a_device_is_not_followed_into_it(tmp_path: Path) -> None:
    path = recorded(tmp_path)
    (tmp_path / "document.txt").unlink()
    (tmp_path / "document.txt").symlink_to("/dev/zero")
    with replay(path) as session:
        assert session.document is None


def test_a_fault_while_the_document_is_looked_for_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def faulty(*_: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setenv("RLM_TUI_HOME", str(tmp_path))
    monkeypatch.setattr("rlm_tui.session.replay.find_document", faulty)
    with replay(recorded(tmp_path)) as session:
        assert session.origin.attachment.state == "missing"
        assert "Input/output error" in session.origin.attachment.words


def test_bundled_traces_find_their_bundled_document() -> None:
    with replay(sample("clean")) as session:
        assert "7481926" in text_of(session)


def test_nothing_can_be_changed_and_the_reason_is_said() -> None:
    with replay(sample("clean")) as session:
        assert not session.can(cmd.Run)
        session.send(cmd.Run(1))
        assert session.drain().messages == (session.can(cmd.Run).reason,)


def test_the_cursor_goes_anywhere_and_stays_within(tmp_path: Path) -> None:
    with replay(sample("clean"), at=5) as session:
        assert (session.view.seq, session.following) == (5, False)
        session.send(cmd.Seek(-3))
        assert session.view.seq == 0
        session.send(cmd.Seek(10**9))
        assert session.following
        session.send(cmd.Seek(None))
        assert session.view.at_end


@pytest.mark.parametrize(("at", "where"), [(999, "the end"), (-3, "the beginning")])
def test_a_moment_that_is_not_there_is_told(at: int, where: str) -> None:
    session = ReplaySession(sample("clean"), at=at)
    try:
        said: list[str] = []
        while session.waiting:
            session.wait()
            said += session.drain().messages
        said += session.drain().messages
        last = session.trajectory.last
        ends = f"the last one is {last}" if at > 0 else "the first one is 1"
        assert said == [f"There is no event {at}: {ends}. This is {where}."]
        assert session.view.seq == (last if at > 0 else 0)
    finally:
        session.close()
    with replay(sample("clean"), at=3) as session:
        assert (session.view.seq, session.drain().messages) == (3, ())


@pytest.mark.parametrize("context", [[], ["x.txt"]])
def test_an_empty_file_is_no_recorded_run(tmp_path: Path, context: list[str]) -> None:
    path = tmp_path / "a.rlm.jsonl"
    path.touch()
    with pytest.raises(TraceError, match=r"a\.rlm\.jsonl is empty: no run is recorded in it\.$") as raised:
        _check(str(path), context)
    assert raised.value.exit_code == 5


def test_a_text_whose_line_was_lost_says_so_in_its_place(tmp_path: Path) -> None:
    lines = sample("clean").read_bytes().splitlines(keepends=True)
    path = tmp_path / "damaged.rlm.jsonl"
    path.write_bytes(b"".join(line for line in lines if b'"kind":"body.stored"' not in line))
    with replay(path) as session:
        started = session.view.started
        assert started is not None
        assert session.log.text(ev.BodyRef(8)).startswith("[this text is lost: ")
        assert session.log.text(started.query) == "What is the magic number?"


def test_a_file_that_becomes_shorter_while_it_is_open_is_said_once_and_drawn_as_far_as_it_goes(tmp_path: Path) -> None:
    path = tmp_path / "run.rlm.jsonl"
    shutil.copyfile(sample("misbehaves"), path)
    with replay(path) as session:
        os.truncate(path, path.stat().st_size // 2)
        for seq in range(session.trajectory.last, 0, -1):
            session.send(cmd.Seek(seq))
            page = page_of(session, 90)
            drawn = [chat(page, None).rows, repl(page).rows, variables(page), Summary(session, 90).facts()]
            assert all(list(rows) for rows in drawn)
            for node in session.trajectory.nodes:
                list(step(page, node))
        (told,) = session.drain().messages
        assert "changed while it was open" in told


def test_what_was_replayed_is_no_longer_kept_once_it_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "long.rlm.jsonl"
    lines = sample("clean").read_bytes().splitlines(keepends=True)
    notes = (encode(ev.Note(seq=seq, text="n")) for seq in range(len(lines), 20_001))
    path.write_bytes(b"".join([*lines, *notes]))
    with replay(path) as session:
        assert session.trajectory.last == 20_000
        assert gc.get_freeze_count()
    assert not gc.get_freeze_count()
