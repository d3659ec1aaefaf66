"""What can be copied of every node of every run, and what differs between two requests."""

from __future__ import annotations

import json

import pytest

from rlm_tui import events as ev
from rlm_tui.session.base import Terms
from rlm_tui.ui.content.chat import chat
from rlm_tui.ui.content.parts import page_of
from rlm_tui.ui.content.requests import asked_before, difference, sent_by
from rlm_tui.ui.content.tree import CallTree
from rlm_tui.ui.copies import copies
from tests.states import STATES
from tests.trajectories import BATCH, QUESTION, RUNS, SEARCH, Recorder, StillSession, peeked


def texts(session: StillSession, selection: str | None) -> dict[str, str]:
    return {copy.key: copy.text() for copy in copies(session, selection)}


@pytest.mark.parametrize("name", RUNS)
def test_every_node_of_every_run_has_texts_that_are_not_empty(name: str) -> None:
    session = StillSession(RUNS[name]())
    tree = CallTree()
    rows = tree.at(session.view)
    for index in range(len(rows)):
        found = copies(session, rows.row(index).key)
        assert all(copy.text() for copy in found)
        assert len({copy.key for copy in found}) == len(found)
        assert not {"j", "k", "g", "y"} & {copy.key for copy in found}
        node = json.loads(next(copy.text() for copy in found if copy.key == "n"))
        assert node["node"] == rows.row(index).key.partition("#")[0]
        assert '"body"' not in json.dumps(node)


@pytest.mark.parametrize("name", STATES)
def test_every_state_can_be_asked(name: str) -> None:
    session = STATES[name]()
    assert bool(copies(session, None)) == (name != "asked")


def test_an_iteration_gives_code_output_response_prompt_and_request() -> None:
    found = texts(StillSession(RUNS["clean"]()), "1.2")
    assert found["c"] == SEARCH
    assert found["o"] == "12\n"
    assert found["r"].endswith("FINAL(160,000)")
    assert found["p"].startswith("Output of block 1")
    assert found["a"] == "160,000"
    assert found["q"] == QUESTION
    body = json.loads(found["s"])
    assert [message["role"] for message in body["messages"]] == ["system", "user", "assistant", "user"]
    assert body["model"] == "qwen2.5:7b"
    assert found["u"].startswith("curl -N http://127.0.0.1:11434/api/chat")
    assert "$KEY" in found["u"]


def test_the_request_is_that_of_its_time_and_carries_how_it_was_asked() -> None:
    session = StillSession(RUNS["clean"](), terms=Terms("http://127.0.0.1:1/v1", 0.5, 7))
    body = json.loads(texts(session, "1.1.lm1")["s"])
    assert [message["role"] for message in body["messages"]] == ["system", "user"]
    assert (body["options"]["temperature"], body["options"]["seed"]) == (0.5, 7)
    assert "http://127.0.0.1:1/api/chat" in texts(session, "1.1.lm1")["u"]


def test_a_subcall_gives_prompt_answer_and_request() -> None:
    run = RUNS["batched"]()
    node = next(node.id for node in run.trajectory.nodes.values() if node.type == "subcall")
    found = texts(StillSession(run), node)
    assert found["p"].startswith("Salary of engineers?")
    assert [copy.name for copy in copies(StillSession(run), node)][:2] == ["the answer", "the prompt"]
    assert json.loads(found["s"])["messages"] == [{"role": "user", "content": found["p"]}]


def test_what_is_held_is_copied_as_it_stands_after_edits() -> None:
    run = RUNS["held"]()
    session = StillSession(run, phase="held")
    assert texts(session, None)["h"] == BATCH
    hold = run.trajectory.now().holds()[0]
    run.emit(ev.Edited(node=hold.node, what="code", before=BATCH, after="x = 1", hold=hold.id))
    assert texts(session, None)["h"] == "x = 1"


def test_models_that_are_no_server_have_no_curl() -> None:
    run = Recorder()
    run.start()
    one = run.iteration(1)
    lm = run.open(f"{one}.lm1", "lm", one)
    run.emit(ev.LmRequested(node=lm, model="offline", messages=(ev.StoredMessage("user", "Hm?"),)))
    found = texts(StillSession(run), lm)
    assert "u" not in found
    assert json.loads(found["s"])["messages"] == [{"role": "user", "content": "Hm?"}]


def asked_again(*, changed: bool) -> StillSession:
    run = peeked()
    two = run.iteration(2)
    run.ask(two, "First.", prior=2, new=(("assistant", "x"), ("user", "Output")))
    lm = run.open(f"{two}.lm2", "lm", two)
    new = (ev.StoredMessage("user", "Output\n\nThe user says: page 3"),) if changed else ()
    run.emit(ev.LmRequested(node=lm, model="ollama/qwen2.5:7b", messages=new, prior=3 if changed else 4))
    return StillSession(run)


@pytest.mark.parametrize("changed", [True, False])
def test_a_retry_shows_what_differs_from_the_last_request(changed: bool) -> None:
    session = asked_again(changed=changed)
    view, log = session.view, session.log
    lm = view.node("1.2.lm2")
    assert lm is not None
    sent, before = sent_by(view, log, lm), asked_before(view, log, lm)
    assert sent is not None
    assert before is not None
    lines = difference(before, sent)
    assert bool(lines) == changed
    shown = "\n".join(row.text for row in chat(page_of(session, 80), "1.2.lm2").rows)
    assert ("+The user says: page 3" in shown) == changed
    assert ("the request is the same as before" in shown) != changed
    assert ("d" in texts(session, lm.id)) == changed


def test_what_is_too_long_is_not_compared_line_by_line() -> None:
    run = peeked()
    two = run.iteration(2)
    run.ask(two, "First.", prior=2, new=(("user", "long " * 100_000),))
    lm = run.open(f"{two}.lm2", "lm", two)
    run.emit(ev.LmRequested(node=lm, model="m", messages=(ev.StoredMessage("user", "long " * 100_001),), prior=2))
    view, log = run.trajectory.now(), run.log
    node = view.nodes[lm] if hasattr(view, "nodes") else view.node(lm)
    assert node is not None
    sent, before = sent_by(view, log, node), asked_before(view, log, node)
    assert sent is not None
    assert before is not None
    assert len(difference(before, sent)) == 1
    assert difference(sent, sent) == []


def test_a_sub_call_that_was_refused_gives_its_error_and_no_request() -> None:
    run = peeked()
    node = run.open("1.1.code1.sub1", "subcall", "1.1.code1", depth=1)
    run.emit(ev.SubcallRequested(node=node, function="llm_query", prompt="?", model="m", refused=True))
    run.emit(ev.SubcallFinished(node=node, error="the limit is reached; nothing was asked"))
    session = StillSession(run)
    assert {copy.key: copy.name for copy in copies(session, node)} == {
        "a": "the error",
        "p": "the prompt",
        "n": "this subcall as JSON",
    }
    assert texts(session, node)["a"] == "the limit is reached; nothing was asked"
    assert texts(session, node)["p"] == "?"
