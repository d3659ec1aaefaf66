"""Presets with headers of their own, keys from a file, providers of packages, recorded answers."""

from __future__ import annotations

import os
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from loopback import Loopback, Reply, failure, openai_stream, plain_json, web_page
from test_cli import rlm_tui

from rlm_tui import events as ev
from rlm_tui.config.env_file import read_into_environment
from rlm_tui.errors import ProviderAuthError, ProviderError, UsageError
from rlm_tui.events import Usage
from rlm_tui.lm import plugins
from rlm_tui.lm.base import Message, Request
from rlm_tui.lm.providers import PROVIDERS
from rlm_tui.lm.registry import check_spec, describe, endpoint_of, keys_found, make_lm, overshadowed, resolve
from rlm_tui.lm.scripted import ScriptedLM
from rlm_tui.lm.wire import curl
from tests.driving import block, live

REQUEST = Request((Message("user", "What?"),), "m")


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for provider in PROVIDERS.values():
        for name in (*provider.key_names, *provider.url_names, *(variable for _, variable in provider.headers)):
            monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "environ", os.environ.copy())


async def test_azure_is_asked_at_its_resource_with_its_own_header(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "az-key")
    with Loopback(openai_stream("ok")) as server:
        monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", server.url + "/")
        lm = make_lm("azure/my-deployment")
        assert (await lm.complete(REQUEST)).text == "ok"
        await lm.close()
        assert server.seen[0].path == "/openai/v1/chat/completions"
        assert server.seen[0].headers["api-key"] == "az-key"
        assert server.seen[0].body["model"] == "my-deployment"


async def test_the_query_of_a_base_url_comes_after_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "az-key")
    for straight in (True, False):
        monkeypatch.setattr(
            "rlm_tui.lm.sdk.proxy_of", lambda _endpoint, straight=straight: "" if straight else "a proxy"
        )
        with Loopback(openai_stream("ok")) as server:
            monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", f"{server.url}/?api-version=preview")
            lm = make_lm("azure/my-deployment")
            assert (await lm.complete(REQUEST)).text == "ok"
            await lm.close()
            assert server.seen[0].path == "/openai/v1/chat/completions?api-version=preview"
        command = curl(resolve("azure/my-deployment"), REQUEST)
        assert f"'{server.url}/openai/v1/chat/completions?api-version=preview'" in command


def test_azure_without_an_address_or_a_key_says_which_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="set AZURE_OPENAI_ENDPOINT"):
        check_spec("azure/x")
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "k")
    assert "azure" not in keys_found(), "a key without an address leads nowhere"
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", "https://mine.openai.azure.com")
    assert keys_found()["azure"] == "AZURE_OPENAI_API_KEY"
    assert resolve("azure/x").base_url == "https://mine.openai.azure.com/openai/v1"
    monkeypatch.delenv("AZURE_OPENAI_API_KEY")
    with pytest.raises(ProviderAuthError, match="AZURE_OPENAI_API_KEY"):
        resolve("azure/x").check()


async def test_portkey_gets_its_headers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTKEY_API_KEY", "pk")
    monkeypatch.setenv("PORTKEY_VIRTUAL_KEY", "virtual")
    with Loopback(openai_stream("ok")) as server:
        lm = make_lm("portkey/@openai/gpt-4o", base_url=f"{server.url}/v1")
        await lm.complete(REQUEST)
        await lm.close()
        headers = server.seen[0].headers
        assert (headers["x-portkey-api-key"], headers["x-portkey-virtual-key"]) == ("pk", "virtual")
        assert "x-portkey-config" not in headers
        assert server.seen[0].body["model"] == "@openai/gpt-4o"
    assert "virtual" not in repr(resolve("portkey/x"))


