"""What can be told of a response before it is there: pieces of text, and in words what one waits for.

These are transient signals: shown while live, never stored. The words: `loading model`, `queued`, `reading prompt 43%`,
`thinking 31 tok/s`, `writing 31 tok/s`; once a limited answer is long, how much of it is there; where a server tells no
progress, `reading prompt ≈8s`, as it took before.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, TypeAlias

from rlm_tui.text import short_count

if TYPE_CHECKING:
    from rlm_tui.lm.base import OnDelta, Request

Sign: TypeAlias = Literal["text", "reasoning", "waiting"]
Show: TypeAlias = Callable[[Sign, str], None]
ESTIMATE = " ≈"
_LOADING, _QUEUED, _READING = "loading model", "queued", "reading prompt"
_WORDS_EVERY_S = 0.25
_RATE_AFTER_S = 0.5
_LONG_S = 10.0
_CHARS_PER_TOKEN = 4
_REMEMBERED = 20
_WORTH_TELLING_S = 1.0


class Pace:
    """How long models took to their first word, and sub-calls as a whole, from the earlier calls of this session."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], list[tuple[int, float]]] = {}
        self._calls: dict[bool, list[float]] = {}

    def took(self, seconds: float, *, is_child: bool) -> None:
        """A sub-LM, or a child RLM, answered after `seconds`."""
        calls = self._calls.setdefault(is_child, [])
        calls.append(seconds)
        del calls[:-_REMEMBERED]

    def of_batch(self, size: int, at_once: int, *, is_child: bool) -> float | None:
        """Seconds that a batch may take, so many calls at once; None when none was answered before."""
        calls = self._calls.get(is_child)
        return -(-size // at_once) * sum(calls) / len(calls) if calls else None

    def learn(self, request: Request, seconds: float) -> None:
        """A first word came after `seconds`."""
        seen = self._seen.setdefault((request.model, request.role), [])
        seen.append((_chars(request), seconds))
        del seen[:-_REMEMBERED]

    def expected(self, request: Request) -> float | None:
        """Seconds that the first word may take, or None when nothing is known.

        For sub-calls by the length of the prompt; a root LM's prompt grows, but servers read only what is new of it.
        """
        from statistics import median

        seen = self._seen.get((request.model, request.role))
        if not seen:
            return None
        if request.role == "root":
            return median(seconds for _, seconds in seen)
        return _chars(request) * median(seconds / max(1, chars) for chars, seconds in seen)


class Watch:
    """Takes the pieces of one response as they come, and shows them and what one waits for; can stand as OnDelta."""

    def __init__(
        self,
        show: Show,
        *,
        expected_s: float | None = None,
        on_first: Callable[[float], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
        most: int | None = None,
    ) -> None:
        self._show, self._clock, self._most = show, clock, most
        self._expected, self._on_first = expected_s, on_first
        self._words = ""
        self.begin()

    @classmethod
    def of(cls, on_delta: OnDelta | None) -> Watch:
        """The watch that `on_delta` is, or one that hands it the text and nothing else."""
        if isinstance(on_delta, cls):
            return on_delta
        return cls(lambda sign, piece: on_delta(piece) if on_delta is not None and sign == "text" else None)

    def begin(self) -> None:
        """A request goes out (again)."""
        self._sent = self._clock()
        self._first = self._told = 0.0
        self._pieces = self._chars = 0
        self.has_begun = False
        """Whether the model has started to answer, or to tell how far it has read."""
        if self._words != _LOADING:  # a server that loads the model is asked again and again
            self._say(self._reading())

    def _reading(self) -> str:
        """With what earlier calls make one expect, where that is worth a word."""
        expected = self._expected or 0.0
        return f"{_READING}{ESTIMATE}{expected:.0f}s" if expected >= _WORTH_TELLING_S else _READING

    def __call__(self, piece: str) -> None:
        """A piece of the answer; TypeError, which is the model's, for what is no text."""
        if not isinstance(piece, str):
            raise TypeError(f"on_delta takes pieces of text, not what is of type {type(piece).__name__}")
        self._show("text", piece)
        self._wrote("writing", piece)

    def think(self, piece: str) -> None:
        """A piece of what the model thinks before it answers."""
        self._show("reasoning", piece)
        self._wrote("thinking", piece)

    def load(self) -> None:
        """The server is still loading the model."""
        self._say(_LOADING)

    def queue(self) -> None:
        """The server works on other requests first."""
        self._say(_QUEUED)

    def read(self, share: float | None = None) -> None:
        """The server reads the prompt; `share` is how much of it is read, from 0 to 1."""
        if share is not None:
            self.has_begun = True
            self._say(f"{_READING} {min(1.0, max(0.0, share)):.0%}")
        elif not self.has_begun and self._words in (_LOADING, _QUEUED):
            self._say(self._reading())

    def _wrote(self, what: str, piece: str) -> None:
        now = self._clock()
        if not self._pieces:
            self._first, self.has_begun = now, True
            self._on_first(now - self._sent)
        if not self._words.startswith(what):
            self._say(what)
        self._pieces += 1
        self._chars += len(piece)
        passed = now - self._first
        if passed >= _RATE_AFTER_S and now - self._told >= _WORDS_EVERY_S:
            self._told = now
            # Most servers send a token a piece; some send several, which their length tells.
            tokens = max(self._pieces, self._chars / _CHARS_PER_TOKEN)
            self._say(f"{what} {tokens / passed:.0f} tok/s{self._of_most(tokens, passed)}")

    def _of_most(self, tokens: float, passed: float) -> str:
        """How much of a limited answer is there, once one may ask whether it ends at all."""
        if not self._most or passed < _LONG_S:
            return ""
        return f", {short_count(int(tokens))} of ≤ {short_count(self._most)}"

    def _say(self, words: str) -> None:
        if words != self._words:
            self._words = words
            self._show("waiting", words)


def _chars(request: Request) -> int:
    return sum(len(message.content) for message in request.messages)
