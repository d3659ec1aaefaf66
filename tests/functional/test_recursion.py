"""Child RLMs: a worker, a context and a conversation of their own, below the sub-call that asked for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rlm_tui import events as ev
from rlm_tui.events import Limits
from rlm_tui.session import commands as cmd
from rlm_tui.session.base import LiveText
from rlm_tui.ui.content.chat import chat
from rlm_tui.ui.content.parts import Page
from tests.driving import Driver, block, live, script

LED = "You answer a question"


def led(code: str, final: str) -> dict[str, Any]:
    """A sub-LM that leads a child RLM in two turns, and answers plain prompts with `plain`."""
    return {"Output of block": final, LED: block(code), ".": "plain"}


def below(run: Driver, kind: ev.NodeType) -> list[ev.NodeOpened]:
    """The nodes of a kind that belong to a child."""
    return [event for event in run.of(ev.NodeOpened) if event.type == kind and event.depth]


def test_a_child_has_a_repl_and_a_context_of_its_own(tmp_path: Path) -> None:
    root = [block("secret = 1\nprint(rlm_query('the word is oolong'))"), "FINAL_VAR(secret)"]
    sub = led("found = context.split()[-1]\nprint('secret' in globals(), found)", "FINAL_VAR(found)")
    with live(tmp_path, root, sub=sub, limits=Limits(depth=2)) as run:
        assert run.start().end().answer == "1"
        outs = [event.stdout for event in run.of(ev.CodeFinished)]
        assert outs == ["False oolong\n", "oolong\n"]
        (child,) = below(run, "rlm")
        assert child.depth == 1
        (asked,) = run.of(ev.SubcallRequested)
        assert child.parent == asked.node
        assert asked.function == "rlm_query"


def test_all_children_of_a_tree_ask_once_before_foreign_code_runs(tmp_path: Path) -> None:
    apart = tmp_path / "sub"
    apart.mkdir()
    sub = script(apart, [], led("1", "FINAL(x)"))
    setup: dict[str, Any] = {"model": "offline", "sub_model": sub, "sandbox": "auto", "limits": Limits(depth=2)}
    with live(tmp_path, [], text="The magic number is 41.", **setup) as run:
        run.start("What is the magic number?").end()
        run.send(cmd.Inject("print(rlm_query('a'), rlm_query('b'))"))
        hold = run.hold("before_code")
        assert "NOT SANDBOXED" in hold.why
        run.send(cmd.Run(hold.id))
        run.until(lambda: any(e.stdout == "x x\n" for e in run.of(ev.CodeFinished)) or len(run.of(ev.Held)) > 1)
        assert len(run.of(ev.Held)) == 1


def test_the_question_of_recursive_llm_is_what_the_child_is_asked(tmp_path: Path) -> None:
    root = [block("print(recursive_llm('Which word?', 'oolong tea'))"), "FINAL(done)"]
    sub = {
        "Output of block": "FINAL(the child heard)",
        "Query: Which word.*str of 10 characters": block("1"),
        LED: "no",
    }
    sub = {key.replace(".*", "(?s:.*)"): value for key, value in sub.items()}
    with live(tmp_path, root, sub=sub, limits=Limits(depth=2)) as run:
        run.start().end()
        assert run.of(ev.SubcallFinished)[0].text == "the child heard"


def test_at_the_greatest_depth_an_lm_answers(tmp_path: Path) -> None:
    root = [block("print(rlm_query('a'), recursive_llm('b', 'c'))"), "FINAL(done)"]
    with live(tmp_path, root, sub=led("1", "FINAL(no)")) as run:
        run.start().end()
        assert run.of(ev.CodeFinished)[0].stdout == "plain plain\n"
        assert not below(run, "rlm")
        assert "b\n\nc" in run.session.log.text(run.of(ev.SubcallRequested)[1].prompt)


def test_a_child_s_child_is_one_deeper_and_the_last_level_is_an_lm(tmp_path: Path) -> None:
    root = [block("print(rlm_query('one'))"), "FINAL(done)"]
    sub = {"Output of block": "FINAL_VAR(x)", LED: block("x = rlm_query('deeper')\nprint(x)"), "^deeper$": "bottom"}
    with live(tmp_path, root, sub=sub, limits=Limits(depth=3)) as run:
        run.start().end()
        assert [node.depth for node in below(run, "rlm")] == [1, 2]
        assert [event.stdout for event in run.of(ev.CodeFinished)] == ["bottom\n"] * 3


def test_the_greatest_depth_is_told_once_of_the_whole_tree(tmp_path: Path) -> None:
    root = [block("print(rlm_query_batched(['a', 'b', 'c']))"), "FINAL(done)"]
    sub = {"Output of block": "FINAL_VAR(x)", LED: block("x = rlm_query('deeper')"), "^deeper$": "bottom"}
    with live(tmp_path, root, sub=sub, limits=Limits(depth=2)) as run:
        run.start().end()
        assert [event.limit for event in run.of(ev.LimitHit)] == ["depth"]


def test_children_outnumber_the_slots_and_nothing_locks(tmp_path: Path) -> None:
    root = [block("print(rlm_query_batched([str(i) for i in range(6)]))"), "FINAL(done)"]
    sub = {"Output of block": "FINAL_VAR(x)", LED: block("x = ' '.join(llm_query_batched(['a', 'b', 'c']))"), ".": "y"}
    with live(tmp_path, root, sub=sub, limits=Limits(depth=2, concurrency=2, iterations=50)) as run:
        assert run.start().end().status == "answered"
        assert run.of(ev.CodeFinished)[-1].stdout == f"{['y y y'] * 6}\n"
        batches = {event.batch for event in run.of(ev.SubcallRequested)}
        assert len(batches) == 7


def test_limits_and_usage_are_those_of_the_whole_tree(tmp_path: Path) -> None:
    usage = {"input_tokens": 10, "output_tokens": 1}
    root = [{"text": block("print(rlm_query('go'))"), "usage": usage}, {"text": "FINAL(mine)", "usage": usage}]
    sub = {LED: {"text": "I think it is seven.", "usage": usage}}
    with live(tmp_path, root, sub=sub, limits=Limits(depth=2, iterations=3, errors=None), is_attended=False) as run:
        finished = run.start().end()
        assert (finished.status, finished.answer) == ("limit", "mine")
        assert "I think it is seven." in str(run.of(ev.CodeFinished)[0].stdout)
        assert "may not be complete" in str(run.of(ev.CodeFinished)[0].stdout)
        assert finished.usage.tokens == 11 * len(run.of(ev.LmResponded))
        assert [event.limit for event in run.of(ev.LimitHit)] == ["iterations", "iterations"]


def test_a_child_that_fails_is_an_error_value_and_its_siblings_answer(tmp_path: Path) -> None:
    root = [block("print(rlm_query_batched(['bad', 'good']))"), "FINAL(done)"]
    sub = {
        "Output of block 1:\nbad": {"error": {"status": 400}},
        "Output of block": "FINAL(fine)",
        LED: block("print(context)"),
    }
    with live(tmp_path, root, sub=sub, limits=Limits(depth=2)) as run:
        assert run.start().end().status == "answered"
        out = str(run.of(ev.CodeFinished)[-1].stdout)
        assert "'fine'" in out
        assert "Error: " in out


def test_stopping_reaches_every_child(tmp_path: Path) -> None:
    root = [block("print(rlm_query_batched(['a', 'b']))")]
    with live(
        tmp_path,
        root,
        sub={LED: block("import time\nprint('up', flush=True)\ntime.sleep(600)")},
        limits=Limits(depth=2),
    ) as run:
        run.start().until(lambda: len(run.of(ev.CodeStarted)) == 3)
        run.send(cmd.Stop())
        assert run.end().status == "stopped"
        assert not run.session.trajectory.now().holds()
        opened = {event.node for event in run.of(ev.NodeOpened)}
        assert opened == {event.node for event in run.of(ev.NodeClosed)}


def test_an_interrupt_of_the_root_s_block_ends_its_children_and_keeps_its_state(tmp_path: Path) -> None:
    root = [block("kept = 5\nrlm_query('a')"), "FINAL_VAR(kept)"]
    with live(tmp_path, root, sub={LED: block("import time\ntime.sleep(600)")}, limits=Limits(depth=2)) as run:
        run.start().until(lambda: len(run.of(ev.CodeStarted)) == 2)
        run.send(cmd.Interrupt())
        assert run.end().answer == "5"
        (child,) = below(run, "rlm")
        outcomes = {event.node: event.outcome for event in run.of(ev.NodeClosed)}
        assert outcomes[child.node] == "cancelled"


@pytest.mark.parametrize(("kind", "held"), [("over", "after_code"), ("into", "before_subcall")])
def test_a_step_over_a_block_runs_its_children_through_and_a_step_into_goes_down(
    tmp_path: Path, kind: Any, held: ev.Checkpoint
) -> None:
    root = [block("print(rlm_query('a'))"), "FINAL(done)"]
    with live(tmp_path, root, sub=led("print(1)", "FINAL(deep)"), limits=Limits(depth=2), step=True) as run:
        hold = run.start().hold("before_code")
        run.send(cmd.Step(hold.id, kind))
        run.until(lambda: any(h.id != hold.id for h in run.holds()))
        assert [h.checkpoint for h in run.holds()] == [held]


def test_offline_leads_a_child(tmp_path: Path) -> None:
    root = [block("print(recursive_llm('What is the magic number?', context))"), "FINAL(done)"]
    text = "Filler. " * 50 + "The magic number is 4217. " + "Filler. " * 50
    with live(tmp_path, root, text=text, sub_model="offline", limits=Limits(depth=2)) as run:
        run.start().end()
        assert "4217" in str(run.of(ev.SubcallFinished)[-1].text)


def test_the_chat_of_a_child_is_its_own_conversation(tmp_path: Path) -> None:
    root = [block("print(rlm_query('a'))"), "FINAL(done)"]
    with live(tmp_path, root, sub=led("print(1)", "FINAL(deep)"), limits=Limits(depth=2)) as run:
        run.start().end()
        view, (child,) = run.session.trajectory.now(), below(run, "rlm")
        page = Page(view, run.session.log, 100, LiveText(), view.t)
        own, whole = ("\n".join(row.text for row in chat(page, key).rows[:]) for key in (child.node, None))
        assert "● LM of the child RLM" in own
        assert "root LM" not in own
        assert "FINAL(deep)" in own
        assert "child RLM" not in whole
