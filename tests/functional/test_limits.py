"""Limits over the whole tree, what the model is told of them, and what is too large or never ends."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from loopback import Loopback, Reply, Seen, openai_stream

from rlm_tui import events as ev
from rlm_tui.engine import prompts
from rlm_tui.events import Limits
from rlm_tui.trace.recover import verify
from tests.driving import Driver, block, live

_PATIENCE_S = 30.0


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LLM_API_KEY", "OPENAI_API_KEY", "HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


def limits_hit(run: Driver) -> list[tuple[str, float, float]]:
    return [(hit.limit, hit.value, hit.cap) for hit in run.of(ev.LimitHit)]


def test_cost_is_limited_over_the_whole_tree(tmp_path: Path) -> None:
    usage = {"input_tokens": 1, "output_tokens": 1, "cost_usd": 0.4}
    root = [{"text": block("print(llm_query('a'))\nprint(llm_query('b'))"), "usage": usage}, "FINAL(x)"]
    sub = {"a": {"text": "1", "usage": usage}, "b": "2"}
    with live(tmp_path, root, sub=sub, limits=Limits(cost_usd=0.75), is_attended=False) as run:
        finished = run.start().end()
        assert (finished.status, finished.answer, finished.usage.cost_usd) == ("limit", "x", 0.8)
        assert limits_hit(run) == [("cost", 0.8, 0.75)] * 2, "at the sub-call, and before the next turn"
        assert "the limit of 0.75 US dollars" in str(run.of(ev.CodeFinished)[0].stdout)
        assert "--max-cost" in finished.detail


FORGED = """
import gc
link = next(each for each in gc.get_objects() if type(each).__name__ == "Link")
call = {"op": "call", "id": 99, "function": "llm_query_batched", "model": None, "is_batch": True, "question": "",
        "sizes": [5], "first": 5, "start": 0, "total": 2**63}
link.send(call, b"hello")
print(llm_query("x"))
"""


def test_code_that_claims_a_batch_beyond_all_numbers_breaks_the_protocol(tmp_path: Path) -> None:
    with live(tmp_path, [block(FORGED), "FINAL(done)"], sub={".": "yes"}, is_attended=False) as run:
        assert run.start().end().status == "answered"
        (finished,) = run.of(ev.CodeFinished)
        assert finished.status == "died"
        assert finished.error is not None
        assert "broke the protocol (Expected `int` <= 9007199254740992 - at `$.total`)" in finished.error.message
        assert not run.of(ev.SubcallRequested)
    assert verify(tmp_path / "run.rlm.jsonl") == []


def test_the_model_is_told_what_is_left_after_each_turn(tmp_path: Path) -> None:
    usage = {"input_tokens": 30, "output_tokens": 10, "cost_usd": 0.25}
    root = [{"text": block("print(llm_query('a'))"), "usage": usage}, "FINAL(x)"]
    limits = Limits(iterations=5, subcalls=9, tokens=100, cost_usd=1.0, seconds=3600)
    with live(tmp_path, root, sub={"a": "1"}, limits=limits) as run:
        run.start().end()
        told = run.said()[-1].splitlines()[-1]
        assert told.startswith("This is turn 1 of 5, 8 sub-calls left, 60 tokens left, $0.75 left, ")
        assert told.endswith(" s left.")


def test_a_turn_that_answers_is_no_failed_one_whatever_was_before_it(tmp_path: Path) -> None:
    with live(tmp_path, [block("1 / 0"), "FINAL(x)"]) as run:
        run.start().end()
        turns = [event.node for event in run.of(ev.NodeOpened) if event.type == "iteration"]
        outcomes = {event.node: event.outcome for event in run.of(ev.NodeClosed)}
        assert [outcomes[turn] for turn in turns] == ["error", "ok"]


def test_at_the_greatest_depth_it_is_told_once_that_no_child_starts(tmp_path: Path) -> None:
    root = [block("print([rlm_query(word) for word in 'abc'])"), "FINAL(x)"]
    with live(tmp_path, root, sub={".": "plain"}) as run:
        assert run.start().end().status == "answered"
        assert limits_hit(run) == [("depth", 1, 1)]


def test_no_child_starts_once_there_is_no_turn_left_for_it(tmp_path: Path) -> None:
    deeper = block("print(rlm_query('deeper'))")
    limits = Limits(depth=50, iterations=6)
    with live(tmp_path, [deeper, "FINAL(x)"], sub={".": deeper}, limits=limits, is_attended=False) as run:
        finished = run.start().end()
        assert (finished.status, finished.answer) == ("limit", "x")
        children = [node for node in run.of(ev.NodeOpened) if node.type == "rlm" and node.parent]
        assert len(children) == 5, "each took one of the turns"
        assert len(run.of(ev.IterationStarted)) == 6 + 6, "each RLM had its last turn, and none began another"
        assert "the limit of 6 iterations" in run.of(ev.SubcallFinished)[0].error


class Children(Loopback):
    """Answers the root LM with a batch of children, and no child before all have asked."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self._count, self._everyone = count, threading.Barrier(count)

    def take(self, seen: Seen) -> Reply:
        messages = seen.body["messages"]
        if prompts.CHILD_QUERY in messages[1]["content"]:
            self._everyone.wait(_PATIENCE_S)
            return openai_stream("FINAL(mine)")
        code = block(f"print(rlm_query_batched(['text'] * {self._count}))")
        return openai_stream(code if len(messages) == 2 else "FINAL(done)")


