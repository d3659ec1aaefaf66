"""`--max-seconds`: what is under way when the time is up is ended too, and what there is by then is the answer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rlm_tui import RLM
from rlm_tui import events as ev
from rlm_tui.engine import deadline
from rlm_tui.events import Limits
from rlm_tui.lm.scripted import ScriptedLM
from rlm_tui.session import commands as cmd
from tests.driving import Driver, block, live
from tests.functional.loopback import Loopback, Reply, openai_stream

_ENDLESS = block("kept = 41\nwhile True: pass")
_DEAF = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass"
_LONG = "The bridge was opened in 1904, and so on" + " and on" * 100
_SLOW = {"text": "The bridge was opened in 1904.", "delay_s": 600}


def _limits(seconds: float = 0.6, **more: float) -> Limits:
    return Limits(**{"seconds": seconds, **more})  # type: ignore[arg-type]


def _ended_by_time(run: Driver) -> ev.RunFinished:
    finished = run.end()
    assert (finished.status, finished.exit_code) == ("limit", 4)
    assert [hit.limit for hit in run.of(ev.LimitHit)] == ["seconds"]
    return finished


def test_a_running_block_is_interrupted_and_the_last_turn_has_its_variables(tmp_path: Path) -> None:
    with live(tmp_path, [_ENDLESS, "FINAL_VAR(kept)"], limits=_limits(), is_attended=False) as run:
        finished = _ended_by_time(run.start())
        assert (finished.answer, finished.via) == ("41", "FINAL_VAR")
        (done,) = run.of(ev.CodeFinished)
        assert done.status == "interrupted"
        assert done.error is not None
        assert "limit of 0.6 seconds" in done.error.message
        assert "kept" in done.error.message


def test_a_block_that_takes_no_interrupt_is_ended_by_force(tmp_path: Path) -> None:
    with live(tmp_path, [block(_DEAF), "FINAL(x)"], limits=_limits(), is_attended=False) as run:
        assert _ended_by_time(run.start()).answer == "x"
        (done,) = run.of(ev.CodeFinished)
        assert done.status == "killed"
        assert "the end of the run's time" in str(done.error)


def test_a_root_that_never_stops_is_cut_and_what_it_said_is_the_partial_answer(tmp_path: Path) -> None:
    with live(tmp_path, [{"text": _LONG, "delay_s": 30}], limits=_limits(2.0), is_attended=False) as run:
        finished = _ended_by_time(run.start())
        assert finished.via == "exhausted"
        assert finished.answer
        assert _LONG.startswith(str(finished.answer))
        assert len(run.of(ev.LmRequested)) == 1, "a root LM that takes the time gets no last turn"
        (parsed,) = run.of(ev.ResponseParsed)
        assert (parsed.truncated, parsed.problem) == (True, ""), "it was cut; the model did nothing wrong"
        (said,) = run.of(ev.LmResponded)
        assert said.finish_reason == "out of time"


def test_a_root_that_says_nothing_leaves_no_answer(tmp_path: Path) -> None:
    with live(tmp_path, [_SLOW], limits=_limits(), is_attended=False) as run:
        assert _ended_by_time(run.start()).answer is None
        assert "time" in run.of(ev.LmFailed)[-1].message


def test_an_answer_that_had_come_by_then_counts(tmp_path: Path) -> None:
    def endless(count: int) -> Reply:
        return Reply(chunks=openai_stream("FINAL(42)\n" + "and more\n" * count).chunks[:-1], stall=True)

    with Loopback(endless(3)) as server:
        model = {"model": "openai/m", "base_url": server.url + "/v1", "dialect": "paper", "constrain": False}
        with live(tmp_path, [], limits=_limits(1.0), is_attended=False, **model) as run:
            finished = _ended_by_time(run.start())
            assert (finished.answer, finished.via) == ("42", "FINAL")


def test_code_of_a_response_that_was_cut_is_not_run(tmp_path: Path) -> None:
    with Loopback(Reply(chunks=openai_stream(block("print(1)") + "\nmore\n").chunks[:-1], stall=True)) as server:
        model = {"model": "openai/m", "base_url": server.url + "/v1", "dialect": "paper", "constrain": False}
        with live(tmp_path, [], limits=_limits(1.0), is_attended=False, **model) as run:
            assert _ended_by_time(run.start()).answer == "I look.\n\nmore"
            assert not run.of(ev.CodeStarted)


@pytest.mark.parametrize("child", [_ENDLESS, block(_DEAF), block("rlm_query('deeper')")])
@pytest.mark.parametrize("call", ["rlm_query('go')", "rlm_query_batched(['go'] * 6)"])
def test_child_rlms_that_never_end_are_ended_with_the_block_that_asked_for_them(
    tmp_path: Path, child: str, call: str
) -> None:
    root = [block(f"seen = 7\n{call}"), "FINAL_VAR(seen)"]
    limits = _limits(1.0, depth=90, concurrency=2, iterations=1_000, subcalls=1_000)
    with live(tmp_path, root, sub={".*": child}, limits=limits, is_attended=False) as run:
        finished = run.start().end()
        assert (finished.status, finished.answer) == ("limit", "7")
        # one at the bottom may come to its end: its own call is refused, as the time was just over
        refused = {asked.node.rpartition(".")[0] for asked in run.of(ev.SubcallRequested) if asked.refused}
        ended = {done.status for done in run.of(ev.CodeFinished) if done.node not in refused}
        assert ended <= {"interrupted", "killed"}
        opened = {node.node for node in run.of(ev.NodeOpened)}
        assert {node.node for node in run.of(ev.NodeClosed)} == opened


def test_a_child_whose_lm_never_answers_is_ended_too(tmp_path: Path) -> None:
    root = [block("rlm_query('go')"), "FINAL(x)"]
    with live(tmp_path, root, sub={".*": _SLOW}, limits=_limits(depth=2), is_attended=False) as run:
        assert _ended_by_time(run.start()).answer == "x"


def test_the_last_turn_has_an_end_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadline, "_LAST_LEAST_S", 0.5)
    with live(tmp_path, [_ENDLESS, _ENDLESS], limits=_limits(), is_attended=False) as run:
        assert _ended_by_time(run.start()).answer == "I look."
        assert [done.status for done in run.of(ev.CodeFinished)] == ["interrupted", "interrupted"]
    (tmp_path / "slow").mkdir()
    with live(tmp_path / "slow", [_ENDLESS, _SLOW], limits=_limits(), is_attended=False) as run:
        assert _ended_by_time(run.start()).answer == "I look."


def test_the_last_turn_of_another_limit_is_ended_by_the_time(tmp_path: Path) -> None:
    root = [block("print(1)"), _SLOW]
    with live(tmp_path, root, limits=_limits(iterations=1), is_attended=False) as run:
        finished = run.start().end()
        assert (finished.status, finished.answer) == ("limit", "I look.")


@pytest.mark.parametrize("asks", ["root", "sub"])
def test_a_wait_that_a_server_asks_for_does_not_outlast_the_time(tmp_path: Path, asks: str) -> None:
    busy = Reply(429, "application/json", {"retry-after": "500"}, (b'{"error": {"message": "slow down"}}',))
    with Loopback(busy) as server:
        model = {"base_url": server.url + "/v1", "dialect": "paper"}
        if asks == "root":
            model["model"] = "openai/m"
        else:
            model["sub_model"] = "openai/m"
        with live(tmp_path, [block("llm_query('a')"), "FINAL(x)"], limits=_limits(), is_attended=False, **model) as run:
            assert _ended_by_time(run.start()).answer == (None if asks == "root" else "x")
            failed = run.of(ev.LmFailed)[0]
            assert failed.retry_in_s is not None
            assert failed.retry_in_s >= 500, "what it asks for is said"
            assert len(server.seen) == 1


def test_a_wait_for_another_try_can_be_stopped_at_once(tmp_path: Path) -> None:
    busy = Reply(429, "application/json", {"retry-after": "500"}, (b"{}",))
    with Loopback(busy) as server, live(tmp_path, [], model="openai/m", base_url=server.url + "/v1") as run:
        run.start().until(lambda: bool(run.of(ev.LmFailed)))
        run.send(cmd.Stop())
        assert run.end().status == "stopped"


def test_a_person_is_asked_while_the_block_goes_on_and_may_grant_more(tmp_path: Path) -> None:
    waits = "import os, time\nwhile not os.path.exists('go'): time.sleep(0.01)\nprint('went on')"
    flag = tmp_path / "go"
    code = waits.replace("'go'", repr(str(flag)))
    with live(tmp_path, [block(code), "FINAL(x)"], limits=_limits(), sandbox="none") as run:
        hold = run.start().hold("at_limit")
        assert not run.of(ev.CodeFinished)
        run.send(cmd.Edit(hold.id, "600"))
        run.send(cmd.Run(hold.id))
        run.until(lambda: not run.holds())
        flag.touch()
        assert run.end().status == "answered"
        assert run.of(ev.CodeFinished)[0].stdout == "went on\n"


def test_a_run_that_is_over_meanwhile_asks_no_longer(tmp_path: Path) -> None:
    flag = tmp_path / "go"
    waits = f"import os, time\nwhile not os.path.exists({str(flag)!r}): time.sleep(0.01)\nFINAL('done')"
    with live(tmp_path, [block(waits)], limits=_limits()) as run:
        run.start().hold("at_limit")
        flag.touch()
        assert run.end().answer == "done"
        assert not run.holds()
        assert [released.how for released in run.of(ev.Released)] == ["stop"]


def test_a_person_who_grants_no_more_ends_the_block(tmp_path: Path) -> None:
    with live(tmp_path, [_ENDLESS, "FINAL_VAR(kept)"], limits=_limits()) as run:
        hold = run.start().hold("at_limit")
        run.send(cmd.Skip(hold.id))
        assert _ended_by_time(run).answer == "41"
        assert len(run.of(ev.Held)) == 1, "nobody is asked twice about the same limit"


def test_after_the_run_a_block_of_one_s_own_has_no_end(tmp_path: Path) -> None:
    with live(tmp_path, [_ENDLESS, "FINAL(x)"], limits=_limits(), is_attended=False) as run:
        _ended_by_time(run.start())
        run.send(cmd.Inject("print(kept + 1)"))
        run.until(lambda: len(run.of(ev.CodeFinished)) == 2)
        assert run.of(ev.CodeFinished)[-1].stdout == "42\n"


def test_a_model_that_reads_the_whole_context_is_cut_too(tmp_path: Path) -> None:
    setup = {"route": True, "window": 100_000, "is_attended": False}
    with live(tmp_path, [{"text": _LONG, "delay_s": 30}], limits=_limits(2.0), **setup) as run:
        finished = _ended_by_time(run.start())
        assert _LONG.startswith(str(finished.answer))


def test_a_program_is_told_by_the_status() -> None:
    result = RLM(ScriptedLM([_ENDLESS, "FINAL_VAR(kept)"]), max_seconds=0.6).completion("What?", "text")
    assert (result.status, result.answer) == ("limit", "41")
    assert "--max-seconds" in result.detail


def test_the_command_line_ends_with_its_code_and_marks_the_answer(tmp_path: Path) -> None:
    (tmp_path / "doc.txt").write_text("x")
    script = tmp_path / "script.json"
    script.write_text(json.dumps({"root": [{"text": _LONG, "delay_s": 30}]}))
    command = [sys.executable, "-m", "rlm_tui", "run", "doc.txt", "-q", "?", "-m", f"scripted:{script}"]
    env = {**os.environ, "RLM_TUI_HOME": str(tmp_path / "home")}
    done = subprocess.run(
        [*command, "--max-seconds", "2"], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 4, done.stderr
    assert done.stdout.startswith("[a limit was hit; this may be partial] The")
    assert "--max-seconds raises it" in done.stderr
