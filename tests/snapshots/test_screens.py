"""Every state of the screen as a picture; drawn from runs made by hand, so that nothing in them can vary."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, TextArea

from rlm_tui.config import load
from rlm_tui.lm.discovery import Server
from rlm_tui.lm.providers import PROVIDERS
from rlm_tui.lm.servers import Model
from rlm_tui.session.base import Session
from rlm_tui.session.replay import ReplaySession
from rlm_tui.session.setup import Setup
from rlm_tui.trace.saved import SavedRun
from rlm_tui.ui.app import RlmTuiApp
from rlm_tui.ui.opening import First, Opening
from rlm_tui.ui.theme import DARK, LIGHT
from tests.replaying import TRACE
from tests.states import (
    asked,
    at_breakpoint,
    at_limit,
    batched,
    edited,
    failed,
    finished,
    held,
    indexing,
    interrupting,
    lacking,
    large_batch,
    limited,
    looking_back,
    running,
    summed,
)
from tests.trajectories import QUESTION
from tests.ui_kit import Clock, Hand

FOREIGN = TRACE.parent / "foreign"
SMALL, MEDIUM, LARGE = (80, 24), (120, 36), (200, 60)
BOTH = pytest.mark.parametrize("size", [SMALL, MEDIUM], ids=lambda size: f"{size[0]}x{size[1]}")
EDGES = pytest.mark.parametrize("size", [SMALL, LARGE], ids=lambda size: f"{size[0]}x{size[1]}")
EVERY = pytest.mark.parametrize("size", [SMALL, MEDIUM, LARGE], ids=lambda size: f"{size[0]}x{size[1]}")


class Frozen:
    """A clock of the day that stands."""

    @staticmethod
    def time() -> float:
        """Seconds since 1970."""
        return 1_000_000_000.0


PAGES = (
    "Annual report\nof the works",
    "Salaries\nAlice, engineer: 75,000",
    "Charlie, engineer: 85,000\nBob, cook: 40,000",
)

VALUE = "\n".join(f"Charlie, engineer, row {number}: 85,000" for number in range(1, 9))
Steps = Callable[[Hand], Awaitable[None]]
Shoot = Callable[..., bool]


@pytest.fixture
def shoot(snap_compare: Shoot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Shoot:
    """Compares a session's screen, once its panes are there and what a hand did is drawn, with its picture."""
    monkeypatch.setenv("RLM_TUI_HOME", str(tmp_path))  # no recent runs of the person who tests
    for key in (key for provider in PROVIDERS.values() for key in provider.key_names):
        monkeypatch.delenv(key, raising=False)

    def compare(
        session: Session, size: tuple[int, int], steps: Steps | None = None, theme: str = DARK, **options: Any
    ) -> bool:
        clock = Clock()
        app = RlmTuiApp(session, clock=clock, **options)

        async def before(pilot: Pilot[Any]) -> None:
            hand = Hand(app, pilot, clock)
            await hand.until(lambda: app.main.is_ready and theme in app.available_themes)
            app.theme = theme
            if steps is not None:
                await steps(hand)
            await settle(hand)

        try:
            return snap_compare(app, terminal_size=size, run_before=before)
        finally:
            session.close()

    return compare


async def settle(hand: Hand) -> None:
    """Stop the cursors, and wait until two looks at the screen with a pause between them are the same."""
    for editor in hand.app.screen.query("*"):
        if isinstance(editor, TextArea | Input):
            editor.cursor_blink = False
    await hand.app.workers.wait_for_complete()
    seen = ""
    while seen != (seen := hand.screen()):
        await hand.pilot.pause(0.1)


async def edit(hand: Hand) -> None:
    """Open the editor and begin a line."""
    await hand.press("i")
    await hand.until(lambda: hand.app.ui.editing)
    await hand.type("part = 15000")


async def ask_for_help(hand: Hand) -> None:
    """Open the help."""
    await hand.press("question_mark")
    await hand.until(lambda: "Keys that act now" in hand.screen())


async def search_commands(hand: Hand) -> None:
    """Open the palette and look for what can be done with what is held."""
    await hand.press("colon")
    await hand.until(lambda: hand.app.screen is not hand.app.main)
    await hand.type("held")
    await hand.until(lambda: "Run what is held as it is" in hand.screen())


def questioning(size: tuple[int, int], shoot: Shoot, theme: str = DARK) -> bool:
    """The start screen with a question and no model."""
    return shoot(asked(), size, theme=theme, first=First("start", QUESTION, Setup()))


@EVERY
def test_start(shoot: Shoot, size: tuple[int, int]) -> None:
    assert questioning(size, shoot)


SERVED = (
    Model("qwen2.5:7b", 4096, 32768, 4_683_087_332, "7.6B Q4_K_M", True),
    Model("a-model-with-a-very-long-name-instruct-2507:30b-a3b-q4_K_M", None, 262144, 18_556_000_000),
    *(Model(f"model-{number}:8b") for number in range(9)),
)


