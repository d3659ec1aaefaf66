"""What a person did to what was held, as Calls and Step tell it: asked again, answered, ran a block of their own."""

from __future__ import annotations

from rlm_tui import events as ev
from rlm_tui.session.notebook import Notebook
from rlm_tui.ui.content.calls import CallRows, scene
from rlm_tui.ui.content.kept import kept
from rlm_tui.ui.content.parts import Page
from rlm_tui.ui.content.step import step
from rlm_tui.ui.content.tree import CallTree
from rlm_tui.ui.family import leads
from tests.trajectories import SEARCH, Recorder, peeked


def calls(run: Recorder, seq: int | None = None) -> dict[str, str]:
    view = run.trajectory.now() if seq is None else run.trajectory.at(seq)
    rows = CallRows(CallTree(), scene(view, run.log), 60)
    return {row.key: row.text.strip() for row in rows}


def drawn(run: Recorder, selection: str, width: int = 80) -> list[str]:
    return [row.text for row in step(Page(run.trajectory.now(), run.log, width), selection)[:]]


def responded() -> Recorder:
    """The response of iteration 2 is there."""
    run = peeked()
    run.ask(run.iteration(2), f"Search.\n```repl\n{SEARCH}\n```")
    return run


def held_code() -> Recorder:
    """The code of iteration 2 waits."""
    run = responded()
    run.parsed("1.2", SEARCH)
    run.hold(run.open("1.2.code1", "code", "1.2"), "before_code", SEARCH)
    return run


def answered_anew(run: Recorder, said: str) -> None:
    lm = run.open("1.2.lm2", "lm", "1.2", title="ollama/qwen2.5:7b")
    run.emit(ev.LmResponded(node=lm, text=said))
    run.close(lm)


def test_code_that_gave_way_to_another_request_says_so() -> None:
    run = held_code()
    run.release("1.2.code1", "before_code", "retry")
    run.close("1.2.code1", "skipped")
    assert any(row.startswith("CODE     ↻ you asked again") for row in drawn(run, "1.2"))
    assert calls(run)["1.2.code1"].startswith("↻ asked again code hits")
    answered_anew(run, "Another way.")
    assert calls(run)["1.2"].partition("2 ")[2].startswith("Another way."), "the row says what counts now"


def test_code_that_was_skipped_says_that() -> None:
    run = held_code()
    run.release("1.2.code1", "before_code", "skip")
    run.close("1.2.code1", "skipped")
    assert any(row.startswith("CODE     ○ skipped, never run") for row in drawn(run, "1.2"))
    assert calls(run)["1.2.code1"].startswith("○ code hits")


def test_a_response_that_gave_way_to_another_request_says_so() -> None:
    run = peeked()
    lm = run.open("1.2.lm1", "lm", run.iteration(2), title="ollama/qwen2.5:7b")
    run.emit(ev.LmResponded(node=lm, text="No idea."))
    run.hold(lm, "after_response", "No idea.")
    run.release(lm, "after_response", "retry")
    run.close(lm, "skipped")
    assert next(row for row in drawn(run, "1.2") if row.startswith("SAYS")).rstrip().endswith("↻ you asked again")
    assert calls(run)[lm].startswith("↻ asked again lm")


def test_a_final_answer_that_gave_way_to_another_request_marks_its_response_and_no_later_one() -> None:
    run = responded()
    run.hold("1.2", "before_final", "160,000")
    run.release("1.2", "before_final", "retry")
    answered_anew(run, "Another way.")
    run.hold("1.2", "before_final", "7", hold=2)
    run.release("1.2", "before_final", hold=2)
    rows = calls(run)
    assert rows["1.2.lm1"].startswith("↻ asked again lm")
    assert rows["1.2.lm2"].startswith("✓ lm")
    says = [row.rstrip() for row in drawn(run, "1.2") if row.startswith("SAYS")]
    assert [row.endswith("↻ you asked again") for row in says] == [True, False]


def test_the_row_of_an_iteration_reads_what_a_person_made_of_the_response() -> None:
    run = peeked()
    lm = run.open("1.2.lm1", "lm", run.iteration(2), title="ollama/qwen2.5:7b")
    run.emit(ev.LmResponded(node=lm, text="I ask one sub-call."))
    run.hold(lm, "after_response", "I ask one sub-call.")
    assert "2 I ask one sub-call." in calls(run)["1.2"]
    run.emit(ev.Edited(node=lm, what="response", before="I ask one sub-call.", after="FINAL(99)", hold=1))
    assert "2 FINAL(99)" in calls(run)["1.2"]


