"""What the Step pane says of each kind of node, in reading order."""

from __future__ import annotations

import pytest

from rlm_tui import events as ev
from rlm_tui.session.base import LiveText
from rlm_tui.ui.content.parts import FOLD, HELD, NODE, Page
from rlm_tui.ui.content.step import step
from rlm_tui.ui.selecting import interesting
from tests.trajectories import BATCH, QUESTION, RUNS, Recorder, batched, clean, edited, failing, held, peeked

WIDTH = 84


def said(run: Recorder, selection: str | None = None, **more: object) -> str:
    page = Page(run.trajectory.now(), run.log, WIDTH, **more)  # type: ignore[arg-type]
    return "\n".join(row.text.rstrip() for row in step(page, selection))


def in_order(text: str, *parts: str) -> None:
    """Every part stands in the text, each behind the one before it."""
    at = 0
    for part in parts:
        found = text.find(part, at)
        assert found >= 0, f"{part!r} is not behind {text[:at]!r} in:\n{text}"
        at = found + len(part)


def test_an_iteration_reads_from_words_to_output() -> None:
    text = said(clean(), "1.1")
    in_order(text, "SAYS     I will look at the beginning", "READ AS  1 block", "↻ a python fence was taken for repl")
    in_order(text, "CODE     block 1", "  1 print(len(context))", "  2 print(context[:200])")
    in_order(text, "OUTPUT   0.4s", "model saw all", "  1203441", "  Salaries stand on p. 26.")
    assert "```" not in text


def test_a_final_form_is_read_and_the_answer_stands_below() -> None:
    in_order(said(clean(), "1.2"), "READ AS  1 block · FINAL(160,000)", "ANSWER   ✓", "by FINAL(…)", "  160,000")


def test_held_code_says_that_nothing_has_run() -> None:
    text = said(held(), "1.3")
    in_order(text, "SAYS     I will ask each part", "CODE     ‖ held, not run yet", "  3 print(answers)")
    assert "OUTPUT" not in text
    rows = step(Page(held().trajectory.now(), held().log, WIDTH), "1.3")
    assert [row.text[:4] for row in rows if row.key == HELD] == ["CODE"]


def test_an_edit_shows_what_will_run_and_keeps_what_the_model_wrote() -> None:
    text = said(edited(), "1.3")
    in_order(text, "✎ edited by you", "range(0, len(context), 15000)", "▸ what the model wrote")
    assert "i+20000" not in text
    opened = said(edited(), "1.3", opened=frozenset({f"{FOLD}1.3.code1.was.code"}))
    in_order(opened, "▾ what the model wrote", "i+20000")


def test_a_block_that_raised_shows_its_traceback() -> None:
    text = said(failing(), "1.2")
    in_order(text, "nothing but code", "✗ raised an error", 'File "block 2", line 1')


def test_output_that_was_cut_says_how_much_the_model_saw() -> None:
    run = peeked()
    code = run.begin_block(run.iteration(2), "print('x' * 30000)", 2)
    run.end_block(code, "x" * 30_000 + "\n", shown=20_000)
    text = said(run, "1.2")
    assert "model will see 20,000 of 30,000 characters" in text
    assert "▸" in text
    assert text.count("\n") < 130
    whole = said(run, "1.2", opened=frozenset({f"{FOLD}{code}.output"}))
    assert whole.count("x") >= 30_000


def test_your_own_block_is_marked_as_yours() -> None:
    run = peeked()
    code = run.begin_block("1.1", "len(hits)", 2, by="user", place=2)
    run.end_block(code, "12\n", shown=None)
    in_order(said(run, code), "CODE     block 2", "✎ you", "the model is told with its next message", "  12")


def test_a_failed_request_says_what_went_wrong() -> None:
    text = said(failing(), "1.3")
    assert "✗ The server at 127.0.0.1:11434 refused the connection." in text


