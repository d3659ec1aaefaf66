"""Before anything of the screen is imported: a terminal with colours, whatever the tests run in."""

import os

os.environ.pop("NO_COLOR", None)
os.environ["TERM"] = "xterm-256color"
os.environ["COLORTERM"] = "truecolor"
os.environ["TEXTUAL_ANIMATIONS"] = "none"

import pytest


@pytest.fixture(autouse=True)
def _no_servers_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test sees does not depend on the model servers that happen to run."""
    monkeypatch.setattr("rlm_tui.lm.discovery.usual_servers", lambda _base_url=None: {})
