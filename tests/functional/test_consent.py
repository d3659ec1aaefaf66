"""What a person is asked before much is spent: large batches, and more than a limit allows."""

from __future__ import annotations

from pathlib import Path

import pytest

from rlm_tui import events as ev
from rlm_tui.events import Limits
from rlm_tui.lm.base import LM
from rlm_tui.lm.cache import CachedLM, MemoryAnswers
from rlm_tui.lm.endpoint import Endpoint
from rlm_tui.lm.prices import Price, PricedLM
from rlm_tui.lm.registry import make_lm
from rlm_tui.session import commands as cmd
from tests.driving import Driver, block, live, script

BATCH = block(
    "answers = llm_query_batched([f'q{i}' for i in range(30)])\nprint(sum(a == 'yes' for a in answers), answers[-1])"
)
ROOT = [BATCH, "FINAL(done)"]
YES = {".": "yes"}


def why(run: Driver) -> str:
    """Why the newest hold holds."""
    return run.of(ev.Held)[-1].why


def test_a_large_batch_waits_and_says_what_it_will_take(tmp_path: Path) -> None:
    with live(tmp_path, ROOT, sub=YES) as run:
        hold = run.start().hold("before_batch")
        assert run.content(hold) == "30"
        assert why(run) == "a batch of 30 sub-calls, ≈30 tokens to send"
        assert not run.of(ev.SubcallRequested)
        run.send(cmd.Run(hold.id))
        run.end()
        assert run.of(ev.CodeFinished)[0].stdout == "30 yes\n"


def test_a_batch_beyond_the_limit_says_what_the_limit_leaves(tmp_path: Path) -> None:
    with live(tmp_path, ROOT, sub=YES, limits=Limits(subcalls=12)) as run:
        run.start().hold("before_batch")
        assert why(run) == "a batch of 30 sub-calls (12 left to the limit), ≈30 tokens to send"


def test_only_the_first_five_are_asked_when_the_person_says_so(tmp_path: Path) -> None:
    with live(tmp_path, ROOT, sub=YES) as run:
        hold = run.start().hold("before_batch")
        run.send(cmd.Edit(hold.id, "5"))
        run.send(cmd.Run(hold.id))
        run.end()
        assert len(run.of(ev.SubcallRequested)) == 5
        assert str(run.of(ev.CodeFinished)[0].stdout).startswith("5 Error: this sub-call was not asked")


def test_a_batch_can_be_skipped(tmp_path: Path) -> None:
    with live(tmp_path, ROOT, sub=YES) as run:
        run.send(cmd.Skip(run.start().hold("before_batch").id))
        run.end()
        assert not run.of(ev.SubcallRequested)
        assert "0 Error: this sub-call was not asked" in str(run.of(ev.CodeFinished)[0].stdout)


def test_go_on_asks_no_more(tmp_path: Path) -> None:
    with live(tmp_path, [BATCH, BATCH, "FINAL(done)"], sub=YES) as run:
        run.start().hold("before_batch")
        run.send(cmd.Resume())
        assert run.end().answer == "done"
        assert len(run.of(ev.Held)) == 1


def test_a_later_batch_tells_how_long_it_may_take(tmp_path: Path) -> None:
    answers = {".": {"text": "yes", "delay_s": 0.05}}
    with live(tmp_path, [BATCH, BATCH, "FINAL(done)"], sub=answers) as run:
        run.send(cmd.Run(run.start().hold("before_batch").id))
        run.until(lambda: len(run.of(ev.Held)) == 2)
        run.send(cmd.Run(run.hold("before_batch").id))
        run.end()
        first, later = [event.why for event in run.of(ev.Held)]
        assert first == "a batch of 30 sub-calls, ≈30 tokens to send"
        assert later.startswith(f"{first}, ≈")
        assert later.endswith(("s", "ms"))


@pytest.mark.parametrize("nonsense", ["many", "", "nan", "inf", "-5", "5 kk", "10 min", "1,5", "1 200"])
def test_what_is_no_number_is_refused_and_the_batch_stays_held(tmp_path: Path, nonsense: str) -> None:
    with live(tmp_path, ROOT, sub=YES) as run:
        hold = run.start().hold("before_batch")
        run.send(cmd.Edit(hold.id, nonsense))
        run.until(lambda: bool(run.messages))
        assert run.messages == [f"{nonsense or 'Nothing'} is no number of sub-calls, as 1200 or 1.2k is; it stays 30."]
        assert run.holds() == [hold]
        assert not run.of(ev.Edited)


def test_a_number_that_is_held_takes_no_answer_in_its_place(tmp_path: Path) -> None:
    with live(tmp_path, ROOT, sub=YES, limits=Limits(subcalls=1)) as run:
        for checkpoint in ("before_batch", "at_limit"):
            hold = run.start().hold(checkpoint) if checkpoint == "before_batch" else run.hold(checkpoint)
            run.messages.clear()
            run.send(cmd.Answer(hold.id, "none"))
            run.until(lambda: bool(run.messages))
            assert run.messages == ["There is no answer to give here; edit what is held instead."]
            assert run.holds() == [hold]
            run.send(cmd.Run(hold.id))
        run.end()
        assert not run.of(ev.Edited)


