"""What the session does, in words and symbols: the states that must look different, never by colour alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, cast

from rlm_tui import events as ev
from rlm_tui.lm.watch import ESTIMATE
from rlm_tui.session import commands as cmd
from rlm_tui.session.base import OPENING, LiveText, Session
from rlm_tui.text import one_line, plural, short_seconds
from rlm_tui.trajectory import Hold, Node, View
from rlm_tui.trajectory.facts import newest
from rlm_tui.ui.states import BEHIND, BEING_OPENED, ENDS, FILES, PHASES, SPINNER, UNFINISHED, Look

STOP = "Stop the run? What it found so far is kept."
FORGET = "Forget the conversation and every variable of the REPL? The document and the trace stay."
UNEDITED = "Nothing goes on without the edit that was refused: edit again, or say it once more to do without."
"""What is said of what was meant for an edit that could not be sent."""
MARK, NOTED = "◆", "¶"
_NOW = {"held": "now held", "finished": "the run is over"}
_IN_A_TURN = ("asking", "subcall", "code")
_TURNS_PER_S = 8
_BEGUN = ("writing", "thinking")
_SILENT_S = 5.0


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
    then: str


_HELD: dict[ev.Checkpoint, _Held] = {
    "before_request": _Held("request", "The request", "not sent yet", "not sent", "it is sent"),
    "after_response": _Held("response", "The response", "not read yet", "not read", "it is read"),
    "before_code": _Held("code", "The code", "not run yet", "not run yet", "it runs"),
    "after_code": _Held("output", "The output", "not shown to the model yet", "unseen", "the model sees it"),
    "before_batch": _Held("batch", "The batch", "nothing asked yet", "not asked", "it counts"),
    "before_subcall": _Held("sub-call", "The sub-call", "not sent yet", "not sent", "it is sent"),
    "after_subcall": _Held("sub-answer", "The sub-answer", "not handed over yet", "unseen", "the code gets it"),
    "before_final": _Held("final answer", "The final answer", "not given yet", "not given", "it is given"),
    "at_limit": _Held("limit", "The run", "it can be raised", "raise it?", "it counts"),
}


def is_behind(session: Session) -> bool:
    """Whether one looks at a moment before the newest one."""
    return not session.following and not session.view.at_end


def spinner(now: float) -> str:
    """The one moving thing, on what runs; `now` in seconds."""
    return SPINNER[int(now * _TURNS_PER_S) % len(SPINNER)]


def state_of(session: Session, hold: Hold | None = None) -> State:
    """The state of the session at this moment; of several that wait `hold` is the one to name, else the first."""
    if is_behind(session) and session.phase != "replay":
        return _looking_back(session)
    return _held(session, hold) if hold is not None else _STATES[session.phase](session)


def _state(look: Look, words: str, short: str = "") -> State:
    return State(look.symbol, look.word.upper(), words, look.role, short)


def _looking_back(session: Session) -> State:
    """The moment that one looks at, and that it is not the one of now."""
    view, total = session.view, len(session.trajectory.steps)
    now = _NOW.get(session.phase, "the run goes on")
    place = f"step {view.step_number()} of {total}"
    return _state(BEHIND, f"{place} · {now}", f"{view.step_number()}/{total} · {now}")


def _loading(session: Session) -> State:
    doing = one_line(session.waiting, 60)
    if doing == OPENING:
        return _state(BEING_OPENED._replace(symbol=spinner(session.now)), one_line(session.title, 60))
    title = one_line(session.title, 40)
    words = (doing if title in doing else f"{title} · {doing}") if doing else title
    return _state(PHASES["loading"]._replace(symbol=spinner(session.now)), words)


def _question(session: Session) -> State:
    if not session.can(cmd.Start):
        return _state(FILES["unreadable"], one_line(session.title, 60))
    return _state(PHASES["question"], f"about {one_line(session.title, 60)}")


def _running(session: Session) -> State:
    words, short = activity_words(session), activity_words(session, short=True)
    look = PHASES["running"]._replace(symbol=spinner(session.now))
    return _state(look, words, short if short != words else "")


def own_running(session: Session) -> Node | None:
    """The block of the person's own that runs while the run itself waits, or is over."""
    return session.trajectory.now().own_block() if session.phase in ("held", "finished") else None


def _own(session: Session, own: Node, waits: str) -> State:
    """That it runs, and since when, and what waits meanwhile."""
    words = f"your block runs · {short_seconds(session.trajectory.now().elapsed(own, session.now))}"
    return _state(PHASES["running"]._replace(symbol=spinner(session.now)), f"{words} · {waits}", words)


def _held(session: Session, hold: Hold | None = None) -> State:
    view = session.trajectory.now()
    hold = next(iter(view.holds()), None) if hold is None else hold
    if hold is None:
        return _running(session)
    short = hold_words(view, hold, short=True)
    if (own := own_running(session)) is not None:
        return _own(session, own, f"{short.partition(',')[0]} held")
    return _state(PHASES["held"], hold_words(view, hold), short)


