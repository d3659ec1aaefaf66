"""The settings screen: what holds and from where, changed and saved, and holding at once where that is possible."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from rlm_tui import config
from rlm_tui.config import SETTINGS, Value
from rlm_tui.errors import UsageError
from rlm_tui.session.base import Session
from rlm_tui.ui.opening import First
from rlm_tui.ui.screens.settings import SettingsScreen
from rlm_tui.ui.screens.settings_rows import KEY, SETTING, setting_rows
from rlm_tui.ui.widgets.bar import Bar
from rlm_tui.ui.widgets.lines_view import LinesView
from tests.states import asked, held
from tests.ui_kit import Hand, on_screen


def test_no_value_runs_into_its_source() -> None:
    settings = config.load({})
    rows = setting_rows(settings, {}, 80)
    for setting in SETTINGS:
        row = next(row.text for row in rows if row.key == f"{SETTING}{setting.name}")
        assert f"{setting.shown(settings[setting.name])}  " in row


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RLM_TUI_HOME", str(tmp_path))
    for name in (name for setting in SETTINGS for name in setting.environment):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "config.toml"


def write(file: Path, text: str) -> None:
    """What somebody else wrote into the file."""
    file.write_text(text, encoding="utf-8")


def stands_in(file: Path) -> str:
    """What stands in the file, nothing where there is none."""
    return file.read_text(encoding="utf-8") if file.exists() else ""


@asynccontextmanager
async def on_settings(
    session: Session | None = None, size: tuple[int, int] = (120, 36), **given: Value
) -> AsyncIterator[Hand]:
    """The settings screen over a run that is held."""
    async with on_screen(session or held(), size, settings=config.load(given)) as hand:
        await hand.press("equals_sign")
        await hand.until(lambda: isinstance(hand.app.screen, SettingsScreen) and "Settings" in hand.screen())
        yield hand


def said(hand: Hand) -> str:
    """What stands below the rows, in one line."""
    return " ".join(" ".join(hand.app.screen.query_one("#settings-about", Bar).rows).split())


async def go_to(hand: Hand, key: str) -> None:
    """Put the cursor on a row."""
    view = hand.app.screen.query_one("#settings-rows", LinesView)
    view.move_cursor(next(index for index, row in enumerate(view.rows) if row.key == key))
    await hand.pilot.pause()


def row(hand: Hand, name: str) -> list[str]:
    """The words of the row of a setting."""
    view = hand.app.screen.query_one("#settings-rows", LinesView)
    return next(line.text.split() for line in view.rows if line.text.split()[:1] == [name])


async def test_it_shows_every_value_and_where_it_comes_from(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(file, 'dialect = "paper"\n[keys]\n"gate.run" = "Z"\n')
    monkeypatch.setenv("RLM_TUI_MAX_ERRORS", "9")
    async with on_settings(memory=512) as hand:
        assert row(hand, "dialect")[1:3] == ["paper", "file"]
        assert row(hand, "max_errors")[1:3] == ["9", "environment"]
        assert row(hand, "memory")[1:4] == ["512", "command", "line"]
        assert row(hand, "max_iterations")[1:3] == ["20", "default"]
        assert row(hand, "gate.run")[1:3] == ["Z", "file"]
        assert row(hand, "gate.edit")[1:3] == ["i", "default"]
        assert str(file) in hand.screen()
        await go_to(hand, f"{SETTING}memory")
        await hand.press("j", "k")
        assert "The command line sets it now." in hand.screen()
        assert "KEYS" in hand.screen()


async def test_enter_goes_through_choices_and_saves_each(file: Path) -> None:
    async with on_settings() as hand:
        await go_to(hand, f"{SETTING}sandbox")
        await hand.press("enter")
        assert config.load()["sandbox"] == "strong"
        assert row(hand, "sandbox")[1:3] == ["strong", "file"]
        await hand.press("enter", "enter")
        assert config.load()["sandbox"] == "auto"
        await hand.press("x")
        assert config.load().source("sandbox") == "default"


async def test_a_value_is_typed_and_what_cannot_be_meant_stays_to_be_mended(file: Path) -> None:
    async with on_settings() as hand:
        await go_to(hand, f"{SETTING}max_iterations")
        await hand.press("enter")
        await hand.type("x")
        assert "TYPING" in hand.screen()
        await hand.press("enter")
        assert "max_iterations is not '20x'; it takes a whole number above 0." in hand.screen()
        assert not stands_in(file)
        await hand.press("backspace", "backspace", "backspace", "7", "enter")
        assert config.load()["max_iterations"] == 7
        assert row(hand, "max_iterations")[1:3] == ["7", "file"]
        assert "from the next start on" in hand.screen()
        await hand.press("enter", "9", "escape")
        assert config.load()["max_iterations"] == 7
        assert isinstance(hand.app.screen, SettingsScreen)


async def test_a_model_that_cannot_be_meant_is_refused(file: Path) -> None:
    async with on_settings() as hand:
        await go_to(hand, f"{SETTING}model")
        await hand.press("enter")
        await hand.type("opnai/x")
        await hand.press("enter")
        assert "did you mean openai/x" in hand.screen()
        assert not stands_in(file)


async def test_a_key_that_is_none_is_refused_without_blaming_the_file(file: Path) -> None:
    async with on_settings() as hand:
        await go_to(hand, f"{KEY}gate.run")
        await hand.press("enter", "backspace")
        await hand.type("acZ")
        await hand.press("enter")
        assert "gate.run: there is no key 'acZ'" in hand.screen()
        assert file.name not in hand.app.ui.notice
        assert not stands_in(file)


async def test_a_theme_holds_at_once_and_at_the_next_start(file: Path) -> None:
    async with on_settings() as hand:
        await go_to(hand, f"{SETTING}theme")
        seen = [hand.app.theme]
        for _ in range(4):
            await hand.press("enter")
            seen.append(hand.app.theme)
        assert seen == ["rlm-dark", "rlm-light", "rlm-safe-dark", "rlm-safe-light", "rlm-dark"]
        await hand.press("enter")
    async with on_screen(held(), settings=config.load()) as hand:
        assert hand.app.theme == "rlm-light"


async def test_a_key_is_remapped_at_once_and_put_back(file: Path) -> None:
    async with on_settings() as hand:
        await go_to(hand, f"{KEY}gate.run")
        await hand.press("enter", "backspace")
        await hand.type("i")
        await hand.press("enter")
        assert "i would mean both gate.run (run) and gate.edit (edit)" in said(hand)
        await hand.press("backspace")
        await hand.type("Z")
        await hand.press("enter")
        assert config.load().keys == {"gate.run": ("Z",)}
        await hand.press("escape")
        assert "Z run" in hand.bar("GateBar")
        await hand.press("question_mark")
        await hand.until(lambda: "Z             Run what is held as it is" in hand.screen())
        await hand.press("escape", "equals_sign")
        await go_to(hand, f"{KEY}gate.run")
        await hand.press("x", "escape")
        assert "a run" in hand.bar("GateBar")


@pytest.mark.parametrize("key", [f"{KEY}app.suspend", f"{SETTING}max_iterations"])
async def test_what_is_left_as_it_was_is_not_saved(file: Path, key: str) -> None:
    async with on_settings() as hand:
        await go_to(hand, key)
        await hand.press("enter")
        assert "TYPING" in hand.screen()
        await hand.press("enter")
        await hand.until(lambda: "KEYS" in hand.screen())
        assert not stands_in(file)


async def test_a_saved_value_says_what_goes_before_it(file: Path) -> None:
    async with on_settings(sandbox="none") as hand:
        await go_to(hand, f"{SETTING}sandbox")
        await hand.press("enter")
        assert "Saved; for now the command line goes before it." in hand.screen()
        assert row(hand, "sandbox")[1:4] == ["none", "command", "line"]
        assert config.load()["sandbox"] == "auto"


async def test_a_file_that_was_broken_meanwhile_is_left_alone_and_said(file: Path) -> None:
    async with on_settings() as hand:
        write(file, "model = = 1\n")
        await go_to(hand, f"{SETTING}sandbox")
        await hand.press("enter")
        assert "are no TOML any more, so nothing was saved" in said(hand)
        assert stands_in(file) == "model = = 1\n"


async def test_a_dialect_that_there_is_not_is_refused(file: Path) -> None:
    async with on_settings() as hand:
        await go_to(hand, f"{SETTING}dialect")
        await hand.press("enter")
        await hand.type("x")
        await hand.press("enter")
        assert "'autox'" in said(hand)
        assert not stands_in(file)


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 60)])
async def test_it_opens_from_the_start_screen_and_nothing_is_cut(file: Path, size: tuple[int, int]) -> None:
    async with on_screen(asked(), size, first=First("start"), settings=config.load()) as hand:
        hand.app.perform("app.settings")
        await hand.until(lambda: isinstance(hand.app.screen, SettingsScreen) and "max_tokens" in hand.screen())
        hand.app.perform("app.settings")
        await hand.pilot.pause()
        assert sum(isinstance(screen, SettingsScreen) for screen in hand.app.screen_stack) == 1
        rows = hand.screen().split("\n")
        assert rows[0].startswith(" Settings")
        assert rows[2].split() == ["Model"]
        assert [text for text in rows[1:] if "…" in text] == []
        await hand.press("q")
        assert not isinstance(hand.app.screen, SettingsScreen)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('theme = "rlm-drak"', "There is no theme 'rlm-drak' \\(.+ line 1\\); did you mean rlm-dark"),
        ('[keys]\n"gate.rum" = "z"', "no action 'gate.rum'; did you mean gate.run"),
    ],
)
def test_what_cannot_be_meant_is_said_before_the_screen_is_taken(file: Path, text: str, words: str) -> None:
    from rlm_tui.ui.app import RlmTuiApp

    write(file, text)
    with pytest.raises(UsageError, match=words):
        RlmTuiApp(held(), settings=config.load())


async def test_a_remapped_pane_shows_its_key_in_its_title(file: Path) -> None:
    write(file, '[keys]\n"pane.chat" = "F7"\n')
    async with on_screen(held(), settings=config.load()) as hand:
        assert "2 Step  F7 Chat  4 REPL" in hand.screen()
        await hand.press("f7")
        assert hand.app.ui.pane == "chat"
        await hand.press("2", "3")
        assert hand.app.ui.pane == "step"


async def test_a_bad_theme_file_is_reported_on_the_screen_and_passed_over(file: Path) -> None:
    bad = file.parent / "themes" / "mine.toml"
    bad.parent.mkdir()
    write(bad, "name = [bold]")
    write(file, 'theme = "mine"')
    async with on_screen(held(), settings=config.load()) as hand:
        await hand.until(lambda: any("is passed over" in told.message for told in hand.app._notifications))
        assert hand.app.theme == "rlm-dark"
        assert "mine" not in hand.app.theme_names


async def test_the_palette_goes_through_the_themes(file: Path) -> None:
    async with on_screen(held(), settings=config.load()) as hand:
        await hand.press("colon")
        await hand.type("colour")
        await hand.until(lambda: "Change the colours" in hand.screen())
        await hand.press("enter")
        await hand.until(lambda: hand.app.theme == "rlm-light")
        assert "Theme rlm-light; the settings (=) keep one." in hand.bar("GateBar")
        assert not stands_in(file)


async def test_the_bar_of_the_start_screen_says_keys_or_typing(file: Path) -> None:
    async with on_screen(asked(), first=First("start"), settings=config.load()) as hand:
        await hand.until(lambda: "TYPING" in hand.screen())
        await hand.press("escape")
        await hand.until(lambda: "KEYS" in hand.screen())


async def test_nothing_in_the_help_is_cut(file: Path) -> None:
    for size in ((60, 16), (80, 24), (120, 36)):
        async with on_screen(held(), size, settings=config.load()) as hand:
            await hand.press("question_mark")
            view = hand.app.screen.query_one("#help-keys", LinesView)
            await hand.until(lambda view=view: len(view.rows) > 10)
            assert [row.text for row in view.rows if row.cells > view.columns or "…" in row.text] == []


async def test_the_verbs_below_can_be_clicked(file: Path) -> None:
    async with on_settings() as hand:
        row = hand.app.screen.query_one("#settings-verbs", Bar).rows[0]
        await go_to(hand, f"{SETTING}sandbox")
        await hand.pilot.click("#settings-verbs", offset=(row.index("Enter"), 0))
        await hand.until(lambda: "sandbox" in stands_in(file))
        await hand.pilot.click("#settings-verbs", offset=(row.index("Esc"), 0))
        await hand.until(lambda: hand.app.screen is hand.app.main)


def shown(hand: Hand) -> list[str]:
    """The keys of the rows that are listed."""
    return [line.key for line in hand.app.screen.query_one("#settings-rows", LinesView).rows if line.key]


@pytest.mark.parametrize("size", [(80, 24), (120, 36)], ids=["80x24", "120x36"])
async def test_the_list_is_narrowed_while_words_are_typed(file: Path, size: tuple[int, int]) -> None:
    async with on_settings(size=size) as hand:
        every = shown(hand)
        await hand.press("slash", *"iterations")
        await hand.until(lambda: shown(hand) == [f"{SETTING}max_iterations"])
        assert hand.screen().split("\n")[-1].split() == [
            "↑↓",
            "choose",
            "Enter",
            "keep",
            "Esc",
            "show",
            "all",
            "TYPING",
        ]
        assert said(hand).startswith("Turns of the root LM.")
        await hand.press("enter")
        await hand.until(lambda: "Esc show all" in hand.screen() and "KEYS" in hand.screen())
        await hand.press("enter", *["backspace"] * 2, "7", "enter")
        assert config.load()["max_iterations"] == 7
        assert row(hand, "max_iterations")[1:3] == ["7", "file"]
        await hand.press("escape")
        await hand.until(lambda: shown(hand) == every)
        rows = hand.app.screen.query_one("#settings-rows", LinesView)
        assert rows.cursor_key == f"{SETTING}max_iterations"
        await hand.press("escape")
        await hand.until(lambda: hand.app.screen is hand.app.main)


async def test_a_filter_of_the_settings_finds_keys_and_what_finds_nothing_says_so(file: Path) -> None:
    async with on_settings() as hand:
        every = shown(hand)
        await hand.press("f")
        await hand.type("CTRL+P")
        await hand.until(lambda: shown(hand) == [f"{KEY}app.palette"])
        await hand.type(" zzz")
        await hand.until(lambda: shown(hand) == [])
        assert "No setting has these words; Esc shows all." in hand.screen()
        await hand.press("down", "up")
        await hand.press("escape")
        await hand.until(lambda: shown(hand) == every)
        await hand.press("slash")
        await hand.type("zzz")
        await hand.press("enter")
        await hand.press("x", "enter", "escape")
        await hand.until(lambda: shown(hand) == every)
        assert not stands_in(file)


async def test_the_help_over_the_settings_names_their_keys(file: Path) -> None:
    async with on_settings() as hand:
        await hand.press("question_mark")
        await hand.until(lambda: "default again" in hand.screen())
