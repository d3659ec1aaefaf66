"""The `offline` LM: deterministic and extractive, the root LM and its sub-LM in one."""

from __future__ import annotations

import asyncio
import re

from rlm_tui.errors import ProviderError
from rlm_tui.events import Usage
from rlm_tui.lm.base import OnDelta, Request, Response
from rlm_tui.lm.offline.extract import extract
from rlm_tui.lm.offline.question import understand
from rlm_tui.lm.offline.story import read
from rlm_tui.lm.offline.turns import Turn, next_turn

_MOST_CHARS = 1_000_000  # under a second, which nothing can interrupt
_PIECE = re.compile(r"\S*\s*\S*\s*")
_PROMPT = re.compile(r"\AQuestion: (.*?)\nAnswer from the passage alone.*?^Passage:\n(.*)", re.DOTALL | re.MULTILINE)


class OfflineLM:
    """Plays the RLM protocol by searching for the question's words; keeps nothing between calls.

    Usage is an estimate of four characters a token; the cost is 0.
    """

    @property
    def name(self) -> str:
        """Always `offline`."""
        return "offline"

    async def complete(self, request: Request, on_delta: OnDelta | None = None) -> Response:
        """Answer as the root LM (the next turn) or as a sub-LM (an extraction); ProviderError when far too long."""
        is_led = request.role == "root" or request.messages[0].role == "system"  # a child RLM is led like the root
        turn = next_turn(read(request.messages)) if is_led else Turn(_sub_answer(request))
        text = turn.text
        if on_delta is not None:
            for piece in _PIECE.findall(text):
                on_delta(piece)
                await asyncio.sleep(0)
        asked = sum(len(message.content) for message in request.messages)
        return Response(text, Usage(-(-asked // 4), -(-len(text) // 4), 0.0), "stop", found_nothing=turn.found_nothing)

    async def close(self) -> None:
        """Nothing to give back."""


def _sub_answer(request: Request) -> str:
    """Read a prompt of a question and a passage; other prompts get the answer in one line."""
    prompt = request.messages[-1].content if request.messages else ""
    if len(prompt) > _MOST_CHARS:
        raise ProviderError(f"The prompt has {len(prompt):,} characters and offline reads {_MOST_CHARS:,}; send less.")
    match = _PROMPT.match(prompt)
    if match:
        found = extract(understand(match.group(1)), match.group(2))
        if found is None:
            return "NOT FOUND"
        return f"ANSWER: {found.value}\nSENTENCE: {found.sentence}\nSURENESS: {round(found.sureness * 100)}"
    question, passage = _split(prompt)
    found = extract(understand(question), passage)
    return "NOT FOUND" if found is None else f'{found.value} ("{found.sentence}")'


def _split(prompt: str) -> tuple[str, str]:
    """The question and the text of a free prompt: the first line with a question mark, else the first line."""
    lines = prompt.strip().split("\n")
    asked = next((index for index, line in enumerate(lines) if "?" in line), 0)
    head, mark, tail = lines[asked].partition("?")
    return head + mark, "\n".join([*lines[:asked], tail, *lines[asked + 1 :]])
