"""The Chat goes along with the step that one walks to, and opens at the newest message."""

from __future__ import annotations

from rlm_tui.ui.widgets.chat import ChatPane
from tests.functional.panes_kit import desk
from tests.trajectories import Recorder, StillSession, peeked

TURNS = range(2, 9)


def long_talk() -> tuple[Recorder, dict[int, int]]:
    """Eight turns whose messages fill the screen, and the moment at which each response was there."""
    run, moments = peeked(), {}
    for number in TURNS:
        new = (("assistant", "word " * 80), ("user", f"output before {number}"))
        run.ask(run.iteration(number), f"response {number}: {'word ' * 60}", prior=2 * number - 2, new=new)
        moments[number] = run.trajectory.last
    return run, moments


async def test_walking_shows_the_response_of_each_step_and_the_end_shows_the_newest() -> None:
    run, moments = long_talk()
    session = StillSession(run)
    async with desk(ChatPane(), session, (80, 16)) as at:
        await at.show()
        assert "response 8" in at.screen()
        for number in (*reversed(TURNS), *TURNS):
            session.seq = moments[number]
            await at.show(f"1.{number}")
            assert f"response {number}:" in at.screen()
        session.seq = None
        await at.show("1.3")
        assert "output before 3" in at.screen()


async def test_a_chat_that_comes_back_onto_the_screen_is_at_the_newest_message() -> None:
    run, _ = long_talk()
    async with desk(ChatPane(), StillSession(run), (80, 16)) as at:
        await at.show()
        await at.press("g")
        assert "response 8" not in at.screen()
        at.pane.display = False
        await at.pilot.pause()
        at.pane.display = True
        await at.until(lambda: "response 8" in at.screen())
