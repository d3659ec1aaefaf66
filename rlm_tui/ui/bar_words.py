"""The sentence of the gate bar: what is going on, what it costs to wait, what can be done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlm_tui import events as ev
from rlm_tui.repl.sandbox import RUN_IT
from rlm_tui.session import commands as cmd
from rlm_tui.session.base import OPENING, Session
from rlm_tui.text import one_line
from rlm_tui.trajectory import Hold, Node
from rlm_tui.ui.actions import key_of
from rlm_tui.ui.selecting import held_elsewhere, held_text, is_edited, is_of_subcall, meant_hold, open_hold
from rlm_tui.ui.state import UiState
from rlm_tui.ui.states import ENDS, PHASES, UNFINISHED
from rlm_tui.ui.words import edit_words, hold_subject, hold_words, is_behind, own_running

if TYPE_CHECKING:
    from rlm_tui.session.log import Log

_POLICY = "step"


def sentence(session: Session, ui: UiState) -> tuple[str, str]:
    """The sentence for this moment and the role it is drawn in."""
    if ui.notice:
        return ui.notice, "careful"
    if ui.editing:
        return _editing(meant_hold(session, ui.selection)), "user"
    if is_behind(session) and session.phase != "replay":
        return _behind(session, ui), "accent"
    if own_running(session) is not None:
        return _own_runs(session, ui), "text"
    if (hold := held_elsewhere(session, ui.selection)) is not None:
        return _elsewhere(session, ui, hold), "accent"
    if session.phase == "held":
        return _held(session, ui), "text"
    if session.phase == "finished":
        kept = session.keeping
        return (_finished(session), "text") if kept else (f"{kept.reason} {_finished(session)}", "careful")
    if session.phase == "question" and session.trouble:
        return one_line(session.trouble, 300), "failed"
    if session.phase == "loading":
        return _loading(session), "text"
    return PHASES[session.phase].do, "text"


def _loading(session: Session) -> str:
    if session.waiting == OPENING:
        return f"{one_line(session.title, 60)} is being opened."
    if session.can(cmd.Start):
        return PHASES["loading"].do
    return "Your question goes out as soon as everything is ready for it."


def own_block(log: Log, event: ev.CodeFinished) -> str:
    """What came of a block of the person's own, in one line."""
    if event.error is not None:
        return f"Your block raised {event.error.type}: {one_line(event.error.message, 160)}"
    if event.status == "died":
        return "The worker died in your block; the variables are lost."
    if event.status != "ok":
        return f"Your block was {event.status}."
    printed = log.text(event.stdout).strip("\n").split("\n")
    if len(printed) > 1:
        return f"Your block printed {len(printed):,} lines, the first: {one_line(printed[0], 120)}"
    return f"Your block printed: {one_line(printed[0], 160)}" if printed[0] else "Your block ran; it printed nothing."


def _own_runs(session: Session, ui: UiState) -> str:
    """That the person's own block runs, how it is stopped, and what waits meanwhile."""
    holds = session.trajectory.now().holds()
    waits = f" {hold_subject(holds[0])} still waits for you." if holds else ""
    return f"Your block runs; {key_of('gate.interrupt', ui)} stops it and keeps its state.{waits}"


def _editing(hold: Hold | None) -> str:
    what, then = edit_words(hold.checkpoint) if hold is not None else ("what is held", "it runs")
    return f"You edit {what}. Leaving keeps the edit; {then} when you say so."


def _behind(session: Session, ui: UiState) -> str:
    view, hold = session.view, open_hold(session)
    if session.phase == "held" and hold is not None:
        what = hold_words(session.trajectory.now(), hold, short=True)
        return f"You look back; held now: {what}; {key_of('walk.live', ui)} goes there."
    place = f"You look back at step {view.step_number()} of {len(session.trajectory.steps)}"
    waits = {"held": "the run waits for you at its end", "finished": "the run is over"}
    return f"{place}; {waits.get(session.phase, 'the run goes on meanwhile')}."


