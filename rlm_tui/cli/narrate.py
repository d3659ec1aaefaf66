"""What `run` tells: events as talk for a person on stderr, or as JSON lines on stdout."""

from __future__ import annotations

import json
import sys
from collections import Counter
from typing import Any

import msgspec

from rlm_tui import events as ev
from rlm_tui.cli.diagnostics import say
from rlm_tui.session.log import Log
from rlm_tui.text import one_line, plural, safe, short_cost, short_count, short_seconds, thoughts_and_words, wordless
from rlm_tui.trajectory import limits
from rlm_tui.ui.states import ENDS


class JsonLines:
    """Every event as one JSON object a line, `type` naming its kind, texts in full; the last is run.finished."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self.finished: ev.RunFinished | None = None

    def read(self, event: ev.TraceEvent) -> None:
        """Write one event; stored bodies stand where they are used instead."""
        if isinstance(event, ev.RunFinished):
            self.finished = event
        if not isinstance(event, ev.BodyStored):
            _write_json(self._plain(event))

    def _plain(self, event: ev.TraceEvent) -> dict[str, Any]:
        fields = {name: self._value(getattr(event, name)) for name in event.__struct_fields__}
        if "type" in fields:
            fields["node_type"] = fields.pop("type")
        return {"type": event.__struct_config__.tag, **fields}

    def _value(self, value: Any) -> Any:
        if isinstance(value, ev.BodyRef):
            return self._log.text(value)
        if isinstance(value, tuple):
            return [self._value(item) for item in value]
        if isinstance(value, msgspec.Struct):
            return {name: self._value(getattr(value, name)) for name in value.__struct_fields__}
        return value


class Narration:
    """What happens, one line an event that a person wants to know of."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self.finished: ev.RunFinished | None = None
        self._quiet: set[str] = set()
        """Sub-calls over a limit, and requests for a summary: another event tells enough of them."""
        self._children: dict[str, str] = {}
        """The child RLM of each node below one, by the number that the app gives it: `2.1` is the first of `2`."""
        self._counts: Counter[str] = Counter()

    def read(self, event: ev.TraceEvent) -> None:
        """Say what an event means, if it is worth a line; several child RLMs talk at once, so each is named."""
        if isinstance(event, ev.NodeOpened):
            self._place(event)
        elif isinstance(event, ev.SubcallRequested) and event.refused:
            self._quiet.add(event.node)
        line = self._of_turn(event) or self._of_run(event)
        if line:
            child = self._children.get(event.node, "")
            say(f"  child {child} · {line.strip()}" if child else line)

    def _place(self, event: ev.NodeOpened) -> None:
        above = self._children.get(event.parent, "")
        if event.type == "rlm" and event.parent:
            self._counts[above] += 1
            above = f"{above}.{self._counts[above]}".lstrip(".")
        if above:
            self._children[event.node] = above
        if event.title == ev.COMPACTION:
            self._quiet.add(event.node)

    def _of_turn(self, event: ev.TraceEvent) -> str:
        match event:
            case ev.IterationStarted():
                return f"Iteration {event.number}"
            case ev.LmResponded() if event.node not in self._quiet:
                return f"  says: {_said(self._log.text(event.text), has_thought=bool(event.reasoning))}"
            case ev.LmFailed():
                again = (
                    f" It is asked again after {short_seconds(event.retry_in_s)}."
                    if event.retry_in_s is not None
                    else ""
                )
                return f"  the model failed: {event.message}{again}"
            case ev.ResponseParsed(problem=words) | ev.IterationFinished(refused=words) if words:
                return _told(self._log.text(words))
            case ev.CodeFinished():
                took, stdout = short_seconds(event.elapsed_s), one_line(self._log.text(event.stdout), 90)
                if event.error:
                    return f"  block {event.error.type} in {took}: {one_line(event.error.message, 90) or stdout}"
                return f"  block {'ok' if event.status == 'ok' else event.status} in {took}: {stdout}"
            case ev.SubcallFinished() if event.error and event.node not in self._quiet:
                return f"  sub-call failed: {one_line(event.error, 100)}"
        return ""

    def _of_run(self, event: ev.TraceEvent) -> str:
        match event:
            case ev.RunStarted():
                why = event.dialect_reason.removeprefix("auto: ")
                return f"Asking {event.model} in the dialect {event.dialect}{f': {why}' if why else ''}."
            case ev.Compacted():
                return f"  summed up: {plural(event.dropped, 'message')} gave way to a summary"
            case ev.LimitHit():
                return f"  {limits.remark(event.limit, event.value, event.cap)}"
            case ev.Note():
                return f"  note: {event.text}"
            case ev.RunFinished():
                self.finished = event
                return _ending(event)
        return ""


def _told(words: str) -> str:
    """Why nothing came of a response: the first sentence to the model, without its example."""
    sentence = words.partition("\n")[0].partition(". ")[0].removesuffix(", like this:").removesuffix(" like this:")
    return f"  the model is told: {one_line(sentence, 160).rstrip('.')}."


def _said(text: str, *, has_thought: bool) -> str:
    said = one_line(thoughts_and_words(text)[1].partition("```")[0], 100)
    return said or wordless(text, has_thought=has_thought)


def _ending(event: ev.RunFinished) -> str:
    tokens = event.usage.tokens
    spent = f", {short_count(tokens)} {plural(2, 'token').split()[-1]}" if tokens else ""
    paid = f", {short_cost(event.usage.cost_usd)}" if event.usage.cost_usd else ""
    return f"Ended: {ENDS[event.status].phrase}{spent}{paid}. {event.detail}".rstrip()


def write_answer(log: Log, finished: ev.RunFinished) -> None:
    """Print the answer on stdout; one that a limit cut short is marked."""
    if finished.answer is None:
        return
    text = log.text(finished.answer)
    shown = safe(text, multiline=True) if sys.stdout.isatty() else text
    mark = "[a limit was hit; this may be partial] " if finished.status == "limit" else ""
    sys.stdout.write(f"{mark}{shown}\n")
    sys.stdout.flush()


def write_unbegun(status: str, detail: str) -> None:
    """The last JSON line of a run that could not begin or was stopped before it did."""
    _write_json({"type": "run.finished", "status": status, "answer": None, "usage": {}, "detail": detail})


def _write_json(value: dict[str, Any]) -> None:
    """One line of ASCII, so that a terminal that shows it obeys nothing in it."""
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()
