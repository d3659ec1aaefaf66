"""Whatever JSON a server answers with, reading it gives models or none, and never an exception."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from rlm_tui.lm.endpoint import Endpoint
from rlm_tui.lm.servers import READERS, Get, Model, llamacpp, openai_models
from rlm_tui.lm.stage import Stages

NAMES = (
    *("models", "data", "name", "id", "key", "size", "details", "capabilities", "parameters", "model_info", "type"),
    *("default_generation_settings", "n_ctx", "state", "loaded_instances", "config", "context_length", "meta"),
    *("general.architecture", "qwen2.context_length", "max_model_len", "owned_by", "total_slots", "model_path"),
)
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["x", "qwen2", "num_ctx 99", "\x1b["])
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=6),
    max_leaves=40,
)


def _get(answers: list[Any]) -> Get:
    turns = iter(answers * 20)
    return lambda *_: next(turns, None)


def _is_sound(model: Model) -> bool:
    numbers = (model.window, model.most, model.bytes)
    is_named = 0 < len(model.name) <= 200 and model.name.isprintable()
    return is_named and all(number is None or number > 0 for number in numbers) and isinstance(model.window_words, str)


@settings(deadline=None, max_examples=300)
@given(st.lists(JSON, min_size=1, max_size=5))
def test_any_json_is_models_or_none(answers: list[Any]) -> None:
    for reader in (*READERS.values(), lambda get: (openai_models(get) or ("", None))[1]):
        models = reader(_get(answers))
        assert models is None or all(map(_is_sound, models))


@settings(deadline=None, max_examples=200)
@given(st.sampled_from(["ollama", "lmstudio", "llamacpp"]), JSON)
def test_any_json_is_a_stage(provider: str, answer: Any) -> None:
    stages = Stages(Endpoint(provider, "x", "http://127.0.0.1:1/v1", "LLM_API_KEY"))
    stages._get = lambda _path: answer  # type: ignore[method-assign]
    assert stages.look() in ("loading", "queued", "reading")


def test_a_path_that_is_no_name_is_none() -> None:
    for path in ("\x1b[2J", "/models/", "x" * 999, 3):
        props = {"default_generation_settings": {"n_ctx": 1}, "model_path": path}
        assert llamacpp({"/props": props}.get) == []
