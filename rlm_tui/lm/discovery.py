"""Finds the model servers of this machine: asks their usual addresses, all at once, and for a moment only.

No key is ever sent: whoever listens on a port may be anybody.
"""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from rlm_tui.errors import UsageError
from rlm_tui.lm.endpoint import check_url, is_loopback
from rlm_tui.lm.providers import PROVIDERS
from rlm_tui.lm.registry import resolve
from rlm_tui.lm.servers import READERS, Model, openai_models
from rlm_tui.lm.visit import PATIENCE_S, Cutoff, Visit

_GRACE_S = 0.5
_ALSO = {"http://127.0.0.1:9931/v1": "llamacpp"}
"""Where a server may be beside its usual address: llama.cpp announces that this port will be its own."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server that answered; `place` is the provider whose usual address it has, `problem` why it offers nothing."""

    provider: str
    base_url: str
    models: tuple[Model, ...] = ()
    problem: str = ""
    place: str = ""
    is_sure: bool = True
    """Whether it is a model server beyond doubt, and not something else that listens there."""

    @property
    def host(self) -> str:
        """Host and port."""
        return urlsplit(self.base_url).netloc.rpartition("@")[2]

    @property
    def is_here(self) -> bool:
        """Whether it is on this machine."""
        return is_loopback(urlsplit(self.base_url).hostname or "")

    @property
    def _prefix(self) -> str:
        """The provider that leads here by its name alone; a llama.cpp at the port of another has that one's."""
        names = (name for name in (self.provider, self.place) if name)
        return next((name for name in names if resolve(f"{name}/x").base_url == self.base_url), "")

    @property
    def is_usual(self) -> bool:
        """Whether a model's name alone leads here, without a base URL."""
        return bool(self._prefix)

    def spec(self, model: Model) -> str:
        """How a person names a model of this server."""
        return f"{self._prefix or self.provider}/{model.name}"


def usual_servers(base_url: str | None = None) -> dict[str, str]:
    """The base URLs to ask, each with the provider that it most likely is; a given one comes first."""
    found = {base_url: "openai"} if base_url else {}
    named = resolve("openai/x").base_url
    if is_loopback(urlsplit(named).hostname or ""):
        found.setdefault(named, "openai")
    for name, provider in PROVIDERS.items():
        if not provider.hosted:
            with suppress(UsageError, ValueError):
                url = resolve(f"{name}/x").base_url
                check_url(url)
                found.setdefault(url, name)
    return {**found, **{url: name for url, name in _ALSO.items() if url not in found}}


class Probe:
    """Asks every address in a thread of its own; what is not answered when the time is over is cut off."""

    def __init__(self, base_urls: dict[str, str] | None = None, seconds: float = PATIENCE_S) -> None:
        self._base_urls = usual_servers() if base_urls is None else base_urls
        self._seconds = seconds
        self._cutoff = Cutoff()

    def run(self, on_found: Callable[[Server], None]) -> None:
        """Call `on_found`, on any thread, with each server as it answers; returns when all have, or time is over."""
        deadline = threading.Timer(self._seconds, self.stop)
        threads = [
            threading.Thread(target=self._look, args=(url, guess, on_found), daemon=True)
            for url, guess in self._base_urls.items()
        ]
        end = time.monotonic() + self._seconds + _GRACE_S
        for thread in (deadline, *threads):
            thread.start()
        for thread in threads:
            thread.join(max(0.0, end - time.monotonic()))  # looking a name up cannot be cut off
        deadline.cancel()
        deadline.join()

    def stop(self) -> None:
        """End it now."""
        self._cutoff.now()

    def _look(self, base_url: str, guess: str, on_found: Callable[[Server], None]) -> None:
        visit = Visit(base_url, self._cutoff)
        try:
            server = _identify(visit, base_url, guess)
        except (OSError, http.client.HTTPException, ValueError):
            if not visit.connected:
                return
            silent = (
                f"took the connection and said nothing in {self._seconds:g} s" if self._cutoff.is_over else "hung up"
            )
            server = Server(guess, base_url, problem=silent, is_sure=False)
        on_found(server)


def _identify(visit: Visit, base_url: str, guess: str) -> Server:
    """Which server it is, by what it answers; the one that is usual at this address is asked for first."""
    listed = None if guess in READERS else openai_models(visit.get)
    if listed is None or listed[0] != "vllm":
        for name in sorted(READERS, key=lambda name: name != guess):
            models = READERS[name](visit.get)
            if models is not None:
                return _server(name, base_url, models, guess)
        listed = listed or openai_models(visit.get)
    if listed is not None:
        return _server(listed[0] or guess, base_url, listed[1], guess)
    problem = _why_not(visit)
    return Server(guess, base_url, problem=problem or "answers, but not as a model server", is_sure=bool(problem))


def _server(provider: str, base_url: str, models: Iterable[Model], place: str) -> Server:
    """A server with its models, those that are loaded first."""
    found = tuple(sorted(models, key=lambda model: not model.loaded))
    return Server(provider, base_url, found, "" if found else "has no model yet", place)


def _why_not(visit: Visit) -> str:
    if "loading model" in visit.says.lower():
        return "is loading its model"
    refused = visit.statuses & {401, 403}
    if refused:
        return f"wants a key before it lists its models (HTTP {min(refused)})"
    return ""


def find_servers(base_url: str | None = None, seconds: float = PATIENCE_S) -> list[Server]:
    """All servers that answer in time, in the order of their addresses."""
    found: list[Server] = []
    urls = usual_servers(base_url)
    Probe(urls, seconds).run(found.append)
    order = list(urls)
    return sorted(found, key=lambda server: order.index(server.base_url))
