"""The states that must look different: one table, and every part of the program that names a state says its words."""

from __future__ import annotations

import ast
import fcntl
from pathlib import Path
from typing import get_args

import pytest
from rich.cells import cell_len

import rlm_tui
from rlm_tui import events as ev
from rlm_tui.resources import sample
from rlm_tui.session import commands as cmd
from rlm_tui.session.base import LiveText, Phase
from rlm_tui.session.replay import ReplaySession
from rlm_tui.trace.saved import SavedRun
from rlm_tui.ui.attention import Attention
from rlm_tui.ui.bar_words import sentence
from rlm_tui.ui.content.calls import scene, state
from rlm_tui.ui.content.parts import Page
from rlm_tui.ui.content.root import root
from rlm_tui.ui.content.summary import Summary
from rlm_tui.ui.screens.runs_rows import run_row
from rlm_tui.ui.state import UiState
from rlm_tui.ui.states import BEHIND, ENDS, FILES, PHASES, SPINNER, UNFINISHED, Look, of_status
from rlm_tui.ui.verbs import Verb, verbs
from rlm_tui.ui.widgets.header import header_line
from rlm_tui.ui.words import is_cut, silence_words, state_of, without_end
from tests.states import asked, failed, finished, held, interrupting, limited, looking_back, running, still
from tests.trajectories import StillSession, clean, peeked

LOOKS = {**FILES, **PHASES, "looking back": BEHIND}


def ended(status: ev.RunStatus, phase: Phase = "finished") -> StillSession:
    """A run that ended so, without an answer unless it was answered."""
    if status == "answered":
        return still(clean(), phase)
    run = peeked()
    run.end(None, None, status)
    return still(run, phase)


def shown() -> dict[str, tuple[StillSession, Look]]:
    """A session in each state, with the look that it must have."""
    ends = {status: (ended(status), look) for status, look in ENDS.items()}
    return {
        **ends,
        "loading": (StillSession(peeked(), phase="loading"), PHASES["loading"]),
        "question": (asked(), PHASES["question"]),
        "running": (running(), PHASES["running"]),
        "held": (held(), PHASES["held"]),
        "interrupting": (interrupting(), PHASES["interrupting"]),
        "replay": (still(peeked(), "replay"), PHASES["replay"]),
        "looking back": (looking_back(), BEHIND),
        "unfinished": (still(peeked(), "finished"), UNFINISHED),
    }


def test_no_two_states_share_a_symbol_or_words() -> None:
    for field in ("symbol", "word", "phrase", "do"):
        said = [getattr(look, field) for look in LOOKS.values()]
        assert len(set(said)) == len(said)
        assert all(said)
    assert all(cell_len(look.symbol) == 1 for look in LOOKS.values())
    assert all(look.do.endswith(".") for look in LOOKS.values())


def test_every_state_has_a_row() -> None:
    assert set(ENDS) == set(get_args(ev.RunStatus))
    assert set(PHASES) == set(get_args(Phase)) - {"finished"}
    assert of_status("paused_later").word == "paused later"
    assert of_status("running").word == PHASES["running"].word


@pytest.mark.parametrize("name", shown())
@pytest.mark.parametrize("width", [80, 120, 200])
def test_the_header_says_every_state_by_symbol_and_word(name: str, width: int) -> None:
    session, look = shown()[name]
    text = header_line(session, width).text
    symbols = SPINNER if look.symbol in SPINNER else look.symbol
    assert text[1] in symbols
    assert text[3:].startswith(look.word.upper())
    others = [other.word.upper() for other in LOOKS.values() if other is not look]
    assert not any(text[3:].startswith(f"{word} ") for word in others)


@pytest.mark.parametrize("name", ["running", "held", "interrupting"])
def test_the_summary_of_what_goes_on_does_not_end_it(name: str) -> None:
    session, look = shown()[name]
    status = next(row.text for row in Summary(session, 100).facts()[:] if row.text.lstrip().startswith("STATUS"))
    assert look.whole[0] in status
    assert ", in iteration " in status
    assert "ends there" not in status


@pytest.mark.parametrize("status", ENDS)
def test_an_end_has_the_same_words_everywhere(status: ev.RunStatus) -> None:
    look, session = ENDS[status], ended(status)
    assert look.whole[0] in "\n".join(row.text for row in Summary(session, 100).facts()[:])
    assert look.brief[0] in run_row(SavedRun(status=status), 0.0, 80).text
    assert sentence(session, UiState())[0].endswith(look.do)
    written: list[str] = []
    attention = Attention(written.append)
    attention.look(session, "title", has_focus=False)
    assert look.brief[0] in "".join(written)
    node = session.view.root
    assert node is not None
    page = Page(session.view, session.log, 100, LiveText(), session.view.t)
    if status != "answered":
        assert look.whole[0] in "\n".join(row.text for row in root(page, node)[:])


