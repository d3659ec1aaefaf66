"""What model servers tell of themselves: which models they have, with how large a window and how many bytes.

Sources: Ollama's /api/tags, /api/ps and /api/show; LM Studio's /api/v1/models and the older /api/v0/models; llama.cpp's
/props and /v1/models; vLLM's /v1/models. Each reader takes a `Get` and returns None where the server is another one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any, TypeAlias
from urllib.parse import quote

from rlm_tui.text import short_count

Get: TypeAlias = Callable[..., Any]
"""`get(path, body=None)`: the JSON of a reply with status 200, else None; OSError when there is no more time."""

_MOST_MODELS = 200
_MOST_SHOWN = 40
_LONGEST_NAME = 200
_LONGEST_NUMBER = 40
_MOST = 2**53


@dataclass(frozen=True, slots=True)
class Model:
    """A model of a server: `window` is what it takes as it is served, `most` what it could take, both in tokens."""

    name: str
    window: int | None = None
    most: int | None = None
    bytes: int | None = None
    kind: str = ""
    loaded: bool | None = None

    @property
    def window_words(self) -> str:
        """`8k`, `4k of 32k`, `up to 32k`, or "" when nothing is known of it."""
        if self.window is None:
            return f"up to {short_tokens(self.most)}" if self.most else ""
        of = f" of {short_tokens(self.most)}" if self.most and self.most != self.window else ""
        return f"{short_tokens(self.window)}{of}"


def ollama(get: Get) -> list[Model] | None:
    """Ollama's models; the window is that of the loaded model, else the one that its Modelfile sets, if it does."""
    tags = _items(get("/api/tags"), "models")
    if tags is None:
        return None
    running = {_text(each, "name"): each for each in _items(get("/api/ps"), "models") or ()}
    found = []
    for number, each in enumerate(_named(tags, "name")):
        name, details = _text(each, "name"), _object(each, "details")
        shown = _shown(get, name) if number < _MOST_SHOWN else None
        if not _completes(shown):
            continue
        loaded = running.get(name)
        window = _number(loaded, "context_length") if loaded else None
        kind = " ".join(filter(None, (_text(details, "parameter_size"), _text(details, "quantization_level"))))
        found.append(
            Model(name, window or _num_ctx(shown), _trained(shown), _number(each, "size"), kind, loaded is not None)
        )
    return found


def ollama_window(get: Get, name: str) -> int | None:
    """The window of one of Ollama's models: the loaded one's, else the one that its Modelfile sets."""
    names = {name, name if ":" in name else f"{name}:latest"}
    running = [each for each in _items(get("/api/ps"), "models") or () if _text(each, "name") in names]
    loaded = _number(running[0], "context_length") if running else None
    return loaded or _num_ctx(get("/api/show", {"model": name}))


def _shown(get: Get, name: str) -> Any:
    """What Ollama tells of one model; a list without its details is better than none when the time is over."""
    try:
        return get("/api/show", {"model": name})
    except (OSError, HTTPException):
        return None


def _completes(shown: object) -> bool:
    """Whether it writes text, as all but embedding models do; older servers do not say."""
    abilities = shown.get("capabilities") if isinstance(shown, Mapping) else None
    return not isinstance(abilities, list) or not abilities or "completion" in abilities


def _num_ctx(shown: object) -> int | None:
    for line in _text(shown, "parameters").splitlines():
        name, _, value = line.strip().partition(" ")
        if name == "num_ctx" and value.strip().isdecimal() and len(value) <= _LONGEST_NUMBER:
            return int(value) or None
    return None


def _trained(shown: object) -> int | None:
    info = _object(shown, "model_info")
    return _number(info, f"{_text(info, 'general.architecture')}.context_length")


def lmstudio(get: Get) -> list[Model] | None:
    """LM Studio's language models; the window is that of the loaded one."""
    newer = _items(get("/api/v1/models"), "models")
    if newer is not None:
        return [_lmstudio_model(each) for each in _named(newer, "key") if _text(each, "type") != "embedding"]
    older = _items(get("/api/v0/models"), "data")
    if older is None or not all(_text(each, "state") for each in older):
        return None
    return [
        Model(
            _text(each, "id"),
            _number(each, "loaded_context_length"),
            _number(each, "max_context_length"),
            kind=" ".join(filter(None, (_text(each, "arch"), _text(each, "quantization")))),
            loaded=_text(each, "state") == "loaded",
        )
        for each in _named(older, "id")
        if _text(each, "type") != "embeddings"
    ]


