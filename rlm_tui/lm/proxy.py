"""Which proxy requests to an endpoint go through: as the environment says, and none for a server on this machine."""

from __future__ import annotations

from importlib.util import find_spec
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from rlm_tui.errors import UsageError
from rlm_tui.lm.endpoint import Endpoint, public


def proxy_of(endpoint: Endpoint) -> str:
    """The address of the proxy (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, but for hosts in `NO_PROXY`); "" for none."""
    parts, proxies = urlsplit(endpoint.base_url), getproxies()
    asked = proxies.get(parts.scheme) or proxies.get("all") or ""
    return "" if endpoint.is_local or proxy_bypass(parts.hostname or "") else asked


def check_proxy(endpoint: Endpoint) -> None:
    """Refuse a proxy that cannot be spoken to; UsageError."""
    kind = proxy_of(endpoint).partition("://")[0].lower()
    if not kind.startswith("socks") or (endpoint.provider != "generic" and find_spec("socksio") is not None):
        return
    need = "use an http proxy" if endpoint.provider == "generic" else "pip install socksio, or use an http proxy"
    raise UsageError(f"The proxy {shown_proxy(endpoint)} for {endpoint.host} is one of SOCKS; {need}.")


def shown_proxy(endpoint: Endpoint) -> str:
    """The proxy as a person reads it, without name and password; "" for none."""
    asked = proxy_of(endpoint)
    address = public(asked if "//" in asked else f"//{asked}") if asked else ""
    return address.rpartition("//")[2].rstrip("/")
