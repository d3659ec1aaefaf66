"""Before anything of the screen is imported: a terminal with colours and a home of its own."""

import atexit
import os
import tempfile

_HOME = tempfile.TemporaryDirectory(prefix="rlm-tui-tests-")
atexit.register(_HOME.cleanup)
os.environ["RLM_TUI_HOME"] = _HOME.name
os.environ.pop("NO_COLOR", None)
os.environ["TERM"] = "xterm-256color"
os.environ["COLORTERM"] = "truecolor"
os.environ["TEXTUAL_ANIMATIONS"] = "none"

import pytest


@pytest.fixture(autouse=True)
def _no_servers_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test sees does not depend on the model servers that happen to run."""
    monkeypatch.setattr("rlm_tui.lm.discovery.usual_servers", lambda _base_url=None: {})
