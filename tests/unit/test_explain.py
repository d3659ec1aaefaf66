"""What fails below HTTP is one sentence that says what it is: a name that nobody knows, a certificate, a key."""

from __future__ import annotations

import ssl
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest

from rlm_tui.errors import ProviderBusyError, ProviderError, UsageError
from rlm_tui.lm.endpoint import check_url
from rlm_tui.lm.explain import explain
from rlm_tui.lm.registry import resolve

FAR = resolve("openai/m", base_url="https://far.example/v1", api_key="k")
_KEY: Any = SimpleNamespace(host="far.example", port=443, ssl=True, is_ssl=True)


def test_a_name_that_nobody_knows_is_not_called_a_cut_connection() -> None:
    error = explain(aiohttp.ClientConnectorDNSError(_KEY, OSError(-2, "Name or service not known")), FAR)
    assert type(error) is ProviderBusyError
    assert str(error) == "far.example cannot be reached for openai/m; check the network and the name."


def test_a_certificate_that_is_not_trusted_is_said_and_not_tried_again() -> None:
    raised = ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed")
    error = explain(aiohttp.ClientConnectorCertificateError(_KEY, raised), FAR)
    assert type(error) is ProviderError
    assert str(error).startswith("The certificate of far.example is not trusted, so openai/m is not asked there")


@pytest.mark.parametrize(
    ("key", "said"), [(None, "wants a key for openai/m (HTTP 403); set"), ("k", "this key use openai/m")]
)
def test_who_is_forbidden_without_a_key_is_not_told_to_check_it(
    key: str | None, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LLM_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    error: Any = Exception("no")
    error.status_code = 403
    assert said in str(explain(error, resolve("openai/m", base_url="http://127.0.0.1:1/v1", api_key=key)))


@pytest.mark.parametrize(
    "url", ["http://exa mple/v1", "http://127.0.0.1:99999/v1", "ftp://x", "127.0.0.1:8000", "http://"]
)
def test_what_is_no_address_is_said_before_anything_is_asked(url: str) -> None:
    with pytest.raises(UsageError, match="is no http or https address"):
        check_url(url)