def test_a_batch_that_would_cost_much_waits_by_what_calls_cost_so_far(tmp_path: Path) -> None:
    paid = {"text": block("llm_query_batched(['x' * 4000] * 3)"), "usage": {"input_tokens": 100, "cost_usd": 0.1}}
    with live(tmp_path, [paid, "FINAL(done)"], sub=YES) as run:
        run.send(cmd.Run(run.start().hold("before_batch").id))
        run.end()
        assert "≈$" in why(run)


@pytest.mark.parametrize("is_cached", [False, True])
def test_the_first_batch_is_estimated_by_the_price_of_the_sub_model(tmp_path: Path, is_cached: bool) -> None:
    price = Price(10.0, 40.0)
    sub: LM = PricedLM(make_lm(script(tmp_path, [], YES)), price)
    if is_cached:
        sub = CachedLM(sub, Endpoint("openai", "sub", "http://127.0.0.1", "KEY"), MemoryAnswers())
    root = [block("llm_query_batched(['x' * 40_000] * 3)"), "FINAL(done)"]
    with live(tmp_path, root, sub_model="dear", lms={"dear": sub}) as run:
        run.send(cmd.Run(run.start().hold("before_batch").id))
        run.end()
        assert (
            why(run) == "a batch of 3 sub-calls, ≈30.0k tokens to send, ≈$0.33 with the answers"
        )  # 3 prompts of 10k tokens, 3 answers of 250


@pytest.mark.parametrize(("dollars", "is_asked"), [(4.9, False), (5.0, True)])
def test_a_batch_is_asked_about_from_a_quarter_of_a_dollar_on(tmp_path: Path, dollars: float, is_asked: bool) -> None:
    sub = PricedLM(make_lm(script(tmp_path, [], YES)), Price(dollars, 0.0))
    root = [block("llm_query_batched(['x' * 100_000] * 2)"), "FINAL(done)"]  # 25,000 tokens each
    with live(tmp_path, root, sub_model="dear", lms={"dear": sub}) as run:
        run.start().until(lambda: bool(run.holds() or run.of(ev.RunFinished)))
        assert bool(run.holds()) == is_asked
        assert not is_asked or "≈$0.25 with the answers" in why(run)


def test_a_small_batch_of_a_cheap_sub_model_goes_unasked(tmp_path: Path) -> None:
    sub = PricedLM(make_lm(script(tmp_path, [], YES)), Price(0.1, 0.4))
    root = [block("llm_query_batched(['x' * 40_000] * 3)"), "FINAL(done)"]
    with live(tmp_path, root, sub_model="cheap", lms={"cheap": sub}) as run:
        run.start().end()
        assert not run.of(ev.Held)


def test_small_batches_offline_and_unattended_runs_are_not_asked_about(tmp_path: Path) -> None:
    small = block("llm_query_batched(['a'] * 20)")
    with live(tmp_path, [small, "FINAL(done)"], sub=YES) as run:
        run.start().end()
        assert not run.of(ev.Held)
    with live(tmp_path, ROOT, sub=YES, is_attended=False, trace=tmp_path / "two.rlm.jsonl") as run:
        run.start().end()
        assert not run.of(ev.Held)
    with live(tmp_path, ROOT, sub_model="offline", trace=tmp_path / "three.rlm.jsonl") as run:
        run.start().end()
        assert not run.of(ev.Held)


def test_at_a_limit_the_person_grants_more(tmp_path: Path) -> None:
    root = [block("1"), block("2"), block("3"), "FINAL(done)"]
    with live(tmp_path, root, limits=Limits(iterations=2)) as run:
        hold = run.start().hold("at_limit")
        assert run.content(hold) == "2"
        assert "The limit of 2 iterations was reached" in why(run)
        run.send(cmd.Edit(hold.id, "9"))
        run.send(cmd.Run(hold.id))
        finished = run.end()
        assert (finished.status, finished.answer) == ("answered", "done")
        assert not run.of(ev.LimitHit)
        assert any("raised the limit of iterations from 2 to 9" in str(note.text) for note in run.of(ev.Note))
        trajectory = run.session.trajectory
        assert (trajectory.at(run.of(ev.RunStarted)[0].seq).limits.iterations, trajectory.now().limits.iterations) == (
            2,
            9,
        )


def test_a_limit_is_raised_as_a_person_writes_numbers(tmp_path: Path) -> None:
    item = {"text": block("1"), "usage": {"input_tokens": 100, "output_tokens": 1}}
    with live(tmp_path, [item, item, "FINAL(done)"], limits=Limits(tokens=150)) as run:
        hold = run.start().hold("at_limit")
        run.send(cmd.Edit(hold.id, "10 min"))
        run.until(lambda: bool(run.messages))
        assert run.messages == ["10 min is no number of tokens, as 1200 or 1.2k is; it stays 150."]
        run.send(cmd.Edit(hold.id, "200 k"))
        run.send(cmd.Run(hold.id))
        assert run.end().status == "answered"
        assert run.session.trajectory.now().limits.tokens == 200_000
        assert run.of(ev.Note)[-1].text == "You raised the limit of tokens from 150 to 200,000."


