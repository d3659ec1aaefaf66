"""Saving a setting: the rest of the file stays, whatever happens half-way."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as laws
from hypothesis import strategies as st

from rlm_tui.config import SETTINGS, Setting, Value, check, load, writing
from rlm_tui.config.writing import save, save_keys
from rlm_tui.errors import UsageError

COMMENTED = """\
# my settings
memory = 300  # megabytes

[keys] # mine
"gate.run" = "z" # quick
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RLM_TUI_HOME", str(tmp_path / "home"))
    for name in (name for setting in SETTINGS for name in setting.environment):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "home" / "config.toml"


def test_the_first_setting_makes_the_file(file: Path) -> None:
    assert save("theme", "rlm-light") == file
    assert file.read_text() == 'theme = "rlm-light"\n'
    assert load()["theme"] == "rlm-light"


def test_comments_and_order_stay(file: Path) -> None:
    file.parent.mkdir()
    file.write_text(COMMENTED)
    save("memory", 400)
    assert file.read_text() == COMMENTED.replace("300", "400")
    save("model", "offline")
    save_keys("gate.edit", ("E", "F6"))
    assert (load()["model"], load().keys) == ("offline", {"gate.run": ("z",), "gate.edit": ("E", "F6")})
    assert "# my settings" in file.read_text()
    save("model", None)
    save_keys("gate.edit", None)
    assert file.read_text() == COMMENTED.replace("300", "400")


def test_keys_without_quotes_are_the_same_keys(file: Path) -> None:
    file.parent.mkdir()
    file.write_text('[keys]\ngate.run = "z"\ngate.edit = "E"\n')
    save_keys("gate.run", ("y",))
    assert load().keys == {"gate.run": ("y",), "gate.edit": ("E",)}
    save_keys("gate.edit", ())
    assert load().keys == {"gate.run": ("y",), "gate.edit": ()}


@given(st.data(), st.sampled_from(SETTINGS))
@laws(deadline=None, max_examples=60)
def test_what_is_saved_is_what_is_read(data: st.DataObject, setting: Setting) -> None:
    values: dict[str, st.SearchStrategy[Value]] = {
        "text": st.text(st.characters(blacklist_categories=["Cs"]), min_size=1),
        "choice": st.sampled_from(setting.choices or ("",)),
        "whole": st.integers(64, 1 << 20),
        "number": st.floats(0.001, 1e9),
        "flag": st.booleans(),
    }
    value = check(setting, data.draw(values[setting.kind]))
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(setting.environment[0], raising=False)
        save(setting.name, value)
        assert (load()[setting.name], load().source(setting.name)) == (value, "file")
        save(setting.name, None)
        assert load().source(setting.name) == "default"


@pytest.fixture(autouse=True, scope="module")
def home_of_laws(tmp_path_factory: pytest.TempPathFactory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RLM_TUI_HOME", str(tmp_path_factory.mktemp("home")))
        yield


def test_a_broken_file_is_left_as_it_is(file: Path) -> None:
    file.parent.mkdir()
    file.write_text("model = = 1\n")
    with pytest.raises(UsageError, match="are no TOML any more"):
        save("model", "offline")
    assert file.read_text() == "model = = 1\n"


def test_a_file_that_cannot_be_written_is_said_and_nothing_is_left_over(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save("memory", 300)

    def full(fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writing.os, "fsync", full)
    with pytest.raises(UsageError, match=r"cannot be written \(no space left on device\); nothing was saved"):
        save("memory", 400)
    assert [path.name for path in file.parent.iterdir()] == ["config.toml"]
    assert file.read_text() == "memory = 300\n"


def test_a_link_stays_a_link_and_the_mode_stays(file: Path) -> None:
    file.parent.mkdir()
    kept = file.parent.parent / "dotfiles.toml"
    kept.write_text("memory = 300\n")
    os.chmod(kept, 0o640)
    file.symlink_to(kept)
    save("memory", 400)
    assert file.is_symlink()
    assert kept.read_text() == "memory = 400\n"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o640
