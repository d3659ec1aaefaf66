"""Batches of sub-calls from a block to a server on this machine: order, failures, limits of the server, width."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from loopback import Loopback, Reply, Seen, failure, openai_stream, plain_json

from rlm_tui import events as ev
from rlm_tui.events import Limits
from tests.driving import Driver, block, live

_PATIENCE_S = 30.0


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LLM_API_KEY", "OPENAI_API_KEY", "HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


class Sub(Loopback):
    """Answers the root LM with one block and each sub-call by `answer`, which gets its prompt."""

    def __init__(self, code: str, answer: Callable[[str], Reply]) -> None:
        super().__init__()
        self._code, self._answer = code, answer

    def take(self, seen: Seen) -> Reply:
        self.seen.append(seen)
        messages = seen.body["messages"]
        if messages[0]["role"] == "system":
            return openai_stream(block(self._code) if len(messages) == 2 else "FINAL(done)")
        return self._answer(messages[-1]["content"])


def whole(text: str) -> Reply:
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    return plain_json({"choices": [choice], "usage": {"prompt_tokens": 2, "completion_tokens": 1}})


@contextmanager
def asked(
    folder: Path, server: Sub, width: int = 16, calls: int | None = 1000, tokens: int | None = None
) -> Iterator[Driver]:
    """A run over the server, to its end."""
    limits = Limits(concurrency=width, subcalls=calls, tokens=tokens, iterations=3)
    base_url = f"{server.url}/v1"
    with (
        server,
        live(folder, [], model="m", base_url=base_url, dialect="rlms", limits=limits, is_attended=False) as run,
    ):
        finished = run.start().end()
        assert finished.answer == "done", finished.detail
        yield run


def printed(run: Driver) -> object:
    """What the block printed, as JSON."""
    return json.loads(run.session.log.text(run.of(ev.CodeFinished)[0].stdout))


BATCH = "import json\nprint(json.dumps(llm_query_batched([f'prompt {i}' for i in range(%d)])))"


def test_the_answers_of_a_batch_come_in_the_order_of_its_prompts(tmp_path: Path) -> None:
    later = threading.Event()

    def answer(prompt: str) -> Reply:
        if prompt == "prompt 0":
            assert later.wait(_PATIENCE_S)
        if prompt == "prompt 30":
            later.set()
        return whole(f"about {prompt}")

    with asked(tmp_path, Sub(BATCH % 40, answer)) as run:
        assert printed(run) == [f"about prompt {i}" for i in range(40)]
        assert sum(event.usage.tokens or 0 for event in run.of(ev.SubcallFinished)) == 120


def test_requests_of_a_batch_are_not_streamed_and_a_single_one_is(tmp_path: Path) -> None:
    server = Sub("llm_query('single')\n" + BATCH % 2, lambda _: whole("yes"))
    with asked(tmp_path, server):
        streamed = {seen.body["messages"][-1]["content"]: seen.body["stream"] for seen in server.seen[1:4]}
    assert streamed == {"single": True, "prompt 0": False, "prompt 1": False}


def test_one_failure_is_one_error_value(tmp_path: Path) -> None:
    def answer(prompt: str) -> Reply:
        return failure(400, "too long") if prompt == "prompt 3" else whole(prompt)

    with asked(tmp_path, Sub(BATCH % 6, answer)) as run:
        answers = printed(run)
        assert isinstance(answers, list)
        assert answers[:3] + answers[4:] == [f"prompt {i}" for i in (0, 1, 2, 4, 5)]
        assert answers[3].startswith("Error: ")
        assert "too long" in answers[3]
        assert [bool(event.error) for event in run.of(ev.SubcallFinished)].count(True) == 1


def test_a_sibling_that_is_told_to_wait_stops_nobody_else(tmp_path: Path) -> None:
    """The refused call is asked again only when all the others have their answers: it waits in nobody's way."""
    lock, refused, done = threading.Lock(), [0], [0]

    def answer(prompt: str) -> Reply:
        with lock:
            if prompt != "prompt 0":
                done[0] += 1
                return whole(prompt)
            refused[0] += 1
            if refused[0] == 1:
                return failure(429, "slow down", {"Retry-After": "1"})
            return whole(f"after {done[0]}")

    with asked(tmp_path, Sub(BATCH % 30, answer), width=2) as run:
        assert printed(run) == ["after 29", *(f"prompt {i}" for i in range(1, 30))]
        failures = run.of(ev.LmFailed)
        assert [each.status for each in failures] == [429]
        assert 1.0 <= (failures[0].retry_in_s or 0.0) <= 1.1


