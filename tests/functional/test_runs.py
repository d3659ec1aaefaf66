"""Whole runs with a scripted model: how they end, what they cost, what the model is told, what is left behind."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import pytest

from rlm_tui import events as ev
from rlm_tui.errors import TraceError
from rlm_tui.events import Limits
from rlm_tui.lm.scripted import ScriptedLM
from rlm_tui.session import commands as cmd
from rlm_tui.session.base import YES
from rlm_tui.session.replay import ReplaySession
from rlm_tui.trace.recover import verify
from tests.driving import block, live
from tests.seen import snapshot


def test_a_final_text_and_a_final_variable_and_the_answer_dict_end_the_run(tmp_path: Path) -> None:
    for number, (root, via) in enumerate(
        (
            (["FINAL(42)"], "FINAL"),
            ([block("v = 42"), "FINAL_VAR(v)"], "FINAL_VAR"),
            ([block("answer['content'] = 42\nanswer['ready'] = True")], "answer"),
            ([block("FINAL(42)")], "FINAL"),
            ([block("v = 42\nFINAL_VAR('v')")], "FINAL_VAR"),
        )
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        with live(folder, root) as run:
            finished = run.start().end()
            assert (finished.status, finished.answer, finished.via, finished.exit_code) == ("answered", "42", via, 0)


def test_a_final_beside_code_waits_until_the_code_has_run_without_error(tmp_path: Path) -> None:
    root = [block("v = 1 / 0") + "\nFINAL(too soon)", block("v = 5") + "\nFINAL_VAR(v)"]
    with live(tmp_path, root) as run:
        assert run.start().end().answer == "5"
        assert any("did not count" in text for text in run.said())


def test_final_var_of_nothing_names_what_there_is_and_goes_on(tmp_path: Path) -> None:
    with live(tmp_path, [block("found = 1"), "FINAL_VAR(fuond)", "FINAL_VAR(found)"]) as run:
        assert run.start().end().answer == "1"
        assert any("names no variable" in text and "found" in text for text in run.said())
        assert any(text.count("```repl") and "FINAL_VAR(" in text.splitlines()[-3] for text in run.said())


def test_an_empty_answer_is_not_an_answer(tmp_path: Path) -> None:
    with live(tmp_path, [block("v = '  '") + "\nFINAL_VAR(v)", "FINAL(x)"]) as run:
        assert run.start().end().answer == "x"


def test_the_context_s_text_is_never_in_a_prompt(tmp_path: Path) -> None:
    with live(tmp_path, ["FINAL(x)"], text="SECRET-CONTENT " * 50) as run:
        run.start().end()
        assert not any("SECRET-CONTENT" in text for text in run.said())
        assert any("750 characters" in text for text in run.said())


def test_variables_live_on_after_an_error(tmp_path: Path) -> None:
    with live(tmp_path, [block("kept = 7\nraise ValueError('no')"), "FINAL_VAR(kept)"]) as run:
        assert run.start().end().answer == "7"
        error = run.of(ev.CodeFinished)[0].error
        assert error is not None
        assert error.type == "ValueError"
        assert any("ValueError: no" in text and "line 2" in text for text in run.said())


def test_a_batch_keeps_its_order_and_one_failure_is_one_error_value(tmp_path: Path) -> None:
    root = [block("print(llm_query_batched(['a', 'b', 'c']))"), "FINAL(x)"]
    sub = {"a": "1", "b": {"error": {"status": 400}}, "c": "3"}
    with live(tmp_path, root, sub=sub) as run:
        run.start().end()
        out = str(run.of(ev.CodeFinished)[0].stdout)
        assert out.index("'1'") < out.index("Error:") < out.index("'3'")
        assert [e.index for e in run.of(ev.SubcallRequested)] == [0, 1, 2]
        assert len({e.batch for e in run.of(ev.SubcallRequested)}) == 1


def test_at_the_limit_of_iterations_the_model_has_one_last_turn(tmp_path: Path) -> None:
    with live(
        tmp_path, [block("print(1)"), "FINAL(from what I have)"], limits=Limits(iterations=1), is_attended=False
    ) as run:
        finished = run.start().end()
        assert (finished.status, finished.answer, finished.exit_code) == ("limit", "from what I have", 4)
        assert "This is your last turn" in run.said()[-1]
        assert run.of(ev.LimitHit)[0].limit == "iterations"
        assert "--max-iterations" in finished.detail


def test_without_an_answer_in_the_last_turn_the_best_partial_one_is_marked(tmp_path: Path) -> None:
    with live(tmp_path, [block("print(1)"), "I think it is 7."], limits=Limits(iterations=1), is_attended=False) as run:
        finished = run.start().end()
        assert (finished.status, finished.answer, finished.via) == ("limit", "I think it is 7.", "exhausted")


def test_sub_calls_over_the_limit_are_error_values(tmp_path: Path) -> None:
    root = [block("print([llm_query('a') for _ in range(3)])"), "FINAL(x)"]
    with live(tmp_path, root, sub={"a": "1"}, limits=Limits(subcalls=2), is_attended=False) as run:
        run.start().end()
        out = str(run.of(ev.CodeFinished)[0].stdout)
        assert out.count("'1'") == 2
        assert "the limit of 2 sub-calls for this run is reached" in out


def test_turns_with_nothing_usable_lead_to_the_limit_of_errors(tmp_path: Path) -> None:
    with live(tmp_path, ["hm", "hm", "hm"], limits=Limits(errors=2), is_attended=False) as run:
        finished = run.start().end()
        assert finished.status == "limit"
        assert run.of(ev.LimitHit)[0].limit == "errors"
        assert len(run.of(ev.LmRequested)) == 3


def test_tokens_are_limited_over_the_whole_tree(tmp_path: Path) -> None:
    usage = {"input_tokens": 60, "output_tokens": 0}
    root = [{"text": block("print(1)"), "usage": usage}, {"text": block("print(2)"), "usage": usage}, "FINAL(x)"]
    with live(tmp_path, root, limits=Limits(tokens=100), is_attended=False) as run:
        finished = run.start().end()
        assert run.of(ev.LimitHit)[0].limit == "tokens"
        assert (finished.status, finished.usage.tokens) == ("limit", 120)


def test_a_script_that_is_used_up_fails_naming_its_file(tmp_path: Path) -> None:
    with live(tmp_path, [block("print(1)")], is_attended=False) as run:
        finished = run.start().end()
        assert (finished.status, finished.exit_code) == ("failed", 1)
        assert "script.json" in finished.detail


def test_a_sub_script_that_is_used_up_fails_the_run(tmp_path: Path) -> None:
    with live(tmp_path, [block("llm_query('a'); llm_query('b')"), "FINAL(x)"], sub=["1"]) as run:
        assert run.start().end().status == "failed"


def test_a_provider_that_fails_ends_the_run_by_name(tmp_path: Path) -> None:
    with live(tmp_path, [{"error": {"status": 401}}], is_attended=False) as run:
        finished = run.start().end()
        assert (finished.status, finished.exit_code) == ("failed", 3)
        assert run.of(ev.LmFailed)[0].status == 401


def test_a_busy_provider_is_asked_again(tmp_path: Path) -> None:
    with live(tmp_path, [{"error": {"status": 429, "retry_after": 0}}, "FINAL(x)"]) as run:
        assert run.start().end().answer == "x"
        assert run.of(ev.LmFailed)[0].retry_in_s is not None


def test_interrupting_a_block_keeps_its_state(tmp_path: Path) -> None:
    root = [block("kept = 3\nprint('going', flush=True)\nwhile True: pass"), "FINAL_VAR(kept)"]
    with live(tmp_path, root) as run:
        run.start().until(lambda: "going" in run.session.live.text("1.1.code1", "stdout"))
        run.send(cmd.Interrupt())
        assert run.end().answer == "3"
        assert run.of(ev.CodeFinished)[0].status == "interrupted"


def test_interrupting_a_request_waits_for_the_person(tmp_path: Path) -> None:
    with live(tmp_path, [{"text": "FINAL(late)", "delay_s": 60}, "FINAL(in time)"]) as run:
        run.start().until(lambda: bool(run.of(ev.LmRequested)))
        run.send(cmd.Interrupt())
        hold = run.hold("before_request")
        assert hold.why == "interrupted by you"
        run.send(cmd.Run(hold.id))
        assert run.end().answer == "in time"


def test_an_interrupt_that_comes_too_late_does_not_count_for_the_next_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with live(tmp_path, [block("print('going', flush=True)\nwhile True: pass"), "FINAL(x)"], step=True) as run:
        hold = run.start().hold("before_code")
        monkeypatch.setattr(run.session, "can", lambda *_: YES)  # as it was when the block before still ran
        run.send(cmd.Interrupt())
        run.send(cmd.Resume())
        run.until(lambda: "going" in run.session.live.text("1.1.code1", "stdout"))
        assert hold.id not in [each.id for each in run.holds()]
        assert run.session.phase == "running"
        run.send(cmd.Interrupt())
        run.until(lambda: run.session.phase == "interrupting" or bool(run.of(ev.CodeFinished)))
        assert run.end().answer == "x"
        assert run.of(ev.CodeFinished)[0].status == "interrupted"


def test_a_block_over_its_time_is_stopped_and_the_state_kept(tmp_path: Path) -> None:
    limits = Limits(block_timeout_s=0.3)
    with live(tmp_path, [block("kept = 3\nwhile True: pass"), "FINAL_VAR(kept)"], limits=limits) as run:
        assert run.start().end().answer == "3"
        assert run.of(ev.CodeFinished)[0].status == "interrupted"


def test_a_worker_that_dies_is_named_and_replaced_with_the_context(tmp_path: Path) -> None:
    root = [block("import os; os._exit(0)"), block("n = len(context)"), "FINAL_VAR(n)"]
    with live(tmp_path, root, text="12345") as run:
        assert run.start().end().answer == "5"
        assert run.of(ev.CodeFinished)[0].status == "died"


def test_a_fault_of_our_own_ends_the_run_by_name_and_leaves_a_whole_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise ZeroDivisionError("oh")

    monkeypatch.setenv("RLM_TUI_HOME", str(tmp_path))
    monkeypatch.setattr("rlm_tui.lm.scripted.ScriptedLM.complete", broken)
    with live(tmp_path, ["FINAL(x)"]) as run:
        finished = run.start().end()
        path = Path(run.session.trace_path)
    assert (finished.status, finished.exit_code) == ("failed", 1)
    assert "ZeroDivisionError: oh" in finished.detail
    assert "ZeroDivisionError" in (tmp_path / "data" / "crash.log").read_text()
    assert verify(path) == []


def test_a_long_answer_is_written_once_beside_the_response_that_holds_it(tmp_path: Path) -> None:
    answer = ("a long answer " * 100).strip()
    with live(tmp_path, [f"FINAL({answer})"]) as run:
        assert run.session.log.text(run.start().end().answer) == answer
        (parsed,) = run.of(ev.ResponseParsed)
        assert parsed.final is not None
        assert run.session.log.text(parsed.final.value) == answer
    path = tmp_path / "run.rlm.jsonl"
    holders = [json.loads(line)["kind"] for line in path.read_text().splitlines() if answer in line]
    assert holders == ["body.stored", "body.stored"]
    assert verify(path) == []


def test_what_a_person_sees_is_on_the_disk_before_the_session_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[bytes] = []
    monkeypatch.setattr("rlm_tui.trace.store._sync", lambda fd: synced.append(os.pread(fd, 1 << 20, 0)))
    with live(tmp_path, ["FINAL(x)"], step=True) as run:
        run.start().hold("before_final")
        run.until(lambda: any(b'"kind":"held"' in data for data in synced))
        run.send(cmd.Resume())
        run.end()
        run.until(lambda: any(b'"kind":"run.finished"' in data for data in synced))


def test_what_comes_while_the_disk_is_slow_is_brought_there_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[bytes] = []
    ended = threading.Event()

    def slow(fd: int) -> None:
        synced.append(os.pread(fd, 1 << 20, 0))
        ended.wait(30)

    monkeypatch.setattr("rlm_tui.trace.store._sync", slow)
    with live(tmp_path, ["FINAL(x)"], step=True) as run:
        run.start().hold("before_final")
        run.until(lambda: bool(synced))
        run.send(cmd.Resume())
        run.end()
        assert not any(b'"kind":"run.finished"' in data for data in synced)
        ended.set()
        run.until(lambda: any(b'"kind":"run.finished"' in data for data in synced))


def test_a_session_gives_back_the_clients_that_it_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[str] = []

    async def close(lm: ScriptedLM) -> None:
        closed.append(lm.name)

    monkeypatch.setattr(ScriptedLM, "close", close)
    with live(tmp_path, ["FINAL(x)"]) as run:
        run.start().end()
        assert closed == []
    assert len(closed) == 1


def test_stopping_ends_the_run_and_keeps_the_trace(tmp_path: Path) -> None:
    with live(tmp_path, [block("while True: pass")]) as run:
        run.start().until(lambda: bool(run.of(ev.CodeStarted)))
        run.send(cmd.Stop())
        finished = run.end()
        assert (finished.status, finished.exit_code) == ("stopped", 130)
        root = run.session.trajectory.nodes["1"]
        assert root.closed is not None
        assert all(node.closed for node in run.session.trajectory.nodes.values())


def test_a_second_question_goes_on_in_the_same_repl(tmp_path: Path) -> None:
    with live(tmp_path, [block("v = 8") + "\nFINAL(one)"]) as run:
        assert run.start("first").end().answer == "one"
        again = tmp_path / "again.json"
        again.write_text(json.dumps(["FINAL_VAR(v)", "FINAL(3)"]))
        run.send(cmd.Start("second", model=f"scripted:{again}"))
        run.until(lambda: len(run.of(ev.RunFinished)) == 2 and not run.session.is_running)
        assert run.of(ev.RunFinished)[-1].answer == "8"
        assert [node.id for node in run.session.trajectory.now().roots] == ["1", "2"]
        run.send(cmd.Start("third"))
        run.until(lambda: len(run.of(ev.RunFinished)) == 3 and not run.session.is_running)
        assert run.of(ev.RunStarted)[-1].model == f"scripted:{again}", "the model of the question before"


def test_a_live_run_and_its_replay_are_equal(tmp_path: Path) -> None:
    root = [block("print(llm_query_batched(['a', 'b']))"), block("1 / 0"), "FINAL(x)"]
    with live(tmp_path, root, sub={"a": "1", "b": "2"}, step=True) as run:
        hold = run.start().hold("before_code")
        run.send(cmd.Edit(hold.id, "print(llm_query('a'))"))
        run.send(cmd.Tell("be brief"))
        run.send(cmd.Resume())
        run.end()
        seen = snapshot(run.session.trajectory.now())
        path = Path(run.session.trace_path)
    replay = ReplaySession(path)
    try:
        replay.read_whole()
        assert snapshot(replay.trajectory.now()) == seen
    finally:
        replay.close()


def test_a_trace_grows_with_the_work_and_not_with_its_square(tmp_path: Path) -> None:
    def size(turns: int) -> int:
        folder = tmp_path / str(turns)
        folder.mkdir()
        with live(folder, [*[block(f"print('{i:02}' * 3000)") for i in range(turns)], "FINAL(x)"],
                  limits=Limits(iterations=100)) as run:  # fmt: skip
            run.start().end()
            path = run.session.trace_path
        return os.path.getsize(path)

    assert size(24) < 2.5 * size(12)


def test_nothing_outlives_a_session(tmp_path: Path) -> None:
    def children() -> set[str]:
        return set(Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split())

    threads, processes = set(threading.enumerate()), children()
    for root in (["FINAL(x)"], [block("while True: pass")], [{"text": "FINAL(x)", "delay_s": 60}]):
        folder = tmp_path / str(len(str(root)))
        folder.mkdir()
        with live(folder, root) as run:
            run.start().until(lambda: bool(run.of(ev.LmRequested)))
    assert set(threading.enumerate()) == threads
    assert children() == processes


@pytest.mark.parametrize("code", ["print('\\ud800')", "FINAL('\\ud800x')"])
def test_a_lone_surrogate_becomes_visible_and_the_run_goes_on(tmp_path: Path, code: str) -> None:
    with live(tmp_path, [block(code), "FINAL(x)"]) as run:
        assert run.start().end().status == "answered"


def test_a_question_without_a_model_says_what_to_do(tmp_path: Path) -> None:
    with live(tmp_path, [], model="") as run:
        run.start().until(lambda: bool(run.messages))
        assert "No model is chosen" in run.messages[0]
        run.until(lambda: run.session.phase == "question")


def test_a_stop_sent_right_after_the_start_is_not_lost(tmp_path: Path) -> None:
    with live(tmp_path, [{"text": "FINAL(x)", "delay_s": 60}]) as run:
        run.start()
        run.send(cmd.Stop())
        run.until(lambda: not run.session.is_running)


def test_the_limit_of_sub_calls_is_told_once_and_refusals_do_not_count(tmp_path: Path) -> None:
    root = [block("print(llm_query_batched(['a'] * 5))"), "FINAL(x)"]
    with live(tmp_path, root, sub={"a": "1"}, limits=Limits(subcalls=2, concurrency=1), is_attended=False) as run:
        run.start().end()
        assert [event.limit for event in run.of(ev.LimitHit)] == ["subcalls"]
        assert run.session.trajectory.now().count(ev.SubcallRequested) == 2


def test_the_best_partial_answer_is_the_answer_dict_s_then_prose_and_never_code(tmp_path: Path) -> None:
    cases = (
        ([block("answer['content'] = 'half done'"), block("print(2)")], "half done"),
        ([block("print(1)"), "It may be 7.\n" + block("print(2)").partition("\n")[2]], "It may be 7."),
        ([block("print(1)").partition("\n")[2], block("print(2)").partition("\n")[2]], None),
    )
    for number, (root, partial) in enumerate(cases):
        folder = tmp_path / str(number)
        folder.mkdir()
        with live(folder, root, limits=Limits(iterations=1), is_attended=False) as run:
            assert run.start().end().answer == partial


def test_time_in_sub_calls_does_not_count_towards_the_seconds(tmp_path: Path) -> None:
    root = [block("llm_query('a')"), "FINAL(x)"]
    with live(tmp_path, root, sub={"a": {"text": "1", "delay_s": 0.8}}, limits=Limits(seconds=0.6)) as run:
        assert run.start().end().status == "answered"


def test_a_trace_that_cannot_be_written_does_not_hold_a_run_without_a_person(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise TraceError("The trace cannot be written (no space left on device).")

    with live(tmp_path, [{"text": block("print(1)"), "delay_s": 0.2}, "FINAL(x)"], is_attended=False) as run:
        run.start().until(lambda: bool(run.of(ev.LmRequested)))
        monkeypatch.setattr("rlm_tui.trace.store.TraceStore.append", full)
        assert run.end().answer == "x"
        assert any("no space left" in message for message in run.messages)


def test_a_trace_that_cannot_be_written_waits_for_the_person_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise TraceError("The trace cannot be written (no space left on device).")

    with live(tmp_path, [{"text": block("print(1)"), "delay_s": 0.2}, "FINAL(x)"]) as run:
        run.start().until(lambda: bool(run.of(ev.LmRequested)))
        monkeypatch.setattr("rlm_tui.trace.store.TraceStore.append", full)
        hold = run.hold("after_response")
        assert "cannot be written" in hold.why
        assert "print(1)" in run.content(hold)
        run.send(cmd.Resume())
        assert run.end().answer == "x"


def test_what_waits_for_a_full_disk_is_written_once_there_is_room_also_after_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[object] = []

    def full(*line: object) -> None:
        tried.append(line)
        raise TraceError("The trace cannot be written (no space left on device).")

    with live(tmp_path, [{"text": block("print(1)"), "delay_s": 0.2}, "FINAL(x)"]) as run:
        run.start().until(lambda: bool(run.of(ev.LmRequested)))
        with monkeypatch.context() as filled:
            filled.setattr("rlm_tui.trace.store.TraceStore.append", full)
            run.hold("after_response")
            run.send(cmd.Resume())
            run.end()
            by_the_run = len(tried)
            run.until(lambda: len(tried) > by_the_run + 1)
            assert "could not be written" in run.session.unsaved
        run.until(lambda: any("can be written again" in message for message in run.messages))
        assert run.session.unsaved == ""
        assert Path(run.session.trace_path).read_bytes().count(b"\n") == 1 + len(run.session.log)


def test_nothing_starts_after_the_session_is_closed(tmp_path: Path) -> None:
    with live(tmp_path, ["FINAL(x)"]) as run:
        run.start().end()
        session = run.session
    threads = set(threading.enumerate())
    session.send(cmd.Inject("x = 1"))
    session.send(cmd.Start("again"))
    assert set(threading.enumerate()) == threads