def test_a_held_output_that_failed_keeps_its_mark() -> None:
    run = responded()
    code = run.begin_block("1.2", SEARCH, 2)
    error = ev.CodeError("NameError", "hits", "Traceback: hits")
    run.emit(ev.CodeFinished(node=code, status="error", error=error))
    run.hold(code, "after_code", "Traceback: hits")
    heading = next(row for row in drawn(run, "1.2", 60) if row.startswith("OUTPUT"))
    assert heading.rstrip() == "OUTPUT   ✗ raised an error · ‖ held before the model sees it"


def test_a_block_whose_output_is_there_runs_no_more() -> None:
    run = responded()
    own = run.begin_block("1.2", "1/0", 2, by="user")
    assert calls(run)[own].startswith("●")
    seq = run.emit(ev.CodeFinished(node=own, status="error", error=ev.CodeError("ZeroDivisionError", "")))
    assert calls(run, seq)[own].startswith("✗")
    run.emit(ev.CodeStarted(node=own, code="1/0", number=2))
    assert calls(run)[own].startswith("●"), "it runs again"


def test_blocks_stand_in_the_order_in_which_they_ran_and_what_is_held_last() -> None:
    run = held_code()
    own = run.begin_block("1.2", "print(47859)", 2, by="user", place=2)
    run.end_block(own, "47859", shown=None)
    rows = "\n".join(drawn(run, "1.2"))
    assert rows.index("47859") < rows.index("held, not run yet")
    run.release("1.2.code1", "before_code")
    run.emit(ev.CodeStarted(node="1.2.code1", code=SEARCH, number=3))
    run.emit(ev.CodeFinished(node="1.2.code1", status="ok", stdout="12"))
    run.hold("1.2.code1", "after_code", "12", hold=2)
    rows = "\n".join(drawn(run, "1.2"))
    assert rows.index("47859") < rows.index("held before the model sees it")


def test_a_block_of_the_person_s_own_that_waits_for_them_itself_does_not_run() -> None:
    run = held_code()
    own = run.begin_block("1.2", "llm_query('a')", 2, by="user", place=2)
    now = run.trajectory.now
    assert now().own_block() is run.trajectory.nodes[own]
    call = run.open(f"{own}.sub1", "subcall", own)
    run.hold(call, "before_subcall", "a", hold=2)
    assert now().own_block() is None
    run.release(call, "before_subcall", hold=2)
    assert now().own_block() is run.trajectory.nodes[own]
    run.end_block(own)
    assert now().own_block() is None


def test_an_answer_of_ones_own_that_waits_bears_its_mark() -> None:
    run = peeked()
    lm = run.open("1.2.lm1", "lm", run.iteration(2), title="ollama/qwen2.5:7b")
    run.emit(ev.LmResponded(node=lm, text="FINAL(7)", by="user"))
    run.close(lm)
    run.hold("1.2", "before_final", "7")
    row = next(row for row in drawn(run, "1.2") if row.startswith("ANSWER"))
    assert row.rstrip().endswith("✎ you answered in its place")


def test_a_mark_says_what_was_held_and_a_note_which_iteration_it_is_on() -> None:
    run, notebook = held_code(), Notebook()
    notebook.toggle(run.trajectory.steps[-1].seq)
    notebook.write("1.2", "look here again")
    notebook.write("1.2.lm1", "and here")
    words = {each.words for each in kept(notebook, run.trajectory.now())}
    assert words == {
        f"◆ step {len(run.trajectory.steps)}, held code of iteration 2",
        "¶ iteration 2: look here again",
        "¶ response of iteration 2: and here",
    }


def test_a_block_that_ran_while_code_was_held_stands_above_it_for_good_and_one_that_ran_after_it_below() -> None:
    run = held_code()
    first = run.begin_block("1.2", "print(1)", 2, by="user", place=2)
    run.end_block(first, "1")
    second = run.begin_block("1.2", "print(2)", 3, by="user", place=3)
    run.end_block(second, "2")
    expected = ["1.2.lm1", first, second, "1.2.code1"]
    assert [key for key in calls(run) if key.startswith("1.2.")] == expected
    run.release("1.2.code1", "before_code")
    run.emit(ev.CodeStarted(node="1.2.code1", code=SEARCH, number=4))
    third = run.begin_block("1.2", "print(3)", 5, by="user", place=4)
    run.end_block("1.2.code1")
    run.finish_iteration("1.2", 2)
    expected.append(third)
    assert [key for key in calls(run) if key.startswith("1.2.")] == expected
    view = run.trajectory.now()
    assert [leads(view, key, "}") for key in expected] == [*expected[1:], None]
    assert [leads(view, key, "{") for key in expected] == [None, *expected[:-1]]
    codes = [row.strip()[2:] for row in drawn(run, "1.2") if row.strip()[2:].startswith("print(")]
    assert codes == ["print(1)", "print(2)", "print(len(hits))", "print(3)"]
