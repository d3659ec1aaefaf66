"""The exact request behind a node: its messages as they went out, and what differs from the one before it."""

from __future__ import annotations

import difflib
from dataclasses import replace
from typing import NamedTuple

from rlm_tui import events as ev
from rlm_tui.engine.dialect import READINGS, built_in
from rlm_tui.engine.shape import TURN, shape_of
from rlm_tui.errors import UsageError
from rlm_tui.lm import wire
from rlm_tui.lm.base import Message, Request
from rlm_tui.lm.endpoint import Endpoint, public
from rlm_tui.lm.registry import resolve
from rlm_tui.session.base import Session
from rlm_tui.session.log import Log
from rlm_tui.trajectory import Node, View
from rlm_tui.trajectory.facts import newest
from rlm_tui.ui.content.batches import split_key

_NO_WIRE = ("offline", "human", "scripted:", "replay:", "generic:")
_COMPARED = 400_000  # characters; comparing more would hold up the screen


class Sent(NamedTuple):
    """A request that went to a model: `seq` is the event that sent it, `model` as it was named."""

    seq: int
    model: str
    messages: tuple[Message, ...]


def asker_of(view: View, key: str) -> Node | None:
    """The LM call or sub-call whose request a selection means: itself, else the newest one of its iteration."""
    node = view.node(split_key(key)[0])
    while node is not None and node.type not in ("lm", "subcall"):
        below = [child for child in view.children(node) if child.type in ("lm", "iteration")]
        above = view.node(node.parent) if node.type == "code" else None
        node = below[-1] if below else above
    return node


def sent_by(view: View, log: Log, node: Node) -> Sent | None:
    """The newest request that a call has sent by now, or None while it waits."""
    if node.type == "subcall":
        return _sub_request(log, view.fact(node, ev.SubcallRequested))
    event = newest(view, log, node, ev.LmRequested)
    if event is None:
        return None
    return Sent(event.seq, event.model, _conversation(view.at(event.seq), log, node))


def _sub_request(log: Log, seq: int | None) -> Sent | None:
    asked = log.event(seq) if seq else None
    if not isinstance(asked, ev.SubcallRequested) or asked.refused:
        return None
    return Sent(asked.seq, asked.model, (Message("user", log.text(asked.prompt)),))


def _conversation(view: View, log: Log, node: Node) -> tuple[Message, ...]:
    owner = view.tree.rlm_of(node.id)
    messages: list[Message] = []
    for place in view.conversation(owner) if owner else ():
        event = log.event(place.seq)
        if isinstance(event, ev.LmRequested) and place.nth < len(event.messages):
            stored = event.messages[place.nth]
            messages.append(Message(stored.role, log.text(stored.content)))
    return tuple(messages)


def request_of(session: Session, sent: Sent) -> Request:
    """What the client was given: as its event tells, in older traces as the run was set up."""
    event, run = session.log.event(sent.seq), session.trajectory.at(sent.seq).started
    is_turn = isinstance(event, ev.LmRequested)
    told = event.parameters if isinstance(event, ev.LmRequested | ev.SubcallRequested) else None
    told = run.sub_parameters if told is None and run is not None and not is_turn else told
    asked = told if told is not None else _set_up(session, run, is_turn=is_turn)
    shape = TURN if asked.is_shaped else None
    return Request(
        sent.messages, sent.model, "root", asked.temperature, asked.max_tokens, asked.seed, asked.stop, shape
    )


def _set_up(session: Session, run: ev.RunStarted | None, *, is_turn: bool) -> ev.Parameters:
    terms = session.terms
    plain = ev.Parameters(terms.temperature, terms.seed)
    if run is None or not is_turn or run.is_direct or run.dialect not in READINGS:
        return plain
    dialect = built_in(run.dialect)
    is_shaped = terms.constrain and shape_of(dialect) is not None
    return ev.Parameters(terms.temperature, terms.seed, dialect.stop, is_shaped)


def endpoint_of(session: Session, sent: Sent) -> Endpoint | None:
    """Where a request went; None for a model that is no server.

    A trace may name a model in a way that says nothing of a server: then the address is `$BASE_URL`.
    """
    run, terms = session.trajectory.at(sent.seq).started, session.terms
    if sent.model.startswith(_NO_WIRE):
        return None
    served = run.served if run is not None else None
    if served is None or run is None:
        address, window, think = public(terms.base_url or ""), terms.window, terms.think
    else:
        address = served.base_url if sent.model == run.model else served.sub_base_url
        window, think = served.window, served.think
    try:
        return replace(resolve(sent.model, base_url=address or None), window=window, think=think)
    except UsageError:
        return Endpoint("openai", sent.model, "$BASE_URL", "KEY")


def as_json(session: Session, sent: Sent) -> str:
    """The body that went out, as it is for an answer that is watched: calls of a batch go out without `stream`."""
    endpoint = endpoint_of(session, sent)
    if endpoint is not None:
        return wire.as_json(wire.body_of(endpoint, request_of(session, sent)))
    return wire.as_json({"model": sent.model, "messages": [message._asdict() for message in sent.messages]})


def as_curl(session: Session, sent: Sent) -> str:
    """The command that sends it again; empty for a model that is no server."""
    endpoint = endpoint_of(session, sent)
    return wire.curl(endpoint, request_of(session, sent)) if endpoint is not None else ""


def asked_before(view: View, log: Log, node: Node) -> Sent | None:
    """The request that a call asks again: of the call before it in the same iteration, or its own earlier one."""
    if node.type != "lm":
        seqs = view.facts(node, ev.SubcallRequested)
        return _sub_request(log, seqs[-2] if len(seqs) > 1 else None)
    seqs = view.facts(node, ev.LmRequested)
    if len(seqs) > 1:
        return sent_by(view.at(seqs[-2]), log, node)
    earlier = _call_before(view, node)
    return sent_by(view, log, earlier) if earlier is not None else None


def asks_again(view: View, lm: Node) -> bool:
    """Whether an LM call asks what was asked before; no conversation is read for it."""
    return len(view.facts(lm, ev.LmRequested)) > 1 or _call_before(view, lm) is not None


def _call_before(view: View, lm: Node) -> Node | None:
    """The LM call before one in the same iteration."""
    above = view.node(lm.parent)
    calls = [child for child in view.children(above) if child.type == "lm"] if above is not None else []
    at = next((index for index, call in enumerate(calls) if call.id == lm.id), 0)
    return calls[at - 1] if at else None


def difference(before: Sent, after: Sent) -> list[str]:
    """The lines of a unified diff between two requests; none when the same was asked."""
    old, new = _lines(before), _lines(after)
    if sum(map(len, old)) + sum(map(len, new)) > _COMPARED:
        same = before[1:] == after[1:]
        return [] if same else ["(too long to be compared line by line; they are not the same)"]
    return list(difflib.unified_diff(old, new, "the request before", "this request", lineterm="", n=1))


def _lines(sent: Sent) -> list[str]:
    rows = [f"model: {sent.model}"]
    for role, content in sent.messages:
        rows += [f"{role}:", *content.split("\n")]
    return rows
