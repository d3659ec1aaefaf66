"""Breakpoints on live runs: what they match, how they count, what the hold says, and what `run` does at one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rlm_tui import events as ev
from rlm_tui.cli import main
from rlm_tui.engine.breakpoints import Breakpoints
from rlm_tui.engine.gate import Pending
from rlm_tui.filter import Moment
from rlm_tui.session import commands as cmd
from rlm_tui.session.log import EventLog
from rlm_tui.trace.store import MemoryLines
from rlm_tui.trajectory import Trajectory
from tests.driving import Driver, block, live, script

ROOT = [block("x = 1"), block("print(llm_query('one'))"), block("y = llm_query_batch(['a', 'b'])"), "FINAL(done)"]
SUB = {".": "well"}


def reasons(driver: Driver) -> list[str]:
    """Why everything was held so far."""
    return [held.why for held in driver.of(ev.Held)]


def go(driver: Driver, checkpoint: ev.Checkpoint) -> str:
    """Wait for a hold, let everything go on, and return why it was held."""
    hold = driver.hold(checkpoint)
    driver.send(cmd.Resume())
    driver.until(lambda: not any(each.id == hold.id for each in driver.holds()))
    return hold.why


def test_code_that_matches_is_held_before_it_runs_and_the_hold_says_which_breakpoint_it_is(tmp_path: Path) -> None:
    with live(tmp_path, ROOT, sub=SUB, breaks=('~code "llm_query"',)) as driver:
        driver.start()
        hold = driver.hold("before_code")
        assert driver.content(hold) == "print(llm_query('one'))"
        assert hold.why == 'breakpoint 1: ~code "llm_query", hit 1'
        assert len(driver.of(ev.CodeStarted)) == 1
        go(driver, "before_code")
        assert go(driver, "before_code").endswith("hit 2")
        assert driver.end().status == "answered"
        assert len(reasons(driver)) == 2
        assert [(each.number, each.hits) for each in driver.session.breakpoints] == [(1, 2)]


def test_a_block_that_raises_is_held_after_it_ran(tmp_path: Path) -> None:
    with live(tmp_path, [block("x = 1"), block("1/0"), "FINAL(1)"], breaks=("~error & ~out ZeroDiv",)) as driver:
        driver.start()
        assert go(driver, "after_code") == "breakpoint 1: ~error & ~out ZeroDiv, hit 1"
        driver.end()


def test_only_the_hit_that_is_counted_holds(tmp_path: Path) -> None:
    with live(tmp_path, ROOT, sub=SUB, breaks=("~kind code #3", "~kind code #%2")) as driver:
        driver.start()
        assert go(driver, "before_code") == "breakpoint 2: ~kind code #%2, hit 2"
        assert go(driver, "before_code") == "breakpoint 1: ~kind code #3, hit 3"
        driver.end()
        assert [each.hits for each in driver.session.breakpoints] == [3, 3]


def test_sub_calls_and_requests_and_answers_can_be_matched(tmp_path: Path) -> None:
    breaks = ("~depth >=1 ~prompt ^one$", "~answer ^done$", "~kind lm & ~say ^final")
    with live(tmp_path, ROOT, sub=SUB, breaks=breaks) as driver:
        driver.start()
        assert go(driver, "before_subcall").startswith("breakpoint 1")
        assert go(driver, "after_response").startswith("breakpoint 3")
        assert go(driver, "before_final").startswith("breakpoint 2")
        driver.end()
        assert len(reasons(driver)) == 3


def test_what_runs_again_is_held_again(tmp_path: Path) -> None:
    with live(tmp_path, [block("1/0"), "FINAL(1)"], breaks=("~error",)) as driver:
        driver.start()
        driver.send(cmd.Retry(driver.hold("after_code").id))
        driver.until(lambda: len(driver.of(ev.Held)) == 2)
        assert reasons(driver)[1] == "breakpoint 1: ~error, hit 2"
        go(driver, "after_code")
        driver.end()


def test_breakpoints_are_added_switched_changed_and_taken_away_while_it_runs(tmp_path: Path) -> None:
    with live(tmp_path, ROOT, sub=SUB, step=True) as driver:
        driver.send(cmd.SetBreakpoint("~iter 2"))
        driver.send(cmd.SetBreakpoint("~error"))
        driver.until(lambda: len(driver.session.breakpoints) == 2)
        driver.start()
        driver.hold("before_code")
        driver.send(cmd.SetBreakpoint("~iter 2", 1, is_on=False))
        driver.send(cmd.SetBreakpoint("", 2))
        driver.send(cmd.SetBreakpoint("~code batch"))
        driver.until(lambda: [each.number for each in driver.session.breakpoints] == [1, 3])
        assert not driver.session.breakpoints[0].is_on
        driver.send(cmd.Resume())
        driver.until(lambda: len(driver.of(ev.Held)) == 2)
        assert reasons(driver)[1] == "breakpoint 3: ~code batch, hit 1"
        driver.send(cmd.SetBreakpoint("~cod", 3))
        driver.send(cmd.SetBreakpoint("~error", 2))
        driver.until(lambda: len(driver.messages) == 2)
        assert "did you mean ~code?" in driver.messages[0]
        assert driver.messages[1] == "There is no breakpoint 2 (any more); nothing was changed."
        driver.send(cmd.Resume())
        driver.end()


async def test_a_breakpoint_that_is_taken_away_leaves_nothing() -> None:
    trajectory = Trajectory([ev.NodeOpened(node="n", type="lm", seq=1)])

    async def look() -> Moment:
        return Moment(trajectory.now(), EventLog(MemoryLines()))

    breakpoints = Breakpoints(look)
    breakpoints.set(0, "~all")
    assert await breakpoints.why("before_request", Pending("n", ""))
    breakpoints.set(1, "")
    assert not breakpoints.listed
    assert not breakpoints._meant
    assert not breakpoints._seen


def test_an_expression_that_takes_too_long_holds_and_says_so(tmp_path: Path) -> None:
    code = f"x = '{'a' * 80}b'"
    with live(tmp_path, [block(code), "FINAL(1)"], breaks=('~code "(a|aa)+\'$"',)) as driver:
        driver.start()
        assert driver.hold("before_code").why.startswith("breakpoint 1 cannot tell: the expression takes too long")
        driver.send(cmd.Resume())
        driver.until(lambda: bool(driver.of(ev.CodeStarted)))


def test_without_a_person_the_run_ends_at_the_breakpoint_and_names_open(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = tmp_path / "document.txt"
    document.write_text("a long text")
    ask = ["run", str(document), "-q", "What?", "-m", script(tmp_path, ROOT, SUB), "--sandbox", "none", "--no-trace"]
    assert main([*ask, "--break", "~code llm_query", "--json"]) == 130
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["why"] for line in lines if line["type"] == "held"] == ["breakpoint 1: ~code llm_query, hit 1"]
    assert (lines[-1]["type"], lines[-1]["status"]) == ("run.finished", "stopped")
    assert "rlm-tui open" in lines[-1]["detail"]
    assert main([*ask, "--break", "~code nothing"]) == 0
    assert capsys.readouterr().out == "done\n"


@pytest.mark.parametrize("command", ["run", "open"])
def test_a_wrong_filter_is_refused_with_a_caret_under_its_fault(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ask = [command, "sample:staff", "-q", "What?", "-m", "offline", "--no-trace"]
    assert main([*ask, "--break", "~error", "--break", "~error & ~cod x"]) == 2
    said = capsys.readouterr().err.splitlines()
    assert said[0] == "  ~error & ~cod x"
    assert said[1] == "           ^^^^"
    assert said[2] == "rlm-tui: The filter is wrong at column 10: there is no ~cod, did you mean ~code?"


def test_a_breakpoint_on_a_prompt_sees_the_whole_request(tmp_path: Path) -> None:
    root = [block("print('first')"), block("print('second')"), "FINAL(done)"]
    with live(tmp_path, root, breaks=("~kind lm ~iter 3 ~prompt ^first$",)) as run:
        hold = run.start("What?").hold("before_request")
        assert "second" in run.content(hold)
        assert "first" not in run.content(hold)
        view = run.session.trajectory.now()
        assert view.node(hold.node) is not None
    with live(tmp_path, root, breaks=("~kind lm ~iter 2 ~prompt ^second$",), trace=tmp_path / "b.rlm.jsonl") as run:
        assert run.start("What?").end().status == "answered"
