"""Whether a trace is whole: its lines, as the reader finds them, and what the events say about one another."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from rlm_tui.errors import TraceError
from rlm_tui.events import (
    BodyRef,
    BodyStored,
    NodeClosed,
    NodeOpened,
    RunFinished,
    RunStarted,
    TraceEvent,
    Unknown,
)
from rlm_tui.trace.bodies import text_fields
from rlm_tui.trace.foreign import ForeignReader
from rlm_tui.trace.opening import open_trace
from rlm_tui.trace.reading import Problem


def verify(path: Path) -> list[Problem]:
    """Everything that is not whole about a trace, in file order; an empty list means that it is whole.

    A run that was killed leaves a trace that opens and replays, and that is still reported here (`unfinished`).
    """
    try:
        with open_trace(path) as reader:
            if isinstance(reader, ForeignReader):
                reader.index()
                return reader.problems
            checks = _Structure()
            found = [problem for event in reader for problem in checks.take(event)]
            return sorted(reader.problems + found, key=lambda problem: problem.line or 1 << 62)
    except TraceError as error:
        return [Problem("unreadable", str(error))]


class _Structure:
    """What one event may presuppose of those before it."""

    def __init__(self) -> None:
        self._bodies: set[int] = set()
        self._open: set[str] = set()
        self._closed: set[str] = set()
        self._running = False
        self._begun = False

    def take(self, event: TraceEvent) -> Iterator[Problem]:
        """The problems that this event shows."""
        for message in (*self._run(event), *self._bodies_of(event), *self._node(event)):
            yield Problem("structure", f"Event {event.seq}: {message}", event.seq + 1)

    def _run(self, event: TraceEvent) -> Iterator[str]:
        if isinstance(event, RunStarted):
            if self._running:
                yield "a run starts before the last one finished."
            self._begun = self._running = True
        elif isinstance(event, RunFinished):
            if not self._running:
                yield "a run finishes that never started."
            self._running = False
        elif not self._begun and not _may_come_first(event):
            self._begun = True
            yield f"{event.__struct_config__.tag} comes before any run.started."

    def _bodies_of(self, event: TraceEvent) -> Iterator[str]:
        if isinstance(event, BodyStored):
            self._bodies.add(event.seq)
            return
        for ref in body_refs(event):
            if ref not in self._bodies:
                yield f"it refers to a text in event {ref}, which is none before it."

    def _node(self, event: TraceEvent) -> Iterator[str]:
        node = event.node
        if isinstance(event, NodeOpened):
            if node in self._open or node in self._closed:
                yield f"the node {node!r} is opened a second time."
            # A person's own block may come after the end of what it stands below.
            places = (self._open | self._closed) if event.by == "user" else self._open
            if event.parent and event.parent not in places:
                yield f"the node {node!r} opens below {event.parent!r}, which is not open."
            self._open.add(node)
        elif isinstance(event, NodeClosed):
            if node not in self._open:
                yield f"the node {node!r} is closed but not open."
            self._open.discard(node)
            self._closed.add(node)
        elif node and not isinstance(event, RunStarted) and node not in self._open and node not in self._closed:
            yield f"it belongs to the node {node!r}, which was never opened."


def _may_come_first(event: TraceEvent) -> bool:
    """A text that run.started refers to, and the node of the root RLM that owns it."""
    return isinstance(event, BodyStored | Unknown) or (isinstance(event, NodeOpened) and not event.parent)


def body_refs(event: msgspec.Struct) -> Iterator[int]:
    """The seqs of the `body.stored` events that an event, or a value in one, refers to."""
    for name in text_fields(type(event)):
        value = getattr(event, name)
        for item in value if isinstance(value, tuple) else (value,):
            if isinstance(item, BodyRef):
                yield item.body
            elif isinstance(item, msgspec.Struct):
                yield from body_refs(item)
