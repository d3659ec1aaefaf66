"""What happens to a conversation that grows: long outputs go to variables, a full window is summed up."""

from __future__ import annotations

from pathlib import Path

import pytest
from loopback import Loopback, openai_stream

from rlm_tui import events as ev
from rlm_tui.engine import tokens
from rlm_tui.engine.tokens import estimate, estimate_text
from rlm_tui.lm.base import Message
from rlm_tui.session import commands as cmd
from rlm_tui.session.base import LiveText
from rlm_tui.ui.content.chat import chat
from rlm_tui.ui.content.parts import Page
from rlm_tui.ui.words import hold_words
from tests.driving import Driver, block, live

LONG = "print('x' * 3000)"


def replies(run: Driver) -> list[str]:
    """The messages that the root LM was sent as the user's, the question first."""
    text = run.session.log.text
    sent = [message for request in run.of(ev.LmRequested) for message in request.messages]
    return [text(message.content) for message in sent if message.role == "user"]


def test_with_offloading_a_long_output_is_a_variable_and_the_model_sees_its_beginning(tmp_path: Path) -> None:
    root = [block("print('ab' * 1000)"), block("print(len(_result_1), _result_1[-2:])"), "FINAL_VAR(_result_1)"]
    with live(tmp_path, root, offload=True) as run:
        finished = run.start().end()
        assert run.of(ev.CodeFinished)[0].shown == 200
        assert "2000 ab" in str(run.of(ev.CodeFinished)[1].stdout)
        said = replies(run)[1]
        assert "ab" * 100 in said
        assert "ab" * 101 not in said
        assert "in the variable `_result_1`" in said
        assert finished.status == "answered"


def test_short_outputs_and_errors_are_shown_whole(tmp_path: Path) -> None:
    root = [block("print('y' * 500)"), block("print('z' * 900)\n1 / 0"), "FINAL(done)"]
    with live(tmp_path, root, offload=True) as run:
        run.start().end()
        assert "y" * 500 in replies(run)[1]
        assert "z" * 900 in replies(run)[2]
        assert "ZeroDivisionError" in replies(run)[2]


def test_what_was_offloaded_can_be_forgotten(tmp_path: Path) -> None:
    root = [block(LONG), block("print(forget('_result_1'))"), block("print(_result_1)"), "FINAL(done)"]
    with live(tmp_path, root, offload=True) as run:
        run.start().end()
        assert "Forgotten: _result_1." in str(run.of(ev.CodeFinished)[1].stdout)
        assert run.of(ev.CodeFinished)[2].error is not None


def test_a_response_that_filled_the_window_is_cut_for_the_summary(tmp_path: Path) -> None:
    runaway = "I look.\n" + "and so on " * 600
    with live(tmp_path, [runaway, "I rambled.", "FINAL(done)"], window=1200, dialect="paper") as run:
        assert run.start().end().answer == "done"
        (compacted,) = run.of(ev.Compacted)
        assert run.session.log.text(compacted.summary) == "I rambled."
        asked = run.of(ev.LmRequested)[1]
        texts = [run.session.log.text(message.content) for message in asked.messages]
        assert asked.prior == 0, "what is sent stands in the trace as it was sent"
        assert "characters left out" in texts[2]
        assert sum(map(len, texts)) < 4 * 1200


def test_near_the_window_the_model_sums_up_and_the_history_stays_in_the_repl(tmp_path: Path) -> None:
    check = block("print(len(history), history[1]['content'][:6])")
    root = [block(LONG), block(LONG), "I found that x is seven.", check, "FINAL(done)"]
    with live(tmp_path, root, window=1000) as run:
        finished = run.start().end()
        assert finished.answer == "done"
        (compacted,) = run.of(ev.Compacted)
        assert run.session.log.text(compacted.summary) == "I found that x is seven."
        assert compacted.dropped == 4
        after = run.of(ev.LmRequested)[3]
        assert after.prior == 1
        (said,) = (run.session.log.text(m.content) for m in after.messages)
        assert said.startswith("Query: What?")
        assert "x is seven" in said
        assert "xxxx" not in said
        assert run.of(ev.CodeFinished)[-1].stdout == "6 I look\n"


def test_a_new_summary_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    turns = [block(LONG), block(LONG), "I found one.", block(LONG), block(LONG), "I found one and two.", "FINAL(done)"]
    with live(tmp_path, turns, window=1000) as run:
        assert run.start().end().answer == "done"
        assert len(run.of(ev.Compacted)) == 2
        (asked,) = (run.session.log.text(message.content) for message in run.of(ev.LmRequested)[-1].messages)
        assert asked.startswith("Query: What?")
        assert asked.count("as you summed it up") == 1
        assert "I found one and two." in asked


@pytest.mark.parametrize("usage", [(700, 400), (500, 400)])
def test_a_full_window_is_summed_up_however_few_messages_fill_it(tmp_path: Path, usage: tuple[int, int]) -> None:
    filling = openai_stream("I look.\n" + "so " * 100, usage=usage)
    replies = filling, openai_stream("I rambled."), openai_stream("FINAL(done)")
    with (
        Loopback(*replies) as server,
        live(tmp_path, [], model="openai/m", base_url=f"{server.url}/v1", window=1_000, dialect="paper") as run,
    ):
        assert run.start().end().answer == "done"
        assert len(run.of(ev.Compacted)) == 1


