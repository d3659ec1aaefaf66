"""The themes: every role has a colour that can be read, and the safe ones tell states apart for every eye."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import get_args

import pytest
from textual.theme import Theme

from rlm_tui.config import load
from rlm_tui.errors import UsageError
from rlm_tui.resources import folder
from rlm_tui.ui.theme import DARK, Role, load_themes
from rlm_tui.ui.theme_file import chosen, trouble
from tests.colours import SIGHTS, contrast, difference

STATES = ("done", "failed", "careful", "running")
GROUNDS = ("background", "surface", "panel")
READ = ("text", "muted", "accent", *STATES, "root", "sub", "code", "output", "user")
OURS = ("rlm-dark", "rlm-light", "rlm-safe-dark", "rlm-safe-light")
SAFE = OURS[2:]


def theme(name: str) -> Theme:
    return next(theme for theme in load_themes()[0] if theme.name == name)


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the person's own themes, empty."""
    monkeypatch.setenv("RLM_TUI_HOME", str(tmp_path))
    (tmp_path / "themes").mkdir()
    return tmp_path / "themes"


def test_there_are_four_and_they_are_dark_and_light() -> None:
    themes, faults = load_themes()
    assert [(theme.name, theme.dark) for theme in themes] == list(zip(OURS, (True, False) * 2, strict=True))
    assert faults == []
    assert all(set(get_args(Role)) <= set(theme.variables) for theme in themes)


@pytest.mark.parametrize("name", OURS)
def test_what_is_read_stands_out_from_what_it_stands_on(name: str) -> None:
    colours = theme(name).variables
    weak = [(role, contrast(colours[role], colours["background"])) for role in READ]
    assert [pair for pair in weak if pair[1] < 4.5] == []


@pytest.mark.parametrize("name", SAFE)
def test_in_the_safe_themes_all_text_stands_out_on_every_ground(name: str) -> None:
    colours = theme(name).variables
    pairs = [(role, ground, contrast(colours[role], colours[ground])) for role in READ for ground in GROUNDS]
    pairs += [("dim", ground, contrast(colours["dim"], colours[ground])) for ground in GROUNDS[:2]]
    assert [pair for pair in pairs if pair[2] < 4.5] == []


@pytest.mark.parametrize("sight", SIGHTS)
@pytest.mark.parametrize("name", SAFE)
def test_in_the_safe_themes_states_differ_for_every_eye(name: str, sight: str) -> None:
    colours = theme(name).variables
    near = [
        (one, other, difference(colours[one], colours[other], sight))
        for one, other in combinations((*STATES, "text"), 2)
    ]
    assert [pair for pair in near if pair[2] < 20] == []


def test_the_measure_sees_what_colour_blind_eyes_confuse() -> None:
    assert difference("#ff0000", "#707000", "deuteranopia") < difference("#ff0000", "#707000") / 4
    assert difference("#2020ff", "#005a5a", "tritanopia") < difference("#2020ff", "#005a5a")
    assert contrast("#ffffff", "#000000") == pytest.approx(21)


def written(own: Path, stem: str, text: str) -> None:
    (own / f"{stem}.toml").write_text(text, encoding="utf-8")


def test_a_theme_of_ones_own_is_there_and_may_replace_one_of_ours(own: Path) -> None:
    text = (folder("themes") / "dark.toml").read_text(encoding="utf-8")
    written(own, "mine", text.replace("rlm-dark", "mine").replace("#5fd0c5", "#123456"))
    written(own, "night", text.replace("#5fd0c5", "#654321"))
    themes, faults = load_themes()
    assert [theme.name for theme in themes] == [*OURS, "mine"]
    assert faults == []
    assert [theme.accent for theme in themes if theme.name in ("mine", DARK)] == ["#654321", "#123456"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("[text]", "[text"), "it cannot be read"),
        (('accent = "#5fd0c5"', ""), "it names no colour for accent"),
        (("#5fd0c5", "teal-ish"), "accent is 'teal-ish'; a colour is like"),
        (('"#5fd0c5"', "[1]"), "accent is '[1]'"),
        (('name = "rlm-dark"', ""), "it has no name"),
        (("rlm-dark", r"a\u001b[31mb"), "its name 'a␛[31mb' holds characters that no screen shows"),
        (("rlm-dark", r"a\u202eb"), "holds characters that no screen shows"),
        (("rlm-dark", r"a\nb"), "holds characters that no screen shows"),
    ],
)
def test_a_bad_theme_file_is_passed_over_and_said_in_one_sentence(
    own: Path, change: tuple[str, str], words: str
) -> None:
    text = (folder("themes") / "dark.toml").read_text(encoding="utf-8")
    written(own, "bad", text.replace(*change))
    themes, faults = load_themes()
    assert [theme.name for theme in themes] == list(OURS)
    assert [fault.name for fault in faults] == ["bad"]
    assert words in faults[0].sentence
    assert str(own / "bad.toml") in faults[0].sentence
    assert chosen("bad", [theme.name for theme in themes], faults) == DARK


def test_bytes_that_are_no_text_are_a_bad_theme_file(own: Path) -> None:
    (own / "bad.toml").write_bytes(b"\xff\xfe")
    (own / "folder.toml").mkdir()
    assert [fault.name for fault in load_themes()[1]] == ["bad", "folder"]


def test_a_name_that_there_is_not_names_the_nearest() -> None:
    themes, faults = load_themes()
    with pytest.raises(UsageError, match="no theme 'rlm-lihgt'; did you mean rlm-light"):
        chosen("rlm-lihgt", [theme.name for theme in themes], faults)


def test_without_a_screen_a_theme_that_is_set_and_bad_is_told_with_its_place(own: Path) -> None:
    assert trouble(load()) == ""
    (own / "mine.toml").write_text('name = "mine"')
    assert trouble(load()) == ""  # nobody has set it
    (own.parent / "config.toml").write_text('# mine\ntheme = "mine"')
    assert trouble(load()).startswith(f"The theme {own / 'mine.toml'} is passed over: it names no colour for ")
    (own.parent / "config.toml").write_text('# mine\ntheme = "rlm-lihgt"')
    place = f"{own.parent / 'config.toml'} line 2"
    assert trouble(load()).startswith(f"There is no theme 'rlm-lihgt' ({place}); did you mean rlm-light?")
    assert "(--theme)" in trouble(load({"theme": "none"}))
