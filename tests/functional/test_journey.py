"""The whole journey: a document is opened, held, edited and answered; its trace is walked on the same screen."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rlm_tui import events as ev
from rlm_tui.context.load import Loading
from rlm_tui.resources import sample
from rlm_tui.session.commands import Start
from rlm_tui.session.live import LiveSession
from rlm_tui.session.replay import ReplaySession
from rlm_tui.session.setup import Setup
from rlm_tui.trajectory import Step
from rlm_tui.ui.state import Pane
from tests.terminal import Terminal, python
from tests.ui_kit import Hand, on_screen

QUESTION = "What is the magic number?"
NUMBER = "7481926"
WORDS = "be careful"
PANES: dict[str, Pane] = {"1": "calls", "2": "step", "3": "chat", "4": "repl", "6": "vars"}
"""What a replay shows by its trace alone; the document is shown only where it is at hand."""
Seen = dict[str, list[str]]


def panes(hand: Hand) -> Seen:
    """The cells of every pane that is on the screen, as they are drawn; of the REPL its rows, without the prompt."""
    rows = hand.screen().split("\n")
    frame = hand.app.main.frame
    regions = {name: frame.panes[name].region for name in frame.on_screen}
    seen: Seen = {name: [row[r.x : r.right] for row in rows[r.y : r.bottom]] for name, r in regions.items()}
    if "repl" in seen:
        seen["repl"] = [row.text for row in hand.app.main.pane("repl").lines.rows]
    return seen


async def every_pane(hand: Hand) -> Seen:
    """All panes that a replay has too, each brought onto the screen; ends at the step."""
    seen: Seen = {}
    for key in "13462":
        await hand.press(key)
        await hand.until(lambda key=key: PANES[key] in hand.app.main.frame.on_screen)
        seen |= panes(hand)
    return seen


async def walk(hand: Hand, key: str, steps: Sequence[Step]) -> dict[int, Seen]:
    """Press a key once for each of the steps that it should lead to; returns what was on the screen at each."""
    seen: dict[int, Seen] = {}
    for step in steps:
        await hand.press(key)
        await hand.until(lambda seq=step.seq: hand.app.session.view.seq == seq)
        seen[step.seq] = panes(hand)
    return seen


def events_of(hand: Hand, kind: type[ev.TraceEvent]) -> list[ev.TraceEvent]:
    """Every event of a kind that the screen has been told of."""
    return [hand.app.session.log.event(seq) for seq in hand.app.session.trajectory.counts.get(kind.__name__, [])]


@contextmanager
def report(trace: Path, gate: threading.Event) -> Iterator[Callable[[], LiveSession]]:
    """What `open report.pdf -m offline --step` opens, once the gate lets it."""
    made: list[LiveSession] = []

    def make() -> LiveSession:
        gate.wait()
        loading = Loading([str(sample("report"))])
        loading.start()
        made.append(LiveSession(Setup(model="offline", step=True, trace=trace), loading, title="report.pdf"))
        made[0].send(Start(QUESTION))
        return made[0]

    try:
        yield make
    finally:
        for session in made:
            session.close()


async def edit_and_run(hand: Hand) -> None:
    """Put a line of one's own before the code that is held, and run it."""
    await hand.held("before_code")
    assert "‖ HELD  code of iteration 1, not run yet" in hand.bar("Header")
    assert QUESTION in hand.bar("QuestionBar")
    assert "Step 1: look at the context" in hand.screen()
    await hand.press("i")
    await hand.type("probe = 41")
    await hand.pilot.press("enter", "escape")
    await hand.until(lambda: bool(events_of(hand, ev.Edited)))
    assert "✎" in hand.screen()
    await hand.press("a")
    await hand.held("after_code")
    (ran,) = events_of(hand, ev.CodeStarted)
    assert isinstance(ran, ev.CodeStarted)
    assert hand.app.session.log.text(ran.code).startswith("probe = 41\n# Step 1")


async def inject_and_tell(hand: Hand) -> None:
    """Run a line of one's own in the same REPL, and have words for the model."""
    await hand.press("greater_than_sign")
    await hand.type("probe + 1")
    await hand.pilot.press("enter")
    await hand.until(lambda: len(events_of(hand, ev.CodeFinished)) == 2)
    mine = events_of(hand, ev.CodeStarted)[1]
    assert isinstance(mine, ev.CodeStarted)
    assert mine.by == "user"
    await hand.until(lambda: "42" in "\n".join(panes(hand)["repl"]))
    await hand.press("escape", "t")
    await hand.type(WORDS)
    await hand.pilot.press("enter")
    await hand.until(lambda: bool(events_of(hand, ev.Told)))