def test_a_summary_may_take_half_of_what_an_answer_may(tmp_path: Path) -> None:
    replies = (openai_stream(text) for text in (block(LONG), block(LONG), "I rambled.", "FINAL(done)"))
    with (
        Loopback(*replies) as server,
        live(tmp_path, [], model="llamacpp/m", base_url=f"{server.url}/v1", window=1_000, dialect="paper") as run,
    ):
        assert run.start().end().answer == "done"
        assert len(run.of(ev.Compacted)) == 1
        assert [seen.body["max_tokens"] for seen in server.seen if seen.body] == [500, 500, 250, 500]


def _titles(run: Driver) -> list[str]:
    return [opened.title for opened in run.of(ev.NodeOpened)]


def test_a_request_for_a_summary_is_held_edited_and_answered_as_any_other(tmp_path: Path) -> None:
    with live(tmp_path, [block(LONG), block(LONG), "FINAL(done)"], window=1000, step=True) as run:
        hold = run.start().hold("before_code")
        while "compaction" not in _titles(run):
            run.send(cmd.Step(hold.id, "into"))
            run.until(lambda old=hold.id: bool(run.holds()) and run.holds()[0].id != old)
            hold = run.holds()[0]
        assert (hold.checkpoint, hold.node) == ("before_request", run.of(ev.NodeOpened)[-1].node)
        assert "Sum it up" in run.content(hold)
        words = hold_words(run.session.trajectory.now(), hold)
        assert words == "request for a summary of iteration 3, not sent yet"
        run.send(cmd.Answer(hold.id, "Nothing was found."))
        run.send(cmd.Run(run.hold("after_response").id))
        run.until(lambda: bool(run.of(ev.Compacted)))
        run.send(cmd.Resume())
        assert run.end().answer == "done"
        (by,) = [e.by for e in run.of(ev.LmResponded) if e.node == hold.node]
        assert (by, run.session.log.text(run.of(ev.Compacted)[0].summary)) == ("user", "Nothing was found.")


def test_a_request_for_a_summary_can_be_interrupted_and_carries_no_words_of_the_person(tmp_path: Path) -> None:
    late = {"text": "late", "delay_s": 60}
    root = [block(LONG), block(LONG), late, "I found that x is seven.", "FINAL(done)"]
    with live(tmp_path, root, window=1000) as run:
        run.start().until(lambda: "compaction" in _titles(run) and bool(run.session.can(cmd.Interrupt)))
        run.send(cmd.Tell("Look at page 3."))
        run.send(cmd.Interrupt())
        hold = run.hold("before_request")
        assert hold.why == "interrupted by you"
        run.send(cmd.Run(hold.id))
        run.until(lambda: len([e for e in run.of(ev.LmRequested) if e.node == hold.node]) == 2)
        asked = run.of(ev.LmRequested)[-1].seq
        assert len(run.session.trajectory.at(asked).queued_words()) == 1
        run.end()
        assert "Look at page 3." in run.said()[-1]
        assert not run.session.trajectory.now().queued_words()


def test_a_summary_has_its_time_and_reason_as_any_response(tmp_path: Path) -> None:
    with live(tmp_path, [block(LONG), block(LONG), "x is seven.", "FINAL(done)"], window=1000) as run:
        run.start().end()
        response = run.of(ev.LmResponded)[2]
        assert run.session.log.text(response.text) == "x is seven."
        assert (response.finish_reason, response.latency_s is not None) == ("stop", True)
    assert ev.LmResponded(text="").latency_s is ev.SubcallFinished().latency_s is None, "what is not told is not 0"


def test_the_chat_says_what_was_summed_up(tmp_path: Path) -> None:
    root = [block(LONG), block(LONG), "I found that x is seven.", block("1"), "FINAL(done)"]
    with live(tmp_path, root, window=1000) as run:
        run.start().end()
        view = run.session.trajectory.now()
        rows = chat(Page(view, run.session.log, 100, LiveText(), view.t), None).rows
        said = [row.text.strip() for row in rows[:]]
        assert said.count("↻ summed up: 4 messages → I found that x is seven.") == 1


def test_without_a_window_nothing_is_summed_up(tmp_path: Path) -> None:
    with live(tmp_path, [block(LONG), block(LONG), block(LONG), "FINAL(done)"]) as run:
        run.start().end()
        assert not run.of(ev.Compacted)


def test_a_summary_that_cannot_be_had_is_a_note_and_the_run_goes_on(tmp_path: Path) -> None:
    root = [block(LONG), block(LONG), {"error": {"status": 400}}, "FINAL(done)"]
    with live(tmp_path, root, window=1000) as run:
        assert run.start().end().answer == "done"
        assert any("was not summed up" in str(note.text) for note in run.of(ev.Note))
        assert not run.of(ev.Compacted)


