"""What a trace comes to, told in one pass over its events."""

from __future__ import annotations

from pathlib import Path

import msgspec

from rlm_tui import events as ev
from rlm_tui.errors import TraceError
from rlm_tui.trace.opening import Reader, open_trace
from rlm_tui.trace.reading import Problem
from rlm_tui.trace.store import is_live
from rlm_tui.trace.times import Times


class Tally:
    """Counts over the events of a trace; a conversation of several runs adds up, the last run gives the status."""

    def __init__(self) -> None:
        self.first: ev.RunStarted | None = None
        self.questions = self.answered = 0
        self.started: ev.RunStarted | None = None
        self.finished: ev.RunFinished | None = None
        self.offered: ev.AnswerGiven | None = None
        self.iterations = self.sub_calls = self.depth = 0
        self.remarks: list[str] = []
        self.seconds = 0.0
        self.times = Times()
        self._settled = self._running = ev.Usage()
        self._is_told = True
        self._below: set[str] = set()

    @property
    def usage(self) -> ev.Usage:
        """Of the finished runs what they say themselves, of one that was cut off the sum of its calls, if all tell."""
        return self._settled + (self._running if self._is_told else ev.Usage())

    def take(self, event: ev.TraceEvent) -> None:
        """Count one event; `iterations` are those of the root RLM."""
        self.seconds = max(self.seconds, event.t)
        self.times.take(event)
        match event:
            case ev.RunStarted():
                self.started, self.finished, self.offered = event, None, None
                self.first, self.questions = self.first or event, self.questions + 1
            case ev.RunFinished():
                self.finished = event
                self.answered += event.status == "answered"
                self._settled, self._running = self._settled + event.usage, ev.Usage()
                self._is_told = True
            case ev.AnswerGiven():
                self.offered = self.offered if event.node in self._below else event
            case ev.NodeOpened(depth=depth):
                self.depth = max(self.depth, depth)
                if depth:
                    self._below.add(event.node)
            case ev.IterationStarted():
                self.iterations += event.node not in self._below
            case ev.SubcallRequested():
                self.sub_calls += not event.refused
            case ev.LmResponded(usage=usage) | ev.SubcallFinished(usage=usage):
                self._running += usage
                self._is_told = self._is_told and not _is_silent(event)
            case ev.LimitHit():
                self.remarks.append(f"The limit {event.limit} was hit ({event.value:g} of {event.cap:g}).")
            case ev.Unknown():
                self.remarks.append(f"Event {event.seq} is of a kind this version does not know: {event.name}.")


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """One trace as `trace info` prints it; `notes` say what was lost or could not be told.

    Of several `questions` the last gives question, answer, status and models; counts, usage and times are of all.
    """

    format: str
    engine: str
    status: str
    answer: str | None
    iterations: int
    sub_calls: int
    usage: dict[str, int | float | None]
    depth: int
    notes: list[str]
    question: str | None
    questions: int
    model: str
    sub_model: str
    dialect: str
    context_chars: int
    sandbox: str
    created: str
    seconds: float
    worked_seconds: float | None
    held_seconds: float
    events: int
    bytes: int


def summarize(path: Path) -> Summary:
    """Read a whole trace once and say what it comes to; TraceError when it cannot be opened."""
    with open_trace(path) as reader:
        tally = Tally()
        for event in reader:
            tally.take(event)
        live = is_live(path)
        notes = [_note(problem, live) for problem in reader.problems] + [*reader.notes, *tally.remarks[:100]]
        started = tally.started or ev.RunStarted(query="", model="", sub_model="", dialect="")
        return Summary(
            format=reader.format,
            engine=reader.header.app,
            status=run_status(tally.finished, live),
            answer=_text(reader, _answer(tally, notes), notes),
            iterations=tally.iterations,
            sub_calls=tally.sub_calls,
            usage=msgspec.structs.asdict(tally.usage),
            depth=tally.depth,
            notes=notes,
            question=_text(reader, started.query if tally.started else None, notes),
            questions=tally.questions,
            model=started.model,
            sub_model=started.sub_model,
            dialect=started.dialect,
            context_chars=(started.context if tally.started else reader.header.context).chars,
            sandbox=started.sandbox or reader.header.sandbox,
            created=reader.header.created,
            seconds=tally.seconds,
            worked_seconds=tally.times.worked,
            held_seconds=tally.times.waited,
            events=len(reader),
            bytes=path.stat().st_size,
        )


def _is_silent(event: ev.LmResponded | ev.SubcallFinished) -> bool:
    """Whether a request of an RLM does not tell what it spent."""
    is_asked = isinstance(event, ev.LmResponded) and event.by == "model" and not event.cached
    return is_asked and event.usage.tokens is None


def _answer(tally: Tally, notes: list[str]) -> ev.Text | None:
    if tally.finished is not None:
        return tally.finished.answer
    if tally.offered is None:
        return None
    notes.append("An answer was given, but the run did not finish.")
    return tally.offered.text


def run_status(finished: ev.RunFinished | None, live: bool) -> str:
    """The status of the last run of a trace: its own word, or running, or unfinished."""
    if finished is not None:
        return finished.status
    return "running" if live else "unfinished"


def _note(problem: Problem, live: bool) -> str:
    if live and problem.name in ("unfinished", "torn"):
        return "The run is still going on."
    return problem.message


def _text(reader: Reader, text: ev.Text | None, notes: list[str]) -> str | None:
    try:
        return None if text is None else reader.text(text)
    except TraceError as error:
        notes.append(str(error))
        return None
