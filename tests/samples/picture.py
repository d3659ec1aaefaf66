"""Draws the picture of the README with the app itself: `python -m tests.samples.picture`."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from rlm_tui.context.load import Loading
from rlm_tui.resources import sample
from rlm_tui.session.commands import Start
from rlm_tui.session.live import LiveSession
from rlm_tui.session.setup import Setup
from rlm_tui.ui.app import RlmTuiApp

OUT = Path(__file__).parents[2] / "docs" / "screenshot.svg"


async def draw() -> None:
    """Hold the third block of the sample report at 120x36 and save the screen."""
    loading = Loading([str(sample("report"))])
    loading.start()
    session = LiveSession(Setup(model="offline", step=True, is_traced=False), loading, title="report.pdf")
    session.send(Start("What is the magic number?"))
    app = RlmTuiApp(session)
    try:
        async with app.run_test(size=(120, 36)) as pilot:
            for block in (1, 2, 3):
                for checkpoint in ("before_code", "after_code"):
                    while not any(hold.checkpoint == checkpoint for hold in session.trajectory.now().holds()):
                        await pilot.pause(0.05)
                    if (block, checkpoint) == (3, "before_code"):
                        break
                    await pilot.pause(0.5)
                    await pilot.press("a")
            await pilot.pause(0.5)
            svg = re.sub(r"@font-face \{.*?\}", "", app.export_screenshot(), flags=re.DOTALL)  # no font from the net
            OUT.write_text(svg, encoding="utf-8")
    finally:
        session.close()


if __name__ == "__main__":
    asyncio.run(draw())
