"""A block of the person's own runs while the run waits, or is over: the screen says so and moves, and `K` stops it."""

from pathlib import Path

import pytest

from rlm_tui import events as ev
from rlm_tui.session import commands as cmd
from tests.driving import Driver, block, live
from tests.ui_kit import Hand, on_screen

LOOP = "while True: pass"
STUBBORN = "while True:\n    try:\n        print('in')\n        while True: pass\n    except KeyboardInterrupt: pass"
SMALL = 80, 24


async def runs(hand: Hand, driver: Driver, code: str) -> None:
    """Run a block of one's own; it goes on."""
    driver.send(cmd.Inject(code))
    await hand.until(lambda: driver.session.trajectory.now().own_block() is not None)
    await hand.until(lambda: "your block runs" in hand.bar("Header"))


async def test_one_that_runs_at_a_hold_is_said_to_run_with_the_key_that_stops_it(tmp_path: Path) -> None:
    with live(tmp_path, [block("x = 1"), "FINAL(1)"], step=True) as driver:
        driver.start()
        async with on_screen(driver.session, SMALL) as hand:
            await hand.held("before_code")
            await runs(hand, driver, LOOP)
            assert "RUNNING  your block runs" in hand.bar("Header")
            bar = hand.bar("GateBar")
            assert "Your block runs; K stops it and keeps its state. The code still waits for you." in bar
            assert "Nothing runs" not in bar
            assert bar.split("\n")[-1].strip().startswith("K interrupt")
            await hand.press("K")
            await hand.until(lambda: "‖ HELD  code of iteration 1" in hand.bar("Header"))
            assert "K interrupt" not in hand.bar("GateBar")


async def test_its_clock_moves_in_every_pane_without_any_event(tmp_path: Path) -> None:
    with live(tmp_path, [block("x = 1"), "FINAL(1)"], step=True) as driver:
        driver.start()
        async with on_screen(driver.session) as hand:
            await hand.held("before_code")
            await runs(hand, driver, LOOP)
            step, calls = hand.app.main.pane("step").lines, hand.app.main.pane("calls")
            before = [row.text for row in step.rows], [row.text for row in calls.rows], hand.bar("Header")
            await hand.until(lambda: hand.bar("Header") != before[2])
            await hand.until(lambda: [row.text for row in step.rows] != before[0])
            await hand.until(lambda: [row.text for row in calls.rows] != before[1])
            driver.send(cmd.Interrupt())


async def test_one_that_runs_after_the_answer_is_said_to_run(tmp_path: Path) -> None:
    with live(tmp_path, ["FINAL(1)"]) as driver:
        driver.start()
        async with on_screen(driver.session, SMALL) as hand:
            await hand.until(lambda: driver.session.phase == "finished")
            await runs(hand, driver, LOOP)
            assert "Your block runs; K stops it and keeps its state." in hand.bar("GateBar")
            await hand.press("K")
            await hand.until(lambda: "✓ ANSWERED" in hand.bar("Header"))


async def test_what_is_held_is_in_sight_when_it_comes_with_the_end_of_one_s_own_block(tmp_path: Path) -> None:
    lines = "\n".join(f"value_{number} = {number}" for number in range(30))
    with live(tmp_path, [block(f"{lines}\nprint('of the model')"), "FINAL(1)"], step=True) as driver:
        driver.start()
        async with on_screen(driver.session, SMALL) as hand:
            await hand.held("before_code")
            await runs(hand, driver, LOOP)
            hold = driver.holds()[0]
            driver.send(cmd.Run(hold.id))
            await hand.until(lambda: not driver.session.trajectory.now().holds())
            hand.app.main.pane("step").reveal(hand.app.session.trajectory.own[0][1].id)  # as in the tick of its end
            driver.send(cmd.Interrupt())
            await hand.held("after_code")
            assert "‖ held before the model sees it" in hand.screen()
            assert "of the model" in hand.screen()


@pytest.mark.parametrize("root", [[block("x = 1"), "FINAL(1)"], ["FINAL(1)"]], ids=["held", "over"])
async def test_one_that_does_not_stop_is_stopped_by_force(tmp_path: Path, root: list[str]) -> None:
    with live(tmp_path, root, step=len(root) > 1) as driver:
        driver.start()
        async with on_screen(driver.session) as hand:
            await hand.until(lambda: driver.session.phase in ("held", "finished"))
            await runs(hand, driver, STUBBORN)
            await hand.until(lambda: any("in" in text for text in driver.session.live.parts.values()))
            await hand.press("K")
            await hand.until(lambda: "INTERRUPTING" in hand.bar("Header"))
            await hand.press("K")
            await hand.until(lambda: driver.session.trajectory.now().own_block() is None)
            log, seqs = driver.session.log, driver.session.trajectory.counts["CodeFinished"]
            over = log.event(seqs[-1])
            assert isinstance(over, ev.CodeFinished)
            assert over.status == "killed"
