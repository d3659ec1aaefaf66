"""How models are named, where keys may go, and that naming one costs no import of an SDK."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlm_tui.errors import ProviderAuthError, ProviderBusyError, ProviderError, RlmTuiError, UsageError
from rlm_tui.lm.base import Message, OnDelta, Request, Response
from rlm_tui.lm.failures import error_for_status, retry_after_seconds
from rlm_tui.lm.human import HumanLM
from rlm_tui.lm.providers import PROVIDERS
from rlm_tui.lm.registry import check_spec, describe, is_local, make_lm, resolve
from rlm_tui.lm.retry import backoff, complete_with_retries
from rlm_tui.lm.scripted import Failure, Item, ScriptedLM
from rlm_tui.text import safe

HOSTED = sorted(name for name, provider in PROVIDERS.items() if provider.hosted and provider.base_url)
ON_THIS_MACHINE = sorted(name for name, provider in PROVIDERS.items() if not provider.hosted)


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for provider in PROVIDERS.values():
        for name in (*provider.key_names, *provider.url_names):
            monkeypatch.delenv(name, raising=False)


@pytest.fixture
def answers(tmp_path: Path) -> Path:
    path = tmp_path / "answers.json"
    path.write_text('["one"]')
    return path


# -- names


def test_models_that_need_no_server(answers: Path) -> None:
    lm = make_lm(f" scripted:{answers} ")
    assert isinstance(lm, ScriptedLM)
    assert lm.name == f"scripted:{answers}"
    assert isinstance(make_lm("human"), HumanLM)
    assert make_lm("offline").name == "offline"
    for spec in ("offline", "human", f"scripted:{answers}"):
        check_spec(spec)
        assert is_local(spec)


@pytest.mark.parametrize(
    ("spec", "hint"),
    [
        ("ofline", "did you mean offline?"),
        ("opnai/gpt-4o", "did you mean openai/gpt-4o?"),
        ("antropic/claude", "did you mean anthropic/claude?"),
        ("scriptd:a.json", "did you mean scripted:FILE?"),
        ("gpt-4o", "write openai/gpt-4o"),
        ("claude-x", "write anthropic/claude-x"),
        ("qwen2.5:7b", "write ollama/qwen2.5:7b"),
        ("llama3:8b", "write ollama/llama3:8b"),
        ("ollama:llama3:8b", "did you mean ollama/llama3:8b?"),
        ("opnai:gpt-4o", "did you mean openai/gpt-4o?"),
        ("openai/", "write openai/NAME"),
        ("openai", "write openai/NAME"),
        ("foo/bar", "there are openai, anthropic"),
        ("scripted:", "scripted:FILE"),
        ("scripted:missing.json", "missing.json"),
        ("", "write openai/NAME"),
    ],
)
def test_an_unknown_model_gets_one_sentence_that_names_the_nearest(spec: str, hint: str) -> None:
    for look in (check_spec, make_lm):
        with pytest.raises(UsageError) as caught:
            look(spec)
        assert hint in str(caught.value)


@settings(deadline=None, max_examples=200)
@given(st.text(max_size=30))
def test_any_text_is_a_model_or_one_line(spec: str) -> None:
    said = _described(spec)
    assert said
    assert safe(said) == said


def _described(spec: str) -> str:
    try:
        return safe(describe(spec))
    except UsageError as error:
        return str(error)


def test_any_name_is_a_model_of_a_server_with_an_address() -> None:
    for spec in ("qwen3:8b", "meta-llama/Llama-3.3"):
        endpoint = resolve(spec, base_url="http://localhost:8000/v1")
        assert (endpoint.provider, endpoint.model) == ("openai", spec)
        check_spec(spec, base_url="http://localhost:8000/v1")
    assert resolve("openai/gpt", base_url="http://localhost:8000/v1").model == "gpt"


def test_descriptions_tell_what_answers(answers: Path) -> None:
    assert describe("offline") == "keyword search demo, no LLM: words only"
    assert describe("human") == "you answer"
    assert describe(f"scripted:{answers}") == f"answers from {answers}, no LLM"
    assert describe("openai/gpt-4o") == "gpt-4o at api.openai.com"
    assert describe("x", "http://[::1]:8000/v1") == "x at [::1]:8000"


@pytest.mark.parametrize("provider", ON_THIS_MACHINE)
def test_servers_on_this_machine_need_no_key(provider: str) -> None:
    endpoint = resolve(f"{provider}/model")
    assert endpoint.is_local
    endpoint.check()


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://localhost:1/v1", True),
        ("http://127.8.0.1/v1", True),
        ("http://[::1]:2/v1", True),
        ("https://example.com/v1", False),
        ("http://localhost.example.com/v1", False),
        ("http://10.0.0.1/v1", False),
    ],
)
def test_local_is_what_stays_on_this_machine(url: str, local: bool) -> None:
    assert is_local("openai/m", url) is local


# -- keys and addresses


@pytest.mark.parametrize("provider", HOSTED)
def test_a_missing_key_is_one_sentence_naming_the_variable(provider: str) -> None:
    with pytest.raises(ProviderAuthError, match=PROVIDERS[provider].key_names[-1]) as caught:
        make_lm(f"{provider}/model")
    assert caught.value.exit_code == 3


def test_settings_come_from_arguments_then_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "second")
    monkeypatch.setenv("OPENAI_BASE_URL", "https://second.example/v1")
    endpoint = resolve("openai/m")
    assert (endpoint.api_key, endpoint.base_url) == ("second", "https://second.example/v1")
    monkeypatch.setenv("LLM_API_KEY", "first")
    monkeypatch.setenv("LLM_BASE_URL", "https://first.example/v1")
    endpoint = resolve("openai/m")
    assert (endpoint.api_key, endpoint.base_url) == ("first", "https://first.example/v1")
    endpoint = resolve("openai/m", base_url="https://mine.example/v1", api_key="mine")
    assert (endpoint.api_key, endpoint.base_url) == ("mine", "https://mine.example/v1")


def test_an_openai_key_goes_to_no_other_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    monkeypatch.setenv("OPENAI_BASE_URL", "https://elsewhere.example/v1")
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", "https://mine.openai.azure.com")
    for provider in PROVIDERS.keys() - {"openai"}:
        endpoint = resolve(f"{provider}/m")
        assert endpoint.api_key is None
        assert endpoint.base_url == (PROVIDERS[provider].base_url or "https://mine.openai.azure.com/openai/v1")


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
def test_a_key_goes_over_plain_http_to_this_machine_only(provider: str) -> None:
    with pytest.raises(UsageError, match="plain http") as caught:
        make_lm(f"{provider}/m", base_url="http://example.com/v1", api_key="secret")
    assert "secret" not in str(caught.value)
    resolve(f"{provider}/m", base_url="http://example.com/v1").check()
    resolve(f"{provider}/m", base_url="https://example.com/v1", api_key="secret").check()
    resolve(f"{provider}/m", base_url="http://127.0.0.1:1/v1", api_key="secret").check()


@pytest.mark.parametrize(
    "url", ["localhost:8000", "ftp://host/v1", "http://", "http://host:99999/v1", "http://[bad/v1", "/v1", "http://:1/"]
)
def test_an_address_that_is_none_is_one_sentence(url: str) -> None:
    for look in (check_spec, make_lm):
        with pytest.raises(UsageError, match="http or https address"):
            look("openai/m", base_url=url)


def test_a_secret_in_an_address_is_refused_without_being_shown() -> None:
    with pytest.raises(UsageError, match="password") as caught:
        make_lm("m", base_url="http://me:hunter2@localhost/v1")
    assert "hunter2" not in str(caught.value)


def test_a_key_is_never_shown() -> None:
    assert "secret" not in repr(resolve("openai/m", api_key="secret"))
    with pytest.raises(UsageError, match="The key in OPENAI_API_KEY") as caught:
        make_lm("openai/m", api_key="sec\nret")
    assert "sec" not in str(caught.value)


def test_a_message_names_the_variable_that_the_key_came_from(monkeypatch: pytest.MonkeyPatch) -> None:
    assert resolve("openai/m").key_name == "OPENAI_API_KEY"
    monkeypatch.setenv("LLM_API_KEY", "secret")
    assert resolve("openai/m").key_name == "LLM_API_KEY"


def test_naming_a_model_imports_no_sdk(answers: Path) -> None:
    code = (
        "import sys\n"
        "from rlm_tui.lm.registry import check_spec, describe, is_local, make_lm\n"
        "import rlm_tui.lm.anthropic_client, rlm_tui.lm.openai_client, rlm_tui.lm.retry\n"
        "for spec in ('openai/m', 'anthropic/m', 'ollama/m'):\n"
        "    check_spec(spec), describe(spec), is_local(spec)\n"
        "make_lm('human'), make_lm('offline'), make_lm(sys.argv[1])\n"
        "heavy = {'openai', 'anthropic', 'httpx', 'httpx2', 'pydantic', 'textual', 'rich'} & set(sys.modules)\n"
        "sys.exit(', '.join(heavy) or None)\n"
    )
    command = [sys.executable, "-c", code, f"scripted:{answers}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


# -- trying again


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, ProviderError), (401, ProviderAuthError), (403, ProviderAuthError), (404, ProviderError)]
    + [(status, ProviderBusyError) for status in (408, 429, 500, 502, 503, 529)],
)
def test_a_status_is_one_leaf_of_the_error_tree(status: int, kind: type[RlmTuiError]) -> None:
    error = error_for_status(status, "x", 2.0)
    assert type(error) is kind
    assert error.status == status
    assert error.retry_after == (2.0 if kind is ProviderBusyError else None)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("3", 3.0), ("1.5", 1.5), ("", None), ("soon", None), ("-1", None), ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0)],
)
def test_retry_after_is_seconds_or_a_date(value: str, seconds: float | None) -> None:
    assert retry_after_seconds({"retry-after": value}) == seconds
    assert retry_after_seconds({}) is None


@pytest.mark.parametrize("value", ["1" + "0" * 400, "9" * 20, "Wed, 21 Oct 9999 07:28:00 GMT"])
async def test_who_asks_for_ages_is_given_up_in_a_sentence(value: str) -> None:
    asked = retry_after_seconds({"retry-after": value})
    assert asked == 1e9
    told: list[tuple[str, float | None]] = []
    with pytest.raises(ProviderBusyError, match="left alone for more than a day, so it is not asked again") as caught:
        await complete_with_retries(
            _Busy(error_for_status(429, "Busy.", asked)),
            Request((Message("user", "?"),), "m"),
            on_failure=lambda error, wait: told.append((str(error), wait)),
        )
    assert told == [(str(caught.value), None)]


@pytest.mark.parametrize(
    "value", ["Wed, 21 Oct 2015 07:28:00 +9999999999999999", f"Wed, 21 Oct {'9' * 20} 07:28:00 GMT"]
)
def test_a_date_that_cannot_be_is_no_wish(value: str) -> None:
    assert retry_after_seconds({"retry-after": value}) is None


class _Busy:
    name = "busy"

    def __init__(self, error: ProviderError) -> None:
        self._error = error

    async def complete(self, request: Request, on_delta: OnDelta | None = None) -> Response:
        raise self._error

    async def close(self) -> None:
        pass


@settings(deadline=None, max_examples=100)
@given(st.integers(1, 12), st.none() | st.floats(0, 1e6))
def test_a_wait_is_never_shorter_than_asked_for_and_else_never_over_a_minute(attempt: int, asked: float | None) -> None:
    wait = backoff(attempt, asked)
    assert max(asked or 0.0, 0.5) <= wait <= max(60.0, (asked or 0.0) + 1.0)


@pytest.mark.parametrize("asked", [None, 0.0, 30.0])
@pytest.mark.parametrize("attempt", [1, 4, 12])
def test_calls_that_failed_together_do_not_come_back_in_the_same_moment(attempt: int, asked: float | None) -> None:
    assert len({backoff(attempt, asked) for _ in range(20)}) == 20


@pytest.mark.parametrize("asked", [61.0, 600.0])
async def test_up_to_ten_minutes_are_waited_for_whole(asked: float) -> None:
    result, delays, waits = await _try(ScriptedLM([Item(error=Failure(429, asked)), "in time"]))
    assert isinstance(result, Response)
    assert delays == waits
    assert asked <= waits[0] <= asked + 1.0


async def test_more_than_ten_minutes_are_not_waited_for() -> None:
    result, delays, waits = await _try(ScriptedLM([Item(error=Failure(429, 601.0)), "late"]))
    assert isinstance(result, ProviderBusyError)
    assert (delays, waits) == ([None], [])


async def test_who_asks_for_hours_is_not_asked_again_and_it_is_said() -> None:
    result, delays, waits = await _try(ScriptedLM([Item(error=Failure(429, 7200.0)), "late"]))
    assert isinstance(result, ProviderBusyError)
    assert "left alone for 2:00:00" in str(result)
    assert (result.status, delays, waits) == (429, [None], [])


async def _try(lm: ScriptedLM, attempts: int = 4) -> tuple[Response | ProviderError, list[float | None], list[float]]:
    delays: list[float | None] = []
    waits: list[float] = []
    request = Request((Message("user", "?"),), "x")
    try:
        result: Response | ProviderError = await complete_with_retries(
            lm, request, on_failure=lambda _, delay: delays.append(delay), sleep=_waiter(waits), attempts=attempts
        )
    except ProviderError as error:
        result = error
    return result, delays, waits


def _waiter(waits: list[float]) -> Callable[[float], Awaitable[None]]:
    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    return sleep


async def test_the_busy_are_asked_again_as_they_wish() -> None:
    lm = ScriptedLM([Item(error=Failure(429, 7.0)), Item(error=Failure(500)), "ok"])
    result, delays, waits = await _try(lm)
    assert isinstance(result, Response)
    assert delays == waits
    assert 7.0 <= waits[0] <= 7.7
    assert len(waits) == 2


async def test_after_the_last_attempt_the_error_is_raised() -> None:
    result, delays, waits = await _try(ScriptedLM([Item(error=Failure(503))] * 9), attempts=3)
    assert isinstance(result, ProviderBusyError)
    assert delays == [*waits, None]
    assert len(waits) == 2


async def test_what_will_not_change_is_not_asked_again() -> None:
    result, delays, waits = await _try(ScriptedLM([Item(error=Failure(401)), "ok"]))
    assert isinstance(result, ProviderAuthError)
    assert (delays, waits) == ([None], [])
