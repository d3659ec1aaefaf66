"""The tree of calls: exact, one line a node, the same however it was come to."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlm_tui import events as ev
from rlm_tui.trace.times import Times
from rlm_tui.ui.content.block import block
from rlm_tui.ui.content.calls import CallRows, header, scene
from rlm_tui.ui.content.parts import NODE, Page
from rlm_tui.ui.content.repl import repl
from rlm_tui.ui.content.step import step
from rlm_tui.ui.content.subcall import subcall
from rlm_tui.ui.content.tree import CallTree
from rlm_tui.ui.content.twigs import Row
from rlm_tui.ui.lines import Line
from tests.trajectories import RUNS, Recorder, batched, edited, failing, held, peeked

WIDTH = 60


def rows_at(run: Recorder, tree: CallTree, seq: int | None = None) -> CallRows:
    view = run.trajectory.now() if seq is None else run.trajectory.at(seq)
    return CallRows(tree, scene(view, run.log), WIDTH)


def texts(rows: CallRows) -> list[str]:
    return [row.text.rstrip() for row in rows]


def by_key(rows: CallRows) -> dict[str, Line]:
    return {row.key: row for row in rows}


def test_the_tree_is_the_tree_of_the_run() -> None:
    rows = rows_at(batched(), CallTree())
    assert [rows.rows.row(index) for index in range(len(rows))] == [
        Row("1", 0),
        Row("1.1", 1),
        Row("1.1.lm1", 2),
        Row("1.1.code1", 2),
        Row("1.2", 1),
        Row("1.2.lm1", 2),
        Row("1.2.code1", 2),
        Row("1.2.code1#b1", 3),
    ]


@pytest.mark.parametrize(
    ("said", "row"),
    [
        ("", "2 nothing: the response is empty"),
        (f"<think>{'so ' * 4000}</think>", "2 nothing: it only thought"),
        (f"<think>{'so ' * 4000}</think>Look.", "2"),
        ("```repl\nprint(1)\n```", "2"),
    ],
)
def test_a_turn_in_which_nothing_is_said_says_so(said: str, row: str) -> None:
    run = peeked()
    run.ask(run.iteration(2), said, prior=2)
    text = by_key(rows_at(run, CallTree()))["1.2"].text
    assert " ".join(text.split()).startswith(f"▾ ● {row}")
    assert ("nothing" in text) is ("nothing" in row)


def test_a_block_that_runs_has_the_same_time_in_every_pane() -> None:
    run = peeked()
    two = run.iteration(2)
    code = run.open(f"{two}.code1", "code", two, title="print(1)")
    run.hold(code, "before_code", "print(1)")
    run.emit(ev.Released(node=code, hold=1, checkpoint="before_code", how="run"), 40.0)
    run.emit(ev.CodeStarted(node=code, code="print(1)", number=2))
    page = Page(run.trajectory.now(), run.log, WIDTH, now=run.trajectory.now().t + 7.0)
    row = CallRows(CallTree(), scene(page.view, run.log, page.now), WIDTH)
    time = next(row.text for row in row if row.key == code).split()[-1]
    assert float(time.removesuffix("s")) < 10
    assert [row.text.split()[-1] for row in block(page, page.view.tree.nodes[code]) if "● running" in row.text] == [
        time
    ]
    assert [row.text.split()[-1] for row in repl(page).rows if row.key == f"{NODE}{code}"] == [time]


def test_a_batch_is_one_row_that_opens() -> None:
    run, tree = batched(), CallTree()
    row = by_key(rows_at(run, tree))["1.2.code1#b1"].text
    assert "▸" in row
    assert "llm ×12" in row
    assert "✗ 1" in row
    tree.fold("1.2.code1#b1", True, run.trajectory.now())
    rows = by_key(rows_at(run, tree))
    assert [key for key in rows if ".sub" in key] == [f"1.2.code1.sub{n}" for n in range(1, 13)]
    assert "✗ llm 7 429 after 3 tries" in rows["1.2.code1.sub7"].text
    assert "✓ llm 8 “Alice 75,000”" in rows["1.2.code1.sub8"].text


def test_times_and_tokens_stand_at_the_right() -> None:
    for row in rows_at(batched(), CallTree()):
        assert row.cells == WIDTH
    rows = by_key(rows_at(batched(), CallTree()))
    assert rows["1.1"].text.endswith("  2.4s  1.3k")
    assert header(WIDTH).text.endswith("  time   tok")


def test_states_have_symbols_of_their_own() -> None:
    waiting = by_key(rows_at(held(), CallTree()))
    assert "‖" in waiting["1.3.code1"].text
    assert "‖" in waiting["1.3"].text
    assert "●" in waiting["1"].text
    assert "✎" in by_key(rows_at(edited(), CallTree()))["1.3.code1"].text
    over = by_key(rows_at(failing(), CallTree()))
    assert "✗" in over["1.2.code1"].text
    assert "✗" in over["1"].text
    assert "✓" in over["1.1"].text


def test_a_request_that_will_be_sent_again_says_so() -> None:
    run = peeked()
    two = run.iteration(2)
    lm = run.open(f"{two}.lm1", "lm", two, title="openai/gpt-4o-mini")
    run.emit(ev.LmRequested(node=lm, model="openai/gpt-4o-mini", messages=(), prior=2))
    run.emit(ev.LmFailed(node=lm, message="busy", status=429, retry_in_s=2.0))
    assert "↻ lm gpt-4o-mini" in by_key(rows_at(run, CallTree()))[lm].text


def test_calls_of_a_batch_that_wait_for_a_slot_are_queued() -> None:
    run = peeked()
    two = run.iteration(2)
    code = run.begin_block(two, "llm_query_batched(prompts)", 2)
    for place in (1, 2, 3):
        run.open(f"{code}.sub{place}", "subcall", code, depth=1, role="sub", title="llm_query_batched")
    rows = rows_at(run, CallTree())
    assert any("llm ×3 queued" in text for text in texts(rows))
    before = rows_at(run, CallTree())[len(rows) - 1]
    run.emit(ev.SubcallRequested(node=f"{code}.sub1", function="llm_query_batched", prompt="?", model="m", batch="b"))
    after = texts(rows_at(run, CallTree()))
    assert any("llm ×1 0 done" in text for text in after)
    assert any("llm ×2 queued" in text for text in after)
    assert list(rows_at(run, CallTree(), run.trajectory.last - 1))[-1] == before


def test_calls_that_an_interrupt_ended_are_neither_done_nor_queued() -> None:
    run = peeked()
    code = run.begin_block(run.iteration(2), "rlm_query_batched(prompts)", 2)
    calls = [run.open(f"{code}.sub{n}", "subcall", code, depth=1, role="sub", asks="rlm", batch="b") for n in (1, 2, 3)]
    for call in calls[:2]:
        run.emit(ev.SubcallRequested(node=call, function="rlm_query_batched", prompt="?", model="m", batch="b"))
    for node in (*calls, code):
        run.emit(ev.NodeClosed(node=node, outcome="cancelled"))
    shown = texts(rows_at(run, CallTree()))
    assert any("○ rlm ×2 2 stopped" in text for text in shown)
    assert any("○ rlm ×1 not asked" in text for text in shown)


def test_a_turn_is_about_its_own_words_and_not_the_summary_before_it() -> None:
    run = peeked()
    two = run.iteration(2)
    summary = run.open(f"{two}.lm1", "lm", two, title=ev.COMPACTION)
    run.emit(ev.LmResponded(node=summary, text="All of it so far."))
    turn = run.open(f"{two}.lm2", "lm", two, title="m")
    run.emit(ev.LmResponded(node=turn, text="I look further."))
    assert "I look" in by_key(rows_at(run, CallTree()))[two].text


def test_what_a_person_closed_stays_closed() -> None:
    run, tree = peeked(), CallTree()
    tree.fold("1.1", False, run.trajectory.now())
    assert [key for key in by_key(rows_at(run, tree)) if key.startswith("1.1.")] == []
    two = run.iteration(2)
    assert list(by_key(rows_at(run, tree))) == ["1", "1.1", two]


def test_a_selection_that_is_folded_away_is_found_at_what_holds_it() -> None:
    run, tree = batched(), CallTree()
    rows = rows_at(run, tree).rows
    assert rows.row(rows.find("1.2.code1.sub3") or 0).key == "1.2.code1#b1"
    assert rows.row(rows.find("1.1.lm1") or 0).key == "1.1.lm1"
    assert rows.find("nowhere") is None
    tree.fold("1.2", False, run.trajectory.now())
    rows = rows_at(run, tree).rows
    assert rows.row(rows.find("1.2.code1#b1") or 0).key == "1.2"
    tree.fold("1", False, run.trajectory.now())
    assert rows_at(run, tree).rows.find("1.2") == 0


@pytest.mark.parametrize("name", RUNS)
def test_a_tree_that_lived_through_a_run_shows_what_a_fresh_one_shows(name: str) -> None:
    run, lived = RUNS[name](), CallTree()
    last = run.trajectory.last
    for seq in (*range(last + 1), *range(last, -1, -3), *range(last + 1)):
        assert list(rows_at(run, lived, seq)) == list(rows_at(run, CallTree(), seq))


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.sampled_from(["1", "1.1", "1.2", "1.2.code1", "1.2.code1#b1"]), st.booleans())))
def test_folding_in_any_order_comes_to_the_same(folds: list[tuple[str, bool]]) -> None:
    run, one, other = batched(), CallTree(), CallTree()
    for key, is_open in folds:
        one.fold(key, is_open, run.trajectory.now())
        rows_at(run, one)
    other.folds = dict(one.folds)
    assert list(rows_at(run, one)) == list(rows_at(run, other))


def test_the_tree_before_a_seek_is_what_the_fold_of_so_many_events_shows() -> None:
    whole, tree = batched(), CallTree()
    for seq in range(whole.trajectory.last + 1):
        part = Recorder()
        part.log = whole.log
        for number in range(1, seq + 1):
            part.trajectory.fold(whole.log.event(number))
        assert texts(rows_at(whole, tree, seq)) == texts(rows_at(part, CallTree()))


def test_two_questions_are_two_trees() -> None:
    run = peeked()
    run.start("And in 2025?", "2")
    one = run.iteration(1, "2")
    rows = rows_at(run, CallTree())
    assert [key for key in by_key(rows) if "." not in key] == ["1", "2"]
    assert rows.rows.row(rows.rows.find(one) or 0).key == one
    assert "root 2" in by_key(rows)["2"].text


def test_time_spent_waiting_for_a_person_is_nobodys_time() -> None:
    run = held()
    before = by_key(rows_at(run, CallTree()))
    run.time += 300
    run.release("1.3.code1", "before_code")
    after = by_key(rows_at(run, CallTree()))
    for key in ("1", "1.3", "1.3.code1"):
        assert after[key].text.split()[-2:] == before[key].text.split()[-2:]


def test_a_batch_says_how_many_of_its_answers_come_from_the_cache() -> None:
    run = peeked()
    two = run.iteration(2)
    code = run.begin_block(two, "llm_query_batched(parts)", 2)
    for place in range(1, 6):
        run.subcall(code, place, "so", batch="b1", size=5, cached=place > 2)
    assert "llm ×5 3 cached" in by_key(rows_at(run, CallTree()))[f"{code}#b1"].text
    assert "cached" not in by_key(rows_at(batched(), CallTree()))["1.2.code1#b1"].text


def test_a_batch_took_what_its_calls_worked_and_not_what_they_were_held() -> None:
    """One call works for a second while the other is held, which then works for three."""
    run, tree = peeked(), CallTree()
    code, times = run.begin_block(run.iteration(2), "llm_query_batched(parts)", 2), Times()
    calls = [run.open(f"{code}.sub{n}", "subcall", code, depth=1, role="sub", batch="b") for n in (1, 2)]

    def shown(at: int | None = None) -> list[str]:
        rows = by_key(rows_at(run, tree, at))
        return [re.findall(r" ([\d.]+m?s)\b", rows[key].text)[-1] for key in (f"{code}#b", code)]

    for n, call in enumerate(calls):
        run.emit(ev.Held(node=call, hold=n, checkpoint="before_subcall", why="step", batch="b"), 0.0)
    run.emit(ev.Note(text="a minute is held"), 60.0)
    assert shown() == ["0ms", "0ms"], "nothing was asked yet"
    for n, (call, lasts) in enumerate(zip(calls, (1.0, 3.0), strict=True)):
        run.emit(ev.Released(node=call, hold=n, checkpoint="before_subcall", how="step"), 0.0 if not n else 30.0)
        run.emit(ev.SubcallRequested(node=call, function="llm_query_batched", prompt="?", model="m", batch="b"), 0.0)
        run.emit(ev.SubcallFinished(node=call, text="so"), lasts)
        run.close(call)
        assert shown() == (["4.0s", "4.0s"] if n else ["1.0s", "1.0s"])
    sent = run.trajectory.last
    run.end_block(code)
    assert shown(sent) == ["4.0s", "4.0s"]
    for seq in range(1, run.trajectory.last + 1):
        times.take(run.log.event(seq))
    root = run.trajectory.nodes["1"]
    assert (times.waited, times.worked) == (run.trajectory.now().waited(root), run.trajectory.now().worked(root))
    assert times.waited == 90.0


def test_cached_calls_tools_and_children_are_told_apart() -> None:
    run = Recorder()
    run.start()
    one = run.iteration(1)
    lm = run.open(f"{one}.lm1", "lm", one, title="m")
    run.emit(ev.LmRequested(node=lm, model="m", messages=()))
    run.emit(ev.LmResponded(node=lm, text="x", cached=True))
    code = run.begin_block(one, "x", 1)
    for place, (asks, error, cached) in enumerate(
        [("lm", "", True), ("tool", "it raised", False), ("rlm", "", False)], 1
    ):
        title = "factor()" if asks == "tool" else "rlm_query"
        call = run.open(f"{code}.sub{place}", "subcall", code, depth=1, title=title, asks=asks)
        run.emit(ev.SubcallRequested(node=call, function=title, prompt="why?", model="m"))
        if asks == "rlm":
            run.open(f"{call}.1", "rlm", call, depth=1)
        run.emit(ev.SubcallFinished(node=call, text="so", error=error, cached=cached, usage=ev.Usage(3, 4, 0.02)))
        run.close(call)
    rows = texts(rows_at(run, CallTree()))
    assert sum(" cached " in row for row in rows) == 2
    (first,) = [row for row in rows if " llm " in row]
    assert "cached" in first
    assert any("tool factor() it raised" in row and "cached" not in row for row in rows)
    assert any("rlm “so”" in row for row in rows)
    assert any("child 1" in row for row in rows)
    view = run.trajectory.now()

    def step_of(place: int) -> str:
        node = view.node(f"{code}.sub{place}")
        assert node is not None
        return "\n".join(row.text for row in subcall(Page(view, run.log, 90), node)[:])

    assert "from the cache · 7 tok · $0.02" in step_of(1)
    assert "tok" not in step_of(2)
    assert "PROMPT   child 1, led by m" in step_of(3)


def released(run: Recorder, place: int, how: ev.Release, prompt: str = "") -> str:
    """One of five held calls is let go: sent, or with `skip` never asked."""
    node, function = f"1.1.code1.sub{place}", "llm_query_batched"
    run.emit(ev.Released(node=node, hold=place, checkpoint="before_subcall", how=how))
    if how == "run":
        asked = ev.SubcallRequested(
            node=node, function=function, prompt=prompt, model="m", batch="b", index=place - 1, batch_size=5
        )
        run.emit(asked)
        run.emit(ev.SubcallFinished(node=node, text=f"answer {place}", latency_s=0.5))
    return node


def five_held() -> Recorder:
    """A batch of five sub-calls, all of which wait before they are sent."""
    run = Recorder()
    run.start()
    code = run.begin_block(run.iteration(1), "llm_query_batched(parts)", 1)
    for place in range(1, 6):
        node = run.open(f"{code}.sub{place}", "subcall", code, depth=1, title="llm_query_batched", asks="lm", batch="b")
        waits = ev.Held(node=node, hold=place, checkpoint="before_subcall", why="step", content=f"Q{place}", batch="b")
        run.emit(waits)
    return run


def pane(run: Recorder, key: str, seq: int | None = None) -> str:
    view = run.trajectory.now() if seq is None else run.trajectory.at(seq)
    return "\n".join(row.text.rstrip() for row in step(Page(view, run.log, 80), key)[:])


def test_a_held_call_that_is_skipped_stays_one_of_its_batch() -> None:
    run, tree, batch = five_held(), CallTree(), "1.1.code1#b"
    assert list(by_key(rows_at(run, tree)))[-1] == batch
    before = run.trajectory.last
    run.close(released(run, 1, "skip"), "skipped")
    for rows in (rows_at(run, tree), rows_at(run, CallTree())):
        assert [key for key in by_key(rows) if "#" in key] == [batch]
        assert "llm ×5 1 done 1 skipped" in by_key(rows)[batch].text
    assert "2 of 5" in pane(run, "1.1.code1.sub2")
    assert "1 of 5" in pane(run, "1.1.code1.sub1", before)
    for place in range(2, 6):
        run.close(released(run, place, "run", f"Q{place}"))
    run.end_block("1.1.code1")
    table = pane(run, batch).split("\n")[1:]
    assert [row.split()[1] for row in table] == ["1", "2", "3", "4", "5"]
    assert table[0].endswith("Q1")
    assert "llm ×5 1 skipped" in by_key(rows_at(run, tree))[batch].text


def test_a_call_that_was_never_sent_keeps_the_words_that_it_was_held_with() -> None:
    run = five_held()
    run.emit(ev.Edited(node="1.1.code1.sub1", what="prompt", before="Q1", after="Mine", hold=1))
    run.close(released(run, 1, "skip"), "skipped")
    said = pane(run, "1.1.code1.sub1")
    assert "○ skipped, never asked · 1 of 5" in said
    assert "Mine" in said
    assert "waits for" not in said
    assert pane(run, "1.1.code1#b").split("\n")[1].endswith("Mine")


def test_a_call_that_had_its_answer_is_not_counted_as_stopped() -> None:
    run, tree = five_held(), CallTree()
    for place in (1, 2):
        released(run, place, "run", f"Q{place}")
    for place in range(3, 6):
        released(run, place, "stop")
    for place in range(1, 6):
        run.close(f"1.1.code1.sub{place}", "cancelled")
    run.end_block("1.1.code1", status="interrupted")
    rows = by_key(rows_at(run, tree))
    assert [key for key in rows if "#" in key] == ["1.1.code1#b"]
    assert "llm ×5 3 stopped" in rows["1.1.code1#b"].text
    assert "5 sub-calls · 3 stopped" in pane(run, "1.1.code1")
    assert "stopped, never asked · 3 of 5" in pane(run, "1.1.code1.sub3")
