"""The conversation so far, as the messages tell it: the question, a person's words, and what each step gave."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from rlm_tui.lm.base import Message

_QUERY = re.compile(r"^Query: (.*?)(?=^Context: |\Z)", re.MULTILINE | re.DOTALL)
_TOLD = re.compile(r"^The user says: (.*?)(?=^The user says: |\Z)", re.MULTILINE | re.DOTALL)
_STEP = re.compile(r"^# Step (\d)", re.MULTILINE)


@dataclass(slots=True)
class Story:
    """What happened since the question; `outputs` is what came after each step's last try, newest step last."""

    query: str = ""
    system: str = ""
    told: tuple[str, ...] = ()
    outputs: dict[int, str] = field(default_factory=dict)
    tries: dict[int, int] = field(default_factory=dict)
    turns: int = 0
    refused: int = 0
    last: str = ""

    @property
    def is_last_turn(self) -> bool:
        """Whether a limit leaves this one answer."""
        return "This is your last turn" in self.last


def read(messages: Sequence[Message]) -> Story:
    """Retell the messages from the last question on."""
    first = max((i for i, m in enumerate(messages) if m.role == "user" and _QUERY.search(m.content)), default=-1)
    story = Story(system=messages[0].content if messages and messages[0].role == "system" else "")
    if first < 0:
        story.query = next((m.content for m in reversed(messages) if m.role == "user"), "")
        return story
    match = _QUERY.search(messages[first].content)
    story.query = (match.group(1) if match else "").split("\nThe user says: ")[0].strip()
    step = 0
    for message in messages[first:]:
        if message.role == "assistant":
            step = _told_step(story, message.content)
        elif message.role == "user":
            _hear(story, step, message.content)
    return story


def _told_step(story: Story, text: str) -> int:
    steps = _STEP.findall(text)
    step = int(steps[-1]) if steps else 0
    story.turns += 1
    story.tries[step] = story.tries.get(step, 0) + 1
    return step


def _hear(story: Story, step: int, text: str) -> None:
    """Take in a user message; new words send the search back to its second step."""
    story.last = text
    if step:
        story.outputs[step] = text
    if "does not accept that answer" in text:
        story.refused += 1
    words = tuple(" ".join(said.split()) for said in _TOLD.findall(text))
    if words:
        story.told += words
        story.refused = 0
        for later in (2, 3, 4):
            story.outputs.pop(later, None)
            story.tries.pop(later, None)
