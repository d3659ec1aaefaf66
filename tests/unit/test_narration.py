"""What `run` tells on stderr: one line a thing that happens, by whom, and nothing twice."""

from __future__ import annotations

import pytest

from rlm_tui import events as ev
from rlm_tui.cli.narrate import Narration
from rlm_tui.session.log import EventLog
from rlm_tui.trace.store import MemoryLines
from rlm_tui.ui.content.parts import Page
from rlm_tui.ui.content.step import step
from tests.trajectories import Recorder


def told(capsys: pytest.CaptureFixture[str], *events: ev.TraceEvent) -> list[str]:
    """The lines of some events."""
    narration = Narration(EventLog(MemoryLines()))
    for event in events:
        narration.read(event)
    return capsys.readouterr().err.splitlines()


def test_child_rlms_that_talk_at_once_are_told_apart_by_the_numbers_of_the_app(
    capsys: pytest.CaptureFixture[str],
) -> None:
    tree = [("r", "", 0), ("a", "r", 1), ("b", "r", 1), ("c", "b", 2)]
    opened = [ev.NodeOpened(node=node, type="rlm", parent=parent, depth=depth) for node, parent, depth in tree]
    turns = [ev.NodeOpened(node=f"i{node}", type="iteration", parent=node, depth=depth) for node, _, depth in tree]
    began = [ev.IterationStarted(node=f"i{node}", number=1) for node, _, _ in tree]
    assert told(capsys, *opened, *turns, *began) == [
        "Iteration 1",
        "  child 1 · Iteration 1",
        "  child 2 · Iteration 1",
        "  child 2.1 · Iteration 1",
    ]


def test_a_limit_is_told_once_and_not_by_every_call_that_it_refuses(capsys: pytest.CaptureFixture[str]) -> None:
    hit = ev.LimitHit(node="s1", limit="subcalls", value=5, cap=5)
    refused = [
        event
        for node in ("s1", "s2", "s3")
        for event in (
            ev.SubcallRequested(node=node, function="llm_query", prompt="q", model="m", refused=True),
            ev.SubcallFinished(node=node, error="the limit of 5 sub-calls for this run is reached"),
        )
    ]
    failed = ev.SubcallFinished(node="s4", error="HTTP 500")
    assert told(capsys, hit, *refused, failed) == ["  limit reached: subcalls (5 of 5)", "  sub-call failed: HTTP 500"]


def test_why_nothing_came_of_a_response_is_told_without_the_example(capsys: pytest.CaptureFixture[str]) -> None:
    parsed = ev.ResponseParsed(node="i", problem="Your code block was blank; write it, like this:\n```repl\nx\n```")
    refused = ev.IterationFinished(node="i", number=1, refused="An empty answer is not an answer.")
    assert told(capsys, parsed, refused) == [
        "  the model is told: Your code block was blank; write it.",
        "  the model is told: An empty answer is not an answer.",
    ]


@pytest.mark.parametrize(
    ("text", "reasoning", "words"),
    [
        ("", None, "nothing: the response is empty"),
        (" ", "", "nothing: the response is empty"),
        ("", "Hm.", "nothing: it only thought"),
        ("<think>Hm.</think>", None, "nothing: it only thought"),
        ("```repl\n1\n```", "Hm.", "nothing but code"),
    ],
)
def test_a_response_without_words_is_told_as_the_step_tells_it(
    capsys: pytest.CaptureFixture[str], text: str, reasoning: str | None, words: str
) -> None:
    run = Recorder()
    run.start()
    one = run.iteration(1)
    lm = run.open(f"{one}.lm1", "lm", one)
    run.emit(ev.LmRequested(node=lm, model="m", messages=()))
    run.emit(ev.LmResponded(node=lm, text=text, reasoning=reasoning))
    responded = run.log.event(run.trajectory.last)
    assert told(capsys, responded) == [f"  says: {words}"]
    rows = step(Page(run.trajectory.now(), run.log, 80), one)
    assert words in "\n".join(row.text for row in rows[:])


def test_a_summary_is_told_as_what_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ev.NodeOpened(node="s", type="lm", parent="i", title=ev.COMPACTION)
    summary = ev.LmResponded(node="s", text="All of it so far.")
    compacted = ev.Compacted(node="i", summary="All of it so far.", dropped=6)
    assert told(capsys, asked, summary, compacted) == ["  summed up: 6 messages gave way to a summary"]


@pytest.mark.parametrize(
    ("text", "reasoning", "words"),
    [
        ("<think>hm</think>", None, "nothing: it only thought"),
        ("", "hm", "nothing: it only thought"),
        ("", None, "nothing: the response is empty"),
        ("<think>hm</think>I look.\n```repl\n1\n```", None, "I look."),
        ("```repl\n1\n```", "hm", "nothing but code"),
    ],
)
def test_what_only_thought_is_not_told_as_empty(
    capsys: pytest.CaptureFixture[str], text: str, reasoning: str | None, words: str
) -> None:
    assert told(capsys, ev.LmResponded(text=text, reasoning=reasoning)) == [f"  says: {words}"]