def test_a_replay_says_how_the_run_stands_at_its_end() -> None:
    for status, look in ENDS.items():
        assert f"{look.symbol} {look.word}" in header_line(ended(status, "replay"), 120).text


def test_what_failed_says_what_went_wrong_and_what_to_do() -> None:
    for session in (failed(), limited()):
        over = session.view.finished
        assert over is not None
        assert sentence(session, UiState())[0] == f"{over.detail} {ENDS[over.status].do}"
    assert sentence(finished(), UiState())[0] == ENDS["answered"].do


def test_no_other_module_of_the_screen_has_words_of_its_own_for_the_ends() -> None:
    folder = Path(rlm_tui.__file__).parent
    others = [path for part in ("ui", "cli") for path in (folder / part).rglob("*.py") if path.name != "states.py"]
    ends = set(get_args(ev.RunStatus))
    for path in others:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Dict):
                keys = {key.value for key in node.keys if isinstance(key, ast.Constant)}
                assert not ends <= keys, f"{path.name}:{node.lineno}"


@pytest.mark.parametrize("status", ENDS)
def test_the_root_of_the_tree_of_calls_has_the_symbol_of_its_end(status: ev.RunStatus) -> None:
    session = ended(status)
    node = session.view.root
    assert node is not None
    assert state(scene(session.view, session.log), node) == ENDS[status].sign


@pytest.mark.parametrize("status", ENDS)
def test_an_answer_has_the_symbol_of_how_its_run_ended(status: ev.RunStatus) -> None:
    run = peeked()
    run.end("None was found.", "FINAL", status)
    session = still(run, "finished")
    node = session.view.root
    assert node is not None
    rows = root(Page(session.view, session.log, 100, LiveText(), session.view.t), node)[:]
    heading = next(row.text for row in rows if row.text.split()[:1] == ["ANSWER"])
    assert heading.split()[1] == ENDS[status].symbol


@pytest.mark.parametrize(("is_live", "look"), [(False, UNFINISHED), (True, FILES["running"])])
def test_a_trace_without_an_end_looks_so_at_its_last_moment_only(tmp_path: Path, is_live: bool, look: Look) -> None:
    whole = sample("clean").read_bytes().splitlines(keepends=True)
    cut = tmp_path / "cut.rlm.jsonl"
    cut.write_bytes(b"".join(whole[:40]))
    with open(cut) as file:
        if is_live:
            fcntl.flock(file, fcntl.LOCK_EX)
        session = ReplaySession(cut)
    session.read_whole()
    try:
        for at, is_end in ((None, True), (session.trajectory.steps[0].seq, False)):
            session.send(cmd.Seek(at))
            node, end = session.view.root, without_end(session)
            assert node is not None
            assert (end == look) is is_end
            assert (f"· {look.symbol} {look.word}" in header_line(session, 80).text) is is_end
            wanted = look.sign if is_end else FILES["running"].sign
            moment = scene(session.view, session.log, is_cut=is_cut(session))
            assert state(moment, node) == wanted
    finally:
        session.close()


def test_a_request_that_failed_says_what_went_wrong_and_both_ways_on() -> None:
    run = peeked()
    lm = run.open(f"{run.iteration(2)}.lm1", "lm", "r", title="m")
    why = "The server refused the key (HTTP 401); check the key."
    run.emit(ev.Held(node=lm, hold=9, checkpoint="before_request", why=why, content="What?", has_failed=True))
    session = still(run, "held")
    words = sentence(session, UiState())[0]
    assert words.startswith(f"{why} a asks again, w lets you answer in its place.")
    assert "it failed" in state_of(session).words
    assert Verb("gate.run", "a", "ask again") in verbs(session, UiState(), ("at the gate",), {})


@pytest.mark.parametrize(("passed", "told"), [(4.0, ""), (6.0, "silent for 6.0s")])
def test_an_answer_that_has_begun_and_does_not_go_on_is_called_silent(passed: float, told: str) -> None:
    live = LiveText({("lm", "waiting"): "writing 31 tok/s", ("other", "waiting"): "loading model"})
    live.heard = {"lm": 10.0, "other": 10.0}
    assert silence_words(live, "lm", 10.0 + passed) == told
    assert silence_words(live, "other", 10.0 + passed) == ""
    assert silence_words(live, "nobody", 99.0) == ""
