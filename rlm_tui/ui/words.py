"""What the session does, in words and symbols: the states that must look different, never by colour alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from rlm_tui import events as ev
from rlm_tui.session.base import Session
from rlm_tui.text import one_line, plural, short_seconds
from rlm_tui.trajectory import Hold, Node, View

_NOW = {"held": "now held", "finished": "the run is over"}
_SPINNER = "◐◓◑◒"
_TURNS_PER_S = 8


class State(NamedTuple):
    """A state as the header shows it: symbol, one loud word, quiet words, and the role that colours it.

    `short` says the quiet words where there is little room; empty when they have no shorter form.
    """

    symbol: str
    word: str
    words: str
    role: str
    short: str = ""


class _Held(NamedTuple):
    noun: str
    article: str
    rest: str
    short: str


_HELD: dict[ev.Checkpoint, _Held] = {
    "before_request": _Held("request", "The request", "not sent yet", "not sent"),
    "after_response": _Held("response", "The response", "not read yet", "not read"),
    "before_code": _Held("code", "The code", "not run yet", "not run yet"),
    "after_code": _Held("output", "The output", "not shown to the model yet", "unseen"),
    "before_subcall": _Held("sub-call", "The sub-call", "not sent yet", "not sent"),
    "after_subcall": _Held("sub-answer", "The sub-answer", "not handed over yet", "unseen"),
    "before_final": _Held("final answer", "The final answer", "not given yet", "not given"),
}
_ENDS: dict[ev.RunStatus, tuple[str, str, str]] = {
    "answered": ("✓", "ANSWERED", "done"),
    "no_answer": ("○", "NO ANSWER", "careful"),
    "failed": ("✗", "FAILED", "failed"),
    "limit": ("⚠", "LIMIT", "careful"),
    "stopped": ("○", "STOPPED", "careful"),
}


def is_behind(session: Session) -> bool:
    """Whether one looks at a moment before the newest one."""
    return not session.following and not session.view.at_end


def spinner(now: float) -> str:
    """The one moving thing, on what runs; `now` in seconds."""
    return _SPINNER[int(now * _TURNS_PER_S) % len(_SPINNER)]


def state_of(session: Session) -> State:
    """The state of the session at this moment."""
    behind = is_behind(session) and session.phase != "replay"
    return _looking_back(session) if behind else _STATES[session.phase](session)


def _looking_back(session: Session) -> State:
    """The moment that one looks at, and that it is not the one of now."""
    view, total = session.view, len(session.trajectory.steps)
    now = _NOW.get(session.phase, "the run goes on")
    place = f"step {view.step_number()} of {total}"
    return State("◂", "LOOKING BACK", f"{place} · {now}", "accent", f"{view.step_number()}/{total} · {now}")


def _loading(session: Session) -> State:
    doing = one_line(session.waiting, 60)
    words = f"{one_line(session.title, 40)} · {doing}" if doing else one_line(session.title, 40)
    return State(spinner(session.now), "LOADING", words, "running")


def _question(session: Session) -> State:
    return State("○", "YOUR QUESTION", f"about {one_line(session.title, 60)}", "accent")


def _running(session: Session) -> State:
    return State(spinner(session.now), "RUNNING", activity_words(session), "running")


def _held(session: Session) -> State:
    view = session.trajectory.now()
    holds = view.holds()
    if not holds:
        return _running(session)
    short = hold_words(view, holds[0], short=True)
    return State("‖", "HELD", hold_words(view, holds[0]), "careful", short)


def _interrupting(_session: Session) -> State:
    return State("✗", "INTERRUPTING", "the block is asked to stop", "careful")


def _finished(session: Session) -> State:
    return _end(session, session.trajectory.now())


def _end(session: Session, view: View) -> State:
    over = view.finished
    if over is None:
        return State("○", "STOPPED", "the run did not end by itself", "careful")
    symbol, word, role = _ENDS[over.status]
    if over.status == "answered":
        return State(symbol, word, one_line(session.log.text(over.answer), 90), role)
    return State(symbol, word, one_line(over.detail, 90), role)


def _replay(session: Session) -> State:
    view = session.view
    place = f"step {view.step_number()} of {len(session.trajectory.steps)}"
    brief = place.removeprefix("step ").replace(" of ", "/")
    holds = view.holds()
    if holds:
        noun, turn = _HELD[holds[0].checkpoint].noun, iteration_of(view, holds[0].node)
        short = f"step {brief} · {noun}{f' of it {turn.number}' if turn else ''} held"
        return State("▸", "REPLAY", f"{place} · held {hold_words(view, holds[0])}", "accent", short)
    if view.finished is not None:
        end = _end(session, view)
        words = f"{end.symbol} {end.word.lower()}"
        return State("▸", "REPLAY", f"{place} · {words}", "accent", f"step {brief} · {words}")
    return State("▸", "REPLAY", place, "accent")


_STATES: dict[str, Callable[[Session], State]] = {
    "loading": _loading,
    "question": _question,
    "running": _running,
    "held": _held,
    "interrupting": _interrupting,
    "finished": _finished,
    "replay": _replay,
}


def iteration_of(view: View, node_id: str) -> Node | None:
    """The iteration that a node belongs to, or the newest one of an RLM."""
    node = view.node(node_id)
    while node is not None and node.type not in ("iteration", "rlm"):
        node = view.node(node.parent)
    if node is not None and node.type == "rlm":
        children = (view.node(child) for child in reversed(node.children))
        return next((child for child in children if child is not None and child.type == "iteration"), None)
    return node


def _of_iteration(view: View, node_id: str) -> str:
    turn = iteration_of(view, node_id)
    return f" of iteration {turn.number}" if turn is not None and turn.number else ""


def hold_words(view: View, hold: Hold, *, short: bool = False) -> str:
    """What is held and what has not happened yet: `code of iteration 3, not run yet`."""
    what = _HELD[hold.checkpoint]
    noun = "batch of sub-calls" if hold.batch and hold.checkpoint == "before_subcall" else what.noun
    node = view.node(hold.node)
    mine = " of your own" if node is not None and node.by == "user" else ""
    return f"{noun}{mine or _of_iteration(view, hold.node)}, {what.short if short else what.rest}"


def hold_subject(hold: Hold) -> str:
    """What is held, as the start of a sentence: `The code`."""
    return _HELD[hold.checkpoint].article


def activity_words(session: Session) -> str:
    """What runs and since when: `block 2 runs · 3.1s`, `root LM writes, iteration 3 · 12s`."""
    view = session.trajectory.now()
    doing = view.activity()
    if doing is None:
        return "starting"
    since = short_seconds(max(0.0, session.now - doing.t))
    node = view.node(doing.node)
    return f"{_doing(session, view, doing.kind, node)} · {since}"


def _doing(session: Session, view: View, kind: str, node: Node | None) -> str:
    if node is None or kind in ("idle", "waiting"):
        return "between two steps"
    if kind == "asking":
        writes = session.live.text(node.id, "text") or session.live.text(node.id, "reasoning")
        who = "root LM" if node.role == "root" else "sub-LM"
        return f"{who} {'writes' if writes else 'reads its prompt'}{_of_iteration(view, node.id).replace(' of', ',')}"
    if kind == "subcall":
        return f"{plural(_open_calls(view, node), 'sub-call')} out{_of_iteration(view, node.id).replace(' of', ',')}"
    mine = "your block" if node.by == "user" else f"block {node.number}" if node.number else "a block"
    return f"{mine} runs{_of_iteration(view, node.id).replace(' of', ',')}"


def _open_calls(view: View, node: Node) -> int:
    parent = view.node(node.parent)
    if parent is None:
        return 1
    return max(1, sum(child.type == "subcall" and view.outcome(child) is None for child in view.children(parent)))
