"""A long trace is read behind the screen: in bounded pieces, without its texts, and it ends at once when asked."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from rlm_tui import events as ev
from rlm_tui.session import commands as cmd
from rlm_tui.session.base import Batch
from rlm_tui.session.indexing import Indexing
from rlm_tui.session.replay import ReplaySession
from rlm_tui.trace.codec import Header, encode, encode_header
from rlm_tui.trace.opening import open_trace
from rlm_tui.trace.reader import TraceReader
from rlm_tui.trace.reading import Progress
from rlm_tui.ui.opening import First
from tests.ui_kit import on_screen

COUNT = 30_000
CONTEXT = ev.ContextInfo((ev.ContextPart("gone.txt", "text", 3, "0" * 64),))
TEXT = "long " * 400


def a_long_run() -> Iterator[ev.TraceEvent]:
    yield ev.NodeOpened(node="r", type="rlm")
    yield ev.RunStarted(node="r", query="Who?", model="m", sub_model="s", dialect="paper", context=CONTEXT)
    yield ev.BodyStored(text=TEXT)
    for number in range(COUNT):
        yield ev.Told(node="r", text=f"word {number}")
    yield ev.RunFinished(node="r", status="answered", answer="42", via="FINAL")


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("long") / "long.rlm.jsonl"
    stamped = (msgspec.structs.replace(event, seq=seq, t=seq / 8) for seq, event in enumerate(a_long_run(), 1))
    file.write_bytes(encode_header(Header(context=CONTEXT)) + b"".join(map(encode, stamped)))
    return file


def readers() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("rlm-tui")]


def test_what_is_not_taken_is_not_read_on_and_closing_ends_it_at_once(path: Path) -> None:
    indexing = Indexing(path, lambda _context: None)
    indexing.start()
    first = indexing.take(30.0)
    assert first is not None
    indexing.close()
    assert len(indexing.reader) < COUNT
    assert readers() == []


def test_texts_stay_in_the_file_until_they_are_looked_at(path: Path) -> None:
    indexing = Indexing(path, lambda _context: None)
    indexing.start()
    seen: list[ev.TraceEvent] = []
    while not indexing.is_over:
        chunk = indexing.take(0.05)
        seen += chunk.events if chunk else []
    assert [event.seq for event in seen] == list(range(1, COUNT + 5))
    assert isinstance(seen[2], ev.BodyStored)
    assert seen[2].text == ""
    assert indexing.reader.text(ev.BodyRef(3)) == TEXT
    indexing.close()


def test_one_can_go_anywhere_that_is_read_while_the_rest_is_read(path: Path) -> None:
    session = ReplaySession(path)
    while session.trajectory.last < 100:
        session.drain()
    assert "indexing" in session.waiting
    session.send(cmd.Seek(50))
    session.drain()
    assert session.view.seq == 50
    session.read_whole()
    assert (session.view.seq, session.waiting) == (50, "")
    session.close()


def test_a_place_that_is_not_read_yet_is_gone_to_when_it_is(path: Path) -> None:
    session = ReplaySession(path, at=COUNT)
    session.read_whole()
    assert session.view.seq == COUNT
    session.close()


def test_of_a_packed_trace_the_head_is_enough_to_open_it(path: Path, tmp_path: Path) -> None:
    packed = tmp_path / "long.rlm.jsonl.gz"
    packed.write_bytes(gzip.compress(path.read_bytes(), 1))
    with open_trace(packed, head_only=True) as head:
        assert not head.is_whole
        assert head.context() == CONTEXT
    with open_trace(packed, stop=lambda: True) as stopped:
        assert not stopped.is_whole
    session, plain = ReplaySession(packed), ReplaySession(path)
    session.read_whole()
    plain.read_whole()
    assert session.trajectory.last == plain.trajectory.last
    assert session.log.text(ev.BodyRef(3)) == TEXT
    session.close()
    plain.close()


async def test_quitting_while_it_is_read_ends_at_once(path: Path) -> None:
    session = ReplaySession(path)
    async with on_screen(session, first=First("summary")) as hand:
        await hand.press("q")
    session.close()
    assert hand.app.return_value == 0
    assert readers() == []


async def test_what_is_not_read_yet_is_not_said_to_be_missing(path: Path) -> None:
    class Slow(ReplaySession):
        """Stops taking what is read after a while."""

        def drain(self) -> Batch:
            return super().drain() if self.trajectory.last < 2_000 else Batch()

    session = Slow(path)
    async with on_screen(session, first=First("summary")) as hand:
        await hand.until(lambda: "is being read" in hand.screen())
        await hand.press("a")
        assert "not among what is read so far" in hand.screen()
        await hand.press("escape")
        assert "indexing" in hand.bar("Header")
    session.close()


def test_a_trace_is_indexed_once_somebody_looks_and_not_before(path: Path) -> None:
    session = ReplaySession(path)
    assert "rlm-tui-index" not in {thread.name for thread in threading.enumerate()}
    session.drain()
    session.read_whole()
    assert session.trajectory.now().finished is not None
    session.close()


def test_a_session_that_was_closed_unseen_never_begins_to_index(path: Path) -> None:
    session = ReplaySession(path)
    session.close()
    session.drain()
    assert "rlm-tui-index" not in {thread.name for thread in threading.enumerate()}


def test_a_fault_while_it_is_read_leaves_what_came_before_and_is_told(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Faulty(TraceReader):
        """Its importer has a fault at the tenth event."""

        def iter_index(self, progress: Progress | None = None) -> Iterator[tuple[int, ev.TraceEvent]]:
            for seq, event in super().iter_index(progress):
                if seq == 10:
                    raise KeyError("a fault of an importer")
                yield seq, event

    monkeypatch.setenv("RLM_TUI_HOME", str(tmp_path))
    monkeypatch.setattr("rlm_tui.session.indexing.open_trace", lambda path, **_: Faulty(path))
    session = ReplaySession(path)
    told: list[str] = []
    while session.waiting:
        told += session.drain().messages
        session.wait(0.05)
    told += session.drain().messages
    assert session.trajectory.last == 9
    assert "a fault of an importer" in session.origin.problems[0]
    assert told == [session.origin.problems[0]]
    assert "KeyError" in (tmp_path / "data" / "crash.log").read_text()
    session.close()
