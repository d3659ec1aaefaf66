"""The linear mode: every field is searched, and what a person keeps of a run or takes away."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from rlm_tui.cli.plain.front import Front
from rlm_tui.cli.plain.lines_in import LinesIn
from rlm_tui.cli.plain.typed import Reader
from rlm_tui.resources import sample
from rlm_tui.session.base import Attachment
from rlm_tui.session.replay import ReplaySession


class Said:
    """A front on a recorded run that lacks its document, and what it says to a line."""

    def __init__(self, path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.session = ReplaySession(path, attachment=Attachment("missing", "not at hand"))
        self.session.wait()
        while self.session.waiting:
            self.session.drain()
        self._front, self._capsys = Front(self.session, LinesIn()), capsys

    def to(self, line: str) -> list[str]:
        self._front._act(Reader({}).read(line), line)
        return self._capsys.readouterr().out.splitlines()

    def close(self) -> None:
        self._front._doing.close()
        self.session.close()


@pytest.fixture
def said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Said]:
    """A copy of a sample run, so that what is kept beside it is kept beside the copy."""
    path = tmp_path / "run.rlm.jsonl"
    path.write_bytes(sample("clean").read_bytes())
    made = Said(path, capsys)
    yield made
    made.close()


def test_a_search_finds_every_field_and_walks_through_the_hits(said: Said) -> None:
    found = said.to("/magic")
    assert "hits of magic: says " in found[0]
    groups = {line.split(", ")[1] for line in found if line.startswith("hit ")}
    assert {"says", "code", "output", "prompt", "variable"} <= groups
    first, second = said.to("n"), said.to("n")
    assert [line.partition(",")[0] for line in (*first, *second)] == ["hit 1", "hit 2"]
    assert said.to("N") == first
    assert said.to("show")
    assert said.to("find xyzzyx") == ["find: xyzzyx stands nowhere."]


def test_without_the_document_the_passages_that_the_trace_holds_are_searched(said: Said) -> None:
    assert said.session.document is None
    found = said.to("find magic number")
    assert any(line.startswith("hit ") and ", prompt, " in line for line in found)
    assert any(line.startswith("hit ") and ", output, " in line for line in found)


def test_a_filter_finds_and_narrows_and_a_wrong_one_says_where(said: Said) -> None:
    every = said.to("calls")
    narrowed = said.to("f ~code llm_query")
    assert 0 < len(narrowed) < len(every)
    assert said.to("f") == every
    assert "~cude" in said.to("f ~cude x")[0]
    assert any(", node, " in line or ", code, " in line for line in said.to("find ~code llm_query"))


def test_marks_and_notes_are_kept_beside_the_trace_and_walked_among(said: Said, tmp_path: Path) -> None:
    said.to("first step")
    assert said.to("m") == ["note: step 1 is marked."]
    said.to("last step")
    said.to("m")
    assert any("step 1 of" in line for line in said.to("M"))
    assert said.to("; looks odd") == ["note: the note stands on this node."]
    assert "looks odd" in (tmp_path / "run.rlm.notes.json").read_text(encoding="utf-8")
    assert any("looks odd" in line for line in said.to("0"))
    assert said.to("; -") == ["note: there is no note on this node now."]


def test_what_is_copied_without_a_tool_is_said_and_what_is_absent_says_why(
    said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rlm_tui.ui.clipboard.tools", lambda _environment: [])
    assert "  q: the question" in said.to("y")
    assert said.to("y q")[0] == "the question: no clipboard tool is at hand, so here it is:"
    assert said.to("y t") == ["note: The response came without a reasoning."]
    assert said.to("y nonsense") == ["note: nonsense is none of the letters that y lists."]


def test_family_and_summary_are_said(said: Said) -> None:
    said.to("show 2")
    first = said.to("}")
    assert said.to("{") != first
    assert said.to("h")
    assert any(line.startswith("answer") for line in said.to("summary"))


def test_an_original_that_is_not_at_hand_cannot_be_opened(said: Said) -> None:
    assert said.to("open the original") == ["note: The original is no file at hand."]


def test_marks_and_notes_that_a_full_disk_refuses_are_written_once_there_is_room(
    said: Said, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    kept = tmp_path / "run.rlm.notes.json"
    with monkeypatch.context() as full:
        full.setattr("rlm_tui.trace.sidecar._replace", refused)
        [told] = said.to("; looks odd")
        assert told.startswith("note: the note stands on this node. Marks and notes cannot be kept in")
        assert said.to("q")[0].startswith("question: Quit? Your marks and notes could not be written")
        assert not kept.exists()
    assert said.to("where")[0] == "note: Your marks and notes could be written now; none is missing."
    assert "looks odd" in kept.read_text(encoding="utf-8")