@BOTH
def test_start_with_models_found(shoot: Shoot, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]) -> None:
    server = Server("ollama", PROVIDERS["ollama"].base_url, SERVED)
    monkeypatch.setattr("rlm_tui.lm.discovery.Probe.run", lambda _self, on_found: on_found(server))
    assert questioning(size, shoot)


async def ask_what_to_copy(hand: Hand) -> None:
    """Open the copy menu."""
    await hand.press("y")
    await hand.until(lambda: "letter or Enter copies" in hand.screen())


@EVERY
@pytest.mark.parametrize("state", [interrupting, limited, looking_back], ids=lambda state: state.__name__)
def test_states(shoot: Shoot, state: Callable[[], Session], size: tuple[int, int]) -> None:
    assert shoot(state(), size)


@EVERY
def test_nothing_asked_yet(shoot: Shoot, size: tuple[int, int]) -> None:
    assert shoot(asked(), size)


@pytest.mark.parametrize("state", [running, edited, failed], ids=lambda state: state.__name__)
def test_states_on_a_large_screen(shoot: Shoot, state: Callable[[], Session]) -> None:
    assert shoot(state(), LARGE)


def test_failed_in_the_light(shoot: Shoot) -> None:
    assert shoot(failed(), SMALL, theme=LIGHT)


@BOTH
def test_copy_menu(shoot: Shoot, size: tuple[int, int]) -> None:
    assert shoot(held(), size, ask_what_to_copy)


@BOTH
def test_running(shoot: Shoot, size: tuple[int, int]) -> None:
    assert shoot(running(), size)


@BOTH
def test_held(shoot: Shoot, size: tuple[int, int]) -> None:
    assert shoot(held(), size)


@EVERY
def test_editing(shoot: Shoot, size: tuple[int, int]) -> None:
    assert shoot(held(), size, edit)


@BOTH
def test_edited_and_told(shoot: Shoot, size: tuple[int, int]) -> None:
    assert shoot(edited(), size)


@BOTH
def test_finished(shoot: Shoot, size: tuple[int, int]) -> None:
    assert shoot(finished(), size)


@BOTH
def test_failed(shoot: Shoot, size: tuple[int, int]) -> None:
    assert shoot(failed(), size)


@BOTH
def test_replay(shoot: Shoot, size: tuple[int, int]) -> None:
    session = ReplaySession(TRACE, at=13)
    session.read_whole()
    assert shoot(session, size)


def test_held_on_a_large_screen(shoot: Shoot) -> None:
    assert shoot(held(), LARGE)


def test_replay_of_a_batch_on_a_large_screen(shoot: Shoot) -> None:
    assert shoot(batched(), LARGE)


def test_start_in_the_light(shoot: Shoot) -> None:
    assert questioning(MEDIUM, shoot, LIGHT)


def test_held_in_the_light(shoot: Shoot) -> None:
    assert shoot(held(), MEDIUM, theme=LIGHT)


@EVERY
def test_help(shoot: Shoot, size: tuple[int, int]) -> None:
    assert shoot(held(), size, ask_for_help)


@EVERY
def test_palette(shoot: Shoot, size: tuple[int, int]) -> None:
    assert shoot(finished(), size, search_commands)


def pressing(*keys: str) -> Steps:
    """Go to a pane, and do there what the keys say."""

    async def press(hand: Hand) -> None:
        await hand.press(*keys)

    return press


async def search_everything(hand: Hand) -> None:
    """Search every field of the run and the document."""
    await hand.press("slash")
    finder = hand.app.main.finder
    finder.input.value = "engineer"
    await hand.until(lambda: finder.search is not None and finder.search.query == "engineer")
    await hand.until(lambda: not finder.search.is_busy and "searching" not in hand.screen())


@BOTH
def test_chat(shoot: Shoot, size: tuple[int, int]) -> None:
    assert shoot(edited(), size, pressing("3"))


def test_calls_alone(shoot: Shoot) -> None:
    assert shoot(batched(), SMALL, pressing("1"))


def test_variables_alone(shoot: Shoot) -> None:
    assert shoot(finished(), SMALL, pressing("6"))


@EVERY
def test_repl_with_a_line(shoot: Shoot, size: tuple[int, int]) -> None:
    async def write(hand: Hand) -> None:
        await hand.press("greater_than_sign")
        await hand.until(lambda: hand.app.ui.editing or "TYPING" in hand.screen())
        await hand.type("len(context)")

    assert shoot(held(), size, write)


@EVERY
def test_found_everywhere(shoot: Shoot, size: tuple[int, int]) -> None:
    assert shoot(held(), size, search_everything)