@pytest.mark.parametrize(
    ("provider", "base_url", "key_name", "is_local"),
    [
        ("openai", "https://api.openai.com/v1", "OPENAI_API_KEY", False),
        ("anthropic", "https://api.anthropic.com", "ANTHROPIC_API_KEY", False),
        ("openrouter", "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY", False),
        ("gemini", "https://generativelanguage.googleapis.com/v1beta/openai", "GEMINI_API_KEY", False),
        ("portkey", "https://api.portkey.ai/v1", "PORTKEY_API_KEY", False),
        ("ollama", "http://127.0.0.1:11434/v1", None, True),
        ("lmstudio", "http://127.0.0.1:1234/v1", None, True),
        ("llamacpp", "http://127.0.0.1:8080/v1", None, True),
        ("vllm", "http://127.0.0.1:8000/v1", None, True),
    ],
)
def test_each_preset_knows_its_address_and_its_key(
    provider: str, base_url: str, key_name: str | None, is_local: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint = resolve(f"{provider}/some/model")
    assert (endpoint.base_url, endpoint.model, endpoint.is_local) == (base_url, "some/model", is_local)
    if key_name is None:
        endpoint.check()
        return
    with pytest.raises(ProviderAuthError, match=key_name):
        endpoint.check()
    monkeypatch.setenv(key_name, "k")
    assert resolve(f"{provider}/some/model").api_key == "k"
    assert keys_found() == {provider: key_name}


async def test_openrouter_is_asked_for_the_cost_and_tells_it() -> None:
    usage = {"prompt_tokens": 3, "completion_tokens": 1, "cost": 0.25}
    choice = {"index": 0, "message": {"role": "assistant", "content": "ok"}, "finish_reason": "stop"}
    with Loopback(plain_json({"choices": [choice], "usage": usage})) as server:
        lm = make_lm("openrouter/any/model", base_url=f"{server.url}/v1")
        assert (await lm.complete(REQUEST)).usage == Usage(3, 1, 0.25)
        await lm.close()
        assert server.seen[0].body["usage"] == {"include": True}


def test_no_secret_header_goes_over_plain_http(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTKEY_VIRTUAL_KEY", "virtual")
    with pytest.raises(UsageError, match="plain http"):
        resolve("portkey/x", base_url="http://gateway.example/v1").check()


# -- keys from a file


def test_a_file_of_keys_fills_in_what_the_environment_lacks(tmp_path: Path) -> None:
    os.environ["RLM_T_HAS"] = "stays"
    file = tmp_path / "keys.env"
    file.write_text(
        "# keys\n\nRLM_T_HAS=other\n"
        "export RLM_T_A = plain # a remark\nRLM_T_B='with # sign'\nRLM_T_C=\"x\"  # y\nRLM_T_D=\n"
    )
    read_into_environment(str(file), is_typed=True)
    names = ("HAS", "A", "B", "C", "D")
    assert [os.environ[f"RLM_T_{name}"] for name in names] == ["stays", "plain", "with # sign", "x", ""]


@pytest.mark.parametrize("line", ["sk-secret", "=sk-secret", "A B=sk-secret", "KEY='sk-secret", "1A=sk-secret"])
def test_a_line_that_is_none_is_named_and_its_value_never_shown(tmp_path: Path, line: str) -> None:
    file = tmp_path / "keys.env"
    file.write_text(f"# first\n{line}\n")
    with pytest.raises(UsageError) as caught:
        read_into_environment(str(file), is_typed=True)
    assert f"{file} line 2" in str(caught.value)
    assert "sk-secret" not in str(caught.value)


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00A"])
def test_a_file_of_keys_that_cannot_be_read_is_one_sentence(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "keys.env"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(UsageError, match="cannot be read"):
        read_into_environment(str(file), is_typed=True)


def test_a_relative_file_of_keys_counts_only_where_it_is_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("RLM_T_E=1\n")
    with pytest.raises(UsageError, match="whole path"):
        read_into_environment(".env", is_typed=False)
    read_into_environment(".env", is_typed=True)
    assert os.environ["RLM_T_E"] == "1"


def test_models_offers_what_a_named_file_has_keys_for_and_not_what_lies_about(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("OPENROUTER_API_KEY=sk-secret\n")
    unnamed = rlm_tui("models", "--json", home=tmp_path)
    named = rlm_tui("models", "--json", "--env-file", ".env", home=tmp_path)
    assert b"openrouter/NAME" not in unnamed.stdout
    assert b"openrouter/NAME" in named.stdout
    assert b"sk-secret" not in named.stdout + named.stderr


# -- packages


OFFERED = [("one", "twice"), ("two", "twice"), ("one", "openai")]


class _Point:
    """An entry point whose object is given."""

    dist, module = None, "their_package"

    def __init__(self, made: object) -> None:
        self._made = made
        self.loads = 0

    def load(self) -> object:
        self.loads += 1
        if isinstance(self._made, BaseException):
            raise self._made
        return self._made


async def test_a_package_adds_a_provider_which_is_imported_when_its_model_is_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    point = _Point(lambda model: ScriptedLM([f"by {model}"], name=f"theirs/{model}"))
    monkeypatch.setattr(plugins, "_found", lambda: {"theirs": point})
    check_spec("theirs/big")
    assert describe("theirs/big") == "big by the package their_package"
    assert endpoint_of("theirs/big") is None
    assert point.loads == 0
    assert (await make_lm("theirs/big").complete(REQUEST)).text == "by big"
    assert endpoint_of("theirs/big", base_url="http://localhost:1/v1") is not None, "a given address is a server's"


@pytest.mark.parametrize(
    "made",
    [ImportError("no"), RuntimeError("no licence"), SystemExit(3), lambda model: model.missing, lambda model: object()],
)
def test_a_package_that_makes_no_model_is_one_sentence(monkeypatch: pytest.MonkeyPatch, made: object) -> None:
    monkeypatch.setattr(plugins, "_found", lambda: {"theirs": _Point(made)})
    with pytest.raises(UsageError, match="provider theirs of the package their_package"):
        make_lm("theirs/big")


def test_a_name_that_two_packages_offer_or_that_is_built_in_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    points = [EntryPoint(name, f"{package}:make", plugins.GROUP) for package, name in OFFERED]
    monkeypatch.setattr(plugins, "_offered", lambda: tuple(points))
    with pytest.raises(UsageError, match="packages one and two both offer a provider twice"):
        make_lm("twice/big")
    assert overshadowed("openai/gpt-4o") == "one"
    assert overshadowed("anthropic/claude") == overshadowed("offline") == ""
    with pytest.raises(UsageError, match="names a provider but no model; write twice/NAME"):
        check_spec("twice/")
    with pytest.raises(UsageError, match="vllm, twice, or give"):
        check_spec("unheard_of/model")


# -- recorded answers


def test_a_run_on_recorded_answers_goes_as_the_recorded_one_did(tmp_path: Path) -> None:
    code = block("print(llm_query('a'), llm_query('b'), llm_query('a'))")
    sub = ["first", "second", "third"]
    with live(tmp_path, [code, "FINAL(done)"], sub=sub, is_attended=False) as run:
        first = run.start().end()
    with live(tmp_path, [], model=f"replay:{tmp_path / 'run.rlm.jsonl'}", is_traced=False, trace=None) as again:
        second = again.start().end()
        answers = [event.text for event in again.of(ev.SubcallFinished)]
    assert (first.answer, second.answer) == ("done", "done")
    assert answers == ["first", "second", "third"]


def test_a_question_that_was_not_recorded_is_an_error_value_and_a_used_up_trace_ends_the_run(tmp_path: Path) -> None:
    with live(tmp_path, [block("print(llm_query('a'))")], sub=["x"], is_attended=False) as run:
        run.start().end()
    spec = f"replay:{tmp_path / 'run.rlm.jsonl'}"
    with live(tmp_path, [], model=spec, is_traced=False, trace=None, is_attended=False) as again:
        finished = again.start().end()
    assert finished.status == "failed"
    assert "used up" in finished.detail
    with live(
        tmp_path, [block("print(llm_query('other'))"), "FINAL(x)"], sub_model=spec, trace=None, is_traced=False
    ) as run:
        run.start().end()
        assert "holds no answer to 'other'" in run.of(ev.SubcallFinished)[0].error


def test_a_trace_that_is_not_there_is_told_at_once() -> None:
    with pytest.raises(UsageError, match="There is no trace"):
        check_spec("replay:nowhere.rlm.jsonl")


# -- endpoints with a shape of their own

SHAPE = """url = "{url}/generate"
model = "mine"
key_variable = "RLM_T_KEY"
[headers]
x-key = "{{key}}"
[request]
inputs = "<s>{{system}}</s> {{prompt}}"
chat = "{{messages}}"
parameters = {{ temperature = "{{temperature}}", seed = "{{seed}}", n = 1 }}
[answer]
text = "0.out.text"
input_tokens = "0.used.in"
output_tokens = "0.used.out"
"""


@pytest.fixture
def shape(tmp_path: Path) -> Path:
    os.environ["RLM_T_KEY"] = "k-secret"
    return tmp_path / "mine.toml"


def _describe(shape: Path, server: Loopback) -> None:
    shape.write_text(SHAPE.format(url=server.url))


async def test_a_generic_endpoint_is_asked_and_read_as_its_file_says(shape: Path) -> None:
    with Loopback(plain_json([{"out": {"text": "42"}, "used": {"in": 7, "out": 2}}])) as server:
        _describe(shape, server)
        lm = make_lm(f"generic:{shape}")
        messages = Message("system", "Be {prompt}."), Message("user", "What is {model}?")
        response = await lm.complete(Request(messages, "x", temperature=0.5))
        await lm.close()
        seen = server.seen[0]
    assert (response.text, response.usage, lm.name) == ("42", Usage(7, 2), "generic/mine")
    assert (seen.path, seen.headers["x-key"]) == ("/generate", "k-secret")
    assert seen.body == {
        "inputs": "<s>Be {prompt}.</s> What is {model}?",
        "chat": [{"role": "system", "content": "Be {prompt}."}, {"role": "user", "content": "What is {model}?"}],
        "parameters": {"temperature": 0.5, "n": 1},
    }


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (plain_json({"other": 1}), "without a text at '0.out.text'"),
        (plain_json([{"out": {"text": None}}]), "without a text"),
        (failure(401), "RLM_T_KEY"),
        (failure(500), "HTTP 500"),
        (web_page(), "127.0.0.1"),
    ],
)
async def test_what_a_generic_endpoint_answers_badly_is_one_sentence(shape: Path, reply: Reply, says: str) -> None:
    with Loopback(reply) as server:
        _describe(shape, server)
        lm = make_lm(f"generic:{shape}")
        with pytest.raises(ProviderError, match=says):
            await lm.complete(REQUEST)
        await lm.close()


@pytest.mark.parametrize("text", ["", "url = 3", "[answer]\ntext = 1", "url = 'x'\nmodel = 'm'\nodd = 1", "[["])
def test_a_file_that_describes_no_endpoint_is_named(shape: Path, text: str) -> None:
    shape.write_text(text)
    with pytest.raises(UsageError, match="cannot be used"):
        check_spec(f"generic:{shape}")
    with pytest.raises(UsageError, match="cannot be read"):
        check_spec(f"generic:{shape}.gone")
