"""What only the words of an `rlms` log tell: the question, the size of the context, how an answer was given."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import takewhile
from typing import Any, NamedTuple

from rlm_tui import events as ev
from rlm_tui.trace.importers.base import words

_QUESTIONS = (
    re.compile(r"\AAnswer the following: (.*?)(?:\n\nYour context is |\Z)", re.DOTALL),
    re.compile(r"answer the (?:user's )?(?:original )?(?:prompt|query)(?:[^:\n]{0,80})?: ?\"(.*)\"\.", re.DOTALL),
)
_CONTEXT = re.compile(r"Your context is an? ([\w ]{1,20}?) (?:of|with) (\d[\d,]{0,14}) total characters")
_BEGINNING = 200
_SCAFFOLD = ("Your context is", "You have not interacted", "The history before", "Turn ", "Think step-by-step")
_FINAL_VAR = re.compile(r"^\s*FINAL_VAR\(\s*[\"']?(.*?)[\"']?\s*\)", re.MULTILINE | re.DOTALL)
_FINAL = re.compile(r"^\s*FINAL\((.*)\)\s*$", re.MULTILINE | re.DOTALL)


class Ended(NamedTuple):
    """The final answer of an iteration, the form that gave it, and what the parser would have found."""

    text: str
    via: ev.Via | None
    final: ev.Final | None = None


def question(messages: list[tuple[str, str]]) -> str:
    """The question as it stands in the first user messages of a prompt, or nothing."""
    asked = [text for role, text in messages[:4] if role == "user"]
    for pattern in _QUESTIONS:
        found = next((match[1] for text in asked if (match := pattern.search(text))), "")
        if found.strip():
            return found.strip()
    return next((text for text in asked[:1] if not text.lstrip().startswith(_SCAFFOLD)), "")


def context_size(messages: list[tuple[str, str]]) -> tuple[str, int] | None:
    """Type and characters of the context as the prompt tells them, or None."""
    for role, text in messages[:4]:
        found = _CONTEXT.search(text) if role == "user" else None
        if found:
            return found[1], int(found[2].replace(",", ""))
    return None


def seen(pieces: Sequence[str], messages: Sequence[str]) -> int:
    """How many characters of a block's output stand in what the model was sent after it."""
    told = [text for piece in pieces if (text := piece.strip("\n"))]
    lengths = [max((_common(text, message) for message in messages), default=0) for text in told]
    return sum(lengths) + max(0, sum(length > 0 for length in lengths) - 1)


def _common(text: str, message: str) -> int:
    """How much of the beginning of a text stands in a message."""
    if text in message:
        return len(text)
    start = message.find(text[:_BEGINNING])
    pairs = zip(text, message[start:], strict=False) if start >= 0 else ()
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def ended(answer: Any, response: str, called: bool, ready: bool) -> Ended | None:
    """The answer of an iteration; `called` is whether a block gave it, `ready` whether by the answer dict."""
    if answer is None:
        return None
    if isinstance(answer, list) and len(answer) == 2 and answer[0] in ("FINAL", "FINAL_VAR"):
        kind: ev.Via = "FINAL" if answer[0] == "FINAL" else "FINAL_VAR"
        text = words(answer[1])
        return Ended(text, kind, ev.Final("text" if kind == "FINAL" else "var", text))
    text = words(answer)
    if called:
        return Ended(text, "answer" if ready else "FINAL_VAR")
    if found := _FINAL_VAR.search(response):
        return Ended(text, "FINAL_VAR", ev.Final("var", found[1]))
    if found := _FINAL.search(response):
        return Ended(text, "FINAL", ev.Final("text", found[1]))
    return Ended(text, None)
