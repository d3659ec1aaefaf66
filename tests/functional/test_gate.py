"""A person at the gate: what is held, what each command does to it, and what the model then sees."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rlm_tui import events as ev
from rlm_tui.errors import ReplError
from rlm_tui.events import Limits
from rlm_tui.lm.scripted import ScriptedLM
from rlm_tui.repl.base import BlockResult
from rlm_tui.repl.process import WorkerREPL
from rlm_tui.session import commands as cmd
from rlm_tui.session.base import YES
from rlm_tui.trace.recover import verify
from tests.driving import block, live, script


def test_step_holds_before_and_after_code_and_before_the_answer(tmp_path: Path) -> None:
    with live(tmp_path, [block("print(1)"), "FINAL(one)"], step=True) as run:
        run.start()
        for checkpoint in ("before_code", "after_code", "before_final"):
            run.send(cmd.Run(run.hold(checkpoint).id))
        assert run.end().answer == "one"
        assert [e.checkpoint for e in run.of(ev.Held)] == ["before_code", "after_code", "before_final"]


def test_nothing_runs_while_code_is_held(tmp_path: Path) -> None:
    with live(tmp_path, [block("print(1)"), "FINAL(one)"], step=True) as run:
        run.start().hold("before_code")
        assert run.of(ev.CodeStarted) == []
        assert run.session.phase == "held"


def test_edited_code_runs_in_place_of_the_model_s_and_the_model_is_told(tmp_path: Path) -> None:
    with live(tmp_path, [block("print('its own')"), "FINAL(x)"], step=True) as run:
        hold = run.start().hold("before_code")
        run.send(cmd.Edit(hold.id, "print('my own')"))
        run.send(cmd.Resume())
        run.end()
        assert [e.code for e in run.of(ev.CodeStarted)] == ["print('my own')"]
        (edited,) = run.of(ev.Edited)
        assert (edited.what, edited.before, edited.after) == ("code", "print('its own')", "print('my own')")
        assert "The user changed the code; this ran:" in run.said()[-1]
        assert "my own" in run.said()[-1]
        assert "its own" in run.said()[-2], "the model's own message stays as it was"


def test_revert_puts_the_original_back(tmp_path: Path) -> None:
    with live(tmp_path, [block("print(1)"), "FINAL(x)"], step=True) as run:
        hold = run.start().hold("before_code")
        run.send(cmd.Edit(hold.id, "print(2)"))
        run.send(cmd.Revert(hold.id))
        run.send(cmd.Resume())
        run.end()
        assert run.of(ev.CodeStarted)[0].code == "print(1)"
        assert "changed the code" not in run.said()[-1]


def test_a_skipped_block_does_not_run_and_the_model_sees_it(tmp_path: Path) -> None:
    with live(tmp_path, [block("print(1)"), "FINAL(x)"], step=True) as run:
        run.send(cmd.Skip(run.start().hold("before_code").id))
        run.send(cmd.Run(run.hold("before_final").id))
        run.end()
        assert run.of(ev.CodeStarted) == []
        assert "skipped by the user" in run.said()[-1]


def test_asking_again_before_code_gives_another_response_in_the_same_iteration(tmp_path: Path) -> None:
    with live(tmp_path, [block("print('bad')"), block("print('good')"), "FINAL(x)"], step=True) as run:
        run.send(cmd.Retry(run.start().hold("before_code").id))
        run.until(lambda: len(run.of(ev.Held)) == 2)
        assert run.content(run.holds()[0]) == "print('good')"
        run.send(cmd.Resume())
        run.end()
        assert [e.number for e in run.of(ev.IterationStarted)] == [1, 2]
        assert not any("bad" in text for text in run.said()), "the dropped response is not in the conversation"


def test_running_a_block_again_says_that_its_state_stays(tmp_path: Path) -> None:
    with live(tmp_path, ["```repl\nn = globals().get('n', 0) + 1\nprint(n)\n```", "FINAL_VAR(n)"], step=True) as run:
        run.send(cmd.Run(run.start().hold("before_code").id))
        run.send(cmd.Retry(run.hold("after_code").id))
        run.until(lambda: len([h for h in run.of(ev.Held) if h.checkpoint == "after_code"]) == 2)
        run.send(cmd.Resume())
        assert run.end().answer == "2"
        assert any("not undone" in note.text for note in run.of(ev.Note))


def test_words_to_the_model_go_out_with_its_next_message(tmp_path: Path) -> None:
    with live(tmp_path, [block("print(1)"), "FINAL(x)"], step=True) as run:
        run.start().hold("before_code")
        run.send(cmd.Tell("look at page 3"))
        run.until(lambda: bool(run.of(ev.Told)))
        assert run.session.trajectory.now().queued_words()
        run.send(cmd.Resume())
        run.end()
        assert "The user says: look at page 3" in run.said()[-1]
        assert not run.session.trajectory.now().queued_words()


@pytest.mark.parametrize(("told_at", "ends_at"), [("before_final", "before_final"), ("after_code", "before_request")])
def test_what_a_run_ends_without_asking_for_goes_out_with_the_next_question(
    tmp_path: Path, told_at: str, ends_at: str
) -> None:
    with live(tmp_path, [block("x = 1"), "FINAL(1)", "FINAL(2)"]) as run:
        run.start(step=True)
        checkpoints: tuple[ev.Checkpoint, ...] = ("before_code", "after_code", "before_request", "after_response")
        for checkpoint in (*checkpoints, "before_final"):
            hold = run.hold(checkpoint)
            if checkpoint == told_at:
                run.send(cmd.Tell("look at page 3"))
                run.until(lambda: bool(run.of(ev.Told)))
            if checkpoint == ends_at:
                break
            run.send(cmd.Step(hold.id, "into"))
        run.send(cmd.Stop())
        run.until(lambda: run.session.phase == "finished" and not run.session.is_running)
        run.send(cmd.Inject("mine = 5"))
        run.until(lambda: len(run.of(ev.CodeFinished)) == 2)
        assert run.session.trajectory.now().queued_words()
        asked = len(run.of(ev.LmRequested))
        run.start("Next?")
        run.until(lambda: len(run.of(ev.LmRequested)) > asked)
        first = run.said()[-1]
        assert first.count("The user says: look at page 3") == 1
        assert "The user ran a block of their own" in first
        assert not run.session.trajectory.now().queued_words()


def test_what_was_told_is_forgotten_with_the_conversation(tmp_path: Path) -> None:
    with live(tmp_path, ["FINAL(1)", "FINAL(2)"]) as run:
        run.start(step=True).hold("before_final")
        run.send(cmd.Tell("look at page 3"))
        run.until(lambda: bool(run.of(ev.Told)))
        run.send(cmd.Resume())
        run.end()
        run.send(cmd.Reset())
        run.until(lambda: bool(run.of(ev.Reset)))
        assert not run.session.trajectory.now().queued_words()
        run.start("Next?", step=False)
        run.until(lambda: len(run.of(ev.RunFinished)) == 2)
        assert "page 3" not in run.said()[-1]


def test_an_injected_block_runs_in_the_same_namespace_and_is_announced(tmp_path: Path) -> None:
    with live(tmp_path, [block("x = 1"), "FINAL_VAR(y)"], step=True) as run:
        run.send(cmd.Run(run.start().hold("before_code").id))
        run.hold("after_code")
        run.send(cmd.Inject("y = x + 41; print('mine', y)"))
        run.until(lambda: len(run.of(ev.CodeFinished)) == 2)
        run.send(cmd.Resume())
        assert run.end().answer == "42"
        assert [e.by for e in run.of(ev.CodeStarted)] == ["model", "user"]
        assert "The user ran a block of their own" in run.said()[-1]
        assert "mine 42" in run.said()[-1]


def test_a_refused_answer_lets_the_run_go_on(tmp_path: Path) -> None:
    with live(tmp_path, ["FINAL(too soon)", "FINAL(better)"], step=True) as run:
        run.send(cmd.Skip(run.start().hold("before_final").id))
        run.until(lambda: len(run.of(ev.Held)) == 2)
        run.send(cmd.Resume())
        assert run.end().answer == "better"
        assert any("does not accept" in text for text in run.said())


def test_an_edited_answer_is_the_person_s(tmp_path: Path) -> None:
    with live(tmp_path, ["FINAL(41)"], step=True) as run:
        hold = run.start().hold("before_final")
        run.send(cmd.Edit(hold.id, "42"))
        run.send(cmd.Run(hold.id))
        finished = run.end()
        assert (finished.answer, finished.via) == ("42", "user")


def test_a_stale_hold_is_refused_by_a_message(tmp_path: Path) -> None:
    with live(tmp_path, [block("print(1)"), "FINAL(x)"], step=True) as run:
        first = run.start().hold("before_code")
        run.send(cmd.Run(first.id))
        run.hold("after_code")
        run.send(cmd.Run(first.id))
        run.until(lambda: bool(run.messages))
        assert run.messages == ["That hold is over already; nothing was done."]
        assert [h.checkpoint for h in run.holds()] == ["after_code"]


def test_stepping_into_holds_requests_responses_and_sub_calls(tmp_path: Path) -> None:
    root = [block("print(llm_query('why?'))"), "FINAL(x)"]
    with live(tmp_path, root, sub=["because"], step=True) as run:
        run.send(cmd.Step(run.start().hold("before_code").id, "into"))
        for checkpoint in ("before_subcall", "after_subcall", "after_code", "before_request", "after_response"):
            run.send(cmd.Step(run.hold(checkpoint).id, "into"))
        run.send(cmd.Run(run.hold("before_final").id))
        run.end()


def test_stepping_over_a_batch_releases_all_of_it_at_once(tmp_path: Path) -> None:
    root = [block("print(llm_query_batched(['a', 'b', 'c']))"), "FINAL(x)"]
    with live(tmp_path, root, sub={"a": "1", "b": "2", "c": "3"}, step=True) as run:
        run.send(cmd.Step(run.start().hold("before_code").id, "into"))
        run.until(lambda: len(run.holds()) == 3)
        run.send(cmd.Step(run.holds()[0].id, "over"))
        run.hold("after_code")
        assert [e.checkpoint for e in run.of(ev.Held)].count("after_subcall") == 0
        assert "['1', '2', '3']" in str(run.of(ev.CodeFinished)[0].stdout)
        run.send(cmd.Resume())
        run.end()


def test_what_can_be_done_is_asked_of_the_hold_that_is_named(tmp_path: Path) -> None:
    root = [block("print(llm_query_batched(['a', 'b']))"), "FINAL(x)"]
    with live(tmp_path, root, sub={"a": "1", "b": "2"}, step=True) as run:
        run.send(cmd.Step(run.start().hold("before_code").id, "into"))
        run.until(lambda: len(run.holds()) == 2)
        first, second = run.holds()
        run.send(cmd.Step(second.id, "into"))
        answered = run.hold("after_subcall")
        assert run.holds()[0] == first
        assert run.session.can(cmd.Retry, answered.id)
        assert not run.session.can(cmd.Retry, first.id)
        run.send(cmd.Retry(answered.id))
        run.until(lambda: len(run.holds()) == 2 and answered not in run.holds())
        assert not run.messages
        assert run.holds()[0] == first
        run.send(cmd.Resume())
        run.end()


def test_stepping_out_of_a_sub_call_stops_after_its_block(tmp_path: Path) -> None:
    root = [block("print(llm_query('a'), llm_query('b'))"), "FINAL(x)"]
    with live(tmp_path, root, sub={"a": "1", "b": "2"}, step=True) as run:
        run.send(cmd.Step(run.start().hold("before_code").id, "into"))
        run.send(cmd.Step(run.hold("before_subcall").id, "out"))
        run.hold("after_code")
        assert len(run.of(ev.Held)) == 3
        run.send(cmd.Resume())
        run.end()


def test_stepping_by_iteration_stops_at_the_next_code(tmp_path: Path) -> None:
    with live(tmp_path, [block("print(1)"), block("print(2)"), "FINAL(x)"], step=True) as run:
        run.send(cmd.Step(run.start().hold("before_code").id, "iteration"))
        run.until(lambda: len(run.of(ev.Held)) == 2)
        assert run.content(run.holds()[0]) == "print(2)"
        run.send(cmd.Resume())
        run.end()


def test_go_on_clears_the_policy(tmp_path: Path) -> None:
    with live(tmp_path, [block("print(1)"), block("print(2)"), "FINAL(x)"], step=True) as run:
        run.start().hold("before_code")
        run.send(cmd.Resume())
        run.end()
        assert len(run.of(ev.Held)) == 1


def test_pause_holds_at_the_next_checkpoint_and_then_steps(tmp_path: Path) -> None:
    root = [{"text": block("print(1)"), "delay_s": 0.2}, "FINAL(x)"]
    with live(tmp_path, root) as run:
        run.start().until(lambda: bool(run.of(ev.LmRequested)))
        run.send(cmd.Pause())
        hold = run.hold("after_response")
        assert hold.why == "paused by you"
        run.send(cmd.Resume())
        assert run.end().status == "answered"


def test_a_skipped_sub_call_gives_an_error_value(tmp_path: Path) -> None:
    with live(tmp_path, [block("print(llm_query('a'))"), "FINAL(x)"], sub=["1"], step=True) as run:
        run.send(cmd.Step(run.start().hold("before_code").id, "into"))
        run.send(cmd.Skip(run.hold("before_subcall").id))
        run.hold("after_code")
        assert "Error: this sub-call was skipped by the user." in str(run.of(ev.CodeFinished)[0].stdout)
        run.send(cmd.Resume())
        run.end()


def test_a_sub_answer_that_is_skipped_is_not_handed_over(tmp_path: Path) -> None:
    with live(tmp_path, [block("print(llm_query('a'))"), "FINAL(x)"], sub=["1"], step=True) as run:
        run.send(cmd.Step(run.start().hold("before_code").id, "into"))
        run.send(cmd.Step(run.hold("before_subcall").id, "into"))
        hold = run.hold("after_subcall")
        run.send(cmd.Skip(hold.id))
        run.hold("after_code")
        assert run.of(ev.CodeFinished)[0].stdout == "Error: this sub-call was skipped by the user.\n"
        assert [event.outcome for event in run.of(ev.NodeClosed) if event.node == hold.node] == ["skipped"]
        run.send(cmd.Resume())
        run.end()


def test_a_sub_call_s_answer_can_be_changed_before_the_code_sees_it(tmp_path: Path) -> None:
    with live(tmp_path, [block("v = llm_query('a')"), "FINAL_VAR(v)"], sub=["wrong"], step=True) as run:
        run.send(cmd.Step(run.start().hold("before_code").id, "into"))
        run.send(cmd.Step(run.hold("before_subcall").id, "into"))
        hold = run.hold("after_subcall")
        run.send(cmd.Edit(hold.id, "right"))
        run.send(cmd.Resume())
        assert run.end().answer == "right"


def test_an_error_that_a_person_replaces_by_an_answer_is_none(tmp_path: Path) -> None:
    sub = [{"error": {"status": 400}}]
    with live(tmp_path, [block("v = llm_query('a')"), "FINAL_VAR(v)"], sub=sub, step=True) as run:
        run.send(cmd.Step(run.start().hold("before_code").id, "into"))
        run.send(cmd.Step(run.hold("before_subcall").id, "into"))
        hold = run.hold("after_subcall")
        assert run.content(hold).startswith("Error: ")
        run.send(cmd.Edit(hold.id, "right"))
        run.send(cmd.Resume())
        assert run.end().answer == "right"
        assert [event.outcome for event in run.of(ev.NodeClosed) if event.node == hold.node] == ["ok"]


def test_a_person_answers_for_the_model_human(tmp_path: Path) -> None:
    with live(tmp_path, [], model="human") as run:
        hold = run.start().hold("before_request")
        assert "you are the model" in hold.why
        run.send(cmd.Answer(hold.id, block("print(6 * 7)")))
        run.until(lambda: len(run.of(ev.Held)) == 2)
        assert "42" in run.content(run.holds()[0])
        run.send(cmd.Answer(run.holds()[0].id, "FINAL(42)"))
        assert run.end().answer == "42"
        assert {e.by for e in run.of(ev.LmResponded)} == {"user"}


def test_the_red_label_asks_once_before_foreign_code_runs(tmp_path: Path) -> None:
    responses = [block("print(1)"), block("print(2)"), "FINAL(x)", block("print(3)"), "FINAL(y)"]
    with live(tmp_path, responses, sandbox="auto") as run:
        hold = run.start().hold("before_code")
        assert "NOT SANDBOXED" in hold.why
        run.send(cmd.Run(hold.id))
        run.end()
        run.start("again")
        run.until(lambda: len(run.of(ev.RunFinished)) == 2)
        assert len(run.of(ev.Held)) == 1, "once a session"


def test_time_held_does_not_count_towards_the_seconds(tmp_path: Path) -> None:
    late = [0.0]
    with live(tmp_path, [block("print(1)"), "FINAL(x)"], step=True, limits=Limits(seconds=60)) as run:
        clock = run.session.log.clock
        run.session.log.clock = lambda: clock() + late[0]
        run.start().hold("before_code")
        late[0] = 1000.0
        run.send(cmd.Resume())
        assert run.end().status == "answered"


def test_where_the_person_is_the_model_only_an_answer_ends_the_hold(tmp_path: Path) -> None:
    with live(tmp_path, [], model="human") as run:
        hold = run.start().hold("before_request")
        assert hold.needs_answer
        for command in (cmd.Run(hold.id), cmd.Step(hold.id, "over"), cmd.Resume()):
            assert not run.session.can(type(command))
            run.send(command)
        run.until(lambda: len(run.messages) == 3)
        assert all("write the answer" in message for message in run.messages)
        run.send(cmd.Answer(hold.id, "FINAL(42)"))
        assert run.end().answer == "42"


def test_a_final_beside_skipped_code_does_not_count(tmp_path: Path) -> None:
    root = [block("v = 1") + "\nFINAL(too soon)", "FINAL(later)"]
    with live(tmp_path, root, step=True) as run:
        run.send(cmd.Skip(run.start().hold("before_code").id))
        run.send(cmd.Run(run.hold("before_final").id))
        assert run.end().answer == "later"
        assert any("did not count" in text for text in run.said())


def test_a_block_of_one_s_own_can_be_interrupted_at_a_hold_and_after_the_answer(tmp_path: Path) -> None:
    with live(tmp_path, ["FINAL(x)"], step=True) as run:
        run.start().hold("before_final")
        run.send(cmd.Inject("while True: pass"))
        run.until(lambda: bool(run.of(ev.CodeStarted)) and bool(run.session.can(cmd.Interrupt)))
        run.send(cmd.Interrupt())
        run.until(lambda: bool(run.of(ev.CodeFinished)))
        assert run.of(ev.CodeFinished)[0].status == "interrupted"
        run.send(cmd.Resume())
        run.end()
        run.send(cmd.Inject("late = 1\nwhile True: pass"))
        run.until(lambda: len(run.of(ev.CodeStarted)) == 2 and bool(run.session.can(cmd.Interrupt)))
        run.send(cmd.Interrupt())
        run.until(lambda: len(run.of(ev.CodeFinished)) == 2)
        path = Path(run.session.trace_path)
    assert verify(path) == [], "a block after the end leaves a whole trace"


def test_a_block_that_does_not_stop_is_interrupting_whatever_fails_elsewhere(tmp_path: Path) -> None:
    stubborn = (
        "while True:\n    try:\n        print('in')\n        while True: pass\n    except KeyboardInterrupt: pass"
    )
    with live(tmp_path, [block(stubborn), "FINAL(1)"]) as run:
        run.start().until(lambda: any(stream == "stdout" for _, stream in run.session.live.parts))
        run.send(cmd.Interrupt())
        run.until(lambda: run.session.phase == "interrupting")
        elsewhere = ev.LmFailed(node="elsewhere", message="refused", retry_in_s=1.0)
        run.session._thread.call(lambda: run.session.log.emit(elsewhere))
        run.until(lambda: bool(run.of(ev.LmFailed)))
        assert run.session.phase == "interrupting"
        run.send(cmd.Interrupt(force=True))
        run.until(lambda: bool(run.of(ev.CodeFinished)))
        assert run.session.phase != "interrupting"
        assert run.end().answer == "1"


def test_a_client_that_cannot_be_closed_keeps_no_other_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[ScriptedLM] = []

    async def broken(lm: ScriptedLM) -> None:
        closed.append(lm)
        raise OSError("no")

    monkeypatch.setattr(ScriptedLM, "close", broken)
    (tmp_path / "sub").mkdir()
    with (
        pytest.raises(OSError, match="no"),
        live(tmp_path, ["FINAL(1)"], sub_model=script(tmp_path / "sub", [])) as run,
    ):
        run.start().end()
    assert len(closed) == 2


def test_asking_again_after_a_block_ran_tells_what_had_run(tmp_path: Path) -> None:
    two = "```repl\na = 1\nprint('first ran')\n```\n```repl\nb = 2\n```"
    with live(tmp_path, [two, "FINAL_VAR(a)"], step=True) as run:
        run.send(cmd.Run(run.start().hold("before_code").id))
        run.send(cmd.Run(run.hold("after_code").id))
        run.send(cmd.Retry(run.hold("before_code").id))
        run.send(cmd.Run(run.hold("before_final").id))
        assert run.end().answer == "1"
        assert "had already run" in run.said()[-1]
        assert "first ran" in run.said()[-1]


def test_after_a_step_out_the_run_is_stepped_over_not_into(tmp_path: Path) -> None:
    root = [block("llm_query('a'); llm_query('b')"), block("llm_query('c')"), "FINAL(x)"]
    with live(tmp_path, root, sub={"": "1"}, step=True) as run:
        run.send(cmd.Step(run.start().hold("before_code").id, "into"))
        run.send(cmd.Step(run.hold("before_subcall").id, "out"))
        run.send(cmd.Run(run.hold("after_code").id))
        run.send(cmd.Run(run.hold("before_code").id))
        run.hold("after_code")
        assert [e.checkpoint for e in run.of(ev.Held)].count("before_subcall") == 1
        run.send(cmd.Resume())
        run.end()


@pytest.mark.parametrize("at_start", [True, False])
def test_a_question_is_held_at_every_step_where_it_says_so_else_as_the_one_before(
    tmp_path: Path, at_start: bool
) -> None:
    with live(tmp_path, ["FINAL(1)", "FINAL(2)"], step=not at_start) as run:
        for question in (cmd.Start("one", step=at_start), cmd.Start("two")):
            run.send(question)
            if at_start:
                run.send(cmd.Run(run.hold("before_final").id))
            run.until(lambda: not run.session.is_running)
        assert len(run.of(ev.Held)) == 2 * at_start
        assert len(run.of(ev.RunFinished)) == 2


def test_a_hold_of_an_earlier_question_never_means_one_of_this(tmp_path: Path) -> None:
    with live(tmp_path, ["FINAL(1)", "FINAL(2)"], step=True) as run:
        old = run.start().hold("before_final")
        run.send(cmd.Run(old.id))
        run.end()
        run.start("again")
        new = run.hold("before_final")
        assert new.id != old.id
        run.send(cmd.Run(new.id))
        run.until(lambda: len(run.of(ev.RunFinished)) == 2)


def test_a_forgotten_repl_takes_no_block_until_the_next_question(tmp_path: Path) -> None:
    with live(tmp_path, [block("x = 1"), "FINAL(one)", block("y = 2"), "FINAL(two)"]) as run:
        run.start().end()
        run.send(cmd.Reset())
        run.send(cmd.Inject("print(1)"))
        run.until(lambda: bool(run.of(ev.Reset)) and len(run.messages) == 1)
        assert run.messages == ["The REPL was forgotten; the next question starts it anew."]
        assert run.session.can(cmd.Inject) == run.session.can(cmd.Show) == (False, run.messages[0])
        assert not [e for e in run.of(ev.NodeOpened) if e.by == "user"]
        run.events.clear()
        assert run.start("And then?").end().answer == "two"
        assert [e.number for e in run.of(ev.CodeStarted)] == [2], "blocks are counted on"
        run.send(cmd.Inject("print('here')"))
        run.until(lambda: len(run.of(ev.CodeFinished)) == 2)


def test_a_block_of_one_s_own_that_cannot_run_is_over_in_the_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any, **__: Any) -> BlockResult:
        raise ReplError("The REPL cannot be started.")

    with live(tmp_path, ["FINAL(one)"]) as run:
        run.start().end()
        monkeypatch.setattr(WorkerREPL, "run", broken)
        run.send(cmd.Inject("print(1)"))
        run.until(lambda: run.messages == ["The REPL cannot be started."])
        (finished,), closed = run.of(ev.CodeFinished), run.of(ev.NodeClosed)[-1]
        assert (finished.status, finished.error) == ("died", ev.CodeError("ReplError", "The REPL cannot be started."))
        assert (closed.node, closed.outcome) == (finished.node, "error")


@pytest.mark.parametrize(
    ("command", "checkpoint", "why"),
    [
        (cmd.Skip, "before_request", "A question to the root LM cannot be skipped"),
        (cmd.Retry, "before_request", "Nothing was asked yet"),
        (lambda hold: cmd.Answer(hold, "x"), "before_code", "There is no answer to give here"),
    ],
)
def test_what_cannot_be_done_at_a_hold_is_refused_in_the_same_words_by_session_and_gate(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: Any,
    checkpoint: ev.Checkpoint,
    why: str,
) -> None:
    setup: dict[str, Any] = {"step": True} if checkpoint == "before_code" else {"model": "human"}
    with live(tmp_path, [block("1"), "FINAL(x)"], **setup) as run:
        hold = run.start().hold(checkpoint)
        by_session = run.session.can(type(command(hold.id))).reason
        assert by_session.startswith(why)
        monkeypatch.setattr(run.session, "can", lambda *_: YES)
        run.send(command(hold.id))
        run.until(lambda: bool(run.messages))
        assert run.messages == [by_session]
        assert run.holds() == [hold]


REFUSED = {"error": {"status": 401}}


def test_a_request_that_failed_waits_for_the_person_who_asks_again_or_answers_in_its_place(tmp_path: Path) -> None:
    with live(tmp_path, [REFUSED, REFUSED, REFUSED, block("print(6 * 7)"), "FINAL(42)"]) as run:
        for again in (cmd.Run, cmd.Retry):
            hold = run.start().hold("before_request") if again is cmd.Run else run.hold("before_request")
            assert hold.has_failed
            assert hold.why == run.of(ev.LmFailed)[-1].message
            assert run.session.can(cmd.Retry)
            run.send(again(hold.id))
            run.until(lambda hold=hold: hold.id not in [held.id for held in run.holds()])
        run.send(cmd.Answer(run.hold("before_request").id, block("print('mine')")))
        assert run.end().status == "answered"
        assert len(run.of(ev.LmFailed)) == 3
        assert [response.by for response in run.of(ev.LmResponded)] == ["user", "model", "model"]


def test_without_a_person_a_request_that_failed_ends_the_run(tmp_path: Path) -> None:
    with live(tmp_path, [REFUSED], is_attended=False) as run:
        assert run.start().end().status == "failed"
        assert not run.of(ev.Held)
