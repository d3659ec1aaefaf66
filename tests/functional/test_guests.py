"""Models that a program or a package brings: whatever they do is an answer, or an error in one sentence."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rlm_tui import RLM
from rlm_tui import events as ev
from rlm_tui.errors import ProviderBusyError, ProviderError
from rlm_tui.events import Usage
from rlm_tui.lm.base import Request, Response
from rlm_tui.lm.guest import GuestLM, as_guest
from rlm_tui.lm.scripted import ScriptedLM
from rlm_tui.trace.reader import TraceReader
from rlm_tui.trace.recover import verify
from tests.driving import block


class Guest:
    """Does as it is told."""

    name = "mine"

    def __init__(self, act: Callable[[Request], Any]) -> None:
        self._act = act
        self.is_closed = False

    async def complete(self, request: Request, on_delta: Any = None) -> Any:
        outcome = self._act(request)
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    async def close(self) -> None:
        """Tell that it was asked to give back what it has."""
        self.is_closed = True


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (ValueError("no luck"), "The model mine failed (ValueError: no luck)."),
        (KeyboardInterrupt(), "The model mine failed (KeyboardInterrupt)."),
        (SystemExit(3), "The model mine failed (SystemExit: 3)."),
        (asyncio.CancelledError(), "The model mine failed (CancelledError)."),
        (None, "The model mine answered with NoneType, not a Response with a text."),
        ("FINAL(x)", "The model mine answered with str, not a Response with a text."),
        (Response(None), "The model mine answered with Response of NoneType, not"),  # type: ignore[arg-type]
    ],
)
def test_what_is_no_answer_ends_the_run_by_name(outcome: object, said: str) -> None:
    with pytest.raises(ProviderError) as caught:
        RLM(Guest(lambda _: outcome)).completion("What?", "text")
    assert str(caught.value).startswith(said)


class OwnError(ProviderError):
    """An error that is made in a way of its own."""

    def __init__(self, status: Any, retry_after: Any) -> None:
        super().__init__("no \ud800 luck", status=status, retry_after=retry_after)


@pytest.mark.parametrize("number", [-1, 2**63, 10**400, math.nan, math.inf, -math.inf, "soon", True, [1]])
def test_the_numbers_of_a_failure_are_told_as_far_as_they_can_be(tmp_path: Path, number: object) -> None:
    root = ScriptedLM([block("print(llm_query('a'))"), "FINAL(done)"])
    trace = tmp_path / "run.rlm.jsonl"
    result = RLM(root, sub_model=Guest(lambda _: OwnError(number, number)), trace=trace).completion("What?", "text")
    assert result.answer == "done"
    assert verify(trace) == []
    with TraceReader(trace) as reader:
        failures = [event for event in reader if isinstance(event, ev.LmFailed)]
    assert [(each.message, each.status) for each in failures] == [("no \ufffd luck", None)]


def test_the_kind_of_a_failure_is_kept() -> None:
    busy = ProviderBusyError("no", status=429, retry_after=2.5)
    with pytest.raises(ProviderBusyError) as caught:
        asyncio.run(GuestLM(Guest(lambda _: busy)).complete(Request((), "mine")))
    assert (caught.value.status, caught.value.retry_after) == (429, 2.5)


def test_what_is_no_flag_and_no_text_in_a_response_is_none() -> None:
    odd = Response("x", note=5, held_to=5, cached=2, found_nothing="?")  # type: ignore[arg-type]
    assert asyncio.run(GuestLM(Guest(lambda _: odd)).complete(Request((), "mine"))) == Response("x")


def test_in_a_sub_call_it_is_an_error_value() -> None:
    root = ScriptedLM([block("print(llm_query('a'))"), "FINAL(done)"])
    result = RLM(root, sub_model=Guest(lambda _: ValueError("no luck"))).completion("What?", "text")
    assert result.status == "answered"
    assert "Error: The model mine failed (ValueError: no luck)." in result.history[2].content


@pytest.mark.parametrize("usage", [None, {"prompt_tokens": 1}, Usage(10**400, -5, float("nan"))])
def test_what_it_tells_of_itself_is_believed_as_far_as_that_can_be(usage: Any) -> None:
    odd: Any = 7
    answer = Response("FINAL(a\ud800b)", usage, finish_reason=odd, reasoning=odd)
    result = RLM(Guest(lambda _: answer)).completion("What?", "text")
    assert (result.answer, result.usage) == ("a\ufffdb", Usage())


def test_a_model_of_the_program_is_left_open_when_the_run_is_over() -> None:
    guest = Guest(lambda _: Response("FINAL(x)"))
    RLM(guest).completion("What?", "text")
    assert not guest.is_closed


def test_a_model_of_this_program_needs_no_such_checks() -> None:
    own = ScriptedLM([])
    assert as_guest(own) is own
    assert isinstance(as_guest(Guest(lambda _: None)), GuestLM)