async def go_on(hand: Hand) -> None:
    """Let the run go on to its answer, in which the words of the person have reached the model."""
    await hand.press("c")
    await hand.until(lambda: "ANSWERED" in hand.bar("Header"))
    assert NUMBER in hand.bar("Header")
    requests = [event for event in events_of(hand, ev.LmRequested) if isinstance(event, ev.LmRequested)]
    assert any(WORDS in hand.app.session.log.text(m.content) for event in requests for m in event.messages)


def fingerprint(folder: Path) -> dict[str, str]:
    """Every file of a folder and what is in it."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


async def test_a_run_is_held_edited_told_answered_saved_and_walked_again(tmp_path: Path) -> None:
    trace, gate = tmp_path / "run.rlm.jsonl", threading.Event()
    with report(trace, gate) as make:
        async with on_screen(make, title="report.pdf") as hand:  # type: ignore[arg-type]
            assert "OPENING  report.pdf" in hand.bar("Header")
            gate.set()
            await edit_and_run(hand)
            await inject_and_tell(hand)
            held_at = hand.app.session.view.seq
            first = hand.app.session.trajectory.steps[0]
            await hand.press("home")
            await hand.until(lambda: hand.app.session.view.seq == first.seq)
            assert "◂ LOOKING BACK  step 1 of" in hand.bar("Header")
            assert "You look back; held now: " in hand.bar("GateBar")
            await hand.press("full_stop", "G")
            await hand.until(lambda: hand.app.session.view.seq == held_at)
            await go_on(hand)
            steps = list(hand.app.session.trajectory.steps)
            end = await every_pane(hand)
            live = await walk(hand, "comma", steps[-2::-1])
            first_moment = await every_pane(hand)
            await hand.press("end", "q")
            await hand.until(lambda: hand.app.return_value == 0)
    before = fingerprint(tmp_path)
    replay = ReplaySession(trace)
    replay.read_whole()
    try:
        async with on_screen(replay) as hand:
            assert "REPLAY" in hand.bar("Header")
            assert list(replay.trajectory.steps) == steps
            assert await every_pane(hand) == end
            assert await walk(hand, "comma", steps[-2::-1]) == live
            assert await every_pane(hand) == first_moment
            again = await walk(hand, "full_stop", steps[1:])
            assert {seq: again[seq] for seq in live if seq in again} == {seq: live[seq] for seq in live if seq in again}
            assert await every_pane(hand) == end
            await hand.press("home")
            await hand.until(lambda: f"step 1 of {len(steps)}" in hand.bar("Slider"))
            assert await every_pane(hand) == first_moment
            await hand.press("end")
            await hand.until(lambda: replay.following)
            assert await every_pane(hand) == end
            await hand.press("q")
            await hand.until(lambda: hand.app.return_value == 0)
    finally:
        replay.close()
    assert fingerprint(tmp_path) == before


def test_the_short_journey_in_a_real_terminal(tmp_path: Path) -> None:
    trace, env = tmp_path / "run.rlm.jsonl", {"RLM_TUI_HOME": str(tmp_path)}
    words = ("open", str(sample("report")), "-q", QUESTION, "-m", "offline", "--step", "--trace", str(trace))
    with Terminal(python(*words), env=env) as terminal:
        terminal.wait("report.pdf")
        terminal.wait("HELD  code of iteration 1, not run yet", "Step 1: look at the context")
        terminal.press_until("i", "TYPING")
        terminal.press("probe = 41", "enter", "escape")
        terminal.wait("KEYS", "edited")
        terminal.press_until("a", "output of iteration 1, not shown to the model yet")
        terminal.press_until("c", "ANSWERED")
        terminal.wait(NUMBER)
        terminal.press("q")
        assert terminal.finish() == 0
    before = fingerprint(tmp_path)
    with Terminal(python("replay", str(trace)), env=env) as terminal:
        terminal.wait("REPLAY", "✓ answered", NUMBER, "Enter goes to")
        terminal.press("escape")
        terminal.wait("REPLAY", "✓ answered", "recorded", NUMBER)
        terminal.press("home")
        terminal.wait("REPLAY  step 1 of", "READ AS  1 block")
        terminal.press(".")
        terminal.wait("REPLAY  step 2 of", "held code of iteration 1, not run yet", "Step 1: look at the context")
        terminal.press(",")
        terminal.wait("REPLAY  step 1 of")
        terminal.press("end")
        terminal.wait("✓ answered")
        terminal.press("q")
        assert terminal.finish() == 0
    assert fingerprint(tmp_path) == before
