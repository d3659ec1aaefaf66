"""How models are named: `provider/name`, `offline`, `human`, `scripted:FILE`, or any name with a base URL."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from rlm_tui import paths
from rlm_tui.errors import UsageError
from rlm_tui.lm.endpoint import Endpoint, below, check_url
from rlm_tui.lm.providers import PROVIDERS
from rlm_tui.text import one_line

if TYPE_CHECKING:
    from rlm_tui.lm.base import LM

_SCRIPTED = "scripted:"
REPLAY = "replay:"
_GENERIC = "generic:"
_NO_SERVER = (_SCRIPTED, REPLAY)
_ALIKE, _ALIKE_BEFORE_TAG = 0.6, 0.9
_BUILT_IN = {"offline": "keyword search demo, no LLM: words only", "human": "you answer"}


def make_lm(
    spec: str,
    *,
    base_url: str | None = None,
    api_key: str | None = None,
    silence_s: float | None = None,
    window: int | None = None,
    think: bool | None = None,
) -> LM:
    """Make the client that a spec names; may be called from any thread, as SDKs take seconds to import.

    `silence_s` is how long a server may say nothing; `window` (tokens) and `think` are what Ollama is asked for. Raises
    UsageError for a spec or an address that cannot be meant, ProviderAuthError where a key is missing.
    """
    spec = spec.strip()
    if spec == "offline":
        from rlm_tui.lm.offline import OfflineLM

        return OfflineLM()
    if spec == "human":
        from rlm_tui.lm.human import HumanLM

        return HumanLM()
    if spec.startswith(_SCRIPTED):
        from rlm_tui.lm.scripted import ScriptedLM

        return ScriptedLM.from_file(_script_path(spec))
    if spec.startswith(_GENERIC):
        from rlm_tui.lm.generic import GenericLM

        return GenericLM(spec.removeprefix(_GENERIC), silence_s)
    if family := _plugin(spec, base_url):
        from rlm_tui.lm.plugins import make_plugin

        return make_plugin(family, spec.partition("/")[2])
    wishes: dict[str, Any] = {"silence_s": silence_s, "window": window, "think": think}
    return _make_client(_wished(resolve(spec, base_url=base_url, api_key=api_key), wishes))


def _wished(endpoint: Endpoint, wishes: Mapping[str, Any]) -> Endpoint:
    return replace(endpoint, **{name: wish for name, wish in wishes.items() if wish is not None})


def _make_client(endpoint: Endpoint) -> LM:
    from rlm_tui.lm.proxy import check_proxy

    check_url(endpoint.base_url)
    check_proxy(endpoint)
    if endpoint.provider == "anthropic":
        from rlm_tui.lm.anthropic_client import AnthropicLM

        return AnthropicLM(endpoint)
    if endpoint.provider == "ollama":
        from rlm_tui.lm.ollama_client import OllamaLM

        return OllamaLM(endpoint)
    from rlm_tui.lm.openai_client import OpenAILM

    return OpenAILM(endpoint)


def check_spec(spec: str, *, base_url: str | None = None) -> None:
    """Raise UsageError for a spec that cannot be meant, naming the nearest provider; imports no SDK, needs no key."""
    spec = spec.strip()
    if spec.startswith(_SCRIPTED):
        from rlm_tui.lm.scripted import load_script

        load_script(_script_path(spec))
    elif spec.startswith(REPLAY):
        if not os.path.isfile(paths.typed(spec.removeprefix(REPLAY))):
            raise UsageError(f"There is no trace {spec.removeprefix(REPLAY)!r}; write replay:FILE.rlm.jsonl.")
    elif spec not in _BUILT_IN and not _plugin(spec, base_url):
        check_url(resolve(spec, base_url=base_url).base_url)


def is_local(spec: str, base_url: str | None = None) -> bool:
    """Whether what is asked stays on this machine: a server on loopback, and all that is no server."""
    spec = spec.strip()
    if spec in _BUILT_IN or spec.startswith(_NO_SERVER):
        return True
    return not _plugin(spec, base_url) and resolve(spec, base_url=base_url).is_local


def _plugin(spec: str, base_url: str | None) -> str:
    """The provider of a third party that a spec names, or "" for none; a given address is that of a server."""
    family, slash, model = spec.partition("/")
    if base_url or not (slash and model) or family in PROVIDERS:
        return ""
    from rlm_tui.lm.plugins import is_plugin

    return family if is_plugin(family) else ""


def overshadowed(spec: str) -> str:
    """The package whose provider cannot be used, as one that is built in has its name; "" for none."""
    from rlm_tui.lm.plugins import is_plugin, package_of

    family, slash, _ = spec.partition("/")
    return package_of(family) if slash and family in PROVIDERS and is_plugin(family) else ""


def describe(spec: str, base_url: str | None = None) -> str:
    """What answers, in a few words: `keyword search demo, no LLM`, `gpt-4o at api.openai.com`."""
    spec = spec.strip()
    if spec.startswith(_SCRIPTED):
        return f"answers from {_script_path(spec)}, no LLM"
    if spec.startswith(REPLAY):
        return f"recorded answers of {spec.removeprefix(REPLAY)}, no LLM"
    if family := _plugin(spec, base_url):
        from rlm_tui.lm.plugins import package_of

        return f"{spec.partition('/')[2]} by the package {package_of(family)}"
    if spec in _BUILT_IN:
        return _BUILT_IN[spec]
    endpoint = resolve(spec, base_url=base_url)
    return f"{endpoint.model} at {endpoint.host}"


def resolve(spec: str, *, base_url: str | None = None, api_key: str | None = None) -> Endpoint:
    """The endpoint that a spec means, its address and key from the arguments, else from the environment.

    Raises UsageError for an unknown provider. With an address, an unknown `a/b` is a model of that server, since
    served models are often named so.
    """
    if spec.strip().startswith(_GENERIC):
        from rlm_tui.lm.generic import endpoint

        return endpoint(spec.strip().removeprefix(_GENERIC))[1]
    family, _, model = spec.strip().partition("/")
    compatible = base_url or _first(PROVIDERS["openai"].url_names)
    if family not in PROVIDERS or not model:
        if not compatible or not spec.strip() or family in PROVIDERS:
            raise UsageError(_unknown(spec.strip()))
        family, model = "openai", spec.strip()
    provider = PROVIDERS[family]
    custom = base_url or _first(provider.url_names) or (_ollama_url() if family == "ollama" else None)
    if not custom and not provider.base_url:
        raise UsageError(f"{family} has no address of its own; set {provider.url_names[-1]}, or give --base-url.")
    key_name = next((name for name in provider.key_names if _first((name,))), provider.key_names[-1])
    return Endpoint(
        provider=family,
        model=model,
        base_url=_azure_url(custom or "") if family == "azure" else (custom or provider.base_url).strip(),
        key_name=key_name,
        api_key=(api_key or "").strip() or _first((key_name,)),
        key_needed=provider.hosted and (not custom or not (provider.base_url or base_url)),
        start=provider.start,
        headers=tuple((name, value) for name, variable in provider.headers if (value := _first((variable,)))),
    )


def _azure_url(url: str) -> str:
    """The base URL of a resource, which people name as the portal shows it: without the path of the API."""
    url = url.strip().rstrip("/")
    return url if "/openai" in urlsplit(url).path else below(url, "/openai/v1")


def _ollama_url() -> str | None:
    """The base URL that OLLAMA_HOST means: with or without scheme and port, as Ollama itself reads it."""
    host = os.environ.get("OLLAMA_HOST", "").strip().strip("\"'").rstrip("/")
    if not host:
        return None
    try:
        parts = urlsplit(host if "://" in host else f"//{host}", "http")
        port = parts.port or (11434 if "://" not in host else None)
    except ValueError:
        return host  # the check of the address says what is wrong with it
    name = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(parts.hostname or "", parts.hostname or "")  # noqa: S104
    name = f"[{name}]" if ":" in name else name
    return f"{parts.scheme}://{name}{f':{port}' if port else ''}{parts.path}/v1"


def endpoint_of(spec: str, *, base_url: str | None = None, **wishes: Any) -> Endpoint | None:
    """The endpoint that a spec means, with what `make_lm` is asked for it; None for what is no server."""
    spec = spec.strip()
    if spec in _BUILT_IN or spec.startswith(_NO_SERVER) or _plugin(spec, base_url):
        return None
    return _wished(resolve(spec, base_url=base_url), wishes)


def is_server_here(spec: str, base_url: str | None = None) -> bool:
    """Whether a spec means a server on this machine; False for one that means nothing yet."""
    try:
        endpoint = endpoint_of(spec, base_url=base_url)
    except UsageError:
        return False
    return endpoint is not None and endpoint.is_local


def keys_found() -> dict[str, str]:
    """The hosted providers whose key is in the environment, each with the name of the variable."""
    found = {}
    for name, provider in PROVIDERS.items():
        has_address = bool(provider.base_url or _first(provider.url_names))
        usable = provider.key_names if provider.hosted and has_address else ()
        key = next((key for key in usable if _first((key,))), "")
        if key:
            found[name] = key
    return found


def _first(names: tuple[str, ...]) -> str | None:
    return next((value for name in names if (value := os.environ.get(name, "").strip())), None)


def _script_path(spec: str) -> str:
    path = spec.removeprefix(_SCRIPTED).strip()
    if not path:
        raise UsageError("The model `scripted:` names no file; write scripted:FILE.json.")
    return path


def _unknown(spec: str) -> str:
    from rlm_tui.lm.plugins import families, is_plugin

    family, slash, model = spec.partition("/")
    shown = one_line(spec, 60)
    if family in PROVIDERS or (slash and is_plugin(family)):
        return f"The model {shown!r} names a provider but no model; write {family}/NAME (rlm-tui models lists names)."
    name, colon, tag = family.partition(":")
    alike = _ALIKE_BEFORE_TAG if colon else _ALIKE  # llama3:8b is no slip of llamacpp
    near = difflib.get_close_matches(name, [*PROVIDERS, *_BUILT_IN, "scripted"], n=1, cutoff=alike)
    if near:
        meant = near[0]
        if meant in PROVIDERS:
            meant = f"{meant}/{one_line(model or tag, 60) or 'NAME'}"
        elif meant == "scripted":
            meant = _SCRIPTED + "FILE"
        return f"There is no model {shown!r}; did you mean {meant}?"
    if slash:
        known = ", ".join(dict.fromkeys((*PROVIDERS, *families())))
        return f"There is no provider {one_line(family, 40)!r}; there are {known}, or give --base-url."
    family = "ollama" if name and tag else "anthropic" if spec.startswith("claude") else "openai"
    return f"The model {shown!r} names no provider; write {family}/{shown or 'NAME'}, or give --base-url."