def _interrupting(_session: Session) -> State:
    return _state(PHASES["interrupting"], "the block is asked to stop")


def _finished(session: Session) -> State:
    if (own := own_running(session)) is not None:
        return _own(session, own, "the run is over")
    return _end(session, session.trajectory.now())


def _end(session: Session, view: View) -> State:
    over = view.finished
    if over is None:
        return _state(UNFINISHED, f"the run {UNFINISHED.phrase}")
    said = session.log.text(over.answer) if over.status == "answered" else over.detail
    return _state(ENDS[over.status], one_line(said))


def _replay(session: Session) -> State:
    look = PHASES["replay"]
    if session.waiting:
        return _state(look, f"{session.waiting}, {session.trajectory.last:,} events", session.waiting)
    view = session.view
    place = f"step {view.step_number()} of {len(session.trajectory.steps)}"
    brief = place.removeprefix("step ").replace(" of ", "/")
    holds = view.holds()
    if holds:
        short = f"step {brief} · {_held_in_brief(holds[0].checkpoint)}"
        return _state(look, f"{place} · held {hold_words(view, holds[0])}", short)
    if view.finished is not None:
        end = _end(session, view)
        words = f"{end.symbol} {end.word.lower()}"
        return _state(look, f"{place} · {words}", f"step {brief} · {words}")
    cut = without_end(session)
    tail = f" · {cut.symbol} {cut.word}" if cut is not None else ""
    return _state(look, f"{place}{tail}", f"step {brief}{tail}" if tail else "")


def _held_in_brief(checkpoint: ev.Checkpoint) -> str:
    return f"{_HELD[checkpoint].noun.removeprefix('final ')} held"


def without_end(session: Session, view: View | None = None) -> Look | None:
    """How a recorded run looks at the end of its trace where that holds no end: written elsewhere just now, or cut."""
    view, origin = session.view if view is None else view, session.origin
    if session.phase != "replay" or session.waiting or origin is None or not view.at_end or view.finished is not None:
        return None
    return FILES["running"] if origin.is_live else UNFINISHED


def is_cut(session: Session, view: View | None = None) -> bool:
    """Whether a recorded run stops at this moment for good without an end: what is open in it never came to one."""
    return without_end(session, view) is UNFINISHED


def widest_place(session: Session) -> int:
    """The cells that the place in a recorded run takes at most, in its shorter words; 0 of a live run."""
    if session.phase != "replay" or session.waiting:
        return 0
    steps, look = session.trajectory.steps, PHASES["replay"]
    nouns = [_held_in_brief(checkpoint) for checkpoint in session.trajectory.stops]
    last = session.trajectory.now()
    over = UNFINISHED if last.finished is None else ENDS[last.finished.status]
    tail = max((*nouns, f"{over.symbol} {over.word}"), key=len)
    return len(f" {look.symbol} {look.word}  step {len(steps)}/{len(steps)} · {tail}")


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


def child_name(view: View, node_id: str) -> str:
    """The child RLM that a node is or is in: `child 3`, the second child of it `child 3.2`; "" in a root RLM."""
    numbers: list[str] = []
    rlm = view.node(view.tree.rlm_of(node_id) or "")
    while rlm is not None and rlm.parent:
        numbers.append(str(rlm.number))
        rlm = view.node(view.tree.rlm_of(rlm.parent) or "")
    return f"child {'.'.join(reversed(numbers))}" if numbers else ""


def _of_iteration(view: View, node_id: str) -> str:
    turn = iteration_of(view, node_id)
    child = child_name(view, node_id)
    return (f" of iteration {turn.number}" if turn is not None and turn.number else "") + (child and f" of {child}")


def hold_words(view: View, hold: Hold, *, short: bool = False, nth: str | None = None) -> str:
    """What is held and what has not happened yet: `code of iteration 3, not run yet`.

    With `nth`, its place in the batch (` 2 of 3`), it is that one alone, whatever waits beside it.
    """
    what = _HELD[hold.checkpoint]
    if hold.checkpoint == "at_limit":
        place = _of_iteration(view, hold.node).replace(" of ", " in ", 1)
        return f"limit reached{place}, {what.short if short else what.rest}"
    if hold.has_failed:
        return f"request{_of_iteration(view, hold.node)}, {'failed' if short else 'it failed'}"
    together = sum(each.batch == hold.batch and each.checkpoint == hold.checkpoint for each in view.holds())
    noun = plural(together, what.noun) if hold.batch and together > 1 and nth is None else f"{what.noun}{nth or ''}"
    node = view.node(hold.node)
    if node is not None and node.title == ev.COMPACTION:
        noun = "request for a summary" if hold.checkpoint == "before_request" else "summary"
    mine = " of your own" if node is not None and node.by == "user" else ""
    return f"{noun}{mine or _of_iteration(view, hold.node)}, {what.short if short else what.rest}"