def test_nothing_usable_says_why() -> None:
    run = peeked()
    two = run.iteration(2)
    run.ask(two, "I think the answer is 12.", prior=2)
    run.parsed(two, problem="There was no code block and no final answer.", truncated=True)
    in_order(said(run, two), "READ AS  nothing usable", "⚠ for the model: There was no code block")


def test_an_lm_call_shows_what_was_sent_and_the_whole_response() -> None:
    text = said(clean(), "1.1.lm1")
    in_order(text, "SENT     ollama/qwen2.5:7b", "the first messages", "  system", "  user", f"Query: {QUESTION}")
    in_order(text, "RESPONSE 1.1k in, 240 out · ended by stop", "```repl", "```")


def test_a_sub_call_shows_prompt_and_answer() -> None:
    text = said(batched(), "1.2.code1.sub3")
    in_order(
        text, "PROMPT   ollama/qwen2.5:1.5b · 3 of 12", "Chunk 3 of the report", "ANSWER   ✓", "611 tok", "Alice 75,000"
    )
    assert "✗ failed; the code got an error text" in said(batched(), "1.2.code1.sub7")


def test_a_batch_is_a_row_a_call_that_leads_to_it() -> None:
    run = batched()
    rows = step(Page(run.trajectory.now(), run.log, WIDTH), "1.2.code1#b1")
    assert rows[0].text.startswith("BATCH    12 calls")
    assert [row.key for row in rows[1:]] == [f"{NODE}1.2.code1.sub{n}" for n in range(1, 13)]
    assert "429 after 3 tries" in rows[7].text


def test_the_root_is_the_run() -> None:
    text = said(clean(), "1")
    in_order(
        text, f"QUESTION {QUESTION}", "ANSWER   ✓", "160,000", "DOCUMENT report.pdf", "412 pages", "MODEL", "LIMITS"
    )
    in_order(
        text,
        "ollama/qwen2.5:7b → ollama/qwen2.5:1.5b",
        "20 iterations · 200 sub-calls, 16 at once",
        "USED     2 iterations",
    )
    assert "ENDED    ✗ failed" in said(failing(), "1")


@pytest.mark.parametrize("width", [40, 67, 78, 120])
def test_nothing_of_a_run_is_cut_at_its_root(width: int) -> None:
    run = clean()
    rows = [row.text for row in step(Page(run.trajectory.now(), run.log, width), "1")]
    said = " ".join(" ".join(rows).split())
    for word in ("412 pages", "qwen2.5:1.5b", "200 sub-calls", "USED 2 iterations", "tokens in", "out"):
        assert word in said
    assert [row for row in rows if "…" in row.replace("by FINAL(…)", "")] == []


def test_text_that_is_being_written_shows_as_it_comes() -> None:
    run = peeked()
    two = run.iteration(2)
    lm = run.open(f"{two}.lm1", "lm", two)
    run.emit(ev.LmRequested(node=lm, model="m", messages=(), prior=2))
    assert "● asked; no word of the answer yet" in said(run, two)
    live = LiveText({(lm, "text"): "I will now"})
    in_order(said(run, two, live=live), "SAYS     I will now", "● writing")


def test_output_that_is_being_written_shows_as_it_comes() -> None:
    run = peeked()
    code = run.begin_block(run.iteration(2), BATCH, 2)
    in_order(said(run, "1.2", live=LiveText({(code, "stdout"): "half\nway"})), "OUTPUT   ● running", "  half", "  way")


def test_without_a_choice_it_shows_what_matters_now() -> None:
    assert interesting(held().trajectory.now()) == "1.3"
    assert interesting(clean().trajectory.now()) == "1"
    assert interesting(Recorder().trajectory.now()) is None
    assert "What the model says" in said(Recorder())
    assert said(held()) == said(held(), "1.3") == said(held(), "1.3.code1")