def _elsewhere(session: Session, ui: UiState, hold: Hold) -> str:
    what = hold_words(session.view, hold, short=True)
    rest = _meanwhile(session, "Nothing runs until you choose.")
    return f"Held elsewhere: {what}; {key_of('walk.live', ui)} goes there. {rest}"


def _held(session: Session, ui: UiState) -> str:
    hold = meant_hold(session, ui.selection)
    if hold is None:
        return PHASES["running"].do
    if ui.asking == "answer":
        return "You write the answer yourself: F5 sends it, Esc leaves and keeps your words."
    if hold.needs_answer:
        return f"You are the model: press {key_of('gate.answer', ui)} and write its answer."
    why = one_line(hold.why, 200)
    if hold.checkpoint in ("before_batch", "at_limit"):
        return _number(session, ui, hold, why)
    if hold.has_failed:
        run, answer = key_of("gate.run", ui), key_of("gate.answer", ui)
        why = one_line(hold.why, 300)
        return f"{why} {run} asks again, {answer} lets you answer in its place. Nothing is spent until you choose."
    if why.endswith(RUN_IT):
        return f"{why.removesuffix(RUN_IT)}; {key_of('gate.run', ui)} runs it. Nothing runs until you choose."
    others = len(session.trajectory.now().holds()) - 1
    more = f" {others} more beside it." if others else ""
    reason = f" ({why})" if why and why != _POLICY else ""
    if is_edited(session, hold):
        reason = f", edited by you; {key_of('gate.original', ui)} puts the original back"
    return f"{hold_subject(hold)} waits{reason}.{more} {_meanwhile(session)}"


def _meanwhile(session: Session, nothing: str = "Nothing runs and nothing is spent until you choose.") -> str:
    """What goes on while something waits: nothing, or the sub-calls that were sent beside it."""
    view = session.trajectory.now()
    waits: set[str] = set()
    calls: list[Node] = []
    for hold in view.holds():
        node = view.node(hold.node)
        while node is not None and node.id not in waits:
            waits.add(node.id)
            calls += [node] if node.type == "subcall" else []
            node = view.node(node.parent)
    for block in (view.tree.nodes[parent] for parent in {call.parent for call in calls}):
        beside = (each for each in view.children(block) if each.id not in waits)
        if any(view.outcome(each) is None and view.fact(each, ev.SubcallRequested) for each in beside):
            return "What was sent beside it goes on."
    return nothing


def _number(session: Session, ui: UiState, hold: Hold, why: str) -> str:
    """What a batch will take or which limit was reached, and what the keys do about it; the keys in its first line."""
    run, edit, skip, go_on = (key_of(f"gate.{name}", ui) for name in ("run", "edit", "skip", "go_on"))
    number, edited = held_text(session, hold), is_edited(session, hold)
    if hold.checkpoint == "before_batch":
        what = f"{why[:1].upper()}{why[1:]}"
        if edited:
            return f"The first {number} of it: {run} asks them, {skip} none. It was {why}."
        ways = f"{run} asks all, {edit} fewer, {skip} none."
        return f"{what}: {ways} {go_on} asks all of it and of every later batch. Nothing is spent until you choose."
    if edited:
        return f"The limit is {number} once {run} says so. {edit} changes it again."
    told = why if why.endswith(".") else f"{why}."
    if is_of_subcall(session, hold):
        return f"{told[:-1]}: {edit} raises it, {run} goes on without. The calls over it become error texts."
    return f"{told[:-1]}: {edit} raises it, {run} answers now. The model has one last turn for its answer."


def unsaid(session: Session) -> str:
    """What becomes of words that a run ended without asking for, as a sentence; "" when there are none."""
    waits = session.phase == "finished" and session.trajectory.now().queued_words()
    return "What you told the model goes out with your next question. " if waits else ""


def _finished(session: Session) -> str:
    over = session.trajectory.now().finished
    if over is None:
        return UNFINISHED.do
    do = f"{unsaid(session)}{ENDS[over.status].do}"
    return do if over.status == "answered" or not over.detail else f"{one_line(over.detail, 240)} {do}"
