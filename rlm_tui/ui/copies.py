"""What of a selection can be copied: each text with its name, made only when it is chosen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import msgspec

from rlm_tui import events as ev
from rlm_tui.lm.wire import as_json
from rlm_tui.session.base import Session
from rlm_tui.session.log import Log
from rlm_tui.trajectory import Node, View
from rlm_tui.trajectory.facts import newest
from rlm_tui.ui.content import requests
from rlm_tui.ui.content.batches import split_key
from rlm_tui.ui.content.calls import code_of
from rlm_tui.ui.content.parts import response_of, turn_of
from rlm_tui.ui.selecting import held_text, interesting, meant_hold

_MOST_EVENTS = 5_000
_DEEPEST = 50


class Copy(NamedTuple):
    """One thing to copy: its letter, its name as the end of "Copied …", and what makes the text."""

    key: str
    name: str
    text: Callable[[], str]


_ABSENT = {
    "h": "Nothing is held right now.",
    "c": "There is no code here.",
    "o": "No block here has written anything yet.",
    "r": "There is no response here yet.",
    "t": "The response came without a reasoning.",
    "p": "No prompt was sent here.",
    "a": "There is no answer yet.",
    "q": "No question was asked yet.",
    "s": "No request was sent here.",
    "u": "There is no curl for this: its model is asked at no address, or no request was sent here.",
    "d": "There is no request before this one from which it could differ.",
}


def absence(letter: str) -> str:
    """Why a letter copies nothing where it is not among the copies; empty for a key that is none of theirs."""
    if letter in _ABSENT:
        return _ABSENT[letter]
    return f"{letter} copies nothing." if len(letter) == 1 and letter.isalnum() else ""


def copies(session: Session, selection: str | None) -> list[Copy]:
    """Everything there is to copy for a selection, the most likely first."""
    view, log = session.view, session.log
    key = selection if selection is not None else interesting(view)
    node = view.node(split_key(key or "")[0])
    if node is None or key is None:
        return []
    found = [*_held(session, key), *_texts(view, log, node), *_requests(session, key), _node(view, log, node)]
    letters: dict[str, Copy] = {}
    for copy in found:
        letters.setdefault(copy.key, copy)
    return list(letters.values())


def _held(session: Session, key: str) -> Iterator[Copy]:
    hold = meant_hold(session, key) if session.following and session.phase == "held" else None
    if hold is not None:
        yield Copy("h", "what is held", lambda: held_text(session, hold))


def _texts(view: View, log: Log, node: Node) -> Iterator[Copy]:
    """Code, output, response, prompt and answer of a node, or of the iteration in which it stands."""
    if node.type == "subcall":
        yield from _subcall(view, log, node)
        return
    turn = turn_of(view, node)
    children = view.children(turn) if node.type != "rlm" else []
    blocks = [node] if node.type == "code" else [child for child in children if child.type == "code"]
    calls = [node] if node.type == "lm" else [child for child in children if child.type == "lm"]
    yield from _blocks(view, log, blocks)
    response = response_of(view, log, calls[-1]) if calls else None
    if response is not None:
        said, thought = log.text(response.text), log.text(response.reasoning)
        yield Copy("r", "the response", lambda: said)
        if thought:
            yield Copy("t", "the reasoning", lambda: thought)
    yield from _run(view, log)


def _blocks(view: View, log: Log, blocks: list[Node]) -> Iterator[Copy]:
    codes = [code for block in blocks if (code := code_of(view, log, block))]
    outputs = [out for block in blocks if (out := output_of(view, log, block))]
    many = f"of {len(blocks)} blocks" if len(blocks) > 1 else "of the block"
    if codes:
        yield Copy("c", f"the code {many}", lambda: "\n\n".join(codes))
    if outputs:
        yield Copy("o", f"the output {many}", lambda: "\n".join(outputs))


def output_of(view: View, log: Log, block: Node) -> str:
    """All that a block printed, and the traceback that ended it."""
    event = newest(view, log, block, ev.CodeFinished)
    if event is None:
        return ""
    ended = (event.error.traceback or f"{event.error.type}: {event.error.message}") if event.error else ""
    return "\n".join(text for text in (log.text(event.stdout), log.text(event.stderr), ended) if text)


def _subcall(view: View, log: Log, node: Node) -> Iterator[Copy]:
    request, answer = newest(view, log, node, ev.SubcallRequested), newest(view, log, node, ev.SubcallFinished)
    if answer is not None:
        said = answer.error or log.text(answer.text)
        yield Copy("a", "the error" if answer.error else "the answer", lambda: said)
    if request is not None:
        prompt = log.text(request.prompt)
        yield Copy("p", "the prompt", lambda: prompt)


def _run(view: View, log: Log) -> Iterator[Copy]:
    over, begun = view.finished, view.started
    if over is not None and over.answer is not None:
        answer = log.text(over.answer)
        yield Copy("a", "the answer", lambda: answer)
    if begun is not None:
        question = log.text(begun.query)
        yield Copy("q", "the question", lambda: question)


def _requests(session: Session, key: str) -> Iterator[Copy]:
    view, log = session.view, session.log
    call = requests.asker_of(view, key)
    sent = requests.sent_by(view, log, call) if call is not None else None
    if call is None or sent is None:
        return
    if sent.messages:
        yield Copy("p", "the prompt (the newest message)", lambda: sent.messages[-1].content)
    yield Copy("s", "the exact request as JSON", lambda: requests.as_json(session, sent))
    if requests.endpoint_of(session, sent) is not None:
        yield Copy("u", "the exact request as curl (key: $KEY)", lambda: requests.as_curl(session, sent))
    before = requests.asked_before(view, log, call)
    changes = requests.difference(before, sent) if before is not None else []
    if changes:
        yield Copy("d", "what differs from the request before", lambda: "\n".join(changes))


def _node(view: View, log: Log, node: Node) -> Copy:
    return Copy("n", f"this {node.type} as JSON", lambda: as_json(plain_node(view, log, node)))


def plain_node(view: View, log: Log, top: Node) -> dict[str, Any]:
    """A node, its events and all below it as plain data, texts in their places; at most 5,000 events."""
    left = _MOST_EVENTS

    def made(node: Node, depth: int = 0) -> dict[str, Any]:
        nonlocal left
        seqs = view.facts(node)[: max(0, left)]
        left -= len(seqs)
        below = view.children(node) if left > 0 and depth < _DEEPEST else []
        plain: dict[str, Any] = {"node": node.id, "type": node.type, "outcome": view.outcome(node)}
        plain["events"] = [plain_value(log, log.event(seq)) for seq in seqs]
        return {**plain, "children": [made(child, depth + 1) for child in below]}

    return made(top)


def plain_value(log: Log, value: Any) -> Any:
    """An event or a value in it as plain data; a reference to a stored text is the text."""
    if isinstance(value, ev.BodyRef):
        return log.text(value)
    if isinstance(value, msgspec.Struct):
        config = value.__struct_config__
        tag = {config.tag_field: config.tag} if config.tag_field else {}
        fields = {name: plain_value(log, getattr(value, name)) for name in value.__struct_fields__}
        return {**tag, **fields}
    if isinstance(value, tuple | list):
        return [plain_value(log, item) for item in value]
    return value
