"""What a command or a layer may load, seen in a fresh interpreter: deferred imports count too."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

SDKS = {"openai", "anthropic", "ollama"}
SCREEN = {"textual", "rich"}
BELOW_THE_SCREEN = (
    "rlm_tui.events",
    "rlm_tui.config.writing",
    "rlm_tui.trajectory.facts",
    "rlm_tui.filter",
    "rlm_tui.trace.reader",
    "rlm_tui.trace.store",
    "rlm_tui.context",
    "rlm_tui.context.load",
    "rlm_tui.lm.registry",
    "rlm_tui.lm.offline",
    "rlm_tui.lm.scripted",
    "rlm_tui.repl.process",
    "rlm_tui.engine.engine",
    "rlm_tui.engine.parser",
    "rlm_tui.session.live",
    "rlm_tui.session.replay",
)


def modules_after(code: str) -> set[str]:
    """The modules that a fresh interpreter has loaded after running `code`."""
    program = f"{code}\nimport sys, json\nsys.stderr.write(json.dumps(list(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(json.loads(done.stderr.splitlines()[-1]))


def loaded_after(code: str) -> set[str]:
    """The same, top-level modules only."""
    return {name.split(".")[0] for name in modules_after(code)}


@pytest.mark.parametrize("module", BELOW_THE_SCREEN)
def test_nothing_below_the_screen_loads_it_or_an_sdk(module: str) -> None:
    assert not loaded_after(f"import {module}") & (SCREEN | SDKS)


def test_a_live_session_loads_its_engine_with_the_first_question() -> None:
    code = """
from rlm_tui.context.load import Loading
from rlm_tui.session.live import LiveSession
from rlm_tui.session import commands as cmd
from rlm_tui.session.setup import Setup
session = LiveSession(Setup(), Loading(["README.md"]))
session.drain(), session.phase, session.waiting, session.can(cmd.Interrupt), session.close()
"""
    assert not {name for name in modules_after(code) if name.startswith(("rlm_tui.engine", "rlm_tui.repl.process"))}


def test_help_loads_neither_screen_nor_sdk_nor_engine() -> None:
    code = "from rlm_tui.cli import main\ntry:\n    main(['--help'])\nexcept SystemExit: pass"
    assert not loaded_after(code) & (SCREEN | SDKS | {"asyncio", "msgspec", "orjson"})


AT_FIRST_PAINT = {
    "rlm_tui": "cli config crash errors events files lm paths repl resources session text trace trajectory ui version",
    "rlm_tui.cli": "diagnostics open options replay terminal",
    "rlm_tui.config": "reading schema",
    "rlm_tui.lm": "endpoint providers registry watch",
    "rlm_tui.repl": "sandbox",
    "rlm_tui.session": "base commands notebook setup signals",
    "rlm_tui.trace": "codec magic migrate opening reader reading source store",
    "rlm_tui.trajectory": "facts fold limits nodes spending view waited",
    "rlm_tui.ui": "actions app asking attention bar_words early host hung_up keymap lines notice opening pace palette "
    "resized screens selecting showing state states stopped styles theme theme_file typed_in verbs widgets words",
    "rlm_tui.ui.screens": "full_screen main",
    "rlm_tui.ui.widgets": "bar footer gate_bar header rule slider too_small",
}
"""What a person waits for before anything is on the screen; all else is imported behind it."""
_PAINTED = """
import gc, json, os, sys
from rlm_tui.cli import main, terminal
def painted():
    sys.__stderr__.write(json.dumps(list(sys.modules)))
    sys.__stderr__.flush()
    os._exit(0)
terminal.require = lambda _: None
gc.enable = painted  # the app collects again once the first paint is out
main(sys.argv[1:])
"""


@pytest.mark.parametrize("words", [("open", __file__, "-q", "Who?", "-m", "offline"), ("replay", "sample:clean")])
def test_the_first_paint_waits_for_no_more_than_it_shows(words: tuple[str, ...]) -> None:
    environment = {**os.environ, "TEXTUAL_DRIVER": "textual.drivers.headless_driver:HeadlessDriver"}
    command = [sys.executable, "-c", _PAINTED, *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    loaded = set(json.loads(done.stderr.splitlines()[-1]))
    assert "rlm_tui.ui.screens.main" in loaded
    allowed = {f"{package}.{name}" for package, names in AT_FIRST_PAINT.items() for name in names.split()}
    assert {name for name in loaded if name.startswith("rlm_tui.")} - allowed == set()
    assert not loaded & {"hashlib", "statistics", "sqlite3", "orjson", "pypdfium2", *SDKS}


@pytest.mark.parametrize("command", ["open", "run", "replay", "repl", "parse", "trace", "runs"])
def test_the_help_of_a_command_loads_neither_screen_nor_sdk(command: str) -> None:
    code = f"from rlm_tui.cli import main\ntry:\n    main(['{command}', '--help'])\nexcept SystemExit: pass"
    assert not loaded_after(code) & (SCREEN | SDKS)


def test_a_run_with_the_offline_model_loads_no_sdk_and_no_screen() -> None:
    code = "from rlm_tui.cli import main\nmain(['run', 'sample:staff', '-q', 'Who?', '-m', 'offline', '--no-trace'])"
    assert not loaded_after(code) & (SCREEN | SDKS)


def test_a_replay_loads_no_sdk_no_network_and_no_worker() -> None:
    code = "import rlm_tui.session.replay, rlm_tui.ui.app"
    assert not loaded_after(code) & SDKS


def test_the_worker_loads_nothing_of_rlm_tui() -> None:
    import asyncio

    from rlm_tui.repl.process import WorkerREPL

    async def loaded() -> str:
        async def nobody(_: object) -> list[str]:
            return []

        repl = WorkerREPL(nobody, sandbox="none")
        await repl.start()
        try:
            result = await repl.run("import sys; print([m for m in sys.modules if 'rlm_tui' in m])", timeout_s=9)
        finally:
            await repl.close()
        return result.stdout.strip()

    assert asyncio.run(loaded()) == "[]"
