"""What the clients on a provider's SDK share: connections, streaming, refused parameters, failures."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import replace
from types import ModuleType, SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from rlm_tui.errors import ProviderBusyError, ProviderError
from rlm_tui.events import EXACT, Usage
from rlm_tui.lm.base import OnDelta, Request, Response
from rlm_tui.lm.bounded import bounded
from rlm_tui.lm.endpoint import Endpoint
from rlm_tui.lm.explain import explain, no_completion
from rlm_tui.lm.post import Poster, WireError, decoded
from rlm_tui.lm.providers import provider_of
from rlm_tui.lm.proxy import proxy_of, transport
from rlm_tui.lm.said import said
from rlm_tui.lm.stage import Stages
from rlm_tui.lm.turns import Turns
from rlm_tui.lm.watch import Watch
from rlm_tui.text import scrub

NO_KEY = "no-key"  # SDKs insist on a key where a server on this machine needs none
_DROPPABLE = ("stream_options", "temperature", "seed", "stop", "stop_sequences", "think")
_COMMON_WORDS = ("stop",)
_MOST_CHARS = 16_000_000  # far beyond any model's answer: a server that never stops must not fill the memory
_MOST_REASON = 100
_LEAST_CUT, _MOST_CHARS_PER_TOKEN = 10_000, 8  # prose has 4 characters a token, other scripts fewer


class Answer:
    """A response as it streams in; `watch` is told each piece, `whole` says that it is no stump."""

    def __init__(self, watch: Watch) -> None:
        self.watch = watch
        self._pieces: list[str] = []
        self._thoughts: list[str] = []
        self.usage = Usage()
        self.finish_reason: str | None = None
        self.notes: list[str] = []
        self.begun = False
        """Whether anything that came is part of a completion."""
        self.whole = False
        self._chars = 0
        self.on_sign: Callable[[], None] = lambda: None
        """Called for what shows that the model is at work."""

    def add(self, piece: object) -> None:
        """Take a piece of text, or null; TypeError for all else, as an answer must not look empty that is not."""
        if not isinstance(piece, str | None):
            raise TypeError(f"a piece of text is of type {type(piece).__name__}")
        if piece:
            self._pieces.append(self._counted(piece))
            self.watch(scrub(piece)[0])

    def think(self, piece: object) -> None:
        """Take a piece of reasoning, which is not part of the answer."""
        if isinstance(piece, str) and piece:
            self._thoughts.append(self._counted(piece))
            self.watch.think(scrub(piece)[0])

    def read(self, share: float | None) -> None:
        """The server reads the prompt, and tells how far it is."""
        self.on_sign()
        self.watch.read(share)

    def _counted(self, piece: str) -> str:
        self.on_sign()
        self._chars += len(piece)
        if self._chars > _MOST_CHARS:
            raise ProviderError(
                f"The answer is longer than {_MOST_CHARS:,} characters, so it was given up.", status=200
            )
        return piece

    def note(self, remark: str) -> None:
        """Keep a remark, once however often it is made."""
        if remark not in self.notes:
            self.notes.append(remark)

    def finish(self, reason: object) -> None:
        """Take the finish reason, once there is one."""
        if isinstance(reason, str) and reason:
            self.finish_reason = scrub(reason[:_MOST_REASON])[0]

    @property
    def is_only_thought(self) -> bool:
        """Whether the model came to its end and all that it wrote counts as reasoning."""
        return self.finish_reason == "stop" and bool(self._thoughts) and not "".join(self._pieces).strip()

    def response(self) -> Response:
        """What came in all."""
        text, broken = _mend("".join(self._pieces))
        reasoning, _ = _mend("".join(self._thoughts))
        notes = list(self.notes)
        if broken:
            notes.append(f"{broken} broken characters replaced")
        if reasoning and not text:
            notes.append("the model sent only reasoning and no answer")
        if self.finish_reason is None:
            notes.append("the server gave no finish reason; the answer may be cut")
        return Response(text, self.usage, self.finish_reason, reasoning or None, "; ".join(notes))


def _mend(text: str) -> tuple[str, int]:
    """Join surrogate pairs that two pieces tore apart, then replace the ones left alone."""
    if not scrub(text)[1]:
        return text, 0
    return scrub(text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass"))


def cost(value: object) -> float | None:
    """Dollars as a server reports them, or None for anything that is no amount."""
    if not isinstance(value, int | float) or not 0 <= value <= EXACT:  # not a number is not between them
        return None
    return float(value)


class StreamLM:
    """Base of all clients: asks, and leaves out what a server refuses by name; a subclass sends and reads."""

    def __init__(
        self,
        endpoint: Endpoint,
        client: Any,
        errors: tuple[type[Exception], ...],
        status_errors: tuple[type[Exception], ...],
    ) -> None:
        self._endpoint = endpoint
        self._client = client
        self._errors = errors
        self._status_errors = status_errors
        self._refused: set[str] = set()
        self._shaped_by = provider_of(endpoint.provider).shaped_by
        self._has_told = False
        self._stages = Stages(endpoint)
        self._turns = Turns()
        self._is_thinking = False
        """Whether its chat template has been seen to open the reasoning, so that answers begin inside of it."""

    @property
    def name(self) -> str:
        """`provider/model`."""
        return self._endpoint.name

    @property
    def held_to(self) -> str:
        """What its server holds an answer to when it is asked: a grammar, a JSON schema, or nothing."""
        words = {"": "", "grammar": "a grammar"}.get(self._shaped_by, "a JSON schema")
        return "" if self._shaped_by in self._refused else words

    async def complete(self, request: Request, on_delta: OnDelta | None = None) -> Response:
        """Answer one request; once more in another form where a grammar led it to nothing but thought."""
        watch = Watch.of(on_delta)
        while True:
            body = self._body(request)
            answer = await self._ask(body, watch, is_watched=request.is_watched)
            if not self._is_lost_in_thought(answer, body):
                break
            watch.begin()
        return self._response(request, body, answer)

    async def _ask(self, body: dict[str, Any], watch: Watch, *, is_watched: bool) -> Answer:
        answer = Answer(watch)
        async with self._turns.turn(watch):
            try:
                async with self._followed(watch):
                    stream = await self._open(body, is_watched=is_watched)
                    async with stream, self._alive(answer):
                        await self._read(stream, answer)
            except self._errors as error:
                raise explain(error, self._endpoint) from error
        answer.finish_reason = answer.finish_reason and said(answer.finish_reason, self._endpoint)
        return answer

    @contextlib.asynccontextmanager
    async def _alive(self, answer: Answer) -> AsyncIterator[None]:
        """What brings no text, no thought and no progress is silence, however much of it comes; TimeoutError then."""
        loop, silence_s = asyncio.get_running_loop(), self._endpoint.silence_s
        async with asyncio.timeout(silence_s) as bound:
            answer.on_sign = lambda: bound.reschedule(loop.time() + silence_s)
            yield

    def _is_lost_in_thought(self, answer: Answer, body: Mapping[str, Any]) -> bool:
        """Whether a grammar had all of the answer taken for reasoning; it is then asked for in another way."""
        if self._shaped_by != "grammar" or "grammar" not in body or not self.held_to or not answer.is_only_thought:
            return False
        if self._is_thinking:
            self._refused.add("grammar")
        self._is_thinking = True
        return True

    def _response(self, request: Request, body: Mapping[str, Any], answer: Answer) -> Response:
        left_out = self._refused.intersection(body) - {"stream_options", self._shaped_by}
        answer.notes.extend(f"sent without {name}, which this model refuses" for name in sorted(left_out))
        if self._endpoint.start:
            answer.notes.extend(_cut_prompt(request, answer.usage))
        if self._shaped_by not in body:
            return answer.response()
        if not self.held_to and not self._has_told:
            self._has_told = True
            answer.notes.append(f"{self._endpoint.host} refuses to hold {self.name} to a form, so it is asked without")
        return replace(answer.response(), held_to=self.held_to)

    @contextlib.asynccontextmanager
    async def _followed(self, watch: Watch) -> AsyncIterator[None]:
        """While a request waits, its watch is told for what."""
        task = asyncio.create_task(self._stages.follow(watch)) if self._stages.can_look else None
        try:
            yield
        finally:
            if task is not None:
                task.cancel()
                await asyncio.wait([task])

    async def close(self) -> None:
        """Give back the connections of the SDK."""
        with contextlib.suppress(RuntimeError, OSError):  # the loop that it was used on may be gone
            await self._client.close()

    async def _open(self, body: Mapping[str, Any], *, is_watched: bool) -> Any:
        """Send the request; a parameter that the server refuses by name is left out from then on."""
        while True:
            kept = {key: body[key] for key in body if key not in self._refused}
            try:
                return await self._send(kept, is_watched=is_watched)
            except self._status_errors as error:
                name = _refused_parameter(error, body.keys() - self._refused)
                if name is None and self._shaped_by in kept and getattr(error, "status_code", 0) in (400, 422):
                    return await self._unshaped(kept, is_watched=is_watched)
                if name is None:
                    raise
                self._refused.add(name)

    async def _unshaped(self, body: dict[str, Any], *, is_watched: bool) -> Any:
        """Ask without a shape; if that is taken, the shape was what the server refused."""
        plain = {key: value for key, value in body.items() if key != self._shaped_by}
        stream = await self._send(plain, is_watched=is_watched)
        self._refused.add(self._shaped_by)
        return stream

    def _body(self, request: Request) -> dict[str, Any]:
        raise NotImplementedError

    async def _send(self, body: dict[str, Any], *, is_watched: bool) -> Any:
        raise NotImplementedError

    async def _read(self, stream: Any, answer: Answer) -> None:
        raise NotImplementedError


class SdkLM(StreamLM):
    """Base of the clients on a provider's SDK; a subclass says how a request is written and how its stream is read.

    The SDK makes addresses, headers and keys. Requests go past it (`Poster`), but for those through a proxy.
    """

    _path = ""
    """Where below the base URL requests go."""

    def __init__(self, endpoint: Endpoint, sdk: ModuleType, client_class: type[Any]) -> None:
        library = _library(sdk.DefaultAsyncHttpxClient)
        http = sdk.DefaultAsyncHttpxClient(
            timeout=sdk.Timeout(endpoint.silence_s, connect=endpoint.connect_s),
            follow_redirects=False,  # a key must not travel on to where a redirect points
            transport=transport(endpoint, library, limits=sdk.DEFAULT_CONNECTION_LIMITS),
            event_hooks={"response": [bounded(endpoint)]},
            headers={"accept-encoding": "identity"},  # a small packed answer could unpack to any size
        )
        client = client_class(
            api_key=endpoint.api_key or NO_KEY,
            base_url=endpoint.base_url.partition("?")[0],
            default_query=dict(parse_qsl(urlsplit(endpoint.base_url).query)),
            default_headers=dict(endpoint.headers),
            max_retries=0,
            http_client=http,
        )
        poster = Poster(endpoint, _headers(client), library.create_ssl_context)
        self._poster = None if proxy_of(endpoint) else poster
        self._extra: Mapping[str, Any] = {}
        errors = (sdk.APIError, library.HTTPError, *poster.errors, ValueError, RecursionError)
        super().__init__(endpoint, client, errors, (sdk.APIStatusError, WireError))

    async def close(self) -> None:
        """Give back the connections of the SDK, and those past it."""
        await super().close()
        if self._poster is not None:
            with contextlib.suppress(RuntimeError, OSError):
                await self._poster.close()

    async def _send(self, body: dict[str, Any], *, is_watched: bool) -> Any:
        if self._poster is None:
            return await self._create(body)
        if not is_watched:
            body.pop("stream_options", None)
        return await self._poster.post(self._path, {**body, **self._extra, "stream": is_watched})

    async def _read(self, stream: Any, answer: Answer) -> None:
        content_type = stream.response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if content_type == "text/html":
            where = self._endpoint.host
            raise ProviderError(f"{where} answered {self.name} with a web page (HTML); check the base URL.", status=200)
        if content_type.endswith("json"):  # a server that cannot stream sent everything at once
            self._take_whole(decoded(await stream.response.aread()), answer)
            answer.begun = answer.whole  # nothing more of it can come
            what = "JSON"
        else:
            what = await self._take_events(stream, answer, content_type)
        if not answer.begun and what:
            raise no_completion(self._endpoint, what, stream.response.status_code)
        if not answer.whole:
            raise ProviderBusyError(f"{self._endpoint.host} cut the answer of {self.name} short; try again.")

    async def _take_events(self, stream: Any, answer: Answer, content_type: str) -> str:
        """Read a stream to its end; returns what came if it was no completion, "" for a stream that never began."""
        with self._stages.counted(answer.watch) as count:
            async for event in stream:
                self._understand(event, answer)
                count()
        if content_type != "text/event-stream":
            return content_type or "nothing"
        return "other events" if stream.response.num_bytes_downloaded else ""

    def _take_whole(self, raw: str, answer: Answer) -> None:
        body = json.loads(raw, object_hook=lambda members: SimpleNamespace(**members))
        error = getattr(body, "error", None)
        if error:
            why = said(getattr(error, "message", error), self._endpoint)
            raise ProviderError(f"{self._endpoint.host} answered {self.name} with an error: {why}.", status=200)
        self._understand(body, answer)

    def _understand(self, event: Any, answer: Answer) -> None:
        try:
            self._take(event, answer)
        except (AttributeError, TypeError) as error:  # servers send what no SDK promises
            where = self._endpoint.host
            raise ProviderError(
                f"{where} answered {self.name} in a shape that is not understood.", status=200
            ) from error

    async def _create(self, body: dict[str, Any]) -> Any:
        raise NotImplementedError

    def _take(self, event: Any, answer: Answer) -> None:
        raise NotImplementedError


def _cut_prompt(request: Request, usage: Usage) -> Iterator[str]:
    """A server with too small a window may drop the beginning of a prompt and say nothing; its count betrays it."""
    chars, read = sum(len(message.content) for message in request.messages), usage.input_tokens
    if read and chars > max(_LEAST_CUT, read * _MOST_CHARS_PER_TOKEN):
        yield f"the prompt was probably cut: {chars:,} characters were sent and the server read {read:,} tokens"


def _headers(client: Any) -> dict[str, str]:
    """What an SDK's client sends with each request; some make the header of the key only then."""
    found = {"authorization": f"Bearer {client.api_key}"}
    for name, value in {**client.default_headers, **client.auth_headers}.items():
        if isinstance(value, str):
            found[name.lower()] = value
    if "x-api-key" in found:
        del found["authorization"]
    return found


def _library(client_class: type) -> Any:
    """The SDK's HTTP library: httpx in older SDKs, its successor in newer ones."""
    base = next(each for each in client_class.__mro__ if each.__name__ == "AsyncClient")
    return sys.modules[base.__module__.partition(".")[0]]


def _refused_parameter(error: Any, sent: set[str]) -> str | None:
    if error.status_code not in (400, 422):
        return None
    param = getattr(error, "param", None)
    if param in _DROPPABLE and param in sent:
        return str(param)
    named = (name for name in _DROPPABLE if name in sent and name not in _COMMON_WORDS)
    return next((name for name in named if re.search(rf"\b{name}(?:ing)?\b", str(error.message))), None)
