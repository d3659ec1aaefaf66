"""The start screen offers the models that it finds and takes none; what comes late moves nothing under the cursor."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from loopback import Loopback, Reply, ollama_stream, openai_stream, plain_json
from model_servers import LLAMACPP, LOADING, OLLAMA

from rlm_tui import paths
from rlm_tui.events import Limits
from rlm_tui.lm.providers import PROVIDERS
from rlm_tui.session import commands as cmd
from rlm_tui.session.setup import Setup
from rlm_tui.ui.app import RlmTuiApp
from rlm_tui.ui.offers import Recent, recent_runs
from rlm_tui.ui.opening import First
from rlm_tui.ui.screens.runs import RunsScreen
from rlm_tui.ui.screens.start import StartScreen
from rlm_tui.ui.screens.start_rows import START, STEP, fact_rows, limit_words, recent_rows
from rlm_tui.ui.widgets.bar import Bar
from rlm_tui.ui.widgets.lines_view import LinesView
from tests.driving import live, script
from tests.states import asked
from tests.ui_kit import Clock, Hand, on_screen


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for provider in PROVIDERS.values():
        for name in (*provider.key_names, *provider.url_names):
            monkeypatch.delenv(name, raising=False)


def serve(monkeypatch: pytest.MonkeyPatch, *servers: Loopback) -> None:
    """Make these the servers of this machine, the first of them Ollama."""
    monkeypatch.setattr(
        "rlm_tui.lm.discovery.usual_servers", lambda _=None: {f"{each.url}/v1": "ollama" for each in servers}
    )
    if servers:
        monkeypatch.setenv("OLLAMA_HOST", servers[0].host)


@asynccontextmanager
async def starting(tmp_path: Path, size: tuple[int, int] = (120, 36), **setup: object) -> AsyncIterator[Hand]:
    with live(tmp_path, ["FINAL(1)"], model="", dialect="paper", **setup) as driver:
        session = driver.session
        async with on_screen(session, size, first=First("start", "Who?", session.setup)) as hand:
            await hand.until(lambda: isinstance(hand.app.screen, StartScreen))
            yield hand


def start_of(hand: Hand) -> StartScreen:
    screen = hand.app.screen
    assert isinstance(screen, StartScreen)
    return screen


async def test_what_is_found_is_offered_with_window_and_size_and_nothing_is_chosen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Loopback(ollama_stream("FINAL(42)"), routes=OLLAMA) as server:
        serve(monkeypatch, server)
        async with starting(tmp_path) as hand:
            await hand.until(lambda: "ollama/qwen2.5:7b" in hand.screen())
            row = next(line for line in hand.screen().splitlines() if "qwen2.5:7b" in line)
            assert "○ ollama/qwen2.5:7b" in row
            assert "up to 32k window · 4.7 GB" in row
            assert "4k of 128k · 1.3 GB · loaded" in hand.screen()
            assert "no model is chosen" in hand.screen()
            assert "●" not in hand.screen()
            assert server.seen == [], "a server is looked at, never asked"
            assert start_of(hand)._choices.cursor_key == "model:ollama/llama3.2:1b", "the one that is loaded"
            offered = [row.key for row in start_of(hand)._choices.rows if row.key.startswith("model:")]
            assert offered[-1] == "model:offline"
            assert "keyword search demo, no LLM: words only" in hand.screen()
            await hand.pilot.press("enter")
            await hand.until(lambda: "● ollama/llama3.2:1b" in hand.screen())
            await hand.press("f5")
            await hand.until(lambda: "ANSWERED  42" in hand.bar("Header"))
            assert server.seen[0].body["model"] == "llama3.2:1b"


async def test_offers_that_come_late_leave_the_cursor_on_its_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Loopback(routes={"/api/tags": Reply(stall=True)}) as silent:
        serve(monkeypatch, silent)
        async with starting(tmp_path) as hand:
            await hand.until(lambda: "looking for model servers" in hand.screen())
            screen = start_of(hand)
            await hand.pilot.press("G")
            assert screen._choices.cursor_key == START
            with Loopback(routes=LLAMACPP) as late:
                from rlm_tui.lm.discovery import Probe

                Probe({f"{late.url}/v1": "llamacpp"}).run(lambda server: hand.app.call_later(screen._take_in, server))
            await hand.until(lambda: "llamacpp/" in hand.screen())
            assert screen._choices.cursor_key == START
            await hand.pilot.press(*"kkkk")
            assert screen._choices.cursor_key == "model:llamacpp/qwen2.5-7b-q4_k_m.gguf"


async def test_leaving_the_screen_ends_the_search_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rlm_tui.lm.visit.PATIENCE_S", 600.0)
    with Loopback(routes={"/api/tags": Reply(stall=True)}) as silent:
        serve(monkeypatch, silent)
        async with starting(tmp_path) as hand:
            await hand.until(lambda: bool(silent.looked))
            await hand.press("escape")
            await hand.until(lambda: hand.app.screen is hand.app.main)
            await hand.app.workers.wait_for_complete()


async def test_many_models_are_folded_until_they_are_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tags = plain_json({"models": [{"name": f"model-{number}:7b"} for number in range(30)]})
    with Loopback(routes={"/api/tags": tags}) as server:
        serve(monkeypatch, server)
        async with starting(tmp_path) as hand:
            await hand.until(lambda: "more …" in hand.screen())
            assert "model-29" not in hand.screen()
            assert "○ offline" in hand.screen()
            assert "▸ Start" in hand.screen()
            screen = start_of(hand)
            keys = [row.key for row in screen._choices.rows]
            screen._choices.move_cursor(keys.index("more"))
            await hand.pilot.press("enter")
            await hand.until(lambda: any("model-29" in row.key for row in screen._choices.rows))


@pytest.mark.parametrize(
    ("routes", "said"),
    [
        ({}, "no model server found"),
        ({"/api/tags": plain_json({"models": []})}, "has no model yet"),
        (dict.fromkeys(("/props", "/v1/models"), LOADING), "is loading its model"),
    ],
)
async def test_why_nothing_is_offered_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, routes: dict[str, Reply], said: str
) -> None:
    with Loopback(routes=routes) as server:
        serve(monkeypatch, server)
        async with starting(tmp_path) as hand:
            await hand.until(lambda: said in hand.screen())
            assert "not as a model server" not in hand.screen()


async def test_with_a_base_url_that_server_alone_is_looked_at_and_bare_names_are_its_models(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Loopback(openai_stream("FINAL(42)"), routes=LLAMACPP) as server, Loopback(routes=OLLAMA) as other:
        serve(monkeypatch, other)
        async with starting(tmp_path, base_url=f"{server.url}/v1") as hand:
            await hand.until(lambda: "8k of 32k" in hand.screen())
            assert other.looked == []
            start_of(hand)._spell("any-name")
            await hand.pilot.press("enter", "f5")
            await hand.until(lambda: "ANSWERED  42" in hand.bar("Header"))
            assert server.seen[0].body["model"] == "any-name"


async def test_the_arrows_stop_on_what_can_be_chosen_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    serve(monkeypatch)
    async with starting(tmp_path) as hand:
        await hand.until(lambda: "no model server found" in hand.screen())
        choices = start_of(hand)._choices
        there = [row.key for row in choices.rows if row.key]
        await hand.press("g")
        seen = [choices.cursor_key]
        for _ in there[1:]:
            await hand.press("down")
            seen.append(choices.cursor_key)
        assert seen == there
        assert seen[-2:] == [STEP, START]
        for key in reversed(there[:-1]):
            await hand.press("up")
            assert choices.cursor_key == key
        await hand.press("up")
        assert choices.cursor_key == there[0]


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 60)])
async def test_every_limit_that_is_set_is_on_the_screen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    serve(monkeypatch)
    limits = Limits(iterations=20, subcalls=200, tokens=2_000_000, cost_usd=1.5, seconds=3600, errors=5)
    async with starting(tmp_path, size, limits=limits) as hand:
        await hand.until(lambda: all(word in hand.screen() for word in limit_words(limits).split(" · ")))


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 60)])
async def test_a_document_that_cannot_be_read_is_said_as_long_as_it_matters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    """A toast goes; who was typing the question meanwhile still has to find out why nothing can start."""
    serve(monkeypatch)
    sentence = "document.txt is empty; open a document with text in it."
    async with starting(tmp_path, size, text="") as hand:
        for key in ("tab", "f5"):
            await hand.until(lambda: "! UNREADABLE  document.txt" in hand.screen())
            assert not list(hand.app._notifications), "it would cover what is read, and say it twice"
            hand.app.clear_notifications()
            await hand.press(key)
            hand.app.clear_notifications()
            await hand.until(lambda: sentence in start_of(hand).query_one("#start-notice", Bar).rows[0])
            assert "the document cannot be read" in hand.screen()
        start_of(hand).action_leave()
        await hand.until(lambda: not isinstance(hand.app.screen, StartScreen))
        hand.app.clear_notifications()
        await hand.press("5")
        await hand.until(lambda: hand.screen().count("document.txt is empty;") == 2)
        assert "! UNREADABLE  document.txt" in hand.screen()
        assert "ask a question" not in hand.screen()


async def test_a_heavy_document_keeps_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    serve(monkeypatch)
    async with starting(tmp_path, text="\U0001f600" + "x" * 6_000_000) as hand:
        name = start_of(hand).query_one("#start-name", Bar)
        await hand.until(lambda: "24.0 MB in the REPL" in name.rows[0])
        assert "document.txt" in name.rows[0]


@given(st.integers(30, 120), st.text("abc ", max_size=90))
@settings(deadline=None, max_examples=40)
def test_facts_lose_no_word_and_are_never_wider_than_the_form(width: int, why: str) -> None:
    rows = fact_rows("strict", why, " · ".join(["ab", "cde"] * 9), width=width)
    assert all(row.cells <= width for row in rows)
    said = " ".join(row.text for row in rows)
    assert said.count("cde") == 9
    assert "".join(why.split()) in "".join(said.split())


def test_recent_runs_have_the_symbols_of_their_states(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RLM_TUI_HOME", str(tmp_path))
    paths.traces_dir().mkdir(parents=True)
    with live(tmp_path, ["FINAL(42)"], trace=paths.traces_dir() / "one.rlm.jsonl") as driver:
        driver.start().end()
    assert recent_runs().runs == ("✓ answered   What?",)


async def test_the_screen_holds_what_was_typed_and_chosen_when_one_comes_back_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(monkeypatch)
    async with starting(tmp_path) as hand:
        hand.app.screen.query_one("#start-question").focus()
        await hand.type(" And why?")
        await hand.press("enter")
        await hand.until(lambda: "KEYS" in hand.screen())
        start_of(hand)._choices.move_cursor(1)
        await hand.press("enter")
        await hand.until(lambda: "● offline" in hand.screen())
        await hand.press("escape")
        await hand.until(lambda: hand.app.screen is hand.app.main)
        await hand.press("A")
        await hand.until(lambda: "Who? And why?" in hand.screen())
        assert "● offline" in hand.screen()
        hand.app.screen.query_one("#start-question").focus()
        await hand.type("!")
        await hand.until(lambda: "Who? And why?!" in hand.screen())


async def test_where_nothing_has_the_focus_the_bar_says_what_the_keys_do(tmp_path: Path) -> None:
    async with starting(tmp_path) as hand:
        hand.app.screen.set_focus(None)
        await hand.until(lambda: "KEYS" in hand.screen())
        start_of(hand).show_bars()
        await hand.until(lambda: "Enter takes the name" not in hand.screen() and "Enter choose" in hand.screen())


@pytest.mark.parametrize("is_forgotten", [False, True], ids=["goes on", "forgotten"])
async def test_the_next_question_goes_to_the_models_chosen_for_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_forgotten: bool
) -> None:
    serve(monkeypatch)
    async with starting(tmp_path) as hand:
        start_of(hand).choice.sub_model = "human"
        start_of(hand)._spell(script(tmp_path, ["FINAL(1)", "FINAL(2)"]))
        await hand.pilot.press("enter", "f5")
        await hand.until(lambda: "ANSWERED  1" in hand.bar("Header"))
        if is_forgotten:
            hand.app.send(cmd.Reset())
            await hand.until(lambda: bool(hand.app.session.view.forgotten))
        await hand.press("A")
        await hand.type("Who wrote it?")
        await hand.press("enter")
        await hand.until(lambda: "ANSWERED  2" in hand.bar("Header"))
        first, second = (started for _, started in hand.app.session.trajectory.started)
        assert (second.model, second.sub_model) == (first.model, "human")


async def test_the_keys_say_where_esc_leads_and_lead_on_from_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(monkeypatch)
    async with starting(tmp_path, (80, 24)) as hand:
        assert "Tab question  F5 start  Esc panes" in hand.screen()
        await hand.press("G")
        assert "Esc to the panes" in hand.screen()
        await hand.press("question_mark")
        await hand.until(lambda: "Keys that act now" in hand.screen())
        keys = [row.text.split() for row in hand.app.screen.query_one("#help-keys", LinesView).rows]
        assert ["Tab", "question"] in keys
        assert ["F5", "start"] in keys
        await hand.press("escape")
        await hand.press("A")
        await hand.until(lambda: "Esc leaves the question" in hand.screen())
        await hand.type(" A?")
        assert start_of(hand).choice.query == "Who? A?"
        await hand.press("escape")
        assert "Esc to the panes" in hand.screen()
        await hand.press("escape")
        await hand.until(lambda: hand.app.screen is hand.app.main)


async def test_a_refusal_goes_when_what_was_missing_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    serve(monkeypatch)
    async with starting(tmp_path) as hand:
        await hand.press("f5")
        assert "It cannot start yet: no model is chosen." in hand.screen()
        start_of(hand)._choose("offline")
        await hand.until(lambda: "with offline" in hand.screen())
        assert "It cannot start yet" not in hand.screen()
        start_of(hand)._question.focus()
        await hand.press("ctrl+u", "f5")
        assert "It cannot start yet: a question is missing." in hand.screen()
        await hand.type("Who")
        assert "It cannot start yet" not in hand.screen()


@pytest.mark.parametrize("size", [(80, 24), (80, 30), (120, 36)])
async def test_the_saved_runs_that_are_not_drawn_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    serve(monkeypatch)
    runs = Recent(("run one", "run two", "run three"), 12)
    monkeypatch.setattr("rlm_tui.ui.screens.start.recent_runs", lambda: runs)
    async with starting(tmp_path, size) as hand:
        await hand.until(lambda: "Recent" in hand.screen())
        drawn = sum(run in hand.screen() for run in runs.runs)
        assert f" {15 - drawn} more; R opens them" in hand.screen()


def test_where_no_saved_run_can_be_drawn_all_are_counted() -> None:
    assert "15 saved; R opens them" in recent_rows(Recent(("a", "b", "c"), 12), "R", 2)[1].text
    assert recent_rows(Recent(), "R", 9) == []


async def test_tab_goes_on_and_writes_nothing_into_the_question(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(monkeypatch)
    async with starting(tmp_path) as hand:
        start_of(hand)._question.focus()
        await hand.press("end", "tab")
        assert start_of(hand)._question.text == "Who?"
        assert hand.app.focused is start_of(hand)._choices
        await hand.press("shift+tab")
        assert hand.app.focused is start_of(hand)._question


async def test_enter_in_the_question_leads_to_the_best_model_and_never_to_one_that_nobody_chose(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Loopback(routes=OLLAMA) as server:
        serve(monkeypatch, server)
        monkeypatch.setenv("OPENAI_API_KEY", "no-key")
        async with starting(tmp_path) as hand:
            hand.app.screen.query_one("#start-question").focus()
            await hand.until(lambda: "ollama/" in hand.screen())
            await hand.press("enter")
            await hand.until(lambda: "KEYS" in hand.screen())
            choices = start_of(hand)._choices
            assert choices.cursor_key == "model:ollama/llama3.2:1b"
            keys = [row.key for row in choices.rows if row.key]
            assert keys.index("model:openai/") < keys.index("model:offline")
            assert start_of(hand).choice.model == ""
            await hand.press("j", "k", "j")
            assert choices.cursor_key == keys[1]
            start_of(hand)._show_choices()
            assert choices.cursor_key == keys[1]
            assert "understands nothing else" not in hand.screen()
            await hand.press(*"j" * (keys.index("model:offline") - 1))
            await hand.until(
                lambda: "offline finds the words of the question and understands nothing else." in hand.screen()
            )


@pytest.mark.parametrize("is_left", [True, False], ids=["left", "ended"])
@pytest.mark.parametrize("shown", ["start", "runs"])
async def test_what_is_found_while_a_screen_closes_comes_too_late(
    shown: Literal["start", "runs"], is_left: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It is in the tree of the app still, and nothing is on it any more."""
    monkeypatch.setenv("RLM_TUI_HOME", str(tmp_path))
    late: list[int] = []

    def closing(screen: StartScreen | RunsScreen) -> None:
        news = (
            [lambda: screen._take_in(None), screen._show_recent]
            if isinstance(screen, StartScreen)
            else [lambda: screen._take([], "", True)]
        )
        for tell in (*news, screen.owner.redraw):
            tell()
        late.append(len(screen.children))

    for kind in (StartScreen, RunsScreen):
        monkeypatch.setattr(kind, "on_unmount", closing, raising=False)
    async with on_screen(asked(), first=First(shown, setup=Setup())) as hand:
        if is_left:
            hand.app.screen.dismiss(None)
            await hand.until(lambda: bool(late))
    assert late == [0]


