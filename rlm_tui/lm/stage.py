"""What a server on this machine does with a request before its first word: it may be loading the model first."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal

from rlm_tui.lm.endpoint import Endpoint
from rlm_tui.lm.providers import provider_of
from rlm_tui.lm.servers import llamacpp, lmstudio, total_slots
from rlm_tui.lm.visit import fetch_json
from rlm_tui.lm.watch import Watch

_LOOK_EVERY_S = 1.0
_PATIENCE_S = 1.0


class Stages:
    """Looks at a server while requests to it wait; `streaming` counts the requests whose answer has begun."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._slots: int | None = None
        self.streaming = 0

    @contextmanager
    def counted(self, watch: Watch) -> Iterator[Callable[[], None]]:
        """Counts a request from its first sign of life to its end; what it yields is called with every event."""
        begun = False

        def count() -> None:
            nonlocal begun
            if watch.has_begun and not begun:
                begun = True
                self.streaming += 1

        try:
            yield count
        finally:
            self.streaming -= begun

    @property
    def can_look(self) -> bool:
        """Whether this server tells anything."""
        return self._endpoint.is_local and provider_of(self._endpoint.provider).loads_later

    async def follow(self, watch: Watch) -> None:
        """Tell a watch what its request waits for, until the answer begins."""
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            if watch.has_begun:
                return
            stage = await asyncio.to_thread(self.look)
            if not watch.has_begun:
                {"loading": watch.load, "queued": watch.queue, "reading": watch.read}[stage]()

    def look(self) -> Literal["loading", "queued", "reading"]:
        """What a request waits for that has had no sign of life; asks the server, in a thread."""
        if self._endpoint.provider == "llamacpp" and 0 < self._total_slots() <= self.streaming:
            return "queued"
        return "reading" if self._is_loaded() is not False else "loading"

    def _get(self, path: str) -> Any:
        return fetch_json(self._endpoint.base_url, path, _PATIENCE_S)

    def _total_slots(self) -> int:
        self._slots = self._slots or total_slots(self._get, self._endpoint.model)
        return self._slots or 0

    def _is_loaded(self) -> bool | None:
        """Whether the server says that the model is in memory; None when it does not say."""
        name = self._endpoint.model
        if self._endpoint.provider == "ollama":
            running = _members(self._get("/api/ps"), "models")
            names = {name, name if ":" in name else f"{name}:latest"}
            return None if running is None else any(str(each.get("name")) in names for each in running)
        reader = {"lmstudio": lmstudio, "llamacpp": llamacpp}[self._endpoint.provider]
        states = [model.loaded for model in reader(self._get) or () if model.name == name]
        return states[0] if states else None


def _members(value: object, name: str) -> list[Mapping[str, Any]] | None:
    items = value.get(name) if isinstance(value, Mapping) else None
    return [each for each in items if isinstance(each, Mapping)] if isinstance(items, list) else None
