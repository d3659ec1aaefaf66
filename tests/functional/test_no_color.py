"""NO_COLOR: not one colour reaches the terminal, and states and cursor are still told apart."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.widgets import TextArea

from rlm_tui.ui.colourless import Colourless
from rlm_tui.ui.theme import load_themes
from tests.states import STATES
from tests.terminal import Terminal, python
from tests.ui_kit import Hand, on_screen


def styles(hand: Hand) -> list[tuple[str, Style]]:
    """Every piece of text on the screen with its style."""
    rows = hand.app.screen._compositor.render_strips()
    return [(segment.text, segment.style) for row in rows for segment in row if segment.style]


@pytest.fixture(autouse=True)
def no_color(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")


@pytest.mark.parametrize("name", [name for name in STATES if name != "asked"])
async def test_no_state_has_a_colour(name: str) -> None:
    async with on_screen(STATES[name]()) as hand:
        assert [text for text, style in styles(hand) if style.color or style.bgcolor] == []
        assert any(style.reverse for _, style in styles(hand))


async def test_every_state_still_looks_different() -> None:
    seen = {}
    for name in ("running", "held", "finished", "failed", "batched"):
        async with on_screen(STATES[name]()) as hand:
            seen[name] = hand.bar("Header").split()[0:2]
    assert len({" ".join(words) for words in seen.values()}) == len(seen)


async def test_dialogs_have_an_edge() -> None:
    async with on_screen(STATES["held"]()) as hand:
        await hand.press("question_mark")
        await hand.until(lambda: "Run what is held as it is" in hand.screen())
        assert "┌" in hand.screen()
        assert [text for text, style in styles(hand) if style.color or style.bgcolor] == []


async def test_what_is_chosen_in_the_palette_and_the_cursor_of_an_editor_are_reversed() -> None:
    async with on_screen(STATES["held"]()) as hand:
        await hand.press("colon")
        await hand.type("held as")
        await hand.until(lambda: "Run what is held as it is" in hand.screen())
        await hand.press("down", "up")
        await hand.until(lambda: any("Run what" in text for text, style in styles(hand) if style.reverse))
        await hand.press("escape", "escape", "i")
        await hand.until(lambda: hand.app.ui.editing)
        editor = hand.app.focused
        assert isinstance(editor, TextArea)
        editor.cursor_blink = False
        await hand.until(lambda: "c" in [text for text, style in styles(hand) if style.reverse])


def test_no_colour_is_written_to_a_terminal(tmp_path: Path) -> None:
    command = ["env", "NO_COLOR=1", *python("replay", "sample:clean")]
    with Terminal(command, env={"RLM_TUI_HOME": str(tmp_path)}) as terminal:
        terminal.wait("REPLAY")
        terminal.press("escape", "1", "j", ":")
        terminal.wait("Run what is held as it is")
        terminal.press("escape")
        terminal.wait("Run what is held as it is", gone=True)
        terminal.press("ctrl+q")
        assert terminal.finish() == 0
        codes = re.findall(rb"\x1b\[([0-9;]*)m", bytes(terminal.written))
    assert codes
    assert [code for code in codes if re.search(rb"(^|;)([34][0-8]|9[0-7]|10[0-7])(;|$)", code)] == []


def test_a_cursor_on_its_own_ground_is_reversed_and_a_dialog_is_not() -> None:
    colours = load_themes()[0][0].variables
    filtered = Colourless(colours)
    row = [Segment("row", Style(color=colours["dim"], bgcolor=colours["panel"]))]
    [on_pane] = filtered.apply(row, Color.parse(colours["background"]))
    [on_panel] = filtered.apply(row, Color.parse(colours["panel"]))
    assert on_pane.style is not None
    assert on_panel.style is not None
    assert (on_pane.style.reverse, on_pane.style.dim, on_panel.style.reverse) == (True, True, None)
