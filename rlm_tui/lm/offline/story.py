"""The conversation so far, as the messages tell it: the question, a person's words, and what each step gave."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from rlm_tui.lm.base import Message
from rlm_tui.lm.offline.told import hear
from rlm_tui.text import plural

_QUERY = re.compile(r"^Query: (.*?)(?=^Context: |\Z)", re.MULTILINE | re.DOTALL)
_TOLD = re.compile(r"^The user says: (.*?)(?=^The user says: |\Z)", re.MULTILINE | re.DOTALL)
_PART = re.compile(r"^  context\[(\d+)\]: (.*), [\d,]+ characters$", re.MULTILINE)
_STEP = re.compile(r"^# Step \d+: (\w+)", re.MULTILINE)
_KEPT = re.compile(r"^After step (\w+), tried (\d+) times?:\n(.*?)(?=^After step |\Z)", re.MULTILINE | re.DOTALL)
_MOST_KEPT = 600  # characters of an output; what the steps found is in the REPL, too


@dataclass(slots=True)
class Story:
    """What happened since the question; steps go by their first word (`look`, `find`, …)."""

    query: str = ""
    system: str = ""
    told: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    """Words of the newest message that a keyword search can do nothing with."""
    names: dict[int, str] = field(default_factory=dict)
    """The names of documents by their index in `context`, where there are several."""
    outputs: dict[str, str] = field(default_factory=dict)
    tries: dict[str, int] = field(default_factory=dict)
    turns: int = 0
    refused: int = 0
    last: str = ""

    @property
    def is_last_turn(self) -> bool:
        """Whether a limit leaves this one answer."""
        return "This is your last turn" in self.last

    @property
    def is_to_be_summed_up(self) -> bool:
        """Whether the conversation is about to be replaced by what is said now."""
        return self.last.startswith("This conversation is about to outgrow your window.")

    @property
    def summary(self) -> str:
        """The steps so far, as `read` finds them again in a later conversation."""
        kept = [(step, plural(count, "time"), self.outputs.get(step, "")) for step, count in self.tries.items()]
        return "\n".join(f"After step {step}, tried {times}:\n{output[:_MOST_KEPT]}" for step, times, output in kept)


def read(messages: Sequence[Message]) -> Story:
    """Retell the messages from the last question on."""
    first = max((i for i, m in enumerate(messages) if m.role == "user" and _QUERY.search(m.content)), default=-1)
    story = Story(system=messages[0].content if messages and messages[0].role == "system" else "")
    if first < 0:
        story.query = next((m.content for m in reversed(messages) if m.role == "user"), "")
        return story
    match = _QUERY.search(messages[first].content)
    story.query = (match.group(1) if match else "").split("\nThe user says: ")[0].strip()
    _, listed, parts = messages[first].content.partition("\nContext: a list of ")
    story.names = {int(index): name for index, name in _PART.findall(parts)} if listed else {}
    _recall(story, messages[first].content)
    step = ""
    for message in messages[first:]:
        if message.role == "assistant":
            step = _said(story, message.content)
        elif message.role == "user":
            _hear(story, step, message.content)
    return story


def _recall(story: Story, text: str) -> None:
    """Take the steps of a conversation that was summed up."""
    for step, count, output in _KEPT.findall(text):
        story.tries[step], story.outputs[step] = int(count), output
        story.turns += int(count)


def _said(story: Story, text: str) -> str:
    steps = _STEP.findall(text)
    step = steps[-1] if steps else ""
    story.turns += 1
    story.tries[step] = story.tries.get(step, 0) + 1
    return step


def _hear(story: Story, step: str, text: str) -> None:
    """Take in a user message; words that can be used send the work back to the search."""
    story.last = text
    if story.is_to_be_summed_up:
        return
    if step:
        story.outputs[step] = text
    if "does not accept that answer" in text:
        story.refused += 1
    words = tuple(" ".join(said.split()) for said in _TOLD.findall(text))
    used = tuple(said for said in words if hear(said).is_usable)
    story.unused = tuple(said for said in words if said not in used)
    if used:
        story.told += used
        story.refused = 0
        looked = {"look"} & story.tries.keys()
        story.outputs = {name: story.outputs[name] for name in looked if name in story.outputs}
        story.tries = {name: story.tries[name] for name in looked}
