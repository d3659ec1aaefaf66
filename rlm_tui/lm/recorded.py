"""`replay:TRACE`: the recorded answers of a run, so that another one goes the same way without a model."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping

from rlm_tui.errors import ProviderError
from rlm_tui.lm.base import OnDelta, Request, Response
from rlm_tui.lm.scripted import ScriptUsedUpError
from rlm_tui.text import one_line


class RecordedLM:
    """Answers the root LM's requests in their order, all others by what is asked: the last message.

    An answer that several equal questions got is given to each in turn, the last one to all that come after.
    Raises ScriptUsedUpError where the root LM has no answer left, ProviderError for a question that was not recorded.
    """

    def __init__(self, root: Iterable[Response], sub: Mapping[str, Iterable[Response]], *, source: str) -> None:
        self._root = deque(root)
        self._sub = {prompt: deque(answers) for prompt, answers in sub.items()}
        self._source = source

    @property
    def name(self) -> str:
        """`replay:TRACE`."""
        return f"replay:{self._source}"

    async def complete(self, request: Request, on_delta: OnDelta | None = None) -> Response:
        """The root LM's next recorded answer, or that of an equal prompt of a sub-call."""
        response = self._next_root() if request.role == "root" else self._found(request.messages[-1].content)
        if on_delta is not None and response.text:
            on_delta(response.text)
        return response

    def _next_root(self) -> Response:
        if not self._root:
            raise ScriptUsedUpError(f"All answers of the root LM in {self._source} are used up; nothing goes on here.")
        return self._root.popleft()

    def _found(self, prompt: str) -> Response:
        answers = self._sub.get(prompt)
        if not answers:
            asked = one_line(prompt, 60)
            raise ProviderError(f"{self._source} holds no answer to {asked!r}; ask a model for it.")
        return answers.popleft() if len(answers) > 1 else answers[0]

    async def close(self) -> None:
        """There is nothing to give back."""