@pytest.mark.parametrize("checkpoint", ["before_request", "after_response"])
def test_what_is_held_at_the_lm_can_be_read(checkpoint: ev.Checkpoint) -> None:
    run = peeked()
    two = run.iteration(2)
    is_answered = checkpoint == "after_response"
    lm = run.ask(two, "FINAL(12)", prior=2) if is_answered else run.open(f"{two}.lm1", "lm", two)
    run.hold(lm, checkpoint, "what is held")
    for selection in (two, lm):
        in_order(said(run, selection), "‖ held, not", "what is held")


def test_an_answer_that_is_held_can_be_read() -> None:
    run = peeked()
    run.hold("1.1", "before_final", "160,000")
    in_order(said(run, "1.1"), "ANSWER   ‖ held, not given yet", "  160,000")


def test_output_that_is_held_can_be_read() -> None:
    run = peeked()
    code = run.begin_block(run.iteration(2), "print(1)", 2)
    run.emit(ev.CodeFinished(node=code, status="ok", stdout="1\n", shown=1))
    run.hold(code, "after_code", "1")
    in_order(said(run, "1.2"), "OUTPUT   ‖ held before the model sees it", "  1")


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize("width", [24, 46, 84, 140])
def test_no_row_of_any_node_at_any_moment_is_wider_than_the_pane(name: str, width: int) -> None:
    run = RUNS[name]()
    for seq in range(run.trajectory.last + 1):
        view = run.trajectory.at(seq)
        for node in (None, *run.trajectory.nodes, "1.2.code1#b1"):
            assert all(row.cells <= width for row in step(Page(view, run.log, width), node))


def test_retries_and_notes_stand_beside_what_they_belong_to() -> None:
    run = peeked()
    code = run.begin_block(run.iteration(2), "llm_query(p)", 2)
    sub = run.open(f"{code}.sub1", "subcall", code, depth=1, role="sub")
    run.emit(ev.SubcallRequested(node=sub, function="llm_query", prompt="?", model="m"))
    run.emit(ev.LmFailed(node=sub, message="The server is busy.", status=429, retry_in_s=2.0))
    in_order(said(run, sub), "PROMPT   m", "↻ The server is busy. It is asked again after 2.0s.", "● asked")
    run.emit(ev.Note(node=code, text="The block runs again."))
    assert "⚠ The block runs again." in said(run, code)


def test_why_a_sub_call_failed_is_said_once_and_an_empty_answer_is_said_to_be_empty() -> None:
    run = peeked()
    code = run.begin_block(run.iteration(2), "llm_query(p)", 2)
    why = "The server is busy."
    sub = run.open(f"{code}.sub1", "subcall", code, depth=1, role="sub")
    run.emit(ev.SubcallRequested(node=sub, function="llm_query", prompt="?", model="m"))
    run.emit(ev.LmFailed(node=sub, message=why, status=429, retry_in_s=2.0))
    run.emit(ev.LmFailed(node=sub, message=why, status=429))
    run.emit(ev.SubcallFinished(node=sub, text="", error=why, usage=ev.Usage(), latency_s=1.0))
    in_order(said(run, sub), f"↻ {why} It is asked again", "ANSWER   ✗ failed", why)
    assert said(run, sub).count(why) == 2
    assert "ANSWER   ✓  it is empty" in said(run, run.subcall(code, 2, " \n"))


def test_what_a_model_thinks_aloud_is_told_apart_from_what_it_says() -> None:
    run = peeked()
    two = run.iteration(2)
    run.ask(two, "<think>The sum is odd.</think>I will check.\n```repl\nprint('<think>')\n```\nThen answer.", prior=2)
    in_order(said(run, two), "THINKS   The sum is odd.", "SAYS     I will check.", "Then answer.")
    assert "<think>" not in said(run, two)


def test_what_a_question_used_is_its_own() -> None:
    run = batched()
    run.end("7")
    run.close("1")
    run.start("And who wrote it?", "2")
    assert "0 iterations · 0 sub-calls" in said(run, "2")
    assert "12 sub-calls" in said(run, "1")
