"""The settings: one schema, four places in a fixed order, and one sentence for whatever cannot be meant."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as laws
from hypothesis import strategies as st

from rlm_tui import config
from rlm_tui.config import BY_NAME, SETTINGS, check, load, parse
from rlm_tui.engine.dialect import READINGS
from rlm_tui.errors import UsageError
from rlm_tui.events import Limits
from rlm_tui.lm.endpoint import SILENCE_S
from rlm_tui.session.setup import Setup


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place for settings with nothing in it, and nothing in the environment."""
    monkeypatch.setenv("RLM_TUI_HOME", str(tmp_path))
    for name in (name for setting in SETTINGS for name in setting.environment):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def write(home: Path, text: str) -> Path:
    path = home / "config.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_command_line_goes_before_environment_before_file_before_default(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def seen(given: int | None = None) -> tuple[object, str]:
        settings = load({"memory": given})
        return settings["memory"], settings.source("memory")

    assert seen() == (2048, "default")
    write(home, "memory = 300\n")
    assert seen() == (300, "file")
    monkeypatch.setenv("RLM_TUI_MEMORY", "400")
    assert seen() == (400, "environment")
    assert seen(500) == (500, "command line")


def test_every_setting_is_taken_from_file_and_environment(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    values = {setting.name: _another(setting) for setting in SETTINGS}
    write(home, "\n".join(f"{name} = {_toml(value)}" for name, value in values.items()))
    assert {name: load()[name] for name in values} == values
    assert {load().source(name) for name in values} == {"file"}
    write(home, "")
    for setting in SETTINGS:
        monkeypatch.setenv(setting.environment[0], setting.shown(values[setting.name]))
    assert {name: load()[name] for name in values} == values
    assert {load().source(name) for name in values} == {"environment"}


def _another(setting: config.Setting) -> config.Value:
    if setting.choices:
        return next(choice for choice in setting.choices if choice != setting.default)
    return {"text": "other", "whole": 77, "number": 7.5, "flag": not setting.default, "choice": ""}[setting.kind]


def _toml(value: config.Value) -> str:
    return str(value).lower() if isinstance(value, bool) else repr(value)


def test_defaults_are_those_of_the_engine(home: Path) -> None:
    settings, limits, setup = load(), Limits(), Setup()
    assert (limits.iterations, limits.subcalls, limits.tokens, limits.seconds, limits.errors) == (
        *(settings[f"max_{name}"] for name in ("iterations", "subcalls", "tokens", "seconds", "errors")),
    )
    assert settings["max_concurrency"] is None
    assert BY_NAME["max_concurrency"].none.startswith(f"{limits.concurrency};")
    assert (limits.block_timeout_s, SILENCE_S) == (settings["block_timeout"], settings["silence"])
    assert (setup.dialect, setup.sandbox, setup.memory_mb) == tuple(
        settings[name] for name in ("dialect", "sandbox", "memory")
    )
    assert BY_NAME["dialect"].doc.startswith(", ".join(("auto", *READINGS)))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a = 1\nmax_iteration = 3", ["line 2", "no setting 'max_iteration'", "did you mean max_iterations"]),
        ("zzzz = 3", ["no setting 'zzzz'", "there are model, sub_model"]),
        ('# how far\n\nmax_iterations = "many"', ["line 3", "max_iterations is 'many'", "a whole number above 0"]),
        ("max_iterations = 0", ["line 1", "max_iterations is 0"]),
        ("max_iterations = true", ["max_iterations is True"]),
        ("max_iterations = 2.5", ["max_iterations is 2.5"]),
        ("max_seconds = inf", ["max_seconds is inf", "a number above 0, at most 9007199254740992"]),
        ("memory = 3", ["memory is 3", "a whole number from 64 to 1048576"]),
        ("model = 3", ["model is 3", "a text"]),
        ('sandbox = "sand"', ["sandbox is 'sand'", "one of auto, strong, none"]),
        ("save_trace = 1", ["save_trace is 1", "true or false"]),
        ("model = = 1", ["are no TOML", "line 1"]),
        ("keys = 1", ["keys is no table", "[keys]"]),
        ('[keys]\n"gate.run" = 3', ["line 2", "the key of gate.run is 3"]),
    ],
)
def test_what_cannot_be_meant_is_one_sentence_that_names_the_place(home: Path, text: str, words: list[str]) -> None:
    write(home, text if not text.startswith("a = 1") else text.replace("a = 1", 'model = "offline"'))
    with pytest.raises(UsageError) as caught:
        load()
    assert "\n" not in str(caught.value)
    assert [word for word in [str(home / "config.toml"), *words] if word not in str(caught.value)] == []
    assert caught.value.exit_code == 2


def test_a_variable_that_cannot_be_meant_is_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RLM_TUI_BLOCK_TIMEOUT", "soon")
    with pytest.raises(UsageError, match="RLM_TUI_BLOCK_TIMEOUT is 'soon'; it takes a number above 0"):
        load()


def test_a_file_that_cannot_be_read_is_said(home: Path) -> None:
    (home / "config.toml").write_bytes(b"model = '\xff'")
    with pytest.raises(UsageError, match="it is no UTF-8 text"):
        load()
    (home / "config.toml").unlink()
    (home / "config.toml").mkdir()
    with pytest.raises(UsageError, match="cannot be read"):
        load()


def test_keys_may_be_quoted_bare_one_or_several(home: Path) -> None:
    write(home, '[keys]\n"gate.run" = "z"\ngate.edit = ["E", "F6"]\n"app.theme" = ""\n')
    assert load().keys == {"gate.run": ("z",), "gate.edit": ("E", "F6"), "app.theme": ()}


@given(
    st.sampled_from(SETTINGS), st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.none())
)
@laws(deadline=None, max_examples=300)
def test_a_value_is_kept_or_refused_and_what_is_shown_means_it_again(setting: config.Setting, value: object) -> None:
    try:
        kept = check(setting, value)
    except ValueError:
        return
    assert kept == value
    if kept != "" and setting.kind in ("whole", "flag", "choice"):
        assert parse(setting, setting.shown(kept)) == kept


@pytest.mark.parametrize("number", ["9" * 400, "9007199254740993", "1e300", "nan", "inf", "-1"])
@pytest.mark.parametrize("name", ["max_cost", "max_tokens"])
def test_a_number_that_nothing_can_carry_is_refused(home: Path, name: str, number: str) -> None:
    write(home, f"{name} = {number}\n")
    with pytest.raises(UsageError, match=f"line 1: {name} is .+; it takes a (whole )?number above 0"):
        load()