def test_a_limit_that_is_raised_to_less_than_was_used_is_told(tmp_path: Path) -> None:
    item = {"text": block("1"), "usage": {"input_tokens": 1_000_000, "output_tokens": 1}}
    with live(tmp_path, [item, "FINAL(done)"], limits=Limits(tokens=500_000)) as run:
        hold = run.start().hold("at_limit")
        assert why(run) == "The limit of 500,000 tokens was reached"
        run.send(cmd.Edit(hold.id, "600k"))
        run.send(cmd.Run(hold.id))
        assert run.end().status == "limit"
        said = "A limit of 600,000 tokens grants nothing more: 1,000,001 are used up."
        assert said in [note.text for note in run.of(ev.Note)]


@pytest.mark.parametrize("send", [cmd.Run, cmd.Skip])
def test_at_a_limit_that_stays_the_model_has_its_last_turn(tmp_path: Path, send: type[cmd.Run]) -> None:
    with live(tmp_path, [block("1"), "FINAL(done)"], limits=Limits(iterations=1)) as run:
        run.send(send(run.start().hold("at_limit").id))
        assert run.end().status == "limit"
        assert len(run.of(ev.LimitHit)) == 1


def test_the_limit_of_sub_calls_is_asked_about_once_and_all_that_wait_go_on(tmp_path: Path) -> None:
    root = [block("print(llm_query_batched(['a'] * 6))"), "FINAL(done)"]
    with live(tmp_path, root, sub=YES, limits=Limits(subcalls=2)) as run:
        hold = run.start().hold("at_limit")
        run.send(cmd.Edit(hold.id, "100"))
        run.send(cmd.Run(hold.id))
        run.end()
        assert len(run.of(ev.Held)) == 1
        assert run.of(ev.CodeFinished)[0].stdout == f"{['yes'] * 6}\n"


def test_the_sub_calls_over_a_limit_that_stays_are_error_values(tmp_path: Path) -> None:
    root = [block("print([llm_query('a')[:3] for _ in range(4)])"), "FINAL(done)"]
    with live(tmp_path, root, sub=YES, limits=Limits(subcalls=2)) as run:
        run.send(cmd.Run(run.start().hold("at_limit").id))
        run.end()
        assert run.of(ev.CodeFinished)[0].stdout == "['yes', 'yes', 'Err', 'Err']\n"
        assert len(run.of(ev.Held)) == 1


def test_a_limit_that_stays_is_asked_about_once_for_all_of_a_batch(tmp_path: Path) -> None:
    root = [block("print(llm_query_batched(['a'] * 6)[-1][:5])"), "FINAL(done)"]
    with live(tmp_path, root, sub=YES, limits=Limits(subcalls=2)) as run:
        run.send(cmd.Run(run.start().hold("at_limit").id))
        run.until(lambda: bool(run.of(ev.CodeFinished)) or len(run.of(ev.Held)) > 1)
        assert run.end().answer == "done"
        assert run.of(ev.CodeFinished)[0].stdout == "Error\n"
        assert len(run.of(ev.Held)) == len(run.of(ev.LimitHit)) == 1


def test_a_large_limit_that_stays_is_not_rounded_up(tmp_path: Path) -> None:
    root = [{"text": block("1"), "usage": {"input_tokens": 1_234_568}}, "FINAL(done)"]
    with live(tmp_path, root, limits=Limits(tokens=1_234_567)) as run:
        hold = run.start().hold("at_limit")
        assert run.content(hold) == "1234567"
        run.send(cmd.Run(hold.id))
        assert run.end().status == "limit"


@pytest.mark.parametrize("checkpoint", ["before_batch", "at_limit"])
def test_stepping_out_of_a_number_stops_after_its_block(tmp_path: Path, checkpoint: ev.Checkpoint) -> None:
    root = [block(f"print(llm_query_batched(['a'] * {30 if checkpoint == 'before_batch' else 3}))"), "FINAL(x)"]
    limits = Limits(subcalls=None if checkpoint == "before_batch" else 1)
    with live(tmp_path, root, sub=YES, limits=limits) as run:
        run.send(cmd.Step(run.start().hold(checkpoint).id, "out"))
        run.until(lambda: len(run.of(ev.Held)) == 2)
        assert [held.checkpoint for held in run.of(ev.Held)] == [checkpoint, "after_code"]
        run.send(cmd.Resume())
        run.end()


def test_stepping_out_of_a_limit_of_the_root_runs_to_its_end(tmp_path: Path) -> None:
    with live(tmp_path, [block("1"), block("2"), "FINAL(done)"], limits=Limits(iterations=1)) as run:
        hold = run.start().hold("at_limit")
        run.send(cmd.Edit(hold.id, "9"))
        run.send(cmd.Step(hold.id, "out"))
        run.until(lambda: bool(run.of(ev.RunFinished)) or len(run.of(ev.Held)) > 1)
        assert run.end().answer == "done"
        assert len(run.of(ev.Held)) == 1
