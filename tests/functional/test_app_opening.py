"""The first paint comes before the session; what goes wrong is one sentence, and nothing outlives the app."""

import threading
from pathlib import Path

import pytest

from rlm_tui.errors import DocumentError
from rlm_tui.paths import log_file
from rlm_tui.session.replay import ReplaySession
from rlm_tui.ui.app import RlmTuiApp
from tests.replaying import TRACE


async def test_the_name_is_painted_before_the_session_is_made() -> None:
    asked = threading.Event()

    def make() -> ReplaySession:
        asked.wait()
        session = ReplaySession(TRACE)
        session.read_whole()
        return session

    app = RlmTuiApp(make, title="report.pdf")
    async with app.run_test() as pilot:
        while not app.main.is_ready:
            await pilot.pause(0.01)
        assert "OPENING  report.pdf" in app.main.query_one("Header").rows[0]
        await pilot.press("a", "i", "comma", "n")
        asked.set()
        while not app.is_open:
            await pilot.pause(0.01)
        await pilot.pause()
        assert "REPLAY" in app.main.query_one("Header").rows[0]
    app.close_session()


async def test_a_session_that_cannot_be_made_ends_the_app_with_its_error() -> None:
    def make() -> ReplaySession:
        raise DocumentError("There is no such document.")

    app = RlmTuiApp(make, title="report.pdf")
    async with app.run_test() as pilot:
        while app.failure is None or app.is_running:
            await pilot.pause(0.01)
    assert isinstance(app.failure, DocumentError)
    app.close_session()


async def test_quitting_while_the_session_is_made_closes_it() -> None:
    made: list[ReplaySession] = []
    go = threading.Event()

    def make() -> ReplaySession:
        go.wait()
        made.append(ReplaySession(TRACE))
        return made[0]

    app = RlmTuiApp(make, title="report.pdf")
    async with app.run_test() as pilot:
        await pilot.press("ctrl+q")
        assert app.return_value == 0
    go.set()
    app.close_session()
    assert len(made) == 1
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("rlm-tui")] == []


async def test_a_fault_of_the_app_is_one_sentence_that_names_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RLM_TUI_HOME", str(tmp_path))
    app = RlmTuiApp(ReplaySession(TRACE))

    def fault() -> None:
        raise ValueError("boom")

    async def run() -> None:
        async with app.run_test() as pilot:
            app.call_later(fault)
            await pilot.pause()

    with pytest.raises(ValueError, match="boom"):
        await run()
    app.close_session()
    assert app.failure is not None
    log = log_file()
    assert str(log) in str(app.failure)
    assert "ValueError: boom" in log.read_text()
