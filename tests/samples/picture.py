"""Draws the pictures of the README and the tour with the app itself: `python -m tests.samples.picture [NAME…]`."""

from __future__ import annotations

import asyncio
import html
import os
import re
import sys
import tempfile
from pathlib import Path
from unittest.mock import patch

from rlm_tui.lm.providers import PROVIDERS
from rlm_tui.ui.app import RlmTuiApp
from tests.samples.scenes import SCENES, staged
from tests.ui_kit import Clock, Hand

_CELL = 12.2  # the width of a letter in such a picture
_INDENTED = re.compile(r'x="([\d.]+)"([^>]*)textLength="([\d.]+)"(?=[^>]*>((?:&#160;)+)[^&<])([^>]*>)(?:&#160;)+')
OUT = Path(__file__).parents[2] / "docs" / "pictures"


async def draw(name: str) -> str:
    """The screen of a scene as SVG; what it must show is there."""
    scene, clock = SCENES[name], Clock()
    with staged(name):
        session = scene.make()
        app = RlmTuiApp(session, clock=clock, **scene.options)
        try:
            async with app.run_test(size=scene.size) as pilot:
                hand = Hand(app, pilot, clock)
                await hand.until(lambda: app.main.is_ready and scene.theme in app.available_themes)
                app.theme = scene.theme
                await scene.steps(hand)
                await hand.until(lambda: all(words in hand.screen() for words in scene.words))
                svg = app.export_screenshot()
        finally:
            session.close()
    svg = re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL)  # no font from the net
    return _INDENTED.sub(_moved, svg)


def _moved(found: re.Match[str]) -> str:
    """A text that begins with blanks, put where its first letter stands: some viewers leave leading blanks out."""
    x, middle, length, blanks, rest = found.groups()
    width = blanks.count("&#160;") * _CELL
    return f'x="{float(x) + width:g}"{middle}textLength="{float(length) - width:g}"{rest}'


def text_of(svg: str) -> str:
    """What a picture says, without its blanks (they are drawn, not written)."""
    return "".join(html.unescape("".join(re.findall(r"<text[^>]*>([^<]*)</text>", svg))).split())


def newcomer(home: str) -> dict[str, str]:
    """The environment of someone without settings, keys and saved runs."""
    theirs = {name for provider in PROVIDERS.values() for name in (*provider.key_names, *provider.url_names)}
    kept = {name: value for name, value in os.environ.items() if name not in theirs}
    return {name: value for name, value in kept.items() if not name.startswith("RLM_TUI_")} | {"RLM_TUI_HOME": home}


async def main(names: list[str]) -> None:
    """Draw some pictures, or all."""
    OUT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as home, patch.dict(os.environ, newcomer(home), clear=True):
        for name in names or SCENES:
            OUT.joinpath(f"{name}.svg").write_text(await draw(name), encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
