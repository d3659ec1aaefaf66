"""Which node is looked at, where a step back or forward leads, and what text a hold holds: pure questions."""

from __future__ import annotations

from bisect import bisect_right

from rlm_tui import events as ev
from rlm_tui.session.base import Capability, Session
from rlm_tui.session.notebook import UNKEPT
from rlm_tui.trajectory import Hold, Step, View
from rlm_tui.ui.state import UiState
from rlm_tui.ui.words import is_behind, iteration_of


def interesting(view: View) -> str | None:
    """The node to look at when nobody chose one.

    What is held; at the end of a run its root, where question and answer stand; else the step of this moment.
    """
    holds = view.holds()
    if holds:
        return in_reading_order(view, holds[0].node)
    if view.at_end and view.finished is not None and view.root is not None:
        return view.root.id
    number = view.step_number()
    if number and not view.at_end:
        return in_reading_order(view, view.tree.steps[number - 1].node)
    turn = iteration_of(view, view.root.id) if view.root is not None else None
    return turn.id if turn is not None else view.root.id if view.root is not None else None


def in_reading_order(view: View, node_id: str) -> str:
    """The iteration of a response or a block, as there it is read with what led to it; else the node itself."""
    node = view.node(node_id)
    parent = view.node(node.parent) if node is not None else None
    if node is not None and parent is not None and parent.type == "iteration" and node.type in ("lm", "code"):
        return parent.id
    return node_id


def clock_of(session: Session) -> float:
    """Seconds at the moment that is looked at: the running clock at the end, the clock of its time behind it."""
    return session.now if session.following else session.view.t


def run_time(session: Session) -> float | None:
    """Seconds that the question took by the moment that is looked at, without those held for a person.

    None where the trace does not tell.
    """
    root = session.view.root
    return 0.0 if root is None else session.view.worked(root, clock_of(session))


def child_of(view: View, selection: str | None) -> str:
    """The child RLM that a selection is or is in, whose conversation and REPL the panes show; "" is the root's."""
    return view.tree.repl_of(selection.partition("#")[0]) if is_there(view, selection) and selection else ""


def whose_prompt(child: str) -> Capability:
    """Why nothing can be typed into the REPL of a child RLM, by its name."""
    return Capability(False, f"The REPL of {child} is for reading; Esc goes back, to the root's your lines go.")


def is_there(view: View, selection: str | None) -> bool:
    """Whether a selection names a node (or a batch of one) that is there at this moment."""
    return selection is not None and view.node(selection.partition("#")[0]) is not None


def step_back(session: Session) -> int | None:
    """The seq of the step before the one that is looked at; None when there is none."""
    view, steps = session.view, session.trajectory.steps
    number = len(steps) if session.following else view.step_number()
    return steps[number - 2].seq if number > 1 else None


def step_forward(session: Session) -> int | None:
    """The seq of the step after the one that is looked at; None when that is the newest moment."""
    number, steps = session.view.step_number(), session.trajectory.steps
    return steps[number].seq if number < len(steps) - 1 else None


def step_here(session: Session) -> Step | None:
    """The step that is looked at: the newest one complete by now."""
    steps, view = session.trajectory.steps, session.view
    number = len(steps) if session.following else view.step_number()
    return steps[number - 1] if number else None


def step_chosen(session: Session, ui: UiState) -> Step | None:
    """The step that is looked at; where a person chose a node, the newest one of it, if it has any."""
    here, view = step_here(session), session.view
    if here is None or not ui.pinned or ui.selection is None:
        return here
    chosen = in_reading_order(view, ui.selection.partition("#")[0])
    steps = session.trajectory.steps[: bisect_right(session.trajectory.steps, view.seq, key=lambda step: step.seq)]
    return next((step for step in reversed(steps) if in_reading_order(view, step.node) == chosen), here)


def open_hold(session: Session) -> Hold | None:
    """What waits for a person first, at the newest moment."""
    holds = session.trajectory.now().holds()
    return holds[0] if holds else None


def meant_hold(session: Session, selection: str | None) -> Hold | None:
    """What the keys at the gate act on: of what waits the first that is shown, else what waits first."""
    holds = session.trajectory.now().holds()
    return next((hold for hold in holds if shows(session.view, selection, hold)), holds[0] if holds else None)


def is_held(session: Session, hold: int | None) -> bool:
    """Whether a hold, by its id, still waits."""
    return any(each.id == hold for each in session.trajectory.now().holds())


def held_elsewhere(session: Session, selection: str | None) -> Hold | None:
    """What waits while another node is looked at; None where it is what is shown, or a moment before it is."""
    hold = None if is_behind(session) or session.phase != "held" else meant_hold(session, selection)
    return hold if hold is not None and not shows(session.view, selection, hold) else None


def shows(view: View, selection: str | None, hold: Hold) -> bool:
    """Whether what is held stands in the Step pane of a selection."""
    from rlm_tui.trajectory.numbers import NUMBERS

    node_id, _, batch = (selection or "").partition("#")
    node, owner = view.node(node_id), view.node(hold.node)
    if node is None or owner is None:
        return True
    if hold.checkpoint in NUMBERS:
        return node is owner or (node.id == owner.parent and owner.type != "iteration")
    if batch or node.type in ("lm", "subcall"):
        return node is owner and not batch
    if node.type == "rlm":
        return bool(node.parent) and node.parent == owner.id and owner.type == "subcall"
    return in_reading_order(view, owner.id) == in_reading_order(view, node.id)


def held_text(session: Session, hold: Hold) -> str:
    """The content of a hold as it would run now: the last edit, else the original."""
    view = session.trajectory.now()
    node = view.node(hold.node)
    for seq in reversed(view.facts(node, ev.Edited) if node is not None else []):
        event = session.log.event(seq)
        if isinstance(event, ev.Edited) and event.hold == hold.id and seq > hold.seq:
            return session.log.text(event.after)
    return original_text(session, hold)


def original_text(session: Session, hold: Hold) -> str:
    """The content of a hold as it came."""
    held = session.log.event(hold.seq)
    return session.log.text(held.content) if isinstance(held, ev.Held) else ""


def is_of_subcall(session: Session, hold: Hold) -> bool:
    """Whether a sub-call is what waits; at a limit it is gone on without, where an RLM has one last turn."""
    node = session.trajectory.nodes.get(hold.node)
    return node is not None and node.type == "subcall"


def is_edited(session: Session, hold: Hold) -> bool:
    """Whether what would run now is not what came."""
    return held_text(session, hold) != original_text(session, hold)


def quit_question(session: Session, ask: str = "Quit?") -> str:
    """What to ask before the session ends; "" when nothing runs and nothing is lost."""
    kept, notes = session.keeping, UNKEPT if session.notebook.unkept else ""
    is_over = session.phase not in ("running", "held", "interrupting")
    lost = kept.reason if not (is_over and kept) else ""
    told = " ".join(filter(None, (lost, notes)))
    return f"{'' if is_over else 'The run is not over. '}{ask} {told}" if told or not is_over else ""
