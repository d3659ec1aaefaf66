"""What is copied as curl sends, through a real shell, what the SDK's client sent."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from loopback import Loopback, anthropic_stream, ollama_stream, openai_stream

from rlm_tui.lm import wire
from rlm_tui.lm.base import Message, Request
from rlm_tui.lm.endpoint import Endpoint
from rlm_tui.lm.registry import make_lm, resolve

KEY = "sk-a-secret-that-stays"
MESSAGES = (
    Message("system", 'Be brief. It\'s $HOME and `id` and \\ and "quotes".'),
    Message("user", "What is it? 'REQUEST'\nREQUEST\n工程师 \u202e $(touch gone)\ttab"),
    Message("assistant", "!! %s ```repl\nx = '\\n'\n```"),
    Message("user", "REQUEST"),
)
REQUESTS = [Request(MESSAGES, "x"), Request(MESSAGES[:2], "x", temperature=0.5, max_tokens=9, seed=4, stop=("END",))]
CURL = """#!{python}
import sys, urllib.request
args, headers, url, body = sys.argv[1:], {{}}, "", b""
while args:
    word = args.pop(0)
    if word == "-H":
        name, _, value = args.pop(0).partition(": ")
        headers[name] = value
    elif word == "--data-binary":
        assert args.pop(0) == "@-"
        body = sys.stdin.buffer.read()
    elif word != "-N":
        url = word
urllib.request.urlopen(urllib.request.Request(url, body, headers)).read()
"""


@pytest.fixture
def tools(tmp_path: Path) -> dict[str, str]:
    """An environment in which `curl` is a few lines of Python, and the key is set."""
    curl = tmp_path / "curl"
    curl.write_text(CURL.format(python=sys.executable))
    curl.chmod(0o755)
    return {"PATH": f"{tmp_path}:{os.environ['PATH']}", "KEY": KEY}


@pytest.mark.parametrize("request_sent", REQUESTS, ids=["plain", "with everything"])
@pytest.mark.parametrize("provider", ["openai", "openrouter", "llamacpp", "anthropic", "ollama"])
async def test_curl_sends_what_the_client_sent(
    provider: str, request_sent: Request, tools: dict[str, str], tmp_path: Path
) -> None:
    replies = {"anthropic": anthropic_stream("ok"), "ollama": ollama_stream("ok")}
    reply = replies.get(provider, openai_stream("ok"))
    with Loopback(reply) as server:
        base = server.url if provider == "anthropic" else f"{server.url}/v1"
        lm = make_lm(f"{provider}/m-1", base_url=base, api_key=KEY)
        await lm.complete(request_sent)
        await lm.close()
        command = wire.curl(resolve(f"{provider}/m-1", base_url=base, api_key=KEY), request_sent)
        assert KEY not in command
        subprocess.run(["sh", "-c", command], env=tools, cwd=tmp_path, check=True)  # noqa: ASYNC221
        client, shell = server.seen
        assert shell.body == client.body
        assert shell.path == client.path
        for name in ("authorization", "x-api-key", "content-type", "anthropic-version"):
            assert shell.headers.get(name) == client.headers.get(name)
    assert not (tmp_path / "gone").exists()


def test_without_a_known_server_the_address_is_left_to_the_person() -> None:
    command = wire.curl(Endpoint("openai", "some/model", "$BASE_URL", "KEY"), REQUESTS[0])
    assert command.startswith('curl -N "$BASE_URL/chat/completions"')
