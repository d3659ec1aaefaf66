"""Events and trace files for the tests of the trace: one plausible run with every kind, and any event at all."""

from __future__ import annotations

import math
import types
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
from hypothesis import strategies as st

from rlm_tui import events as ev
from rlm_tui.trace.codec import MAX_SEQ, Header, encode, encode_header

CONTEXT = ev.ContextInfo(parts=(ev.ContextPart("report.txt", "txt", 5, "2cf24dba5fb0a30e", bytes=5),))
HEADER = Header(
    app="rlm-tui 0.1.0",
    created="2026-09-30T10:15:12+02:00",
    config={"model": "offline", "max_iterations": 20, "temperature": None, "step": True, "block_timeout": 120.0},
    sandbox="NOT SANDBOXED",
    context=CONTEXT,
)
_USAGE = ev.Usage(120, 30, 0.0004)


def a_run() -> list[ev.TraceEvent]:
    """A short run in which every kind of the first traces occurs, as a log would have stamped it."""
    run: list[tuple[str, ev.TraceEvent]] = [
        ("", ev.RunStarted(query="What is the magic number?", model="m", sub_model="s", dialect="paper")),
        ("r", ev.NodeOpened(type="rlm", title="root RLM")),
        ("r.1", ev.NodeOpened(type="iteration", parent="r")),
        ("r.1", ev.IterationStarted(number=1)),
        ("r.1.lm", ev.NodeOpened(type="lm", parent="r.1")),
        ("", ev.BodyStored(text="You are a root LM. " * 8)),
        ("r.1.lm", ev.LmRequested(model="m", messages=(ev.StoredMessage("system", ev.BodyRef(6)),))),
        ("r.1.lm", ev.LmFailed(message="overloaded", status=529, retry_in_s=0.5)),
        ("r.1.lm", ev.LmResponded(text="```repl\nprint(42)\n```", usage=_USAGE, latency_s=1.25, finish_reason="stop")),
        ("r.1", ev.ResponseParsed(blocks=("print(42)",), repairs=(ev.Repair("bare fence", "no language"),))),
        ("r.1.lm", ev.NodeClosed()),
        ("r.1.code", ev.NodeOpened(type="code", parent="r.1")),
        ("r.1.code", ev.Held(hold=1, checkpoint="before_code", why="step", content="print(42)")),
        ("r.1.code", ev.Edited(what="code", before="print(42)", after="x = llm_query('?')", hold=1)),
        ("r.1.code", ev.Released(hold=1, checkpoint="before_code", how="run")),
        ("r.1.code", ev.CodeStarted(code="x = llm_query('?')", number=1, by="user")),
        ("r.1.code.1", ev.NodeOpened(type="subcall", parent="r.1.code", depth=1, role="sub")),
        ("r.1.code.1", ev.SubcallRequested(function="llm_query", prompt="?", model="s")),
        ("r.1.code.1", ev.SubcallFinished(text="42", usage=_USAGE, latency_s=0.5)),
        ("r.1.code.1", ev.NodeClosed()),
        ("r.1.code", ev.CodeFinished(status="ok", changes=(ev.VarChange("x", "added", "str", 2, "'42'"),), shown=0)),
        ("r.1.code", ev.NodeClosed()),
        ("r.1", ev.IterationFinished(number=1)),
        ("r.1", ev.NodeClosed()),
        ("r", ev.Told(text="It is in the last line.")),
        ("r", ev.Compacted(summary="The number is 42.", dropped=2)),
        ("r", ev.LimitHit(limit="iterations", value=1, cap=1)),
        ("", ev.Note(text="The context is short – no sub-calls are needed.", level="warning")),
        ("r", ev.AnswerGiven(text="42", via="FINAL")),
        ("r", ev.NodeClosed()),
        ("", ev.RunFinished(status="answered", answer="42", via="FINAL", usage=_USAGE + _USAGE)),
    ]
    return [
        msgspec.structs.replace(event, seq=seq, t=seq / 8, node=node) for seq, (node, event) in enumerate(run, start=1)
    ]


LATER: tuple[ev.TraceEvent, ...] = (ev.Reset(seq=32, t=4.0, node="r"),)
"""What may follow a run, of the kinds that the first traces did not have."""


def seal(body: str | bytes) -> bytes:
    """A line as anyone can forge it: any JSON object, the right checksum."""
    head = (body.encode() if isinstance(body, str) else body)[:-1]
    return b'%b,"crc":"%08x"}\n' % (head, zlib.crc32(head))


def lines_of(events: list[ev.TraceEvent], header: Header = HEADER) -> list[bytes]:
    """The lines of a trace file."""
    return [encode_header(header), *map(encode, events)]


def write_trace(path: Path, events: list[ev.TraceEvent] | None = None) -> Path:
    """A whole trace file of these events (default: `a_run()`)."""
    path.write_bytes(b"".join(lines_of(a_run() if events is None else events)))
    return path


def any_event() -> st.SearchStrategy[ev.TraceEvent]:
    """Any event of any kind, with any text UTF-8 can hold."""
    return st.one_of([struct_of(kind) for kind in ev.KINDS])


_PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    str: st.text(st.characters(exclude_categories=["Cs"])),
    int: st.integers(1, MAX_SEQ),
    ev.Count: st.integers(0, ev.MOST),
    ev.Whole: st.integers(-ev.MOST, ev.MOST),
    ev.Amount: st.floats(min_value=0, allow_nan=False, allow_infinity=False),
    float: st.floats(allow_nan=False, allow_infinity=False),
    bool: st.booleans(),
    type(None): st.none(),
}
_ANY_NUMBER = st.one_of(
    st.integers(0, 9),
    st.integers(),
    st.floats(),
    st.sampled_from([-1, ev.EXACT, ev.EXACT + 1, ev.MOST, ev.MOST + 1, 2**64, 10**400, -(10**400), math.nan, math.inf]),
)
WILD = {**_PLAIN, **dict.fromkeys((int, ev.Count, ev.Whole, ev.Amount, float), _ANY_NUMBER)}
"""Numbers as a hostile caller has them, whatever the type of the field says."""


def struct_of(kind: type[Any], plain: Mapping[Any, st.SearchStrategy[Any]] = _PLAIN) -> st.SearchStrategy[Any]:
    """Any value of a struct type, from the types of its fields."""
    hints = get_type_hints(kind, include_extras=True)
    fields = {name: value_of(hints[name], plain) for name in kind.__struct_fields__}
    return st.builds(kind, **fields)


def value_of(hint: Any, plain: Mapping[Any, st.SearchStrategy[Any]] = _PLAIN) -> st.SearchStrategy[Any]:
    """Any value of one field type."""
    if hint in plain:
        return plain[hint]
    if get_origin(hint) is Literal:
        return st.sampled_from(get_args(hint))
    if get_origin(hint) in (Union, types.UnionType):
        return st.one_of([value_of(arg, plain) for arg in get_args(hint)])
    if get_origin(hint) is tuple:
        return st.lists(value_of(get_args(hint)[0], plain), max_size=3).map(tuple)
    return struct_of(hint, plain)
