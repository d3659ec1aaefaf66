"""What the model was told, and what it has not been told yet, stands in the step where it belongs."""

from __future__ import annotations

from rlm_tui import events as ev
from rlm_tui.engine import prompts
from rlm_tui.engine.dialect import built_in
from rlm_tui.resources import sample
from rlm_tui.session.replay import ReplaySession
from rlm_tui.trajectory.facts import is_amiss
from rlm_tui.ui.content.calls import CallRows, scene
from rlm_tui.ui.content.parts import Page
from rlm_tui.ui.content.step import step
from rlm_tui.ui.content.tree import CallTree
from tests.trajectories import BATCH, Recorder, edited, held, peeked

CUT = "I will count.\n```repl\nx = 1\n```\nAnd then:\n```repl\nprint('half of a li"


def said(run: Recorder, selection: str, seq: int | None = None) -> str:
    view = run.trajectory.now() if seq is None else run.trajectory.at(seq)
    return "\n".join(row.text.rstrip() for row in step(Page(view, run.log, 90), selection))


def test_words_wait_in_the_newest_iteration_until_a_request_takes_them_along() -> None:
    run = edited()
    assert "✎ TOLD   by you: The salaries stand on p. 26." in said(run, "1.3")
    assert "queued for its next message" in said(run, "1.3")
    assert "TOLD" not in said(run, "1.2")
    run.finish_iteration("1.3", 3)
    four = run.iteration(4)
    run.ask(four, "I see.", prior=6, new=(("user", "The user says: The salaries stand on p. 26."),))
    assert said(run, four).startswith("✎ TOLD   by you: The salaries stand on p. 26.")
    assert "queued" not in said(run, four)
    assert "TOLD" not in said(run, "1.3")


def refused(final: ev.Final, answer: str) -> tuple[Recorder, int]:
    """A final that the engine refused, and the moment before the model was told so."""
    run = peeked()
    two = run.iteration(2)
    run.ask(two, "Done.", prior=2)
    run.parsed(two, final=final)
    run.emit(ev.IterationFinished(node=two, number=2, refused=answer))
    run.close(two)
    before = run.trajectory.last
    run.ask(run.iteration(3), "Oh.", prior=4, new=(("assistant", "Done."), ("user", f"Output:\n7\n\n{answer}")))
    return run, before


def test_a_final_that_did_not_count_says_why_at_once_and_whether_the_model_was_told() -> None:
    run, before = refused(ev.Final("var", "total"), prompts.no_such_variable("total", ["hits"], built_in("strict")))
    assert "the model was told: FINAL_VAR(total) names no variable of the REPL.\n" in f"{said(run, '1.2')}\n"
    assert "for the model: FINAL_VAR(total) names no variable of the REPL.\n" in f"{said(run, '1.2', before)}\n"
    assert [step.label for step in run.trajectory.steps][-2:] == ["response", "refused"]
    run, _ = refused(ev.Final("text", "7"), prompts.FINAL_WAITED)
    assert "the model was told: Your final answer did not count, as code" in said(run, "1.2").replace("\n", "")
    assert "the model was told" not in said(run, "1.1")


def test_code_that_was_cut_off_is_shown_and_never_ran() -> None:
    run = peeked()
    two = run.iteration(2)
    run.ask(two, CUT, prior=2)
    run.parsed(two, truncated=True, problem="It was cut off.")
    text = said(run, two)
    assert "CODE     cut off, never run\n  1 print('half of a li" in text
    assert "x = 1" not in text
    run.parsed(two)
    assert "cut off, never run" not in said(run, two)


def test_output_is_not_said_to_be_seen_before_a_request_carries_it() -> None:
    run = peeked()
    assert "the model has not seen it yet" in said(run, "1.1")
    assert "model saw" not in said(run, "1.1")
    run.ask(run.iteration(2), "Next.", prior=2, new=(("user", "Output of block 1:\n…"),))
    assert "model saw all" in said(run, "1.1")


def test_a_block_that_was_put_back_is_not_marked_as_edited() -> None:
    def tree(run: Recorder) -> str:
        rows = CallRows(CallTree(), scene(run.trajectory.now(), run.log), 60)
        return "\n".join(row.text for row in rows)

    run = edited()
    assert "✎" in tree(run)
    after = BATCH.replace("20000", "15000")
    run.emit(ev.Edited(node="1.3.code1", what="code", before=after, after=BATCH, hold=1))
    assert "✎" not in tree(run)


def test_a_wait_for_a_person_is_never_counted_wherever_one_looks_from() -> None:
    run = held()
    run.time += 161
    run.emit(ev.Told(node="1", text="Wait."))
    run.release("1.3.code1", "before_code")
    run.end_block(run.begin_block("1.3", BATCH, 3))
    run.finish_iteration("1.3", 3)
    run.end("7")
    for seq in range(1, run.trajectory.last + 1):
        view = run.trajectory.at(seq)
        root = CallRows(CallTree(), scene(view, run.log, view.t), 60)[0].text
        assert ":" not in root


def test_what_is_said_to_the_model_is_never_mistaken_for_words_to_the_person() -> None:
    run = peeked()
    two = run.iteration(2)
    run.ask(two, CUT, prior=2)
    run.parsed(two, problem="You wrote the output of the REPL yourself.")
    assert "for the model: You wrote the output" in said(run, two)
    run.finish_iteration(two, 2)
    run.ask(run.iteration(3), "Oh.", prior=4)
    assert "the model was told: You wrote the output" in said(run, two)
    rows = CallRows(CallTree(), scene(run.trajectory.now(), run.log), 60)
    assert next(row for row in rows if " 2 I will count." in row.text).text.lstrip().startswith("▾ ⚠")
    assert is_amiss(run.trajectory.now(), run.log, run.trajectory.nodes[two])
    assert len(run.trajectory.now().problems()) == 1


def test_the_bundled_sample_says_in_the_step_why_each_bad_turn_was_bad() -> None:
    session = ReplaySession(sample("misbehaves"))
    session.read_whole()
    moments = [session.trajectory.at(each.seq) for each in session.trajectory.steps]
    pages = [step(Page(view, session.log, 200), None) for view in moments]
    seen = "\n".join(row.text.rstrip() for rows in pages for row in rows)
    session.close()
    for words in (
        "NameError: name 'contxt' is not defined",
        "invented-output",
        "cut off inside a code block",
        "the server ended it by “length”, at its limit of tokens for one response",
        "FINAL_VAR(total_salary) names no variable of the REPL.",
        "by you: A record is one line",
    ):
        assert words in seen, words
