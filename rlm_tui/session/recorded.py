"""Reads the answers of a trace for the model `replay:TRACE`: what the models said, as the run took it."""

from __future__ import annotations

from collections import defaultdict

from rlm_tui import events as ev
from rlm_tui import paths
from rlm_tui.lm.base import Response
from rlm_tui.lm.recorded import RecordedLM
from rlm_tui.trace.opening import Reader, open_trace


def recorded_lm(path: str) -> RecordedLM:
    """The recorded answers of a trace, ours or a foreign one; TraceError where it cannot be read.

    Responses that the person did without, and calls that failed, are left out.
    """
    with open_trace(paths.typed(path)) as reader:
        reader.index()
        return _of(reader, path)


def _of(reader: Reader, source: str) -> RecordedLM:
    depths: dict[str, int] = {}
    asked: dict[str, str] = {}
    said: dict[str, tuple[str, Response]] = {}
    for event in reader:
        match event:
            case ev.NodeOpened():
                depths[event.node] = event.depth
            case ev.LmRequested() if event.messages:
                asked[event.node] = reader.text(event.messages[-1].content)
            case ev.SubcallRequested():
                asked[event.node] = reader.text(event.prompt)
            case ev.LmResponded():
                thought = reader.text(event.reasoning or "") or None
                said[event.node] = ("lm", Response(reader.text(event.text), event.usage, event.finish_reason, thought))
            case ev.SubcallFinished() if not event.error:
                said[event.node] = ("sub", Response(reader.text(event.text), event.usage, finish_reason="stop"))
            case ev.NodeClosed() if event.outcome == "skipped":
                said.pop(event.node, None)
    root = [response for node, (kind, response) in said.items() if kind == "lm" and not depths.get(node)]
    sub: defaultdict[str, list[Response]] = defaultdict(list)
    for node, (kind, response) in said.items():
        if kind == "sub" or depths.get(node):
            sub[asked.get(node, "")].append(response)
    return RecordedLM(root, sub, source=source)
