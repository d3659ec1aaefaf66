"""How a question and a session end: no stop is lost, the last that is told is true, and nothing is left half done."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from rlm_tui import events as ev
from rlm_tui.cli.farewell import farewell
from rlm_tui.context.load import Loading
from rlm_tui.errors import ReplError, TraceError
from rlm_tui.repl.connection import Connection
from rlm_tui.repl.process import WorkerREPL
from rlm_tui.session import commands as cmd
from rlm_tui.session.conversation import Conversation
from rlm_tui.session.crew import Crew
from rlm_tui.session.log import EventLog
from rlm_tui.session.outbox import Outbox
from rlm_tui.trace.recover import verify
from tests.driving import block, live


def test_a_stop_that_comes_as_the_worker_gets_ready_is_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    crews: list[Crew] = []
    made, heard = Crew.__init__, Connection._on_message

    def hire(crew: Crew, *parts: object) -> None:
        made(crew, *parts)  # type: ignore[arg-type]
        crews.append(crew)

    def hear(connection: Connection, *message: object) -> None:
        heard(connection, *message)  # type: ignore[arg-type]
        crews[0].stop()

    monkeypatch.setattr(Crew, "__init__", hire)
    monkeypatch.setattr(Connection, "_on_message", hear)
    with live(tmp_path, ["FINAL(x)"], step=True) as run:
        run.start().until(lambda: not run.session.is_running)
        assert run.kinds() == []


def test_a_stop_that_something_on_the_way_swallowed_ends_the_question_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    starting, start = asyncio.Event(), WorkerREPL.start

    async def deaf(repl: WorkerREPL) -> None:
        starting.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await start(repl)

    monkeypatch.setattr(WorkerREPL, "start", deaf)
    with live(tmp_path, ["FINAL(x)"], step=True) as run:
        run.start().until(starting.is_set)
        run.send(cmd.Stop())
        run.until(lambda: not run.session.is_running)
        assert run.kinds() == []
        assert run.session.trace_path == ""


def test_what_a_front_end_is_told_last_is_that_nothing_runs_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with live(tmp_path, ["FINAL(x)"]) as run:
        told: list[bool] = []
        change = Outbox.change

        def noted(outbox: Outbox) -> None:
            told.append(run.session.is_running)
            change(outbox)

        monkeypatch.setattr(Outbox, "change", noted)
        run.start().end()
        run.until(lambda: told[-1:] == [False])
        assert run.session.phase == "finished"


def test_a_long_answer_is_said_after_the_session_has_closed_its_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with live(tmp_path, [block("x = 'long ' * 2000"), "FINAL_VAR(x)"]) as run:
        run.start().end()
    Path(run.session.trace_path).unlink()
    farewell(run.session, is_answer_said=False)
    assert "Answer: long long" in capsys.readouterr().err


def test_a_question_that_could_not_begin_leaves_no_trace_in_the_way_of_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def too_large(*_: object) -> None:
        raise ReplError("context_1 cannot be loaded: no memory.")

    with live(tmp_path, ["FINAL(x)"]) as run:
        more = Loading([str(tmp_path / "document.txt")])
        more.start()
        run.session.bring(more)
        with monkeypatch.context() as full:
            full.setattr(Conversation, "bring", too_large)
            run.start().until(lambda: not run.session.is_running)
        assert run.session.trouble == "context_1 cannot be loaded: no memory."
        assert run.start().end().status == "answered"
        assert len(run.of(ev.RunStarted)) == 1
    assert verify(Path(run.session.trace_path)) == []


@pytest.mark.parametrize(("how", "is_kept"), [("deleted", False), ("moved", True)])
def test_a_trace_that_is_taken_away_is_not_said_to_be_where_it_was(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], how: str, is_kept: bool
) -> None:
    with live(tmp_path, [{"text": block("print(1)"), "delay_s": 0.1}, "FINAL(x)"]) as run:
        run.start().until(lambda: bool(run.of(ev.LmRequested)))
        path = Path(run.session.trace_path)
        moved = path.rename(tmp_path / "elsewhere")
        if how == "deleted":
            moved.unlink()
        run.end()
        run.until(lambda: any(f"was {how}" in message for message in run.messages))
        assert run.session.keeping == (is_kept, run.session.unsaved)
    farewell(run.session, is_answer_said=False)
    assert capsys.readouterr().err.splitlines() == ["Answer: x", run.session.unsaved]
    assert sum(how in message for message in run.messages) == 1


def test_a_trace_that_something_else_cuts_is_told_once_and_the_run_goes_on(tmp_path: Path) -> None:
    with live(tmp_path, [block("print('long ' * 500)"), "FINAL(x)"], step=True) as run:
        hold = run.start().hold("before_code")
        os.truncate(run.session.trace_path, 0)
        for request in run.of(ev.LmRequested):
            assert "lost" in run.session.log.text(request.messages[0].content)
        assert isinstance(run.session.log.event(hold.seq), ev.Unknown)
        run.send(cmd.Resume())
        assert run.end().answer == "x"
        told = [message for message in run.messages if "was damaged or changed" in message]
        assert len(told) == 1
        assert run.session.unsaved in told[0]
        assert run.session.keeping, "there is nothing that could be waited for"


def test_where_nobody_looks_a_lost_text_is_an_error_and_never_passes_for_the_answer(tmp_path: Path) -> None:
    with live(tmp_path, [block("x = 'long ' * 2000"), "FINAL_VAR(x)"], is_attended=False) as run:
        answer = run.start().end().answer
        os.truncate(run.session.trace_path, 0)
        with pytest.raises(TraceError):
            run.session.log.text(answer)


def test_the_worker_that_a_reset_ends_does_not_outlive_the_session(tmp_path: Path) -> None:
    with live(tmp_path, ["FINAL(x)"]) as run:
        run.start().end()
        run.send(cmd.Inject("import os\nprint(os.getpid())"))
        run.until(lambda: bool(run.of(ev.CodeFinished)))
        pid = int(run.session.log.text(run.of(ev.CodeFinished)[0].stdout))
        run.send(cmd.Reset())
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert isinstance(run.session.drain().events[-1], ev.Reset)


def test_a_question_right_behind_a_reset_has_a_repl_that_is_not_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    something, close, emit = asyncio.Event(), WorkerREPL.close, EventLog.emit

    async def slow(repl: WorkerREPL) -> None:
        await something.wait()
        await close(repl)

    def noted(log: EventLog, event: ev.TraceEvent) -> int:
        something.set()
        return emit(log, event)

    with live(tmp_path, ["FINAL(x)", "FINAL(y)"]) as run:
        run.start().end()
        monkeypatch.setattr(WorkerREPL, "close", slow)
        monkeypatch.setattr(EventLog, "emit", noted)
        run.send(cmd.Reset())
        run.start("And?").until(lambda: len(run.of(ev.RunFinished)) == 2 and not run.session.is_running)
        assert run.of(ev.Reset)[0].seq < run.of(ev.RunStarted)[1].seq
        assert run.session.can(cmd.Inject)


def test_quitting_while_a_dead_worker_is_replaced_does_not_wait_for_the_block_that_was_to_run(tmp_path: Path) -> None:
    with live(tmp_path, ["FINAL(x)"]) as run:
        run.start().end()
        run.send(cmd.Inject("import os\nos._exit(1)"))
        run.until(lambda: len(run.of(ev.CodeFinished)) == 1)
        run.send(cmd.Inject("while True: pass"))
        run.until(lambda: len(run.of(ev.CodeStarted)) == 2)
    (ended,) = (event for event in run.session.drain().events if isinstance(event, ev.CodeFinished))
    assert ended.status in ("died", "killed"), "killed where it had just begun"