def test_256_calls_are_under_way_at_once_and_no_more(tmp_path: Path) -> None:
    everyone, lock = threading.Barrier(256), threading.Lock()
    here, most = [0], [0]

    def answer(prompt: str) -> Reply:
        with lock:
            here[0] += 1
            most[0] = max(most[0], here[0])
        everyone.wait(_PATIENCE_S)  # nobody is answered before 256 have asked
        with lock:
            here[0] -= 1
        return whole(prompt)

    with asked(tmp_path, Sub(BATCH % 512, answer), width=256) as run:
        assert printed(run) == [f"prompt {i}" for i in range(512)]
    assert most[0] == 256


THREADS = """import json
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(200) as pool:
    print(json.dumps(list(pool.map(llm_query, [f"prompt {i}" for i in range(200)]))))"""


def test_200_threads_may_ask_at_once(tmp_path: Path) -> None:
    with asked(tmp_path, Sub(THREADS, whole)) as run:
        assert printed(run) == [f"prompt {i}" for i in range(200)]
        assert run.of(ev.LmFailed) == []


def test_a_batch_that_is_sent_in_parts_is_one_batch_of_the_run(tmp_path: Path) -> None:
    code = BATCH.replace("f'prompt {i}'", "f'{i} '.ljust(40_000, 'x')") % 300
    with asked(tmp_path, Sub(code, lambda prompt: whole(prompt.split()[0]))) as run:
        assert printed(run) == [str(i) for i in range(300)]
        requested = run.of(ev.SubcallRequested)
        assert {(event.batch, event.batch_size) for event in requested} == {("batch1", 300)}
        assert sorted(event.index for event in requested) == list(range(300))


def test_what_is_far_beyond_a_limit_is_refused_in_one_event(tmp_path: Path) -> None:
    with asked(tmp_path, Sub(BATCH % 10_000, lambda prompt: whole(prompt.upper())), calls=3) as run:
        answers = printed(run)
        assert isinstance(answers, list)
        assert answers[:3] == ["PROMPT 0", "PROMPT 1", "PROMPT 2"]
        assert set(answers[3:]) == {"Error: the limit of 3 sub-calls for this run is reached; nothing was asked"}
        assert len(answers) == 10_000
        assert len(run.of(ev.SubcallRequested)) < 50
        assert [note.text.partition(":")[0] for note in run.of(ev.Note)] == ["9,977 more calls of this batch"]


def test_a_limit_that_is_met_on_the_way_refuses_the_rest_in_one_event(tmp_path: Path) -> None:
    server = Sub(BATCH % 10_000 + "\nprint(llm_query('one more'))", whole)
    with asked(tmp_path, server, calls=None, tokens=500) as run:
        said = run.session.log.text(run.of(ev.CodeFinished)[0].stdout)
        answers = json.loads(said.splitlines()[0])
        refused = [answer.startswith("Error: the limit of 500 tokens") for answer in answers]
        assert refused == sorted(refused), "in order: what was answered, then what was refused"
        assert 100 < refused.index(True) < 200
        assert len(answers) == 10_000
        assert len(run.of(ev.SubcallRequested)) < 250
        assert [note.text.partition(" ")[2].partition(":")[0] for note in run.of(ev.Note)] == [
            "more calls of this batch"
        ]
        assert said.splitlines()[1].startswith("Error: the limit of 500 tokens")


def test_with_a_limit_on_tokens_one_slow_answer_keeps_no_others_waiting(tmp_path: Path) -> None:
    later = threading.Event()

    def answer(prompt: str) -> Reply:
        if prompt == "prompt 0":
            assert later.wait(_PATIENCE_S)
        if prompt == "prompt 99":
            later.set()
        return whole(prompt)

    with asked(tmp_path, Sub(BATCH % 100, answer), width=4, tokens=10_000) as run:
        assert printed(run) == [f"prompt {i}" for i in range(100)]


def test_a_loop_that_asks_on_beyond_a_limit_does_not_fill_the_trace(tmp_path: Path) -> None:
    code = "import json\nprint(json.dumps([llm_query(f'prompt {i}') for i in range(300)]))"
    batches = "\nfor _ in range(100): llm_query_batched(['a', 'b'])"
    with asked(tmp_path, Sub(code + batches, whole), calls=3) as run:
        answers = printed(run)
        assert isinstance(answers, list)
        assert set(answers[3:]) == {"Error: the limit of 3 sub-calls for this run is reached; nothing was asked"}
        assert len(run.of(ev.SubcallRequested)) == 23
        assert len(run.of(ev.Note)) < 50
        assert run.of(ev.Note)[0].text.partition(":")[0] == "All further calls of this block"
