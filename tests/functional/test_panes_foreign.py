"""The log of another engine on the same panes as our own; what it does not tell is a dash or a word, no figure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from rlm_tui.errors import UsageError
from rlm_tui.session.attach import given_document
from rlm_tui.session.commands import Seek
from rlm_tui.session.replay import ReplaySession
from rlm_tui.trace.opening import open_trace
from rlm_tui.ui.content.calls import CallRows, scene
from rlm_tui.ui.content.chat import chat
from rlm_tui.ui.content.parts import page_of
from rlm_tui.ui.content.repl import repl
from rlm_tui.ui.content.step import step
from rlm_tui.ui.content.summary import Summary
from rlm_tui.ui.content.tree import CallTree
from rlm_tui.ui.content.vars import variables
from rlm_tui.ui.lines import Line
from rlm_tui.ui.rows import Rows
from rlm_tui.ui.widgets.header import header_line, question_line
from rlm_tui.ui.words import child_name
from tests.foreign_logs import GOLDEN
from tests.ui_kit import on_screen


def opened(path: Path) -> Iterator[ReplaySession]:
    """A session over a file, read to its end."""
    session = ReplaySession(path)
    session.read_whole()
    yield session
    session.close()


@pytest.fixture
def nested() -> Iterator[ReplaySession]:
    """The real nested log of `rlms`."""
    yield from opened(GOLDEN / "rlms-0.1.3-nested.jsonl")


@pytest.fixture
def bare() -> Iterator[ReplaySession]:
    """The real prediction of `dspy`, which tells least."""
    yield from opened(GOLDEN / "dspy-3.4.json")


def text(rows: Rows | list[Line]) -> str:
    """Rows as plain text."""
    return "\n".join(row.text for row in rows)


def test_the_tree_shows_every_iteration_call_and_child(nested: ReplaySession) -> None:
    rows = text(list(CallRows(CallTree(), scene(nested.view, nested.log), 60)))
    assert rows.count("lm mock-root") == 3
    assert rows.count(" child ") == 2
    assert "llm ×3" in rows


def test_the_step_of_a_child_says_what_it_was_asked_and_answered(nested: ReplaySession) -> None:
    child = next(node for node in nested.trajectory.nodes.values() if node.type == "rlm" and node.depth == 1)
    rows = text(step(page_of(nested, 90), child.id))
    assert "depth 1 · 2 iterations" in rows
    assert "Sum the salaries of Engineering in:" in rows
    assert "160000" in rows


def test_an_iteration_says_what_the_model_saw(nested: ReplaySession) -> None:
    rows = text(step(page_of(nested, 90), "r1.1"))
    assert "I will look at the context first." in rows
    assert "model saw all" in rows
    assert "IndexError: list index out of range" in rows


def test_what_only_some_calls_tell_is_no_sum(nested: ReplaySession) -> None:
    rows = list(CallRows(CallTree(), scene(nested.view, nested.log), 60))
    root, first, second = (row.text for row in rows if row.key in ("r1", "r1.1", "r1.2"))
    assert root.endswith(second[-5:]), "the root LM's own requests and those of the batch are told by nobody"
    assert "≥" in root
    assert first.endswith("–")
    asked = next(row.text for row in rows if "rlm “" in row.text)
    assert "≥" not in asked, "what a call with a child RLM used is told whole"
    used = next(row for row in text(step(page_of(nested, 90), "r1")).splitlines() if "USED" in row)
    assert "at least" in used
    assert "$" not in used
    assert "$" not in header_line(nested, 120).text


def test_the_limit_of_another_engine_is_that_of_each_rlm(nested: ReplaySession) -> None:
    assert "it 3/5 " in header_line(nested, 120).text


def test_the_summary_says_or_leaves_out_what_a_log_does_not_tell(bare: ReplaySession) -> None:
    said = [row.text for row in Summary(bare, 90).facts()]
    assert any("QUESTION the log names none" in row for row in said)
    told = next(row for row in said if "TRACE" in row)
    assert told.rstrip().endswith("events · dspy")


def test_chat_repl_and_variables_are_those_of_the_log(nested: ReplaySession) -> None:
    page = page_of(nested, 90)
    assert "Answer the following: What is the total salary" in text(list(chat(page, None).rows))
    blocks = text(list(repl(page).rows))
    assert "[1] iteration 1" in blocks
    deep = next(node for node in nested.trajectory.nodes.values() if node.type == "rlm" and node.depth == 2)
    assert child_name(page.view, deep.id) == "child 1.1"
    assert "iteration 1" in text(list(repl(page, owner=deep.id).rows))
    names = [row.text.split()[0] for row in variables(page)]
    assert "child" in names


def test_the_document_of_the_log_is_shown(nested: ReplaySession) -> None:
    assert nested.document is not None
    assert nested.document.parts[0].text.startswith("Employee Records\nEMP00|Alice")
    assert nested.origin.attachment.words == "the log itself holds it"


async def test_every_step_can_be_walked_to(nested: ReplaySession) -> None:
    places = [place.seq for place in nested.trajectory.steps]
    async with on_screen(nested) as hand:
        await hand.press("2", "home")
        for number, seq in enumerate(places, 1):
            assert f"step {number} of {len(places)} " in hand.bar("Slider")
            assert nested.view.seq == seq
            page = page_of(nested, 90)
            for node in nested.view.tree.nodes:
                assert list(step(page, node))
            await hand.press("full_stop")
        assert nested.following


def test_nothing_is_claimed_that_the_log_does_not_tell(bare: ReplaySession) -> None:
    page = page_of(bare, 90)
    root = text(step(page, "r1"))
    assert root.count("the log names none") == 2
    assert "LIMITS" not in root
    assert "–" in root
    assert "No variables are known" in text(variables(page))
    assert "what the model saw of it is not recorded" in text(step(page, "r1.2"))
    assert "SANDBOXED" not in header_line(bare, 120).text
    assert "the log names no question" in question_line(bare, 120).text


def test_no_step_has_a_time_that_the_log_does_not_tell(bare: ReplaySession) -> None:
    for place in bare.trajectory.steps:
        bare.send(Seek(place.seq))
        bare.drain()
        rows = list(CallRows(CallTree(), scene(bare.view, bare.log), 60))
        assert not re.search(r"\d(ms|s)\b", text(rows))
        assert "0:00" not in header_line(bare, 120).text


def test_a_document_that_is_named_is_compared_with_that_of_the_log(nested: ReplaySession, tmp_path: Path) -> None:
    assert nested.document is not None
    same, other = tmp_path / "same.txt", tmp_path / "other.txt"
    same.write_text(nested.document.parts[0].text)
    other.write_text("another one")
    with open_trace(GOLDEN / "rlms-0.1.3-nested.jsonl") as reader:
        context = reader.context()
    assert given_document(context, [str(same)]).state == "found"
    with pytest.raises(UsageError, match="sha256"):
        given_document(context, [str(other)])


def test_a_document_is_taken_as_named_where_the_log_tells_only_its_size(tmp_path: Path) -> None:
    path = tmp_path / "any.txt"
    path.write_text("any")
    with open_trace(GOLDEN / "rlms-0.1.3-no-answer.jsonl") as reader:
        assert given_document(reader.context(), [str(path)]).state == "unchecked"
