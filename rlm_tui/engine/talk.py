"""The conversation with an LM: what was said, what of it was sent, and a person's words that wait."""

from __future__ import annotations

from collections.abc import Sequence

from rlm_tui.events import StoredMessage
from rlm_tui.lm.base import Message

_FIRST = 1
"""The place of the first user message: after the system prompt."""
_GAP = "\n\n"


class Queued:
    """What waits for the next request: a person's words, and news of their doings. It outlives a question."""

    def __init__(self) -> None:
        self._waiting: list[str] = []
        self._taken: list[str] = []

    def tell(self, words: str) -> None:
        """Queue a person's words."""
        self._waiting.append(f"The user says: {words}")

    def announce(self, news: str) -> None:
        """Queue what the model must know of a person's doings (an injected block)."""
        self._waiting.append(news)

    def take(self) -> list[str]:
        """All that waits, for a request that is to be sent."""
        taken, self._waiting = self._waiting, []
        self._taken += taken
        return taken

    def sent(self) -> None:
        """The request went out."""
        self._taken = []

    def take_back(self) -> None:
        """Let what was taken for a request that never went out wait again."""
        self._waiting, self._taken = [*self._taken, *self._waiting], []


class Talk:
    """The messages of one RLM, in order; `unsent()` tells which of them the next request adds."""

    def __init__(self, *messages: Message, past: Sequence[Message] = (), queued: Queued | None = None) -> None:
        self.messages: list[Message] = list(messages)
        self.counted = (0, 0)
        """How many of the messages a provider has counted, and to how many tokens."""
        self._past = list(past)
        self._sent = 0
        self._summary = 0, 0
        """Where in the first user message the summary stands: what a person edits may be any part of it."""
        self.queued = Queued() if queued is None else queued

    def say(self, role: str, content: str) -> None:
        """Add a message; two user messages in a row become one, as providers want them to alternate."""
        if self.messages and self.messages[-1].role == role == "user":
            self.replace_last(f"{self.messages[-1].content}{_GAP}{content}")
        else:
            self.messages.append(Message(role, content))

    def flush(self) -> None:
        """Put what is queued into the last user message."""
        if taken := self.queued.take():
            self.say("user", _GAP.join(taken))

    def replace_last(self, content: str) -> None:
        """Change the newest message; a request that carries it carries it anew."""
        if len(self.messages) == _FIRST + 1:
            self._summary = _moved(*self._summary, self.messages[-1].content, content)
        self.messages[-1] = Message(self.messages[-1].role, content)
        self._sent = min(self._sent, len(self.messages) - 1)

    @property
    def everything(self) -> list[Message]:
        """All that was ever said, without the system prompt: earlier questions, what was summed up, what stands now."""
        return [*self._past, *self.messages[1:]]

    def count(self, tokens: int | None, answer: int | None) -> None:
        """Take a provider's count of the request that is now answered, and of the answer that will be said next."""
        if tokens is not None:
            self.counted = (len(self.messages) + (answer is not None), tokens + (answer or 0))

    def compact(self, summary: str) -> int:
        """Put a summary in the place of all but the system prompt and the question; returns how many messages went.

        An earlier summary goes, too: the LM had it before itself as it wrote this one.
        """
        gone = self.messages[2:]
        self._past += self.messages[1:]
        (begin, end), before = self._summary, self.messages[_FIRST].content
        asked = f"{before[:begin].removesuffix(_GAP)}{before[end:]}{_GAP}"
        self.messages[_FIRST:] = [Message("user", f"{asked}{summary}")]
        self._summary = len(asked), len(asked) + len(summary)
        self._sent, self.counted = 1, (0, 0)
        return len(gone)

    def drop_after(self, length: int) -> None:
        """Forget the messages from `length` on (the LM is asked again)."""
        del self.messages[length:]
        if self.counted[0] > length:
            self.counted = (0, 0)
        self._sent = min(self._sent, length)

    def aside(self, messages: Sequence[Message], last: Message) -> Talk:
        """A conversation of these messages (all, or what they were cut to) and one more, which is never said here.

        What is said here counts as sent with it where it goes out whole.
        """
        other = Talk(*messages, last)
        if list(messages) == self.messages:
            other._sent, self._sent = self._sent, len(self.messages)
        else:
            self._sent = 0
        return other

    def unsent(self) -> tuple[int, tuple[StoredMessage, ...]]:
        """How many messages a request repeats, and the new ones; marks all as sent."""
        self.queued.sent()
        prior, self._sent = self._sent, len(self.messages)
        return prior, tuple(StoredMessage(m.role, m.content) for m in self.messages[prior:])


def _moved(begin: int, end: int, old: str, new: str) -> tuple[int, int]:
    """Where a part of a text stands once the text was edited; nowhere if what stood before it was edited with it."""
    part = old[begin:end]
    if new.startswith(old[:end]):
        return begin, end
    if part in new:
        return new.rfind(part), new.rfind(part) + len(part)
    if new.startswith(old[:begin]) and new.endswith(old[end:]):
        return begin, max(begin, end + len(new) - len(old))
    return len(new), len(new)