def _lmstudio_model(each: Mapping[str, Any]) -> Model:
    instances = _items(each, "loaded_instances") or []
    config = _object(instances[0], "config") if instances else None
    kind = " ".join(filter(None, (_text(each, "params_string"), _text(_object(each, "quantization"), "name"))))
    return Model(
        _text(each, "key"),
        _number(config, "context_length"),
        _number(each, "max_context_length"),
        _number(each, "size_bytes"),
        kind,
        bool(instances),
    )


def llamacpp(get: Get) -> list[Model] | None:
    """llama.cpp's model, or all that its router offers; the window is that of one slot, as a request gets one."""
    props = get("/props")
    settings = _object(props, "default_generation_settings")
    if settings is None:
        return None
    window = _number(settings, "n_ctx")
    listed = list(_named(_items(get("/v1/models"), "data") or [], "id"))
    if not listed:
        name = _text(props, "model_path").replace("\\", "/").rpartition("/")[2]
        return [Model(name, window, loaded=True)] if _is_name(name) else []
    return [_llamacpp_model(each, window if len(listed) == 1 else None) for each in listed]


def total_slots(get: Get, name: str) -> int | None:
    """How many requests llama.cpp works on at once; a router tells it of each model that is loaded."""
    own = _number(get("/props"), "total_slots")
    return own or _number(get(f"/props?model={quote(name, safe='')}&autoload=false"), "total_slots")


def _llamacpp_model(each: Mapping[str, Any], window: int | None) -> Model:
    meta, state = _object(each, "meta"), _text(_object(each, "status"), "value")
    window = _number(meta, "n_ctx") or window
    name = _text(each, "id").replace("\\", "/")
    name = name.rpartition("/")[2] or name if name.startswith("/") else name
    loaded = state == "loaded" if state else window is not None or None
    return Model(name, window, _number(meta, "n_ctx_train"), _number(meta, "size"), loaded=loaded)


def openai_models(get: Get) -> tuple[str, list[Model]] | None:
    """The models of any OpenAI-compatible server, and the provider that its answer names ("" for none)."""
    listed = _items(get("/v1/models"), "data")
    if listed is None:
        return None
    models = list(_named(listed, "id"))
    owners = {_text(each, "owned_by") for each in models}
    provider = next((name for name in ("vllm", "llamacpp") if name in owners), "")
    return provider, [Model(_text(each, "id"), _number(each, "max_model_len")) for each in models]


def short_tokens(count: int) -> str:
    """A window as people call it: 8k for 8192, 128k for 131072, else as any other count."""
    return f"{count // 1024}k" if count % 1024 == 0 else short_count(count)


READERS: dict[str, Callable[[Get], list[Model] | None]] = {
    "ollama": ollama,
    "lmstudio": lmstudio,
    "llamacpp": llamacpp,
}


def _items(value: object, name: str) -> list[Mapping[str, Any]] | None:
    """The objects in the list that a member holds, or None where there is no list."""
    items = value.get(name) if isinstance(value, Mapping) else None
    return [each for each in items[:_MOST_MODELS] if isinstance(each, Mapping)] if isinstance(items, list) else None


def _named(items: list[Mapping[str, Any]], key: str) -> Iterator[Mapping[str, Any]]:
    """Those that have a name which a person can write."""
    return (each for each in items if _is_name(_text(each, key)))


def _is_name(text: str) -> bool:
    return 0 < len(text) <= _LONGEST_NAME and text.isprintable()


def _object(value: object, name: str) -> Mapping[str, Any] | None:
    member = value.get(name) if isinstance(value, Mapping) else None
    return member if isinstance(member, Mapping) else None


def _text(value: object, name: str) -> str:
    member = value.get(name) if isinstance(value, Mapping) else None
    return member if isinstance(member, str) else ""


def _number(value: object, name: str) -> int | None:
    member = value.get(name) if isinstance(value, Mapping) else None
    return member if type(member) is int and 0 < member <= _MOST else None
