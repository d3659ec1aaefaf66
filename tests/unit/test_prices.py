"""What calls cost: by the bundled table and the person's own; unknown stays unknown."""

from __future__ import annotations

import asyncio
import datetime as dt
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlm_tui.errors import UsageError
from rlm_tui.events import Usage
from rlm_tui.lm import prices
from rlm_tui.lm.base import Message, Request
from rlm_tui.lm.fitted import is_unpriced
from rlm_tui.lm.prices import Price, PricedLM, Prices
from rlm_tui.lm.registry import resolve
from rlm_tui.lm.scripted import Item, ScriptedLM

REQUEST = Request((Message("user", "What?"),), "m")


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RLM_TUI_HOME", str(tmp_path))
    for name in ("LLM_BASE_URL", "OPENAI_BASE_URL", "OLLAMA_HOST"):
        monkeypatch.delenv(name, raising=False)


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_a_price_is_dollars_a_million_tokens(tokens_in: int, tokens_out: int) -> None:
    cost = Price(2.0, 8.0).of(Usage(tokens_in, tokens_out))
    assert cost == pytest.approx(tokens_in * 2e-6 + tokens_out * 8e-6)


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_long_request_is_dearer_as_a_whole(tokens_in: int, tokens_out: int) -> None:
    tiered = Price(2.0, 8.0, 200_000, 4.0, 12.0)
    flat = Price(4.0, 12.0) if tokens_in > 200_000 else Price(2.0, 8.0)
    assert tiered.of(Usage(tokens_in, tokens_out)) == flat.of(Usage(tokens_in, tokens_out))


@pytest.mark.parametrize("usage", [Usage(), Usage(5), Usage(None, 5)])
def test_unknown_counts_make_an_unknown_cost(usage: Usage) -> None:
    assert Price(2.0, 8.0).of(usage) is None


def test_the_exact_name_goes_before_the_longest_beginning() -> None:
    table = Prices({"a/m": Price(1, 1), "a/m*": Price(2, 2), "a/m-mini*": Price(3, 3)})
    assert [table.price(name) for name in ("a/m", "a/m-2", "a/m-mini-2", "a/n", "b/m")] == [
        Price(1, 1),
        Price(2, 2),
        Price(3, 3),
        None,
        None,
    ]


def test_the_bundled_prices_are_dated_and_know_the_common_models() -> None:
    assert tomllib.loads(prices._BUNDLED.read_text("utf-8"))["date"] >= dt.date(2026, 8, 21)
    table = prices.load()
    assert table.price("gemini/gemini-2.5-pro") == Price(1.25, 10.0, 200_000, 2.5, 15.0)
    for name in ("openai/gpt-4o-mini", "openai/gpt-4o-mini-2024-07-18", "anthropic/claude-sonnet-4-5"):
        assert table.price(name) is not None
    assert table.price("openai/gpt-4o-audio-preview") is None, "another model, with other prices"


def test_a_server_of_this_machine_is_free_and_a_proxy_on_it_is_not() -> None:
    table = prices.load()
    assert table.of(resolve("llamacpp/some.gguf")) == Price(0, 0)
    assert table.of(resolve("vllm/x", base_url="http://gpu.example:8000/v1")) is None
    proxy = "http://localhost:4000/v1"
    assert table.of(resolve("openai/unheard-of", base_url=proxy)) is None
    assert table.of(resolve("openai/gpt-4o-mini", base_url=proxy)) == Price(0.15, 0.6)


def test_the_persons_own_prices_win(tmp_path: Path) -> None:
    own = (
        '[models]\n"openai/gpt-4o-mini" = { input = 7, output = 9.5 }\n"azure/mine*" = { input = 1.0, output = 2.0 }\n'
    )
    (tmp_path / "prices.toml").write_text(own)
    table = prices.load()
    assert table.price("openai/gpt-4o-mini") == Price(7, 9.5)
    assert table.price("azure/mine-2") == Price(1, 2)
    assert table.price("openai/gpt-4o") is not None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[models", "no TOML"),
        ("[prices]\n", "prices"),
        ("models = 3", "no table"),
        ('[models]\n"a/b" = 3', "'a/b'"),
        ('[models]\n"a/b" = { input = 3 }', "'a/b'"),
        ('[models]\n"a/b" = { input = -1, output = 2 }', "'a/b'"),
        ('[models]\n"a/b" = { input = nan, output = 2 }', "'a/b'"),
        (f'[models]\n"a/b" = {{ input = 1{"0" * 400}, output = 2 }}', "'a/b'"),
        ('[models]\n"a/b" = { input = 2, output = 1e308 }', "'a/b'"),
        ('[models]\n"a/b" = { input = true, output = 2 }', "'a/b'"),
        ('[models]\n"a/b" = { input = 1, output = 2, over = 5 }', "'a/b'"),
    ],
)
def test_prices_that_cannot_be_meant_are_one_sentence_with_the_file(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "prices.toml").write_text(text)
    with pytest.raises(UsageError) as caught:
        prices.load()
    assert says in str(caught.value)
    assert str(tmp_path / "prices.toml") in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_a_provider_tells_of_the_cost_is_not_overwritten() -> None:
    lm = PricedLM(ScriptedLM([Item("a", usage=Usage(10, 5, 0.5)), Item("b", usage=Usage(10, 5))]), Price(1e5, 1e5))
    told, counted = (asyncio.run(lm.complete(REQUEST)) for _ in range(2))
    assert (told.usage.cost_usd, counted.usage.cost_usd) == (0.5, 1.5)
    assert lm.name == "scripted"


def test_which_models_no_limit_of_dollars_binds() -> None:
    assert is_unpriced("azure-like", "https://gateway.example/v1")
    assert not any(map(is_unpriced, ("openai/gpt-4o", "openrouter/any/thing", "ollama/q", "offline", "scripted:x")))
