"""What a node says at a moment, field by field: the texts and numbers that filters, searches and exports look into."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Protocol, TypeAlias, TypeVar

from rlm_tui import events as ev
from rlm_tui.errors import TraceError
from rlm_tui.trajectory import Node, View, limits

Pair: TypeAlias = tuple[str, str]
_E = TypeVar("_E", bound=ev.TraceEvent)
FIELDS: dict[str, str] = {
    "say": "what an LM said, its reasoning included",
    "code": "the code of a block",
    "out": "what a block printed, its traceback included",
    "prompt": "what was sent to an LM: new messages, or the prompt of a sub-call",
    "answer": "the answer of a sub-call, of an iteration or of the run",
    "model": "the model that was asked",
    "fn": "the function that made a sub-call, such as llm_query_batch",
    "var": "a variable that a block added, changed or removed: its name and preview",
    "note": "notes, limits, repairs of the parser, and why something failed",
    "edit": "what a person changed, before and after",
    "told": "what a person told the model",
}
"""The fields that hold text, each with what stands in it."""
_ANSWERED = (ev.ResponseParsed, ev.IterationFinished)
RESET = "conversation and REPL are forgotten; the next question begins anew"
HELD_FIELDS: dict[ev.Checkpoint, str] = {
    "before_request": "prompt",
    "after_response": "say",
    "before_code": "code",
    "after_code": "out",
    "before_batch": "note",
    "before_subcall": "prompt",
    "after_subcall": "answer",
    "before_final": "answer",
    "at_limit": "note",
}
"""The field that what is held at a checkpoint belongs to."""


class Source(Protocol):
    """Where events and long texts are found: the log of a session, or a reader of a trace."""

    def event(self, seq: int, /) -> ev.TraceEvent:
        """The event with a seq; TraceError when it is lost."""
        ...

    def text(self, text: ev.Text, /) -> str:
        """The string that a `Text` stands for; TraceError when it is lost."""
        ...


def newest(view: View, source: Source, node: Node, kind: type[_E]) -> _E | None:
    """The newest event of a kind that a node owns by now, or None; TraceError when it is lost."""
    seq = view.fact(node, kind)
    event = source.event(seq) if seq else None
    return event if isinstance(event, kind) else None


class Said(NamedTuple):
    """One text of a node: its field, and the event that holds it."""

    field: str
    text: str
    seq: int


def said(view: View, source: Source, node: Node) -> Iterator[Said]:
    """Every text of a node by now, in order; one that was lost is left out."""
    for seq, name in node.facts:
        if seq > view.seq:
            break
        if name in _READERS:
            yield from said_in(source, seq)
    yield from _announced(view, node)
    for hold in view.holds():
        if hold.node == node.id:
            yield from _held(source, hold.seq)


def said_in(source: Source, seq: int) -> list[Said]:
    """The texts of one event; none when the event or a text of it is lost."""
    try:
        event = source.event(seq)
        reader = _READERS.get(type(event).__name__)
        pairs = reader(event, source) if reader is not None else ()
        return [Said(field, text, seq) for field, text in pairs if text]
    except TraceError:
        return []


def _announced(view: View, node: Node) -> Iterator[Said]:
    """The model and function of a call that waits before it is sent."""
    if node.type == "lm" and view.fact(node, ev.LmRequested) is None:
        yield Said("model", node.title, node.opened)
    if node.type == "subcall" and view.fact(node, ev.SubcallRequested) is None:
        yield Said("fn", node.title, node.opened)
        if view.started is not None:
            yield Said("model", view.started.sub_model, node.opened)


def _held(source: Source, seq: int) -> list[Said]:
    try:
        event = source.event(seq)
        if isinstance(event, ev.Held) and event.content:
            return [Said(HELD_FIELDS[event.checkpoint], source.text(event.content), seq)]
    except TraceError:
        pass
    return []


def _messages(event: ev.LmRequested, source: Source) -> Iterator[Pair]:
    yield "model", event.model
    for message in event.messages:
        yield "prompt", source.text(message.content)


def _response(event: ev.LmResponded, source: Source) -> Iterator[Pair]:
    if event.reasoning is not None:
        yield "say", source.text(event.reasoning)
    yield "say", source.text(event.text)


def _parsed(event: ev.ResponseParsed, _source: Source) -> Iterator[Pair]:
    yield "note", event.problem
    for repair in event.repairs:
        yield "note", f"{repair.name}: {repair.detail}"


def _output(event: ev.CodeFinished, source: Source) -> Iterator[Pair]:
    yield "out", source.text(event.stdout)
    yield "out", source.text(event.stderr)
    if event.error is not None:
        yield "out", event.error.traceback or f"{event.error.type}: {event.error.message}"
    for change in event.changes:
        yield "var", f"{change.name} {change.type} {change.preview}".rstrip()
    for note in event.notes:
        yield "note", note


def _question(event: ev.RunStarted, source: Source) -> Iterator[Pair]:
    yield "prompt", source.text(event.query)
    yield "model", event.model


def _end(event: ev.RunFinished, source: Source) -> Iterator[Pair]:
    if event.answer is not None:
        yield "answer", source.text(event.answer)
    yield "note", event.detail


def _call(event: ev.SubcallRequested, source: Source) -> Iterator[Pair]:
    yield "fn", event.function
    yield "model", event.model
    yield "prompt", source.text(event.prompt)


def _sub_answer(event: ev.SubcallFinished, source: Source) -> Iterator[Pair]:
    yield "answer", source.text(event.text)
    yield "note", event.error


def _edit(event: ev.Edited, source: Source) -> Iterator[Pair]:
    yield "edit", source.text(event.before)
    yield "edit", source.text(event.after)


def _refused(event: ev.IterationFinished, source: Source) -> Iterator[Pair]:
    if event.refused:
        yield "note", source.text(event.refused)


_READERS: dict[str, Callable[[Any, Source], Any]] = {
    "RunStarted": _question,
    "RunFinished": _end,
    "LmRequested": _messages,
    "LmResponded": _response,
    "LmFailed": lambda event, _: [("note", event.message)],
    "ResponseParsed": _parsed,
    "IterationFinished": _refused,
    "CodeStarted": lambda event, source: [("code", source.text(event.code))],
    "CodeFinished": _output,
    "SubcallRequested": _call,
    "SubcallFinished": _sub_answer,
    "AnswerGiven": lambda event, source: [("answer", source.text(event.text))],
    "LimitHit": lambda event, _: [("note", limits.remark(event.limit, event.value, event.cap))],
    "Compacted": lambda event, source: [("note", source.text(event.summary))],
    "Edited": _edit,
    "Told": lambda event, source: [("told", source.text(event.text))],
    "Reset": lambda _event, _: [("note", RESET)],
    "Note": lambda event, _: [("note", event.text)],
}


def iteration_number(view: View, node: Node) -> int | None:
    """The number of the iteration that a node is, or is in."""
    above: Node | None = node
    while above is not None and above.type != "iteration":
        above = view.node(above.parent)
    return above.number if above is not None else None


def has_failed(view: View, source: Source, node: Node) -> bool:
    """Whether a node ended in an error, or what it came to last is one."""
    if view.outcome(node) == "error":
        return True
    for kind in (ev.SubcallFinished, ev.CodeFinished, ev.RunFinished):
        seq = view.fact(node, kind)
        if seq is not None:
            return _is_failure(source, seq)
    failed, responded = view.fact(node, ev.LmFailed), view.fact(node, ev.LmResponded)
    return failed is not None and failed > (responded or 0)


def _is_failure(source: Source, seq: int) -> bool:
    try:
        event = source.event(seq)
    except TraceError:
        return False
    match event:
        case ev.SubcallFinished():
            return bool(event.error)
        case ev.CodeFinished():
            return event.status != "ok"
        case ev.RunFinished():
            return event.status == "failed"
    return False


def is_edited(view: View, source: Source, node: Node) -> bool:
    """Whether something of a node stands otherwise than it came, as a person changed it and did not take it back."""
    first: dict[str, ev.Text] = {}
    last: dict[str, ev.Text] = {}
    for seq in view.facts(node, ev.Edited):
        event = source.event(seq)
        if isinstance(event, ev.Edited):
            first.setdefault(event.what, event.before)
            last[event.what] = event.after
    return any(source.text(first[what]) != source.text(last[what]) for what in last)


def is_by_hand(view: View, source: Source, node: Node) -> bool:
    """Whether a node is a person's own, or has something that they changed or answered in place of the LM."""
    if node.by == "user" or is_edited(view, source, node):
        return True
    released = (source.event(seq) for seq in view.facts(node, ev.Released))
    return any(isinstance(event, ev.Released) and event.how == "answer" for event in released)


def is_amiss(view: View, source: Source, iteration: Node) -> bool:
    """Whether an iteration that went on all the same had a response or an answer that was not as the LM was asked."""
    return any(_is_remark(source, seq) for kind in _ANSWERED for seq in view.facts(iteration, kind))


def has_remark(view: View, source: Source, node: Node) -> bool:
    """Whether a node has a failure, a warning, a limit, or a response in which the parser found nothing usable."""
    if has_failed(view, source, node) or view.fact(node, ev.LimitHit) is not None:
        return True
    return any(_is_remark(source, seq) for kind in (ev.Note, *_ANSWERED) for seq in view.facts(node, kind))


def _is_remark(source: Source, seq: int) -> bool:
    try:
        event = source.event(seq)
    except TraceError:
        return False
    if isinstance(event, ev.Note):
        return event.level != "info"
    if isinstance(event, ev.IterationFinished):
        return bool(event.refused)
    return isinstance(event, ev.ResponseParsed) and bool(event.problem)
