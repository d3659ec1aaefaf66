"""Traces of any size for benchmarks: many small events, or few with long texts; written as an engine would."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from rlm_tui import events as ev
from rlm_tui.trace.codec import Header, encode, encode_header

_CALLS = 50
_CONTEXT = ev.ContextInfo((ev.ContextPart("report.txt", "text", 50_000_000, "0" * 64, bytes=50_000_000),))


def write_trace(path: Path, size: int, prompt: int) -> int:
    """Write a trace of about `size` bytes whose sub-calls carry prompts of `prompt` characters; the count of events."""
    seq = written = 0
    with path.open("wb") as file:
        file.write(encode_header(Header(app="rlm-tui benchmark", context=_CONTEXT)))
        for event in _events(size, prompt):
            seq += 1
            line = encode(msgspec.structs.replace(event, seq=seq, t=seq / 1000))
            written += file.write(line)
            if written > size and isinstance(event, ev.IterationFinished):
                break
        for event in (ev.NodeClosed(node="r"), ev.RunFinished(node="r", status="answered", answer="42", via="FINAL")):
            seq += 1
            file.write(encode(msgspec.structs.replace(event, seq=seq, t=seq / 1000)))
    return seq


def _events(size: int, prompt: int) -> Iterator[ev.TraceEvent]:
    yield ev.NodeOpened(node="r", type="rlm")
    yield ev.RunStarted(
        node="r", query="What is the number?", model="m", sub_model="s", dialect="paper", context=_CONTEXT
    )
    seq, number = 2, 0
    while number < size:
        number += 1
        for event in _iteration(number, prompt, seq):
            seq += 1
            yield event


def _iteration(number: int, prompt: int, seq: int) -> Iterator[ev.TraceEvent]:
    turn, code = f"r.{number}", f"r.{number}.code1"
    said = f"I look at part {number}.\n```repl\nanswers = llm_query_batched(prompts)\n```"
    yield ev.NodeOpened(node=turn, type="iteration", parent="r")
    yield ev.IterationStarted(node=turn, number=number)
    yield ev.NodeOpened(node=f"{turn}.lm1", type="lm", parent=turn, title="m")
    messages = (ev.StoredMessage("user", f"Output of block {number}"),)
    yield ev.LmRequested(node=f"{turn}.lm1", model="m", messages=messages, prior=2 * number)
    yield ev.LmResponded(node=f"{turn}.lm1", text=said, usage=ev.Usage(1000, 50), latency_s=0.5)
    yield ev.NodeClosed(node=f"{turn}.lm1")
    yield ev.ResponseParsed(node=turn, blocks=("answers = llm_query_batched(prompts)",))
    yield ev.NodeOpened(node=code, type="code", parent=turn, title="answers = llm_query_batched(prompts)")
    yield ev.CodeStarted(node=code, code="answers = llm_query_batched(prompts)", number=number)
    yield from _calls(code, number, prompt, seq + 9)
    yield ev.CodeFinished(node=code, status="ok", stdout=f"{_CALLS} answers\n", shown=11)
    yield ev.NodeClosed(node=code)
    yield ev.IterationFinished(node=turn, number=number)
    yield ev.NodeClosed(node=turn)


def _calls(code: str, number: int, prompt: int, seq: int) -> Iterator[ev.TraceEvent]:
    for index in range(_CALLS):
        node = f"{code}.sub{index + 1}"
        yield ev.NodeOpened(node=node, type="subcall", parent=code, depth=1, role="sub", title="llm_query_batched")
        text: ev.Text = f"Which number stands in part {number}-{index}? ".ljust(prompt, "x")
        seq += 1
        if prompt > 500:
            yield ev.BodyStored(node="", text=str(text))
            text, seq = ev.BodyRef(seq + 1), seq + 1
        yield ev.SubcallRequested(
            node=node, function="llm_query_batched", prompt=text, model="s", batch="b1", index=index, batch_size=_CALLS
        )
        yield ev.SubcallFinished(node=node, text=f"none in {index}", usage=ev.Usage(300, 5), latency_s=0.4)
        yield ev.NodeClosed(node=node)
        seq += 3
