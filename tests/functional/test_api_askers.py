"""The engine as a library, asked by several, cancelled, and asked again."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rlm_tui import RLM, ScriptedLM, events
from rlm_tui.errors import TraceError, UsageError
from rlm_tui.lm.base import Request, Response
from tests.driving import block

HANGS = block("import time\nseen = 1\ntime.sleep(600)")


class Gated:
    """A model that answers once it is let to."""

    name = "gated"

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.may_answer = threading.Event()

    async def complete(self, request: Request, on_delta: object = None) -> Response:
        self.asked.set()
        await asyncio.to_thread(self.may_answer.wait)
        return Response("FINAL(done)")

    async def close(self) -> None: ...


def test_a_persistent_one_refuses_a_second_question_in_one_sentence() -> None:
    lm = Gated()
    with RLM(lm, persistent=True) as rlm, ThreadPoolExecutor(1) as pool:
        first = pool.submit(rlm.completion, "First?", "x")
        lm.asked.wait()
        with pytest.raises(UsageError, match="A question is being worked on; wait for its end"):
            rlm.completion("Second?")
        lm.may_answer.set()
        assert first.result().answer == "done"
        assert rlm.completion("Third?").answer == "done"


def test_threads_that_ask_at_once_get_an_answer_or_that_sentence() -> None:
    together = threading.Barrier(4)
    with RLM(ScriptedLM(["FINAL(yes)"] * 4), persistent=True) as rlm, ThreadPoolExecutor(4) as pool:

        def ask() -> str:
            together.wait()
            try:
                return rlm.completion("What?", "x").answer or ""
            except UsageError as error:
                return str(error)

        said = [future.result() for future in [pool.submit(ask) for _ in range(4)]]
    assert "yes" in said
    assert all(each == "yes" or "is being worked on" in each for each in said)


def test_one_that_is_not_persistent_takes_questions_side_by_side() -> None:
    lm = Gated()
    rlm = RLM(lm)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(rlm.completion, "First?", "x")
        lm.asked.wait()
        lm.asked.clear()
        second = pool.submit(rlm.completion, "Second?", "x")
        lm.asked.wait()
        lm.may_answer.set()
        assert [first.result().answer, second.result().answer] == ["done", "done"]


async def _begun(rlm: RLM) -> asyncio.Task[None]:
    """A question whose block hangs."""
    began = asyncio.Event()

    async def follow() -> None:
        async for event in rlm.events("What?", "x"):
            if isinstance(event, events.CodeStarted):
                began.set()

    task = asyncio.create_task(follow())
    await began.wait()
    return task


async def test_after_a_cancelled_question_the_next_is_answered() -> None:
    with RLM(ScriptedLM([HANGS, "FINAL(again)"]), persistent=True) as rlm:
        task = await _begun(rlm)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        result = await rlm.acompletion("And now?")
        assert (result.answer, result.iterations) == ("again", 1)
        assert [message.role for message in result.history].count("assistant") >= 1


async def test_who_asks_while_a_question_is_being_ended_waits_for_that() -> None:
    with RLM(ScriptedLM([HANGS, "FINAL(again)"]), persistent=True) as rlm:
        task = await _begun(rlm)
        task.cancel()
        await asyncio.sleep(0)
        task.cancel()  # and again, while it tidies up
        assert (await rlm.acompletion("And now?")).answer == "again"
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_after_a_loop_that_was_left_the_next_question_is_answered() -> None:
    with RLM(ScriptedLM([HANGS, "FINAL(again)"]), persistent=True) as rlm:
        async for event in rlm.events("What?", "x"):
            if isinstance(event, events.CodeStarted):
                break
        assert (await rlm.acompletion("And now?")).answer == "again"


async def test_a_question_within_the_events_of_another_is_refused() -> None:
    with RLM(ScriptedLM([HANGS]), persistent=True) as rlm:
        task = await _begun(rlm)
        with pytest.raises(UsageError, match="is being worked on"):
            await rlm.acompletion("And?")
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


def test_a_context_that_cannot_be_given_takes_no_turn() -> None:
    with RLM(ScriptedLM(["FINAL(x)"]), persistent=True) as rlm:
        with pytest.raises(UsageError, match="JSON"):
            rlm.completion("What?", {"a": {1}})  # type: ignore[dict-item]
        assert rlm.completion("What?", "x").answer == "x"


def test_each_question_has_a_trace_of_its_own(tmp_path: Path) -> None:
    rlm = RLM(ScriptedLM(["FINAL(x)"] * 3), trace=tmp_path / "x.rlm.jsonl")
    (tmp_path / "x-2.rlm.jsonl").write_text("of somebody else")
    paths = [rlm.completion("What?", "x").trace_path for _ in range(3)]
    assert [path.name for path in paths if path] == ["x.rlm.jsonl", "x-3.rlm.jsonl", "x-4.rlm.jsonl"]


@pytest.mark.parametrize("trace", ["x.rlm.jsonl", "folder-that-is-a-file/x.rlm.jsonl"])
def test_a_trace_that_cannot_be_made_says_what_to_do_here(tmp_path: Path, trace: str) -> None:
    (tmp_path / "x.rlm.jsonl").write_text("of an earlier run")
    (tmp_path / "folder-that-is-a-file").write_text("")
    with pytest.raises(TraceError, match="give another path as trace") as caught:
        RLM(ScriptedLM(["FINAL(x)"]), trace=tmp_path / trace).completion("What?", "x")
    assert "--" not in str(caught.value)
