"""What a server tells of how it serves a model: the window of one request, and how many it works on at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from rlm_tui.errors import UsageError
from rlm_tui.lm.endpoint import Endpoint
from rlm_tui.lm.providers import PROVIDERS
from rlm_tui.lm.registry import endpoint_of
from rlm_tui.lm.servers import Get, Model, llamacpp, lmstudio, ollama_window, openai_models, total_slots
from rlm_tui.lm.visit import PATIENCE_S, visiting


class Served(NamedTuple):
    """The window in tokens and the requests at once; None is what the server does not tell."""

    window: int | None = None
    slots: int | None = None
    is_here: bool = False
    """Whether it is a server on this machine."""

    @property
    def width(self) -> int | None:
        """How many requests at once are right for it; None where that is not known to be few."""
        return (self.slots or 1) if self.is_here else None


def served(spec: str, base_url: str | None = None, seconds: float = PATIENCE_S) -> Served:
    """Ask the server of a model how it serves it, for a moment only; for a thread; sends no key."""
    try:
        endpoint = endpoint_of(spec, base_url=base_url)
    except UsageError:
        return Served()
    if (
        endpoint is None
        or endpoint.provider not in PROVIDERS
        or (PROVIDERS[endpoint.provider].hosted and not endpoint.is_local)
    ):
        return Served()
    with visiting(endpoint.base_url, seconds) as get:
        window, slots = _READERS.get(endpoint.provider, _any_server)(get, endpoint)
    return Served(window, slots, endpoint.is_local)


_Told = tuple[int | None, int | None]


def _ollama(get: Get, endpoint: Endpoint) -> _Told:
    return ollama_window(get, endpoint.model), None


def _lmstudio(get: Get, endpoint: Endpoint) -> _Told:
    return _window_of(lmstudio(get) or [], endpoint.model), None


def _llamacpp(get: Get, endpoint: Endpoint) -> _Told:
    models = llamacpp(get) or []
    alone = models[0].window if len(models) == 1 else None  # it answers by any name
    return alone or _window_of(models, endpoint.model), total_slots(get, endpoint.model)


def _any_server(get: Get, endpoint: Endpoint) -> _Told:
    listed = openai_models(get)
    if listed is not None and listed[0] == "llamacpp":
        return _llamacpp(get, endpoint)
    return _window_of(listed[1] if listed is not None else [], endpoint.model), None


_READERS: dict[str, Callable[[Get, Endpoint], _Told]] = {
    "ollama": _ollama,
    "lmstudio": _lmstudio,
    "llamacpp": _llamacpp,
}


def _window_of(models: list[Model], name: str) -> int | None:
    return next((model.window for model in models if model.name == name), None)
