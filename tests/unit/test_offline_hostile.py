"""OfflineLM bears whatever stands in a document: it reads in linear time, and says what is too long for it."""

from __future__ import annotations

import asyncio

import pytest

from rlm_tui.errors import ProviderError
from rlm_tui.lm.base import Message, Request
from rlm_tui.lm.offline import OfflineLM

_SIZE = 50_000


def ask(passage: str) -> str:
    request = Request((Message("user", f"What is the magic number?\n{passage}"),), "offline", role="sub")
    return asyncio.run(OfflineLM().complete(request)).text


@pytest.mark.parametrize("piece", ["x", "1", " ", "\n", "(", "a-", "A.", "1,", '"', "x ", "a=", "é"])
def test_noise_costs_no_more_than_its_length(piece: str) -> None:
    assert "4711" in ask(f"{piece * _SIZE}\n\nThe magic number is 4711.")


def test_a_prompt_beyond_reading_is_refused_by_its_length() -> None:
    with pytest.raises(ProviderError, match="send less"):
        ask("x" * 1_000_001)
