"""Failures of an endpoint in one sentence: what went wrong, with which model, where, and what to do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from rlm_tui.errors import ProviderAuthError, ProviderBusyError, ProviderError
from rlm_tui.lm.endpoint import Endpoint
from rlm_tui.lm.failures import CrowdedError, ModelLoadingError, TooLongError, error_for_status, retry_after_seconds
from rlm_tui.lm.providers import provider_of
from rlm_tui.lm.proxy import proxy_of, shown_proxy
from rlm_tui.lm.said import said
from rlm_tui.text import short_seconds

# An error inside a stream comes after HTTP said 200; these are the statuses that it would have had.
_STATUS_OF = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "permission_error": 403,
    "not_found_error": 404,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "api_error": 500,
    "server_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}
_NO_CREDIT = "insufficient_quota"
_TOO_LONG = re.compile(r"context (?:length|size|window)|prompt is too long", re.IGNORECASE)
_UNKNOWN = re.compile(r"\bmodel '.*' not found", re.IGNORECASE)
_CROWDED = "context size has been exceeded"
_NO_HTTP = ("expected http/", "illegal status line", "illegal request line")
_NO_TLS = ("wrong_version_number", "wrong version number")
_NOT_TRUSTED = ("certificate_verify_failed", "certificate verify failed")
_PROXIES = "HTTPS_PROXY, HTTP_PROXY and ALL_PROXY"


def explain(error: Exception, endpoint: Endpoint) -> ProviderError:
    """Turn what an SDK or its transport raised into an error that a person can act on, without secrets."""
    status = _status(error)
    if _is_proxys(error, endpoint):
        return _refused_by_proxy(error, endpoint)
    if status is not None:
        return _for_status(error, status, endpoint)
    name, host = endpoint.name, endpoint.host
    if _says(error, *_NO_TLS):
        return ProviderError(
            f"{host} does not speak TLS, so {name} cannot be asked there by https; check the base URL."
        )
    if _says(error, *_NOT_TRUSTED):
        return ProviderError(
            f"The certificate of {host} is not trusted, so {name} is not asked there; check the base URL, or name the"
            " authority that signed it with SSL_CERT_FILE."
        )
    if _is(error, "ConnectTimeout") or _is(error, "ConnectionTimeoutError"):
        return _unreachable(endpoint)
    if "Timeout" in type(error).__name__:
        return _stalled(endpoint)
    if _is_unreachable(error):
        return _unreachable(endpoint)
    if _says(error, *_NO_HTTP):
        return ProviderError(f"{host} does not speak HTTP, so {name} cannot be asked there; check address and port.")
    if _is(error, "DecodingError") or (_is(error, "HttpProcessingError") and not _is_cut(error)):
        came, why = f"{host} answered {name} in HTTP that is not understood", said(_innermost(error), endpoint, 80)
        return ProviderError(f"{came} ({why}); check the base URL, and what stands before the server.")
    if isinstance(error, ValueError | RecursionError):
        form = "no JSON" if endpoint.provider == "generic" else "no event stream"
        return ProviderError(f"{host} answered {name} with something that is {form}; check the base URL.")
    detail = _detail(error, endpoint)
    if detail or getattr(error, "body", None) is not None:
        return ProviderError(f"{host} failed in the middle of an answer of {name}{detail}.")
    return ProviderBusyError(f"The connection to {host} was cut while {name} answered; try again.")


def _for_status(error: Exception, status: int, endpoint: Endpoint) -> ProviderError:
    name, host = endpoint.name, endpoint.host
    detail = _detail(error, endpoint)
    headers = getattr(getattr(error, "response", None), "headers", {})
    if status in (400, 413, 422) and _TOO_LONG.search(detail):
        return _too_long(error, status, endpoint)
    if _CROWDED in detail.lower():
        text = f"{host} has one window for all requests to {name}, which did not fit into it together (HTTP {status})"
        more = provider_of(endpoint.provider).larger
        return CrowdedError(f"{text}; they go one after the other now ({more} for more).", status=status)
    if status in (401, 403) and endpoint.api_key is None:
        text = f"{host} wants a key for {name} (HTTP {status}); set {endpoint.key_name}."
        return ProviderAuthError(text, status=status)
    if status == 401:
        text = f"{host} refused the key for {name} (HTTP 401); check {endpoint.key_name}."
    elif status == 403:
        text = f"{host} does not let this key use {name} (HTTP 403){detail}; check {endpoint.key_name}."
    elif status == 404 or (status == 400 and _UNKNOWN.search(detail)):
        text = f"{host} does not know the model {endpoint.model!r} (HTTP {status}); {_where_names_are(endpoint)}."
    elif status < 400:
        text = f"{host} redirects {name} elsewhere (HTTP {status}), where no key is sent; name the final base URL."
    elif _NO_CREDIT in _codes(error):
        return ProviderError(f"The account at {host} has no credit left for {name} (HTTP {status}).", status=status)
    elif status == 429:
        text = f"{host} is limiting requests to {name} (HTTP 429){detail}; wait, or lower --max-concurrency."
    elif status == 503 and "loading model" in detail.lower():
        return ModelLoadingError(f"{host} is still loading {name} (HTTP 503); wait until it is loaded.", status=status)
    elif status >= 500:
        text = f"{host} failed to answer {name} (HTTP {status}){detail}; try again."
    else:
        text = f"{host} refused the request to {name} (HTTP {status}){detail}."
    return error_for_status(status, text, retry_after_seconds(headers))


def _too_long(error: Exception, status: int, endpoint: Endpoint) -> TooLongError:
    """With the numbers, where the server tells them apart (llama.cpp); else with its own words."""
    body = _error_body(error)
    sent, window = body.get("n_prompt_tokens"), body.get("n_ctx")
    why = _detail(error, endpoint)
    if isinstance(sent, int) and isinstance(window, int):
        why = f": it has {sent:,} tokens, and the window takes {window:,}"
    text = f"The prompt is too long for {endpoint.name} at {endpoint.host} (HTTP {status}){why}"
    return TooLongError(f"{text}; hand over smaller pieces, or {provider_of(endpoint.provider).larger}.", status=status)


def _where_names_are(endpoint: Endpoint) -> str:
    if not endpoint.start:
        return "check its name and the base URL"
    fetch = f", ollama pull {endpoint.model} fetches it" if endpoint.provider == "ollama" else ""
    return f"rlm-tui models lists what it has{fetch}"


def _status(error: Exception) -> int | None:
    status = getattr(error, "status_code", None)
    if isinstance(status, int) and status >= 300:
        return status
    for code in _codes(error):
        if len(code) == 3 and code.isascii() and code.isdigit() and code[0] in "45":
            return int(code)
        if code in _STATUS_OF:
            return _STATUS_OF[code]
    return None


def _codes(error: Exception) -> list[str]:
    body = _error_body(error)
    return [str(body[key]) for key in ("code", "type") if body.get(key)]


def _error_body(error: Exception) -> Mapping[str, Any]:
    """The object that holds message, type and code; some servers and SDKs wrap it, others do not."""
    body = getattr(error, "body", None)
    inner = body.get("error", body) if isinstance(body, Mapping) else body
    if isinstance(inner, Mapping):
        return inner
    return {} if inner is None or str(inner).lstrip().startswith("<") else {"message": str(inner)}


def _detail(error: Exception, endpoint: Endpoint) -> str:
    body = _error_body(error)
    message = str(body.get("message") or body.get("detail") or "")
    return f": {said(message, endpoint).rstrip('.')}" if message else ""


def no_completion(endpoint: Endpoint, what: str, status: int) -> ProviderError:
    """A reply with a good status that is no completion at all: asking again would bring the same."""
    kind = said(what, endpoint, 80)
    came = f"HTTP {status}, {kind}" if status != 200 else kind
    return ProviderError(
        f"{endpoint.host} answered {endpoint.name} with something that is no completion ({came}); check the base URL.",
        status=status,
    )


def _stalled(endpoint: Endpoint) -> ProviderError:
    """A server on this machine is still at work on what it was asked: to ask again would only queue up behind it."""
    kind = ProviderError if endpoint.is_local else ProviderBusyError
    text = f"{endpoint.host} said nothing for {short_seconds(endpoint.silence_s)} while {endpoint.name} was to answer"
    return kind(f"{text}, so it was given up (timeout); ask a smaller model, or allow more with --silence.")


def _says(error: BaseException | None, *words: str) -> bool:
    """Whether an error, or what it came from, has one of these words, where the libraries have no class for it."""
    while error is not None:
        if any(word in str(error).lower() for word in words):
            return True
        error = error.__cause__
    return False


def _is_unreachable(error: BaseException) -> bool:
    return _is(error, "ConnectError") or _is(error, "ClientConnectorError")


def _is(error: BaseException | None, name: str) -> bool:
    """Whether an error, or what it came from, is of a class of the transport with this name, or of one below it."""
    while error is not None:
        if name in (kind.__name__ for kind in type(error).__mro__):
            return True
        error = error.__cause__
    return False


def _is_cut(error: BaseException) -> bool:
    """Whether a body ended before the length that its head, or its last chunk, had told."""
    return _is(error, "ContentLengthError") or _is(error, "TransferEncodingError")


def _innermost(error: BaseException) -> str:
    """What the first error of a chain says, without the bytes that it shows below."""
    while error.__cause__ is not None:
        error = error.__cause__
    words = str(getattr(error, "message", "") or error).strip()
    return words.partition("\n")[0].rstrip(":.")


def _unreachable(endpoint: Endpoint) -> ProviderError:
    if endpoint.is_local:
        start = f" ({endpoint.start})" if endpoint.start else ""
        text = f"No server answers at {endpoint.host} for {endpoint.name}"
        return ProviderError(f"{text}; start it{start}, or name its address with --base-url.")
    text, proxy = f"{endpoint.host} cannot be reached for {endpoint.name}", shown_proxy(endpoint)
    if proxy:
        return ProviderBusyError(f"{text} through the proxy {proxy}; check the network and {_PROXIES}.")
    return ProviderBusyError(f"{text}; check the network and the name.")


def _is_proxys(error: BaseException, endpoint: Endpoint) -> bool:
    """Whether a proxy let nothing through; the same status without one, or inside of an answer, is the server's own."""
    is_asked_who = getattr(error, "status_code", None) == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED
    refused = is_asked_who or _is(error, "ProxyError") or _is(error, "ClientHttpProxyError")
    return refused and bool(proxy_of(endpoint))


def _refused_by_proxy(error: BaseException, endpoint: Endpoint) -> ProviderError:
    """What a proxy says where it opens no way to a server: a status and its words."""
    while (cause := error.__cause__) is not None and _is(cause, "ProxyError"):
        error = cause
    code = getattr(error, "status", None) or getattr(error, "status_code", None)
    why = said(f"{code or ''} {getattr(error, 'message', '') or error}", endpoint, 80).strip()
    why = f" ({why})" if why else ""
    text = f"The proxy {shown_proxy(endpoint)} lets nothing through to {endpoint.host} for {endpoint.name}{why}"
    status = code if isinstance(code, int) else None
    return ProviderBusyError(f"{text}; check {_PROXIES}, or name the host in NO_PROXY.", status=status)