def step_noun(label: str) -> str:
    """What a step is called: `held code` where it was held there."""
    held = _HELD.get(cast("ev.Checkpoint", label))
    return f"held {held.noun}" if held is not None else label.replace("_", " ")


def hold_subject(hold: Hold) -> str:
    """What is held, as the start of a sentence: `The code`."""
    return _HELD[hold.checkpoint].article


def edit_words(checkpoint: ev.Checkpoint) -> tuple[str, str]:
    """What one edits there and what becomes of it: `the output`, `the model sees it`."""
    number = {"before_batch": "how many are asked", "at_limit": "the limit"}
    what = _HELD[checkpoint]
    return number.get(checkpoint, f"the {what.noun}"), what.then


def activity_words(session: Session, *, short: bool = False) -> str:
    """What runs and since when: `block 2 runs · 3.1s`, `root LM: writing 31 tok/s, iteration 3 · 12s`."""
    view = session.trajectory.now()
    doing = view.activity()
    if doing is None:
        return "starting"
    node = view.node(doing.node)
    words, since = waiting_words(_doing(session, view, doing.kind, node, short), max(0.0, session.now - doing.t))
    turn = iteration_of(view, node.id) if node is not None and doing.kind in _IN_A_TURN else None
    of = (f", it {turn.number}" if short else f", iteration {turn.number}") if turn and turn.number else ""
    child = child_name(view, node.id) if node is not None else ""
    return f"{words}{of}{child and f' of {child}'} · {since}"


def waiting_words(words: str, passed: float) -> tuple[str, str]:
    """What one waits for, and for how long: an estimate stands beside the time that has passed, `3.2s of ≈8s`."""
    words, mark, expected = words.partition(ESTIMATE)
    since = short_seconds(passed)
    return words, f"{since} of{mark}{expected}" if mark else since


def silence_words(live: LiveText, node: str, now: float | None) -> str:
    """`silent for 7.2s` of an answer that has begun and does not go on; else nothing."""
    passed = live.silence(node, now)
    begun = live.text(node, "waiting").startswith(_BEGUN)
    return f"silent for {short_seconds(passed)}" if begun and passed >= _SILENT_S else ""


def _doing(session: Session, view: View, kind: str, node: Node | None, short: bool) -> str:
    if node is None or kind not in _IN_A_TURN:
        return "between two steps"
    if kind == "asking":
        again = _tries_again(session, view, node)
        return again or _asked(session, node, "root LM" if node.role == "root" else "sub-LM", short)
    if kind == "subcall":
        return _calls_out(session, view, node, short)
    mine = "your block" if node.by == "user" else f"block {node.number}" if node.number else "a block"
    return f"{mine} runs"


def _asked(session: Session, node: Node, who: str, short: bool) -> str:
    sign = session.live.text(node.id, "waiting")
    if silent := silence_words(session.live, node.id, session.now):
        sign = f"{sign.partition(' ')[0]}, {silent}"  # a rate is of the time before
    if sign:
        return sign if short else f"{who}: {sign}"
    writes = session.live.text(node.id, "text") or session.live.text(node.id, "reasoning")
    return f"{who} {'writes' if writes else 'reads its prompt'}"


def _tries_again(session: Session, view: View, node: Node) -> str:
    """`tries again in 3s, HTTP 429` between a failure and the next try; else nothing."""
    failed = newest(view, session.log, node, ev.LmFailed)
    if failed is None or failed.retry_in_s is None:
        return ""
    left = failed.t + failed.retry_in_s - session.now
    why = f", HTTP {failed.status}" if failed.status else ""
    return f"tries again in {short_seconds(left)}{why}" if left > 0 else ""


def _calls_out(session: Session, view: View, node: Node, short: bool) -> str:
    """How many sub-calls are asked and how many wait for another try or a slot; of a single one, what it waits for."""
    parent = view.node(node.parent)
    calls = view.children(parent) if parent is not None else [node]
    waiting = [call for call in calls if call.type == "subcall" and view.outcome(call) is None]
    out = [call for call in waiting if view.fact(call, ev.SubcallRequested)]
    again = [words for call in out if (words := _tries_again(session, view, call))]
    if len(waiting) == len(again) == 1:
        return again[0] if short else f"sub-LM: {again[0]}"
    if len(waiting) == len(out) == 1 and session.live.text(out[0].id, "waiting"):
        return _asked(session, out[0], "sub-LM", short)
    queued = len(waiting) - len(out)
    counts = (f", {len(again)} to try again" if again else "") + (f", {queued} queued" if queued else "")
    return f"{plural(max(1, len(out)), 'sub-call')} out{counts}"