async def test_a_question_brings_step_up_where_context_was_in_front(tmp_path: Path) -> None:
    with live(tmp_path, ["FINAL(1)", "FINAL(2)", "FINAL(3)"]) as driver:
        session = driver.session
        async with on_screen(session, (80, 24), first=First("start", "Who?", session.setup)) as hand:
            await hand.until(lambda: isinstance(hand.app.screen, StartScreen))
            await hand.press("escape")
            await hand.until(lambda: hand.app.screen is hand.app.main)
            await hand.press("5", "A")
            await hand.until(lambda: isinstance(hand.app.screen, StartScreen))
            await hand.press("f5")
            await hand.until(lambda: "ANSWERED" in hand.bar("Header"))
            assert hand.app.main.on_screen == ["step"]
            for pane in ("chat", "context"):
                hand.app.main.enter(pane)
                await hand.press("A")
                await hand.type("x")
                await hand.press("enter")
                shown = "step" if pane == "context" else pane
                await hand.until(lambda wanted=shown: hand.app.main.on_screen == [wanted])


async def test_who_left_it_by_a_key_comes_back_to_keys(tmp_path: Path) -> None:
    with live(tmp_path, [], model="", dialect="paper") as driver:
        session = driver.session
        app = RlmTuiApp(lambda: session, first=First("start", "", session.setup))
        async with app.run_test(size=(80, 24)) as pilot:
            await Hand(app, pilot, Clock()).until(lambda: isinstance(app.screen, StartScreen))
            again = app.again
        assert again is not None
        async with on_screen(session, first=again) as hand:
            await hand.until(lambda: isinstance(hand.app.screen, StartScreen))
            await hand.until(lambda: "KEYS" in start_of(hand).query_one("#start-notice", Bar).rows[0])
