"""Before anything of the screen is imported: a terminal with colours and a home of its own."""

import gc
import os
import shutil
import tempfile
from collections.abc import Iterator
from typing import TYPE_CHECKING

os.environ.pop("NO_COLOR", None)
os.environ["TERM"] = "xterm-256color"
os.environ["COLORTERM"] = "truecolor"
os.environ["TEXTUAL_ANIMATIONS"] = "none"
os.environ["RLM_TUI_HOME"] = tempfile.mkdtemp(prefix="rlm-tui-tests-")

import pytest
from textual import _wait

if TYPE_CHECKING:
    from rlm_tui.session.replay import ReplaySession

_HOME = os.environ["RLM_TUI_HOME"]
# Textual looks so seldom whether an app is idle, and thrice for each key, that the suite waited for little else.
_wait.SLEEP_GRANULARITY = 1 / 200
_wait.SLEEP_IDLE = _wait.SLEEP_GRANULARITY / 20


def pytest_collection_finish() -> None:
    """What is there now stays to the end, and an app is much that is no garbage: walk through it seldom."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def pytest_unconfigure() -> None:
    """Leave nothing behind."""
    shutil.rmtree(_HOME, ignore_errors=True)


@pytest.fixture(autouse=True)
def _no_servers_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test sees does not depend on the model servers that happen to run."""
    monkeypatch.setattr("rlm_tui.lm.discovery.usual_servers", lambda _base_url=None: {})


@pytest.fixture
def recorded() -> "Iterator[ReplaySession]":
    """A recorded run, read to its end."""
    from rlm_tui.session.replay import ReplaySession
    from tests.replaying import TRACE

    session = ReplaySession(TRACE)
    session.read_whole()
    yield session
    session.close()
