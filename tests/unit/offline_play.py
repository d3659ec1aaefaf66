"""Plays a run with OfflineLM in a miniature loop: blocks are executed in a plain namespace, no engine, no worker."""

from __future__ import annotations

import asyncio
import contextlib
import io
import random
import re
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from rlm_tui.lm.base import Message, Request
from rlm_tui.lm.offline import OfflineLM

Context = str | list[str]
PAPER = "End with FINAL_VAR(name) at the start of a line."
RLMS = 'End with answer["content"] = …; answer["ready"] = True'


@dataclass
class Run:
    """What a played run came to."""

    answer: str = ""
    responses: list[str] = field(default_factory=list)
    blocks: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    sub_calls: int = 0

    @property
    def head(self) -> str:
        """The answer without its place and evidence."""
        return self.answer.removeprefix("Perhaps ").split(" (")[0]


@dataclass
class Play:
    """A run whose user side a test can change: `edit` what a block becomes (None skips), `words` told by turn."""

    query: str
    context: Context
    system: str = PAPER
    edit: Callable[[int, str], str | None] = lambda turn, code: code
    words: dict[int, str] = field(default_factory=dict)
    refuse: int = 0
    names: Sequence[str] = ()
    sub: Callable[[str], str] | None = None
    run_: Run = field(default_factory=Run)
    messages: list[Message] = field(default_factory=list)

    def go(self, turns: int = 14) -> Run:
        """Play until an answer is given."""
        run, lm = self.run_, OfflineLM()
        answer: dict[str, Any] = {"content": "", "ready": False}
        space: dict[str, Any] = {
            "context": self.context,
            "answer": answer,
            "llm_query": self._ask,
            "llm_query_batched": self._ask_all,
        }
        messages = self.messages = [Message("system", self.system), Message("user", self._first())]
        for turn in range(1, turns + 1):
            text = complete(lm, messages)
            run.responses.append(text)
            messages.append(Message("assistant", text))
            outputs = [self._execute(turn, code, space) for code in blocks(text)]
            final = re.search(r"^FINAL_VAR\((\w+)\)", text, re.MULTILINE)
            ended = bool(final and final.group(1) in space and "Error" not in outputs[-1]) or answer["ready"]
            if ended and self.refuse == 0:
                run.answer = str(space[final.group(1)] if final else answer["content"])
                return run
            said = [f"Output of block {turn}:\n{output}" for output in outputs]
            if ended:
                self.refuse -= 1
                answer["ready"] = False
                said = ["The user does not accept that answer. Go on and find a better one."]
            if turn in self.words:
                said.append(f"The user says: {self.words[turn]}")
            messages.append(Message("user", "\n\n".join(said) or "Nothing ran."))
        return run

    def _first(self) -> str:
        kind = "a str" if isinstance(self.context, str) else f"a list of {len(self.context)} str"
        lines = "".join(f"\n  context[{i}]: {name}, 1,000 characters" for i, name in enumerate(self.names))
        first = f"Query: {self.query}\nContext: {kind}{lines}\nBegin by looking at the context."
        return f"{first}\n\nThe user says: {self.words[0]}" if 0 in self.words else first

    def _execute(self, turn: int, code: str, space: dict[str, Any]) -> str:
        self.run_.blocks.append(code)
        edited = self.edit(turn, code)
        if edited is None:
            return "The block was skipped by the user; it did not run."
        out = io.StringIO()
        try:
            with contextlib.redirect_stdout(out):
                exec(compile(edited, "block", "exec"), space)  # noqa: S102
        except Exception as error:  # noqa: BLE001
            self.run_.errors.append(f"{type(error).__name__}: {error}")
            out.write(self.run_.errors[-1])
        return out.getvalue()

    def _ask(self, prompt: str) -> str:
        self.run_.sub_calls += 1
        return self.sub(prompt) if self.sub else ask(prompt)

    def _ask_all(self, prompts: Sequence[str]) -> list[str]:
        return [self._ask(prompt) for prompt in prompts]


def complete(lm: OfflineLM, messages: Sequence[Message], pieces: list[str] | None = None) -> str:
    """One response of the root LM."""
    on_delta = pieces.append if pieces is not None else None
    return asyncio.run(lm.complete(Request(tuple(messages), "offline"), on_delta)).text


def ask(prompt: str) -> str:
    """One answer of the sub-LM."""
    request = Request((Message("user", prompt),), "offline", role="sub")
    return asyncio.run(OfflineLM().complete(request)).text


def play(query: str, context: Context, **changes: Any) -> Run:
    """Play a run to its end."""
    return Play(query, context, **changes).go()


def blocks(text: str) -> list[str]:
    """The code of the ```repl fences of a response."""
    return re.findall(r"^```repl\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


_FILLER = (
    "The committee met on Tuesday and spoke about the number of chairs in the hall.",
    "Nothing was decided, and 14 people left early.",
    "In 1987 the old mill by the river was sold to a farmer from Brent.",
    "Rain fell for three days, and the road to Harlow was closed.",
    "Anna Petrov kept the key of the shed under a stone.",
    "The term of office is four years.",
    "A code of conduct was agreed upon by all 31 members.",
    "The library opened at 9:00 and closed at 17:30.",
    "Prices rose by 4 percent in March, and wages did not.",
    "The capital needed for the repair was $12,500.",
    "Mr. Dunn was born in Leeds and moved away as a child.",
    "The bridge at Farley is 120 metres long.",
    "It was said that the captain had written to nobody.",
)


def pages(needles: Sequence[str], seed: int = 0, sentences: int = 300, width: int = 0) -> str:
    """Filler pages with sentences hidden in them, wrapped to a width like the text of a PDF when one is given."""
    rng = random.Random(seed)
    text = [rng.choice(_FILLER) for _ in range(sentences)]
    for needle in needles:
        text.insert(rng.randrange(len(text)), needle)
    leaves = [text[start : start + 25] for start in range(0, len(text), 25)]
    if not width:
        return "\f".join("\n".join(leaf) for leaf in leaves)
    return "\f".join("\n".join(textwrap.wrap(" ".join(leaf), width)) for leaf in leaves)


def page_of(text: str, needle: str) -> int:
    """The page on which a text begins."""
    return text.count("\f", 0, text.index(needle)) + 1