def test_children_of_a_batch_work_side_by_side(tmp_path: Path) -> None:
    setup = {"model": "openai/m", "dialect": "paper", "limits": Limits(depth=2, concurrency=5)}
    with Children(5) as server, live(tmp_path, [], base_url=f"{server.url}/v1", **setup) as run:
        assert run.start().end().status == "answered"
        assert run.of(ev.CodeFinished)[-1].stdout == f"{['mine'] * 5}\n"


def test_a_prompt_of_50_mb_reaches_its_model_whole(tmp_path: Path) -> None:
    lengths: list[int] = []

    class Huge(Loopback):
        def take(self, seen: Seen) -> Reply:
            messages = seen.body["messages"]
            if messages[0]["role"] == "system":
                return openai_stream(block("print(llm_query('x' * 50_000_000))") if len(messages) == 2 else "FINAL(x)")
            lengths.append(len(messages[0]["content"]))
            return openai_stream("read")

    with Huge() as server, live(tmp_path, [], model="openai/m", dialect="paper", base_url=f"{server.url}/v1") as run:
        assert run.start().end().detail == ""
        assert run.of(ev.CodeFinished)[0].stdout == "read\n"
    assert lengths == [50_000_000]


def test_a_prompt_that_is_too_long_for_the_way_is_an_error_of_the_block(tmp_path: Path) -> None:
    root = [block("print(llm_query('x' * 80_000_000))"), "FINAL(x)"]
    with live(tmp_path, root, sub={".": "read"}) as run:
        assert run.start().end().status == "answered"
        error = run.of(ev.CodeFinished)[0].error
        assert error is not None
        assert "80,000,000 bytes" in error.message


def test_a_long_output_is_shown_by_its_head_and_tail_with_the_count_of_what_is_missing(tmp_path: Path) -> None:
    root = [block("print('head' + 'x' * 30_000 + 'tail')"), "FINAL(x)"]
    with live(tmp_path, root) as run:
        run.start().end()
        said = run.said()[-1]
        assert said.startswith("Output of block 1:\nheadxxx")
        assert "… 10,008 characters left out …" in said
        assert "xxxtail" in said
        assert run.of(ev.CodeFinished)[0].shown == 20_000


def test_a_model_that_never_stops_is_given_up_and_the_run_ends_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rlm_tui.lm.sdk._MOST_CHARS", 1_000)
    with (
        Loopback(openai_stream(*["on and on "] * 500)) as server,
        live(tmp_path, [], model="openai/m", base_url=f"{server.url}/v1", is_attended=False) as run,
    ):
        finished = run.start().end()
        assert (finished.status, finished.exit_code) == ("failed", 3)
        assert "longer than 1,000 characters" in finished.detail


def test_after_a_reset_counts_and_names_begin_anew(tmp_path: Path) -> None:
    from rlm_tui import RLM
    from rlm_tui.lm.scripted import ScriptedLM

    ask = block("FINAL([name for name in SHOW_VARS().split() if name.startswith('context')])")
    seen = block("FINAL(f\"{'context_1' in globals()} {context} {len(globals().get('history', []))}\")")
    with RLM(ScriptedLM([ask, seen, seen, seen]), persistent=True) as rlm:
        rlm.completion("one", "first")
        assert rlm.completion("two", "second").answer == "True first 2"
        rlm.reset()
        third = rlm.completion("three", "third")
        assert third.answer == "False third 0"
        assert [message.role for message in third.history] == ["user", "assistant"]
        assert third.iterations == 1
        assert rlm.completion("four", "fourth").answer == "True third 2"


def test_a_block_that_runs_out_of_its_time_is_told_so_and_what_is_kept(tmp_path: Path) -> None:
    limits = Limits(block_timeout_s=0.2)
    with live(tmp_path, [block("kept = 7\nwhile True: pass"), block("FINAL(kept)")], limits=limits) as run:
        assert run.start().end().answer == "7"
        (told,) = [said for said in run.said() if "KeyboardInterrupt" in said]
        assert (
            "The block ran longer than 0.2 s of its own time and was interrupted; variables set so far are kept" in told
        )