@EDGES
def test_words_for_the_model(shoot: Shoot, size: tuple[int, int]) -> None:
    async def tell(hand: Hand) -> None:
        await hand.press("t")
        await hand.type("Count every record")

    assert shoot(held(), size, tell)


@EDGES
def test_the_tree_narrowed(shoot: Shoot, size: tuple[int, int]) -> None:
    async def narrow(hand: Hand) -> None:
        await hand.press("f", "tilde")
        await hand.type("error")
        await hand.until(lambda: "Calls 1 of" in hand.screen())

    assert shoot(batched(), size, narrow)


def test_replay_of_a_batch(shoot: Shoot) -> None:
    assert shoot(batched(), MEDIUM)


def test_too_small(shoot: Shoot) -> None:
    assert shoot(held(), (50, 12))


async def open_settings(hand: Hand) -> None:
    """Open the settings and go to a limit."""
    await hand.press("equals_sign")
    await hand.until(lambda: "max_tokens" in hand.screen())
    await settle(hand)  # a list whose height is not known yet scrolls sooner
    await hand.press("j", "j", "j", "j", "j")


@EVERY
def test_settings(shoot: Shoot, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rlm_tui.paths.config_file", lambda: Path("/nowhere/rlm-tui/config.toml"))
    monkeypatch.setenv("RLM_TUI_MAX_TOKENS", "50000")
    assert shoot(held(), size, open_settings, settings=load({"model": "offline"}))


@pytest.mark.parametrize("theme", ["rlm-safe-dark", "rlm-safe-light"])
def test_held_for_colour_blind_eyes(shoot: Shoot, theme: str) -> None:
    assert shoot(held(), MEDIUM, theme=theme)


@pytest.mark.parametrize("state", [held, running, finished, failed], ids=lambda state: state.__name__)
def test_without_colour(shoot: Shoot, state: Callable[[], Session], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert shoot(state(), MEDIUM)


MAIN = pytest.mark.parametrize("state", [held, running, finished, failed, batched], ids=lambda state: state.__name__)


@MAIN
def test_without_colour_on_a_large_screen(
    shoot: Shoot, state: Callable[[], Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert shoot(state(), LARGE)


@MAIN
def test_in_the_light_on_a_large_screen(shoot: Shoot, state: Callable[[], Session]) -> None:
    assert shoot(state(), LARGE, theme=LIGHT)


def test_finished_on_a_large_screen(shoot: Shoot) -> None:
    assert shoot(finished(), LARGE)


def test_start_without_colour(shoot: Shoot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert questioning(MEDIUM, shoot)


@EVERY
def test_summary(shoot: Shoot, size: tuple[int, int]) -> None:
    assert shoot(summed(), size, first=First("summary"))


@pytest.mark.parametrize("size", [MEDIUM, LARGE], ids=lambda size: f"{size[0]}x{size[1]}")
def test_summary_in_the_light(shoot: Shoot, size: tuple[int, int]) -> None:
    assert shoot(summed(), size, theme=LIGHT, first=First("summary"))


def test_summary_while_the_trace_is_read(shoot: Shoot) -> None:
    assert shoot(indexing(), MEDIUM, first=First("summary"))


async def look_for_the_document(hand: Hand) -> None:
    """Go to Context."""
    await hand.press("5")
    await hand.until(lambda: "passages" in hand.screen())


@EVERY
def test_replay_without_its_document(shoot: Shoot, size: tuple[int, int]) -> None:
    assert shoot(lacking(), size, look_for_the_document)


@BOTH
def test_the_summary_of_a_foreign_log(shoot: Shoot, size: tuple[int, int]) -> None:
    session = ReplaySession(FOREIGN / "rlms-0.1.3-nested.jsonl")
    session.read_whole()
    assert shoot(session, size, first=First("summary"))


def test_a_foreign_log_with_children(shoot: Shoot) -> None:
    session = ReplaySession(FOREIGN / "rlms-0.1.3-nested.jsonl")
    session.read_whole()
    assert shoot(session, MEDIUM)


@EVERY
def test_a_child_that_is_looked_at(shoot: Shoot, size: tuple[int, int]) -> None:
    async def look(hand: Hand) -> None:
        nodes = session.trajectory.now().tree.nodes.values()
        child = next(node for node in nodes if node.type == "rlm" and node.parent)
        hand.app.look_at(child.id, pinned=True)
        await hand.press("3")
        await hand.until(lambda: "Chat · child 1" in hand.screen())

    session = ReplaySession(FOREIGN / "rlms-0.1.3-nested.jsonl")
    session.read_whole()
    assert shoot(session, size, look)


def test_the_palette_over_the_start_screen(shoot: Shoot) -> None:
    assert shoot(asked(), MEDIUM, search_commands, first=First("start", QUESTION, Setup()))


def test_a_foreign_log_that_tells_little(shoot: Shoot) -> None:
    session = ReplaySession(FOREIGN / "dspy-3.4.json")
    session.read_whole()
    assert shoot(session, MEDIUM)


SAVED = (
    SavedRun(when="2001-09-09T01:46:20+00:00", status="running", question=QUESTION, model="ollama/qwen2.5:7b",
             document="report.pdf", path="/nowhere/a.rlm.jsonl", iterations=2, sub_calls=7, bytes=61_000),
    SavedRun(when="2001-09-09T01:20:00+00:00", status="answered", question="What is the magic number?",
             model="openai/gpt-4o-mini", cost_usd=0.0231, document="notes.md +3", path="/nowhere/b.rlm.jsonl"),
    SavedRun(when="2001-09-08T01:00:00+00:00", status="limit", question="List every ship that is named, with its port",
             model="offline", cost_usd=0.0, document="letters", path="/nowhere/c.rlm.jsonl"),
    SavedRun(when="2001-08-01T01:00:00+00:00", path="/nowhere/d.rlm.jsonl", bytes=300,
             problem="The trace is cut off inside its first line."),
    SavedRun(when="2001-07-01T01:00:00+00:00", status="failed", question="Who?",
             model="vllm/a-model-with-a-long-name-30b", document="a-document-with-a-long-name.docx",
             path="/nowhere/e.rlm.jsonl"),
)  # fmt: skip


async def filter_runs(hand: Hand) -> None:
    """Narrow the list by a word."""
    await hand.press("slash")
    await hand.type("an")


@EVERY
@pytest.mark.parametrize("steps", [None, filter_runs], ids=["all", "filtered"])
def test_saved_runs(shoot: Shoot, size: tuple[int, int], steps: Steps | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rlm_tui.paths.traces_dir", lambda: Path("/nowhere"))
    monkeypatch.setattr("rlm_tui.ui.screens.runs.trace_files", lambda _: [Path(run.path) for run in SAVED])
    monkeypatch.setattr("rlm_tui.ui.screens.runs.glance", lambda path: {Path(run.path): run for run in SAVED}[path])
    monkeypatch.setattr("rlm_tui.ui.screens.runs.time", Frozen)
    assert shoot(Opening("saved runs"), size, steps, first=First("runs"))


@EVERY
@pytest.mark.parametrize("state", [large_batch, at_limit], ids=lambda state: state.__name__)
def test_a_number_is_held(shoot: Shoot, state: Callable[[], Session], size: tuple[int, int]) -> None:
    assert shoot(state(), size)


@EVERY
def test_held_at_a_breakpoint(shoot: Shoot, size: tuple[int, int]) -> None:
    assert shoot(at_breakpoint(), size)


async def list_breakpoints(hand: Hand) -> None:
    await hand.press("b")
    await hand.until(lambda: "hit" in hand.screen())


@EVERY
def test_breakpoints(shoot: Shoot, size: tuple[int, int]) -> None:
    assert shoot(at_breakpoint(), size, list_breakpoints)


async def write_a_breakpoint(hand: Hand) -> None:
    await list_breakpoints(hand)
    await hand.press("n")
    await hand.type("code")
    await hand.until(lambda: "TYPING" in hand.screen().split("\n")[-1])


def test_a_breakpoint_is_written(shoot: Shoot) -> None:
    assert shoot(at_breakpoint(), SMALL, write_a_breakpoint)


@EVERY
def test_the_value_of_a_variable(shoot: Shoot, size: tuple[int, int]) -> None:
    session = finished()
    session.values = {change.change.name: VALUE for change in session.trajectory.now().variables()}
    assert shoot(session, size, pressing("6", "enter"))


async def refuse_a_letter(hand: Hand) -> None:
    await hand.press("y")
    await hand.press("t")


def test_a_letter_that_copies_nothing(shoot: Shoot) -> None:
    assert shoot(held(), SMALL, refuse_a_letter)


@BOTH
def test_running_in_the_light(shoot: Shoot, size: tuple[int, int]) -> None:
    assert shoot(running(), size, theme=LIGHT)


def test_replay_in_the_light(shoot: Shoot) -> None:
    assert shoot(batched(), MEDIUM, theme=LIGHT)


@EVERY
def test_summary_without_colour(shoot: Shoot, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert shoot(summed(), size, first=First("summary"))


@pytest.mark.parametrize("state", [held, finished, failed, batched], ids=lambda state: state.__name__)
def test_without_colour_on_a_small_screen(
    shoot: Shoot, state: Callable[[], Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert shoot(state(), SMALL)


def test_copy_menu_without_colour(shoot: Shoot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert shoot(held(), SMALL, ask_what_to_copy)


def test_palette_without_colour(shoot: Shoot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert shoot(held(), SMALL, search_commands)
