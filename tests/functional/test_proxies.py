"""Proxies that the environment names: who goes through them, and what is said of one that lets nothing through."""

from __future__ import annotations

from pathlib import Path

import pytest
from loopback import Loopback, Reply, data, failure, plain_json
from test_lm_hostile import speaking

from rlm_tui.errors import ProviderAuthError, ProviderBusyError, ProviderError, UsageError
from rlm_tui.lm.base import Message, Request
from rlm_tui.lm.proxy import proxy_of
from rlm_tui.lm.registry import make_lm, resolve

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
    monkeypatch.setattr("rlm_tui.lm.proxy.find_spec", lambda name: name)
    monkeypatch.setenv("ALL_PROXY", "socks4://127.0.0.1:1080")
    with pytest.raises(UsageError, match="is one of SOCKS; use an http proxy"):
        make_lm("vllm/m", base_url=FAR)


@pytest.mark.parametrize("model", ["vllm/m", "ollama/m", "generic"])
async def test_what_a_proxy_repeats_of_its_password_is_not_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str
) -> None:
    spec, base_url = (generic(tmp_path, FAR), None) if model == "generic" else (model, FAR)
    with Loopback(failure(407, "no: Basic bWU6dG9wJXNlY3JldA== is top%secret, me:top%secret")) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://me:top%25secret@{proxy.host}")
        words = await said(spec, base_url)
        assert "bWU6" in str(proxy.seen[0].headers.get("proxy-authorization"))
    assert "secret" not in words
    assert "bWU6" not in words


@pytest.mark.parametrize("model", ["openai/m", "anthropic/m", "ollama/m", "generic"])
async def test_what_a_proxy_says_that_opens_no_tunnel_is_told_without_its_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str
) -> None:
    refused = b"HTTP/1.1 407 bWU6dG9wLXNlY3JldA== is top-secret\r\nContent-Length: 0\r\n\r\n"
    url = "https://far.example"
    with speaking(refused) as host:
        monkeypatch.setenv("HTTPS_PROXY", f"me:top-secret@{host}")
        lm = make_lm(generic(tmp_path, url) if model == "generic" else model, base_url=url, api_key="k")
        with pytest.raises(ProviderBusyError) as caught:
            await lm.complete(REQUEST)
        await lm.close()
    assert f"The proxy {host} lets nothing through to far.example for" in str(caught.value)
    assert "(407 … is …)" in str(caught.value)


WRONG = [
    "http://[::1",
    "http://h:port",
    "ftp://h:1",
    "socks5://[h",
    "://x",
    "http://",
    "http://h:0",
    "http://me:top@[h",
]


@pytest.mark.parametrize("model", ["openai/m", "anthropic/m", "ollama/m", "generic"])
@pytest.mark.parametrize("proxy", WRONG)
def test_what_is_no_address_of_a_proxy_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str, proxy: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    url = "https://far.example"
    with pytest.raises(UsageError, match="is no address of a proxy; it looks like http://") as wrong:
        make_lm(generic(tmp_path, url) if model == "generic" else model, base_url=url, api_key="k")
    assert "top" not in str(wrong.value)


@pytest.mark.parametrize("model", ["openai/m", "anthropic/m", "ollama/m"])
async def test_a_proxy_that_is_not_asked_may_be_anything(monkeypatch: pytest.MonkeyPatch, model: str) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://[::1")
    monkeypatch.setenv("NO_PROXY", "[, localhost")
    for url in ("https://far.example", "http://127.0.0.1:1"):
        await make_lm(model, base_url=url, api_key="k").close()


@pytest.mark.parametrize("model", ["vllm/m", "generic"])
async def test_a_proxy_needs_no_scheme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str) -> None:
    answer = plain_json({"text": "yes", "choices": [{"message": {"content": "yes"}, "finish_reason": "stop"}]})
    with Loopback(answer) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f" {proxy.host} ")
        lm = make_lm(generic(tmp_path, FAR)) if model == "generic" else make_lm(model, base_url=FAR)
        assert (await lm.complete(REQUEST)).text == "yes"
        await lm.close()
        assert len(proxy.seen) == 1


@pytest.mark.parametrize(
    ("url", "no_proxy", "is_asked"),
    [
        ("https://llm.corp:8443/v1", "llm.corp:8443", False),
        ("https://llm.corp:8443/v1", "llm.corp:8444", True),
        ("https://llm.corp:8443/v1", "llm.corp", False),
        ("https://llm.corp/v1", "llm.corp:443", False),
        ("https://llm.corp/v1", ".corp", False),
        ("https://[fd00::1]:8443/v1", "fd00::1", False),
        ("https://[fd00::1]:8443/v1", "[fd00::1]:8443", False),
        ("https://llm.corp/v1", "other.corp", True),
    ],
)
def test_a_host_that_is_named_with_its_port_is_asked_without_proxy(
    monkeypatch: pytest.MonkeyPatch, url: str, no_proxy: str, is_asked: bool
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "proxy.corp:3128")
    monkeypatch.setenv("NO_PROXY", no_proxy)
    assert proxy_of(resolve("openai/m", base_url=url)) == ("http://proxy.corp:3128" if is_asked else "")


@pytest.mark.parametrize("model", ["vllm/m", "anthropic/m", "ollama/m", "generic"])
async def test_a_server_that_wants_a_proxys_key_where_there_is_none_is_told_as_itself(
    tmp_path: Path, model: str
) -> None:
    with Loopback(failure(407, "who are you?")) as server:
        lm = make_lm(generic(tmp_path, server.url) if model == "generic" else model, base_url=server.url, api_key="k")
        with pytest.raises(ProviderAuthError, match=r"refused the request to .*HTTP 407.: who are you") as refused:
            await lm.complete(REQUEST)
        await lm.close()
    assert refused.value.status == 407


async def test_the_status_of_a_proxy_inside_of_an_answer_is_the_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    with Loopback(Reply(chunks=data({"error": {"message": "no credits", "code": 407}}))) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        lm = make_lm("vllm/m", base_url=FAR)
        with pytest.raises(ProviderAuthError, match=r"far.example:8000 refused .*HTTP 407.: no credits"):
            await lm.complete(REQUEST)
        await lm.close()
