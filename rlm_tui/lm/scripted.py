"""`scripted:FILE`: answers from a JSON file, in order; for tests, samples and a look at the app without a model.

The form of the file is in docs/providers.md.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeAlias

import msgspec

from rlm_tui import files, paths
from rlm_tui.errors import ExitCode, ProviderError, UsageError
from rlm_tui.events import EXACT, Role, Usage
from rlm_tui.lm.base import OnDelta, Request, Response
from rlm_tui.lm.failures import error_for_status
from rlm_tui.text import one_line, scrub

if TYPE_CHECKING:
    import regex

SUB_ANSWER = "sub-answer"
_PIECE = 24
_MOST_PIECES = 64
_MOST_BYTES = 256 << 20
_MATCH_S = 2.0
_FORM = (
    'a script is JSON like ["an answer", "the next"] or {"root": ["an answer"], "sub": ["an answer"]}: '
    "see docs/providers.md"
)
_Seconds: TypeAlias = Annotated[float, msgspec.Meta(ge=0, le=86_400)]


class ScriptUsedUpError(ProviderError):
    """A script has no answer left, so the run fails; no endpoint did, hence the exit code 1."""

    exit_code = ExitCode.FAILED


class Failure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An error that an endpoint would have answered with; `retry_after` is in seconds."""

    status: Annotated[int, msgspec.Meta(ge=400, le=599)]
    retry_after: _Seconds | None = None


class Item(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One scripted response: `text` streams over `delay_s` seconds, then `error`, if there is one, is raised."""

    text: str = ""
    delay_s: _Seconds = 0.0
    finish_reason: str | None = "stop"
    usage: Usage = Usage()
    error: Failure | None = None

    def __post_init__(self) -> None:
        amounts = self.usage.input_tokens, self.usage.output_tokens, self.usage.cost_usd
        if any(amount is not None and not 0 <= amount <= EXACT for amount in amounts):
            raise ValueError(f"usage counts from 0 to {EXACT}")


Answer: TypeAlias = str | Item
Given: TypeAlias = Answer | Mapping[str, Any]


class _Script(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    root: list[Answer] = []
    sub: list[Answer] | dict[str, Answer] | None = None


class ScriptedLM:
    """Answers from lists: `root` in order, `sub` in order or by the first regex found in the prompt.

    Each attempt takes one item, so an error is followed by what the retry gets. `requests` records what was asked.
    Without `sub`, or where no regex is found, a sub-call gets "sub-answer". Raises ScriptUsedUpError at the end
    of a list, and UsageError for a pattern that is no regular expression, or an answer that cannot be meant.
    """

    def __init__(
        self,
        root: Iterable[Given],
        sub: Iterable[Given] | Mapping[str, Given] | None = None,
        *,
        name: str = "scripted",
        source: str = "the script",
    ) -> None:
        self.requests: list[Request] = []
        self._name = name
        self._source = source
        self._table: list[tuple[regex.Pattern[str], Answer]] | None = None
        self._lists: dict[Role, list[Answer]] = {"root": [_item(each) for each in root]}
        if isinstance(sub, Mapping):
            self._table = _compile({pattern: _item(each) for pattern, each in sub.items()}, source)
        elif sub is not None:
            self._lists["sub"] = [_item(each) for each in sub]
        self._taken: dict[Role, int] = {"root": 0, "sub": 0}

    @classmethod
    def from_file(cls, path: str) -> ScriptedLM:
        """Read a script; raises UsageError, with the place in the file, for one that cannot be meant."""
        script = load_script(path)
        return cls(script.root, script.sub, name=f"scripted:{path}", source=path)

    @property
    def name(self) -> str:
        """The name that it was given."""
        return self._name

    async def complete(self, request: Request, on_delta: OnDelta | None = None) -> Response:
        """The next answer of the script, or the error that stands in its place."""
        self.requests.append(request)
        answer = await self._next(request)
        item = Item(answer) if isinstance(answer, str) else answer
        text, _ = scrub(item.text)
        pieces = _pieces(text)
        for piece in pieces:
            await asyncio.sleep(item.delay_s / len(pieces))
            if on_delta is not None and piece:
                on_delta(piece)
        if item.error is not None:
            status = item.error.status
            raise error_for_status(status, f"{self._source} answers with HTTP {status} here.", item.error.retry_after)
        return Response(text, item.usage, item.finish_reason)

    async def close(self) -> None:
        """There is nothing to give back."""

    async def _next(self, request: Request) -> Answer:
        if request.role == "sub" and self._table is not None:
            prompt = "\n".join(message.content for message in request.messages)
            return await asyncio.to_thread(self._found, self._table, prompt)
        answers = self._lists.get(request.role)
        if answers is None:
            return SUB_ANSWER
        taken = self._taken[request.role]
        if taken >= len(answers):
            self._fail(request.role, taken)
        self._taken[request.role] += 1
        return answers[taken]

    def _found(self, table: list[tuple[regex.Pattern[str], Answer]], prompt: str) -> Answer:
        """The answer of the first pattern found; in a thread and for a time only, as patterns can run away."""
        for pattern, answer in table:
            try:
                if pattern.search(prompt, timeout=_MATCH_S, concurrent=True):
                    return answer
            except TimeoutError:
                shown = repr(one_line(pattern.pattern, 60))
                raise ProviderError(
                    f"In {self._source}, sub: {shown} searches a prompt for over {_MATCH_S:g} s; make it simpler."
                ) from None
        return SUB_ANSWER

    def _fail(self, role: Role, taken: int) -> NoReturn:
        raise ScriptUsedUpError(f"All answers of the {role} LM in {self._source} are used up ({taken}); add another.")


def load_script(path: str) -> _Script:
    """The checked content of a script file; raises UsageError naming the file and the place in it."""
    try:
        file = paths.typed(path)
        raw = json.loads(files.read_text(file, _MOST_BYTES), parse_constant=_refuse)
        script = msgspec.convert({"root": raw} if isinstance(raw, list) else raw, _Script)
    except OSError as error:
        raise UsageError(f"The script {path} cannot be read: {files.why(error)}.") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"The script {path} cannot be used: {files.why(error)}.") from None
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}: {error.msg}"
        raise UsageError(f"The script {path} is no JSON ({place}); {_FORM}.") from None
    except (ValueError, RecursionError) as error:
        place = one_line(str(error).replace("`$.", "`").replace("`$`", "the file"))
        raise UsageError(f"The script {path} cannot be used: {place}; {_FORM}.") from None
    if isinstance(script.sub, dict):
        _compile(script.sub, path)
    return script


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON number")


def _item(given: object) -> Answer:
    """An answer that a program gives: a text, an Item, or a dict as in a file."""
    if isinstance(given, str | Item):
        return given
    try:
        return msgspec.convert(given, Item)
    except msgspec.ValidationError as error:
        raise UsageError(f"{one_line(repr(given), 60)} is no answer of a script: {error}.") from None


def _compile(table: Mapping[str, Answer], source: str) -> list[tuple[regex.Pattern[str], Answer]]:
    import regex  # the one of the standard library cannot be stopped in the middle of a search

    compiled = []
    for pattern, answer in table.items():
        try:
            compiled.append((regex.compile(pattern), answer))
        except regex.error as error:
            raise UsageError(
                f"In {source}, sub: {one_line(pattern, 60)!r} is no regular expression: {error}."
            ) from None
    return compiled


def _pieces(text: str) -> list[str]:
    size = max(_PIECE, -(-len(text) // _MOST_PIECES))
    return [text[at : at + size] for at in range(0, len(text), size)] or [""]
