"""Proxies that the environment names: who goes through them, and what is said of one that lets nothing through."""

from __future__ import annotations

from pathlib import Path

import pytest
from loopback import Loopback, Reply, failure, plain_json

from rlm_tui.errors import ProviderBusyError, ProviderError, UsageError
from rlm_tui.lm.base import Message, Request
from rlm_tui.lm.registry import make_lm

REQUEST = Request((Message("user", "Hello?"),), "m")
FAR = "http://far.example:8000"
NAMES = ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy")
GENERIC = 'url = "{}"\nmodel = "g"\n[request]\ninputs = "{{prompt}}"\n[answer]\ntext = "text"\n'


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*NAMES, "LLM_API_KEY", "OPENAI_API_KEY", "OLLAMA_HOST"):
        monkeypatch.delenv(name, raising=False)


def generic(folder: Path, url: str) -> str:
    path = folder / "generic.toml"
    path.write_text(GENERIC.format(url))
    return f"generic:{path}"


async def test_an_endpoint_of_its_own_shape_goes_through_the_proxy_unless_it_is_here_or_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Loopback(plain_json({"text": "by proxy"})) as proxy, Loopback(plain_json({"text": "straight"})) as here:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        for url, text in ((FAR, "by proxy"), (here.url, "straight")):
            lm = make_lm(generic(tmp_path, url))
            assert (await lm.complete(REQUEST)).text == text
            await lm.close()
        monkeypatch.setenv("NO_PROXY", "far.example")
        lm = make_lm(generic(tmp_path, FAR))
        with pytest.raises(ProviderError):
            await lm.complete(REQUEST)
        await lm.close()
        assert len(proxy.seen) == 1


async def said(lm_name: str, base_url: str | None) -> str:
    lm = make_lm(lm_name, base_url=base_url)
    with pytest.raises(ProviderBusyError) as refused:
        await lm.complete(REQUEST)
    await lm.close()
    return str(refused.value)


@pytest.mark.parametrize("model", ["vllm/m", "ollama/m", "generic"])
@pytest.mark.parametrize("reply", [failure(407, "who are you?"), None])
async def test_a_proxy_that_lets_nothing_through_is_named_without_its_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str, reply: Reply | None
) -> None:
    spec, base_url = (generic(tmp_path, FAR), None) if model == "generic" else (model, FAR)
    with Loopback(reply or failure(500)) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://me:secret@{proxy.host}")
        words = await said(spec, base_url) if reply else ""
    words = words or await said(spec, base_url)  # nobody listens there any more
    assert f"he proxy {proxy.host}" in words
    assert "secret" not in words
    assert "HTTP_PROXY" in words
    assert ("407" in words) == (reply is not None)


def test_a_proxy_of_another_kind_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:1080")
    monkeypatch.setattr("rlm_tui.lm.proxy.find_spec", lambda _name: None)
    with pytest.raises(UsageError, match="is one of SOCKS; pip install socksio"):
        make_lm("vllm/m", base_url=FAR)
    with pytest.raises(UsageError, match="is one of SOCKS; use an http proxy"):
        make_lm(generic(tmp_path, FAR))
