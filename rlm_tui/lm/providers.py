"""The providers that are built in: where each answers, by which key, and what is particular to its servers."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple


class Provider(NamedTuple):
    """A family of endpoints: its usual address and the variables that hold key and address, first one wins."""

    base_url: str
    key_names: tuple[str, ...]
    url_names: tuple[str, ...] = ()
    hosted: bool = True
    start: str = ""
    """The command that starts such a server on this machine."""
    headers: tuple[tuple[str, str], ...] = ()
    """What it wants beside the key: names of headers, and of the variables that hold their values."""
    writes_on: bool = False
    """Whether a model that does not stop writes until the window is full, or for ever, unless it is told a limit;
    vLLM's server refuses a large one."""
    loads_later: bool = False
    """Whether its server may load a model with the first request (llama.cpp's as a router), tells so while it does, and
    knows the window only then."""
    takes_window: bool = False
    """Whether a request can ask for a window of its own."""
    larger: str = "take a model with a larger window"
    """What a person does for a larger window."""
    shaped_by: str = ""
    """The member of the body by which its server takes the shape of an answer."""
    also: Mapping[str, Any] = MappingProxyType({})
    """What else its server is asked to tell: what a call cost, how far it has read the prompt."""
    tells_cost: bool = False


_OPENAI_KEYS = ("LLM_API_KEY", "OPENAI_API_KEY")
_LOCAL_KEYS = ("LLM_API_KEY",)
PROVIDERS = {
    "openai": Provider("https://api.openai.com/v1", _OPENAI_KEYS, ("LLM_BASE_URL", "OPENAI_BASE_URL")),
    "anthropic": Provider("https://api.anthropic.com", ("ANTHROPIC_API_KEY",), ("ANTHROPIC_BASE_URL",)),
    "openrouter": Provider(
        "https://openrouter.ai/api/v1",
        ("OPENROUTER_API_KEY",),
        also={"usage": {"include": True}},
        tells_cost=True,
    ),
    "gemini": Provider("https://generativelanguage.googleapis.com/v1beta/openai", ("GEMINI_API_KEY",)),
    "azure": Provider(
        "",
        ("AZURE_OPENAI_API_KEY",),
        ("AZURE_OPENAI_BASE_URL", "AZURE_OPENAI_ENDPOINT"),
        headers=(("api-key", "AZURE_OPENAI_API_KEY"),),
    ),
    "portkey": Provider(
        "https://api.portkey.ai/v1",
        ("PORTKEY_API_KEY",),
        headers=(
            ("x-portkey-api-key", "PORTKEY_API_KEY"),
            ("x-portkey-virtual-key", "PORTKEY_VIRTUAL_KEY"),
            ("x-portkey-provider", "PORTKEY_PROVIDER"),
            ("x-portkey-config", "PORTKEY_CONFIG"),
        ),
    ),
    "ollama": Provider(
        "http://127.0.0.1:11434/v1",
        _LOCAL_KEYS,
        hosted=False,
        start="ollama serve",
        writes_on=True,
        loads_later=True,
        takes_window=True,
        shaped_by="format",
    ),
    "lmstudio": Provider(
        "http://127.0.0.1:1234/v1",
        _LOCAL_KEYS,
        ("LMSTUDIO_BASE_URL",),
        hosted=False,
        start="lms server start",
        writes_on=True,
        loads_later=True,
        larger="load it with a larger --context-length",
        shaped_by="response_format",
    ),
    "llamacpp": Provider(
        "http://127.0.0.1:8080/v1",
        _LOCAL_KEYS,
        ("LLAMACPP_BASE_URL",),
        hosted=False,
        start="llama-server -m FILE",
        writes_on=True,
        loads_later=True,
        larger="start llama-server with a larger -c",
        shaped_by="grammar",
        also={"return_progress": True},
    ),
    "vllm": Provider(
        "http://127.0.0.1:8000/v1",
        _LOCAL_KEYS,
        ("VLLM_BASE_URL",),
        hosted=False,
        start="vllm serve MODEL",
        larger="start vLLM with a larger --max-model-len",
        shaped_by="response_format",
    ),
}
_OTHER = Provider("", ())


def provider_of(name: str) -> Provider:
    """What is known of the servers of a provider, or of that of a model (`provider/model`); nothing for others."""
    return PROVIDERS.get(name.partition("/")[0], _OTHER)
