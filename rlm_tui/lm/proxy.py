"""Which proxy requests to an endpoint go through: as the environment says, and none for a server on this machine."""

from __future__ import annotations

import base64
import re
from importlib.util import find_spec
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from rlm_tui.errors import UsageError
from rlm_tui.lm.endpoint import Endpoint

_HTTP, _SOCKS = ("http", "https"), ("socks5", "socks5h")
_PORTS = {"http": 80, "https": 443}


def proxy_of(endpoint: Endpoint) -> str:
    """The address of the proxy (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, but for hosts in `NO_PROXY`); "" for none.

    One without a scheme is one of http, as most programs take it; a host in `NO_PROXY` may have a port.
    """
    if endpoint.is_local:
        return ""
    parts, proxies = urlsplit(endpoint.base_url), getproxies()
    asked = (proxies.get(parts.scheme) or proxies.get("all") or "").strip()
    if not asked or any(map(proxy_bypass, _names(parts))):
        return ""
    return asked if "://" in asked else f"http://{asked}"


def _names(parts: SplitResult) -> tuple[str, str]:
    """How `NO_PROXY` may name the host of an address."""
    host = parts.hostname or ""
    shown = f"[{host}]" if ":" in host else host
    return host, f"{shown}:{parts.port or _PORTS.get(parts.scheme)}"


def check_proxy(endpoint: Endpoint) -> None:
    """Refuse a proxy that is no address, or cannot be spoken to; UsageError."""
    asked = proxy_of(endpoint)
    if not asked:
        return
    kind = asked.partition("://")[0].lower()
    if not _is_address(asked) or not (kind in _HTTP or kind.startswith("socks")):
        raise UsageError(
            f"What HTTPS_PROXY, HTTP_PROXY or ALL_PROXY names for {endpoint.host} is no address of a proxy; it looks"
            " like http://proxy.example:3128."
        )
    can_socks = endpoint.provider != "generic" and find_spec("socksio") is not None
    if kind in _HTTP or (can_socks and kind in _SOCKS):
        return
    need = "pip install socksio, or use an http proxy"
    if endpoint.provider == "generic" or can_socks:
        need = "use an http proxy"
    raise UsageError(f"The proxy {shown_proxy(endpoint)} for {endpoint.host} is one of SOCKS; {need}.")


def transport(endpoint: Endpoint, library: Any, **more: Any) -> Any:
    """What an SDK's HTTP library sends with: through the proxy that is said here, not as it reads the environment."""
    return library.AsyncHTTPTransport(proxy=proxy_of(endpoint) or None, **more)


def _is_address(url: str) -> bool:
    """Whether there is a host, and a port that is a number, if any."""
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and parts.port != 0 and not re.search(r"[\s\\]", parts.hostname or "")
    except ValueError:
        return False


def shown_proxy(endpoint: Endpoint) -> str:
    """The proxy as a person reads it, without name and password; "" for none."""
    return _netloc(endpoint).rpartition("@")[2]


def proxy_secrets(endpoint: Endpoint) -> tuple[str, ...]:
    """What tells the password of the proxy: itself, and the header that it is sent in."""
    userinfo = _netloc(endpoint).rpartition("@")[0]
    password = userinfo.partition(":")[2]
    header = base64.b64encode(unquote(userinfo).encode()).decode()
    return (password, unquote(password), header) if password else ()


def _netloc(endpoint: Endpoint) -> str:
    return proxy_of(endpoint).partition("://")[2].partition("/")[0]
