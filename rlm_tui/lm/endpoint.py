"""Where a model answers: provider, model, address and key, checked before anything is sent."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from rlm_tui.errors import ProviderAuthError, UsageError

CONNECT_S = 10.0
_LEAST_CONNECT_S = 1.0
SILENCE_S = 600.0  # a local model may read a long prompt for minutes before its first token
_NO_SECRETS = ("api-version", "api_version", "version", "deployment", "model", "region", "beta")
_SCHEMES = ("Bearer", "Basic")  # words before a key, which are none
_PLAIN = re.compile(r"[\w.:-]{1,40}", re.ASCII)


def public(url: str) -> str:
    """An address without what may be secret in it: name and password, fragment, and of the query all but what is known
    to be none, such as Azure's `api-version`."""
    parts = urlsplit(url)
    known = [(name, value) for name, value in parse_qsl(parts.query) if name.lower() in _NO_SECRETS]
    query = urlencode([(name, value) for name, value in known if _PLAIN.fullmatch(value)], safe=":")
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, query, ""))


def below(base_url: str, path: str) -> str:
    """The address of a path below a base URL, whose query comes after it."""
    base, mark, query = base_url.partition("#")[0].partition("?")
    return f"{base.rstrip('/')}{path}{mark}{query}"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One model at one address; `key_name` is the variable that a person sets for the key."""

    provider: str
    model: str
    base_url: str
    key_name: str
    api_key: str | None = field(default=None, repr=False)
    key_needed: bool = False
    start: str = ""
    """The command that starts a server of this provider on this machine."""
    silence_s: float = SILENCE_S
    """Seconds that the server may say nothing before it is given up."""
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """What is sent beside the key; it may be secret, too."""
    window: int | None = None
    """Tokens of a window that the server is asked for, where it takes that (Ollama)."""
    think: bool | None = None
    """Whether the model is asked to think first, where the server takes that (Ollama); None leaves it to the model."""

    @property
    def name(self) -> str:
        """`provider/model`."""
        return f"{self.provider}/{self.model}"

    @property
    def host(self) -> str:
        """Host and port as a person reads them, without anything that could be secret."""
        parts = urlsplit(self.base_url)
        host = parts.hostname or ""
        host = f"[{host}]" if ":" in host else host
        return f"{host}:{parts.port}" if parts.port else host

    @property
    def root(self) -> str:
        """Where the server's own paths begin: the base URL without the `/v1` that is OpenAI's."""
        return self.base_url.rstrip("/").removesuffix("/v1")

    @property
    def connect_s(self) -> float:
        """Seconds in which a connection must stand; a machine that is busy may take one even for its own."""
        return min(CONNECT_S, max(_LEAST_CONNECT_S, self.silence_s))

    @property
    def is_local(self) -> bool:
        """Whether requests stay on this machine."""
        return is_loopback(urlsplit(self.base_url).hostname or "")

    @property
    def is_plain(self) -> bool:
        """Whether requests go unencrypted."""
        return urlsplit(self.base_url).scheme == "http"

    @property
    def secrets(self) -> list[str]:
        """What is sent and must not be shown: the key, the values of headers, what the query of the address has."""
        sent = (self.api_key, *(value for _, value in self.headers))
        words = [word for value in sent if value for word in (value, *value.split())]
        query = [value for name, value in parse_qsl(urlsplit(self.base_url).query) if name.lower() not in _NO_SECRETS]
        return [word for word in (*words, *query) if word not in _SCHEMES]

    def check(self) -> None:
        """Refuse what must not be sent: UsageError for the address, ProviderAuthError for a key that is missing."""
        check_url(self.base_url)
        if self.api_key is None and self.key_needed:
            raise ProviderAuthError(f"There is no key for {self.name}; set {self.key_name} in the environment.")
        secrets = [each for each in (self.api_key, *(value for _, value in self.headers)) if each is not None]
        if secrets and self.is_plain and not self.is_local:
            raise UsageError(
                f"The key for {self.host} would go over plain http; use an https address, or unset {self.key_name}."
            )
        if not all(each.isascii() and each.isprintable() for each in secrets):
            raise UsageError(f"The key in {self.key_name} holds characters that no key has; copy it again.")


def check_url(url: str) -> None:
    """Raise UsageError unless this is an http(s) address with a host and without a password."""
    try:
        parts = urlsplit(url)
        usable = (
            parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and not re.search(r"\s", url)
        )
    except ValueError:
        usable = False
    if not usable:
        raise UsageError("The base URL is no http or https address; it looks like http://localhost:8000/v1.")
    if parts.username is not None or parts.password is not None:
        raise UsageError("The base URL holds a user name or password; put the key into LLM_API_KEY instead.")


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine's own loopback."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
