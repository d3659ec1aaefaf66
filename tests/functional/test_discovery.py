"""Servers of this machine are found by what they answer; whatever else listens on their ports does no harm."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from loopback import Loopback, Reply, plain_json, web_page
from model_servers import LLAMACPP, LLAMACPP_ROUTER, LMSTUDIO, LOADING, OLD_LLAMACPP, OLD_LMSTUDIO, OLLAMA, VLLM
from test_cli import rlm_tui

from rlm_tui.lm.discovery import Probe, Server, usual_servers
from rlm_tui.lm.providers import PROVIDERS
from rlm_tui.lm.registry import resolve
from rlm_tui.lm.servers import Model, short_tokens

SECRET = "sk-a-secret-that-stays"
GUESSES = ("ollama", "lmstudio", "llamacpp", "vllm", "openai")


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for provider in PROVIDERS.values():
        for name in (*provider.key_names, *provider.url_names, "OLLAMA_HOST"):
            monkeypatch.delenv(name, raising=False)


def probe(urls: Mapping[str, str], seconds: float = 20.0) -> list[Server]:
    found: list[Server] = []
    Probe(dict(urls), seconds).run(found.append)
    return found


def look(routes: Mapping[str, Reply], guess: str = "openai") -> Server:
    with Loopback(routes=routes) as server:
        (found,) = probe({f"{server.url}/v1": guess})
        assert SECRET not in str(server.looked)
    return found


@pytest.mark.parametrize("guess", GUESSES)
@pytest.mark.parametrize(
    ("routes", "provider", "models"),
    [
        (
            OLLAMA,
            "ollama",
            (
                Model("llama3.2:1b", 4096, 131072, 1_321_098_329, "1.2B", True),
                Model("qwen2.5:7b", None, 32768, 4_683_087_332, "7.6B Q4_K_M", False),
                Model("long:8b", 16384, None, 5_000_000_000, "", False),
            ),
        ),
        (
            LMSTUDIO,
            "lmstudio",
            (
                Model("google/gemma-3-12b", 8192, 131072, 8_150_000_000, "", True),
                Model("qwen/qwen3-4b", None, 32768, 2_497_280_256, "4B Q4_K_M", False),
            ),
        ),
        (
            OLD_LMSTUDIO,
            "lmstudio",
            (Model("m-1b", 4096, 131072, None, "", True), Model("m-7b", None, 32768, None, "llama", False)),
        ),
        (LLAMACPP, "llamacpp", (Model("qwen2.5-7b-q4_k_m.gguf", 8192, 32768, 4_677_120_000, "", True),)),
        (OLD_LLAMACPP, "llamacpp", (Model("qwen2.5-7b-q4_k_m.gguf", 8192, 32768, 4_677_120_000, "", True),)),
        (
            LLAMACPP_ROUTER,
            "llamacpp",
            (Model("alpha", 2048, 32768, 4_677_120_000, "", True), Model("beta", None, None, None, "", False)),
        ),
        (VLLM, "vllm", (Model("Qwen/Qwen2.5-7B-Instruct", 32768),)),
    ],
)
def test_each_server_is_known_by_its_answers_whatever_port_it_has(
    guess: str, routes: Mapping[str, Reply], provider: str, models: tuple[Model, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLM_API_KEY", SECRET)
    server = look(routes, guess)
    assert (server.provider, server.models, server.problem) == (provider, models, "")


def test_windows_are_said_as_people_call_them() -> None:
    assert [short_tokens(count) for count in (4096, 8192, 131072, 40_960, 200_000)] == [
        *("4k", "8k", "128k", "40k"),
        "200.0k",
    ]
    assert Model("m", 4096, 131072).window_words == "4k of 128k"
    assert Model("m", None, 32768).window_words == "up to 32k"
    assert Model("m", 32768, 32768).window_words == "32k"
    assert Model("m").window_words == ""


@pytest.mark.parametrize(
    ("routes", "problem"),
    [
        ({}, "not as a model server"),
        (dict.fromkeys(("/api/tags", "/props", "/v1/models"), web_page()), "not as a model server"),
        (dict.fromkeys(("/props", "/v1/models"), LOADING), "is loading its model"),
        ({"/v1/models": plain_json({"error": "no"}, 401)}, "wants a key"),
        ({"/api/tags": plain_json({"models": []})}, "has no model yet"),
        ({"/v1/models": plain_json({"data": [3, {"id": 4}, {"id": "a\x1b[2J"}, {"id": "x" * 999}]})}, "no model yet"),
        ({"/api/tags": plain_json({"models": {"a": 1}})}, "not as a model server"),
        ({"/api/tags": Reply(content_type="application/json", chunks=(b"[" * 100_000,))}, "not as a model server"),
        ({"/api/tags": Reply(content_type="application/json", chunks=(b'{"models"',), cut=True)}, "hung up"),
    ],
)
def test_what_is_no_server_of_models_is_told_in_a_few_words(routes: Mapping[str, Reply], problem: str) -> None:
    server = look(routes, "ollama")
    assert problem in server.problem
    assert server.models == ()


def test_numbers_that_are_none_are_unknown() -> None:
    sizes = [-1, "many", 1.5, True, None, 10**30]
    routes = {"/api/tags": plain_json({"models": [{"name": f"m{n}", "size": s} for n, s in enumerate(sizes)]})}
    assert {model.bytes for model in look(routes, "ollama").models} == {None}


def test_one_that_stalls_is_cut_off_and_keeps_nobody_waiting() -> None:
    before = threading.active_count()
    stalls = {"/api/tags": Reply(stall=True)}
    drips = Reply(content_type="application/json", chunks=(b" ",), stall=True)
    with (
        Loopback(routes=stalls) as silent,
        Loopback(routes={"/api/tags": drips}) as dripping,
        Loopback(routes=OLLAMA) as good,
    ):
        found: list[str] = []
        urls = {f"{server.url}/v1": "ollama" for server in (silent, dripping, good)}
        Probe(urls, 0.4).run(lambda server: found.append(server.problem))
    assert found[0] == "", "the one that answers comes first"
    assert len(found) == 3
    assert all("said nothing" in problem for problem in found[1:])
    assert threading.active_count() == before


def test_models_that_are_known_are_kept_when_their_details_stall() -> None:
    routes = {"/api/tags": OLLAMA["/api/tags"], "/api/ps": OLLAMA["/api/ps"], "/api/show": Reply(stall=True)}
    with Loopback(routes=routes) as server:
        (found,) = probe({f"{server.url}/v1": "ollama"}, 0.4)
    assert [model.name for model in found.models] == [
        "llama3.2:1b",
        "qwen2.5:7b",
        "nomic-embed-text:latest",
        "long:8b",
    ]


def test_stopping_ends_a_probe_at_once() -> None:
    asked, over = threading.Event(), threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        search = Probe({f"http://127.0.0.1:{listener.getsockname()[1]}/v1": "ollama"}, 60.0)

        def run() -> None:
            search.run(lambda _: None)
            over.set()

        thread = threading.Thread(target=run)
        thread.start()
        client, _ = listener.accept()
        asked.wait(0) or client.recv(10)
        search.stop()
        assert over.wait(20)
        thread.join()
        client.close()


@pytest.mark.parametrize(
    "raw", [b"\x00\xff\xfe no http\r\n", b"", b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 300, b"x" * 70_000]
)
def test_what_is_no_http_at_all_is_told_and_no_traceback(raw: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            client, _ = listener.accept()
            with client:
                client.recv(65536)
                client.sendall(raw)

        thread = threading.Thread(target=answer)
        thread.start()
        (found,) = probe({f"http://127.0.0.1:{listener.getsockname()[1]}/v1": "ollama"})
        thread.join()
    assert (found.models, found.problem, found.is_sure) == ((), "hung up", False)
    assert capfd.readouterr() == ("", "")


def test_nobody_at_an_address_is_passed_over_in_silence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert probe({f"http://127.0.0.1:{port}/v1": "ollama"}) == []


# -- which addresses


def test_the_usual_ports_are_asked_and_what_the_environment_names(monkeypatch: pytest.MonkeyPatch) -> None:
    ports = {11434: "ollama", 1234: "lmstudio", 8080: "llamacpp", 8000: "vllm", 9931: "llamacpp"}
    assert usual_servers() == {f"http://127.0.0.1:{port}/v1": name for port, name in ports.items()}
    monkeypatch.setenv("OPENAI_BASE_URL", "http://localhost:5000/v1")
    monkeypatch.setenv("OLLAMA_HOST", "10.0.0.5")
    urls = list(usual_servers("http://localhost:9/v1"))
    assert urls[:3] == ["http://localhost:9/v1", "http://localhost:5000/v1", "http://10.0.0.5:11434/v1"]
    monkeypatch.setenv("OPENAI_BASE_URL", "https://gateway.example/v1")
    assert "https://gateway.example/v1" not in usual_servers(), "only this machine is looked at unasked"
    monkeypatch.setenv("OLLAMA_HOST", "http://[bad")
    assert "ollama" not in usual_servers().values()


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1:11500", "http://127.0.0.1:11500/v1"),
        ("0.0.0.0", "http://127.0.0.1:11434/v1"),  # noqa: S104
        (":11500", "http://127.0.0.1:11500/v1"),
        ("[::]:11500", "http://[::1]:11500/v1"),
        ("box.local", "http://box.local:11434/v1"),
        ("https://ollama.example", "https://ollama.example/v1"),
        ("http://box:80/path/", "http://box:80/path/v1"),
        (' "box:1" ', "http://box:1/v1"),
    ],
)
def test_ollama_host_means_what_ollama_takes_it_for(host: str, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_HOST", host)
    assert resolve("ollama/m").base_url == url
    assert resolve("vllm/m").base_url == PROVIDERS["vllm"].base_url


# -- the command


@pytest.fixture
def ollama() -> Iterator[Loopback]:
    with Loopback(routes=OLLAMA) as server:
        yield server


def test_models_lists_servers_and_keys_and_never_a_key(tmp_path: Path, ollama: Loopback) -> None:
    done = rlm_tui("models", home=tmp_path, OLLAMA_HOST=ollama.host, OPENAI_API_KEY=SECRET)
    table = done.stdout.decode().splitlines()
    assert done.returncode == 0
    assert table[1].split(maxsplit=1) == ["offline", "keyword search demo, no LLM: words only"]
    row = next(line for line in table if line.startswith("ollama/qwen2.5:7b"))
    assert " ".join(row.split()) == f"ollama/qwen2.5:7b up to 32k 4.7 GB 7.6B Q4_K_M · at {ollama.host}"
    assert any(line.startswith("openai/NAME") and "OPENAI_API_KEY" in line for line in table)
    assert SECRET.encode() not in done.stdout + done.stderr
    assert "embed" not in done.stdout.decode()


def test_models_json_is_one_object_a_line(tmp_path: Path, ollama: Loopback) -> None:
    with Loopback(routes=LLAMACPP) as other:
        base = f"{other.url}/v1"
        done = rlm_tui("models", "--json", "--base-url", base, home=tmp_path, OLLAMA_HOST=ollama.host)
    entries = {entry["model"]: entry for entry in map(json.loads, done.stdout.splitlines())}
    assert entries["offline"]["kind"] == "built-in"
    loaded = entries["ollama/llama3.2:1b"]
    assert (loaded["window"], loaded["largest_window"], loaded["loaded"]) == (4096, 131072, True)
    named = entries["llamacpp/qwen2.5-7b-q4_k_m.gguf"]
    assert (named["base_url"], named["usual"], f"--base-url {base}" in named["words"]) == (base, False, True)


def test_models_names_an_address_without_what_may_be_secret_in_it(tmp_path: Path) -> None:
    with Loopback(routes=LLAMACPP) as other:
        base = f"{other.url}/v1"
        words = "models", "--base-url", f"{base}?token={SECRET}"
        table, told = (rlm_tui(*words, *more, home=tmp_path) for more in ((), ("--json",)))
        named = rlm_tui("models", home=tmp_path, OPENAI_BASE_URL=base.replace("//", f"//me:{SECRET}@"))
    for done in (table, told, named):
        assert base.partition("//")[2].removesuffix("/v1").encode() in done.stdout
        assert SECRET.encode() not in done.stdout + done.stderr


def test_what_models_names_can_be_asked(tmp_path: Path) -> None:
    from loopback import ollama_stream

    (tmp_path / "note.txt").write_text("text")
    with Loopback(ollama_stream("FINAL(42)"), routes=OLLAMA) as server:
        words = "run", str(tmp_path / "note.txt"), "-q", "What?", "-m", "ollama/qwen2.5:7b", "--dialect", "paper"
        done = rlm_tui(*words, "--sandbox", "none", home=tmp_path, OLLAMA_HOST=server.host)
        assert (done.returncode, done.stdout) == (0, b"42\n")
        assert server.seen[0].body["model"] == "qwen2.5:7b"


def test_a_server_that_can_offer_nothing_is_named_on_stderr(tmp_path: Path) -> None:
    with Loopback() as server:
        done = rlm_tui("models", "--base-url", f"{server.url}/v1", home=tmp_path)
    assert done.returncode == 0
    assert f"{server.host} answers, but not as a model server." in done.stderr.decode()
    bad = rlm_tui("models", "--base-url", "nonsense", home=tmp_path)
    assert (bad.returncode, bad.stdout) == (2, b"")
