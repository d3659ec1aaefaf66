"""What the bars say in few cells: the important words survive."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

import pytest

from rlm_tui import events as ev
from rlm_tui.resources import sample
from rlm_tui.session import commands as cmd
from rlm_tui.session.base import LiveText
from rlm_tui.session.replay import ReplaySession
from rlm_tui.ui.actions import BY_ID
from rlm_tui.ui.bar_words import own_block, sentence
from rlm_tui.ui.meanings import meaning
from rlm_tui.ui.state import UiState
from rlm_tui.ui.verbs import GATE_GROUPS, verbs
from rlm_tui.ui.widgets.bar import Verb
from rlm_tui.ui.widgets.gate_bar import told_line, whole_sentences
from rlm_tui.ui.widgets.header import header_line
from rlm_tui.ui.words import widest_place
from tests.trajectories import Recorder, StillSession, batched, held, peeked

SAFETY = "NOT SANDBOXED: this and all later code can read your files and use your network; run it?"


def unseen() -> Recorder:
    """The output of iteration 2 waits before the model sees it."""
    run = peeked()
    two = run.iteration(2)
    run.ask(two, "x", prior=2)
    code = run.begin_block(two, "print(1)", 2)
    run.emit(ev.CodeFinished(node=code, status="ok", stdout="1\n", shown=1))
    run.hold(code, "after_code", "1")
    return run


def test_a_header_without_room_says_it_shorter() -> None:
    session = StillSession(unseen(), phase="held")
    assert "‖ HELD  output of iteration 2, unseen " in header_line(session, 80).text
    assert "output of iteration 2, not shown to the model yet" in header_line(session, 140).text
    replay = header_line(StillSession(unseen()), 80).text
    assert "▸ REPLAY  step 4/4 · output held " in replay
    assert "NOT SANDBOXED" in replay


def test_a_header_does_not_say_held_of_another_moment() -> None:
    session = StillSession(held(), phase="held")
    session.seq = session.trajectory.steps[0].seq
    text = header_line(session, 80).text
    assert "◂ LOOKING BACK" in text
    assert "now held" in text
    assert "HELD" not in text


@pytest.mark.parametrize(("width", "shown"), [(200, 3), (len(SAFETY) + 30, 2), (80, 1), (20, 1)])
def test_a_bar_leaves_out_whole_sentences(width: int, shown: int) -> None:
    parts = [SAFETY, "It waits for you.", "Nothing runs until you choose."]
    assert whole_sentences(" ".join(parts), width) == " ".join(parts[:shown]) or width < len(SAFETY)


def test_where_a_person_is_the_model_the_answer_is_what_can_be_done() -> None:
    run = peeked()
    lm = run.open("1.2.lm1", "lm", run.iteration(2))
    run.emit(ev.Held(node=lm, hold=1, checkpoint="before_request", why="human", content="?", needs_answer=True))
    session, ui = StillSession(run, phase="held"), UiState()
    assert sentence(session, ui)[0] == "You are the model: press w and write its answer."
    keys = [verb.key for verb in verbs(session, ui, GATE_GROUPS, {})]
    assert keys[0] == "w"
    assert not {"i", "V"} & set(keys)


@pytest.mark.parametrize(
    "why", ["The limit of 2 sub-calls was reached", "The limit of 2 levels of RLMs was reached", "?"]
)
@pytest.mark.parametrize("is_call", [True, False])
def test_who_is_at_a_limit_and_no_word_of_the_reason_decides_what_going_on_means(why: str, is_call: bool) -> None:
    run = batched()
    call = next(node.id for node in run.trajectory.nodes.values() if node.type == "subcall")
    run.emit(ev.Held(node=call if is_call else "1", hold=1, checkpoint="at_limit", why=why, content="2"))
    session, ui = StillSession(run, phase="held"), UiState(selection=call if is_call else "1")
    labels = {verb.action: verb.label for verb in verbs(session, ui, GATE_GROUPS, {})}
    assert labels["gate.run"] == ("go on without" if is_call else "answer now")
    assert ("a goes on without" if is_call else "a answers now") in sentence(session, ui)[0]


def test_only_an_edit_can_be_taken_back() -> None:
    session, ui = StillSession(held(), phase="held"), UiState()
    before = verbs(session, ui, GATE_GROUPS, {})
    assert not any("V" in verb.key for verb in before)
    session.recorder.emit(ev.Edited(node="1.3.code1", what="code", before="", after="x", hold=1))
    assert verbs(session, ui, GATE_GROUPS, {}) == [*before, Verb("gate.original", "V", "original")]
    assert sentence(session, ui)[0].startswith("The code waits, edited by you; V puts the original back.")


@pytest.mark.parametrize("checkpoint", get_args(ev.Checkpoint))
def test_what_the_keys_do_is_said_of_what_is_held(checkpoint: ev.Checkpoint) -> None:
    run = peeked()
    run.emit(ev.Held(node="1.1", hold=1, checkpoint=checkpoint, why="step", content="7"))
    session = StillSession(run, phase="held")
    words = {name: meaning(BY_ID[name], session, None) for name in ("gate.run", "gate.edit", "gate.step")}
    is_run = [name for name, said in words.items() if said.startswith("Run ")]
    assert bool(is_run) == (checkpoint == "before_code"), "nothing else is run"
    assert words["gate.edit"] != BY_ID["gate.edit"].tooltip


def test_calls_that_wait_for_a_slot_are_queued() -> None:
    run = peeked()
    two = run.iteration(2)
    run.ask(two, "x", prior=2)
    code = run.begin_block(two, "llm_query_batch([1, 2, 3])", 2)
    calls = [run.open(f"{code}.sub{index}", "subcall", code) for index in range(3)]
    run.emit(ev.SubcallRequested(node=calls[0], function="llm_query_batch", prompt="1", model="m", batch_size=3))
    text = header_line(StillSession(run, phase="running"), 140).text
    assert "1 sub-call out, 2 queued, iteration 2" in text


def test_an_estimate_stands_beside_the_time_that_has_passed() -> None:
    run = peeked()
    two = run.iteration(2)
    lm = run.open(f"{two}.lm1", "lm", two)
    run.emit(ev.LmRequested(node=lm, model="m", messages=(), prior=2))
    live = LiveText({(lm, "waiting"): "reading prompt ≈8s"})
    text = header_line(StillSession(run, phase="running", live=live), 140).text
    assert "root LM: reading prompt, iteration 2 · " in text
    assert " of ≈8s" in text


def test_the_key_to_what_is_held_elsewhere_is_named_as_it_was_remapped() -> None:
    session, ui = StillSession(held(), phase="held"), UiState(selection="1.1", pinned=True)
    where = "Held elsewhere: code of iteration 3, not run yet"
    assert sentence(session, ui)[0].startswith(f"{where}; G goes there.")
    ui.keymap["walk.live"] = ("f3",)
    assert sentence(session, ui)[0].startswith(f"{where}; F3 goes there.")


@pytest.mark.parametrize(
    ("run", "words"),
    [
        (held, "You edit the code. Leaving keeps the edit; it runs when you say so."),
        (unseen, "You edit the output. Leaving keeps the edit; the model sees it when you say so."),
    ],
)
def test_the_editor_says_what_becomes_of_what_is_edited(run: Callable[[], Recorder], words: str) -> None:
    assert sentence(StillSession(run(), phase="held"), UiState(editing=True))[0] == words


def test_an_editor_says_that_f5_holds_no_more_where_it_does_not_send() -> None:
    session, ui = StillSession(held(), phase="held"), UiState(selection="1.3.code1", typing=True, editing=True)
    ui.screen = "main"
    named = {verb.key: verb.label for verb in verbs(session, ui, GATE_GROUPS, {})}
    assert named["F5"] == "go on, hold no more"
    ui.editing, ui.asking = False, "answer"
    assert {verb.key: verb.label for verb in verbs(session, ui, GATE_GROUPS, {})}["F5"] == "send"


def test_a_hold_says_how_many_wait_beside_it() -> None:
    run = held()
    session = StillSession(run, phase="held")
    for behind in range(3):
        said = sentence(session, UiState(selection="1.3.code1"))[0]
        assert (f" {behind} more beside it. Nothing runs" in said) == (behind > 0)
        run.hold("1.3.code1", "before_code", "x", hold=behind + 2)


@pytest.mark.parametrize(
    ("status", "error", "words"),
    [
        ("interrupted", None, "Your block was interrupted."),
        ("died", None, "The worker died in your block; the variables are lost."),
        ("error", ev.CodeError("NameError", "no\nhits", ""), "Your block raised NameError: no hits"),
    ],
)
def test_a_block_of_ones_own_that_did_not_end_well_is_told_as_such(
    status: ev.BlockStatus, error: ev.CodeError | None, words: str
) -> None:
    assert own_block(Recorder().log, ev.CodeFinished(status=status, stdout="12\n", error=error)) == words


@pytest.mark.parametrize(
    ("printed", "words"),
    [
        ("", "Your block ran; it printed nothing."),
        ("12\n", "Your block printed: 12"),
        ("12\n13\n", "Your block printed 2 lines, the first: 12"),
        ("12\n\n13", "Your block printed 3 lines, the first: 12"),
    ],
)
def test_what_a_block_of_ones_own_printed_is_told_with_its_lines(printed: str, words: str) -> None:
    run = Recorder()
    assert own_block(run.log, ev.CodeFinished(status="ok", stdout=printed)) == words


def test_code_that_may_run_without_walls_names_the_key_that_runs_it() -> None:
    """`run it?` alone invites `y`, which copies."""
    run = held()
    run.release("1.3.code1", "before_code", "retry")
    run.emit(ev.Held(node="1.3.code1", hold=2, checkpoint="before_code", why=SAFETY, content="x"))
    session = StillSession(run, phase="held")
    said = SAFETY.removesuffix("run it?")
    assert sentence(session, UiState())[0].startswith(f"{said}a runs it.")
    assert sentence(session, UiState(keymap={"gate.run": ("f7",)}))[0].startswith(f"{said}F7 runs it.")


def test_words_that_wait_for_the_model_leave_a_sign_beside_the_keys() -> None:
    run = held()
    session = StillSession(run, phase="held")
    assert not told_line(session).text
    run.emit(ev.Told(node="1", text="Look at page 3."))
    assert told_line(session).text.strip() == "✎ 1 told"
    run.ask(run.iteration(4), "Yes.")
    assert not told_line(session).text


def test_the_place_of_a_recorded_run_takes_the_room_that_it_needs() -> None:
    """The name of the model stands whole at every step, where what is held nowhere takes no room."""
    session = ReplaySession(sample("misbehaves"))
    session.read_whole()
    for step in session.trajectory.steps:
        session.send(cmd.Seek(step.seq))
        assert "misbehaves.json" in header_line(session, 80).text
    session.close()
    run = peeked()
    short = widest_place(StillSession(run, None, "replay"))
    run.hold("1.1", "after_subcall", "42")
    assert widest_place(StillSession(run, None, "replay")) > short
