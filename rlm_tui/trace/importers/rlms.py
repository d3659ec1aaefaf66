"""The official `rlms` package: its JSONL log, and the dictionary of a completion.

A log line repeats the whole prompt and all variables, so a line may be as long as several contexts; only one is in
memory, its long values are compared as bytes, and what a line before already held is never decoded again.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rlm_tui import events as ev
from rlm_tui.errors import TraceError
from rlm_tui.trace.importers.base import Feed, Importer, Tape, damage, decode, moment
from rlm_tui.trace.importers.rlms_records import Meta, Turn
from rlm_tui.trace.importers.rlms_run import Run, Told
from rlm_tui.trace.importers.shape import Shape
from rlm_tui.trace.importers.values import Namespace

ENGINE = "rlms"
ROOT_USAGE = "The log does not tell what the root LM's own requests used and took; only sub-calls have tokens."
CLOCK = "Where a block or sub-call begins within its iteration is reckoned from the times that they took."
TYPES = "Variables are told as JSON: a tuple stands as a list, other objects as their repr."
NO_META = "The metadata line is missing: the root model and its limits are unknown."
NO_QUESTION = "The log names no question."
NO_ANSWER = "The log ends without an answer; whether the run failed, was stopped or goes on, it does not tell."
LEFT = "No answer is recorded; why the run ended, the log does not tell."


class _Line(Turn, kw_only=True):
    """A line of a log: metadata or an iteration."""

    type: Any = None
    root_model: Any = None
    max_depth: Any = None
    max_iterations: Any = None
    environment_type: Any = None


class _Log:
    """The runs of one file, in order."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._tape = Tape()
        self._told = Told(feed, self._tape)
        self._meta: Meta | None = None
        self._run: Run | None = None
        self._names = Namespace()
        self._runs = 0
        self._start: float | None = None

    def read(self) -> Iterator[ev.TraceEvent]:
        """The events of every line; damage is a problem that names its line."""
        for line in self._feed.lines():
            try:
                self._take(decode(line.data, _Line), line.number)
            except TraceError as error:
                self._trouble(damage(line, error))
            yield from self._tape.take()
        yield from self._last()

    def _last(self) -> Iterator[ev.TraceEvent]:
        if self._run is None:
            self._begin(None)
        if self._run is not None and not self._run.is_answered:
            self._told.lost(self._run.node, NO_ANSWER)
        elif self._run is not None:
            self._run.finish()
        yield from self._tape.take_all()

    def _take(self, line: _Line, number: int) -> None:
        if line.type == "metadata":
            self._end()
            self._meta, self._names = Meta.of(line), Namespace()
            self._time(line.timestamp)
        elif line.type == "iteration":
            if self._run is None or self._run.restarts(line):
                self._end()
                self._begin(line)
            if self._run is not None:
                self._tape.mark()
                self._run.turn(line)
        else:
            self._trouble(("unknown", f"Line {number} is neither metadata nor an iteration; it is left out.", number))

    def _begin(self, first: _Line | None) -> None:
        self._runs += 1
        if first is not None and self._start is None:
            self._time(first.timestamp, first.iteration_time)
        run = Run(self._told, f"r{self._runs}", self._meta or Meta(), start=self._start)
        run.names = self._names
        run.begin(first)
        for text in (ROOT_USAGE, CLOCK, TYPES, *(() if self._meta else (NO_META,))):
            self._told.lost(run.node, text)
        if not run.query:
            self._told.lost(run.node, NO_QUESTION)
        self._run = run

    def _end(self) -> None:
        if self._run is not None:
            self._run.finish(LEFT)
        self._run = None

    def _time(self, stamp: Any, took: Any = None) -> None:
        at = moment(stamp)
        if self._start is None and at is not None:
            self._start = at - (took if isinstance(took, float) else 0.0)
            self._feed.created = str(stamp)

    def _trouble(self, problem: tuple[str, str, int]) -> None:
        self._feed.problem(*problem)
        if self._run is not None:
            self._tape.put(ev.Note(node=self._run.node, text=problem[1], level="warning"))


def _is_log(shape: Shape) -> bool:
    members = shape.members
    if members.get("type") == "metadata":
        return sum(name in members for name in ("root_model", "max_depth", "max_iterations", "backend")) >= 2
    return members.get("type") == "iteration" and shape.has("iteration", "prompt")


LOG = Importer("rlms-jsonl", ENGINE, _is_log, lambda feed: _Log(feed).read())