def test_an_empty_summary_is_none(tmp_path: Path) -> None:
    root = [block(LONG), block(LONG), "", "FINAL(done)"]
    with live(tmp_path, root, window=1000) as run:
        assert run.start().end().answer == "done"
        assert any("wrote no summary" in str(note.text) for note in run.of(ev.Note))
        assert not run.of(ev.Compacted)


def test_a_question_that_does_not_fit_the_window_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    with live(tmp_path, ["FINAL(x)"], window=1000) as run:
        finished = run.start("why " * 1000).end()
        assert (finished.status, finished.exit_code) == ("failed", 2)
        assert "the window has 1,000" in finished.detail
        assert not run.of(ev.LmRequested)


def test_a_window_that_is_full_again_after_every_summary_ends_the_run_by_name(tmp_path: Path) -> None:
    turn = [block(LONG), block(LONG), "I found nothing yet."]
    with live(tmp_path, [*turn * 3, block(LONG), block(LONG), "The end.", "FINAL(it is blue)"], window=1000) as run:
        finished = run.start().end()
        assert (finished.status, finished.exit_code, finished.answer) == ("limit", 4, "it is blue")
        assert [hit.limit for hit in run.of(ev.LimitHit)] == ["window"]
        assert "full again after every summary" in finished.detail


def test_offline_finds_its_way_through_its_own_summaries(tmp_path: Path) -> None:
    with live(tmp_path, [], model="offline", window=900, text="The magic number is 41.\n" * 3) as run:
        finished = run.start("What is the magic number?").end()
        assert run.of(ev.Compacted)
        assert str(finished.answer).startswith("41")


def test_the_same_code_with_the_same_end_is_told_to_the_model(tmp_path: Path) -> None:
    root = [block("print(1)"), block("print(1)"), block("print(2)"), "FINAL(done)"]
    with live(tmp_path, root) as run:
        run.start().end()
        told = ["the same code as before" in said for said in replies(run)]
        assert told == [False, False, True, False]


def test_a_reset_forgets_variables_and_history(tmp_path: Path) -> None:
    root = [block("kept = 1\nFINAL('one')"), block("FINAL(repr(['kept' in globals(), history]))")]
    with live(tmp_path, root) as run:
        run.start("First?").end()
        run.send(cmd.Reset())
        run.until(lambda: run.of(ev.Reset))
        run.start("Second?").until(lambda: len(run.of(ev.RunFinished)) == 2)
        assert run.of(ev.RunFinished)[1].answer == "[False, []]"


def test_a_tokenizer_counts_where_it_has_its_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import tiktoken

    words = {bytes([each]): each for each in range(256)} | {b"ab": 256}
    encoding = tiktoken.Encoding("small", pat_str=r"\w+|\W+", mergeable_ranks=words, special_tokens={})
    monkeypatch.setattr(tiktoken, "get_encoding", lambda _name: encoding)
    monkeypatch.setattr(tokens, "_table", lambda: tmp_path)
    tokens.counter.cache_clear()
    assert estimate_text("ab" * 8) == 4, "no table, so a fourth of the characters"
    (tmp_path / "table").write_bytes(b"")
    monkeypatch.setattr(tokens, "_table", lambda: tmp_path / "table")
    tokens.counter.cache_clear()
    try:
        assert estimate_text("ab" * 8) == 8
        assert estimate([Message("user", "ab" * 8)]) > 8
        assert estimate([Message("user", "ab" * 5_000_000)]) > 4_000_000, "a long text is judged by its beginning"
    finally:
        tokens.counter.cache_clear()


def test_a_broken_table_is_as_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import tiktoken

    def broken(_name: str) -> None:
        raise ValueError("Hash mismatch for data downloaded")

    monkeypatch.setattr(tiktoken, "get_encoding", broken)
    (tmp_path / "table").write_bytes(b"")
    monkeypatch.setattr(tokens, "_table", lambda: tmp_path / "table")
    tokens.counter.cache_clear()
    try:
        assert estimate_text("ab" * 8) == 4
    finally:
        tokens.counter.cache_clear()


def test_an_estimate_grows_with_the_text() -> None:
    short, long = [Message("user", "a word")], [Message("user", "a word " * 100)]
    assert 0 < estimate(short) < estimate(long) <= 704


def test_why_an_answer_did_not_count_is_a_fact_of_its_iteration(tmp_path: Path) -> None:
    root = ["FINAL_VAR(nope)", block("e = ''") + "\nFINAL_VAR(e)", block("1 / 0") + "\nFINAL(early)", "FINAL(done)"]
    with live(tmp_path, root) as run:
        run.start().end()
        text = run.session.log.text
        refused = [text(event.refused) for event in run.of(ev.IterationFinished)]
        assert refused[0].startswith("FINAL_VAR(nope) names no variable")
        assert refused[1].startswith("An empty answer")
        assert refused[2].startswith("Your final answer did not count")
        assert refused[3] == ""
        assert all(why in "\n".join(replies(run)) for why in refused[:3])
