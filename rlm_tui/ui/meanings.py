"""What the actions at the gate do with what is held, for help, palette and the linear mode; bars have shorter words."""

from __future__ import annotations

from rlm_tui import events as ev
from rlm_tui.session.base import Session
from rlm_tui.ui.actions import Action
from rlm_tui.ui.selecting import meant_hold

_HERE: dict[ev.Checkpoint, dict[str, str]] = {
    "before_request": {
        "gate.run": "Send the request as it is",
        "gate.edit": "Edit the newest message of the request",
        "gate.answer": "Answer in place of the LM",
    },
    "after_response": {
        "gate.run": "Have the response read as it is",
        "gate.edit": "Edit the response",
        "gate.skip": "Do without the response; the model is told",
        "gate.retry": "Ask the LM again",
        "gate.answer": "Write the response in place of the LM",
    },
    "before_code": {"gate.edit": "Edit the code", "gate.retry": "Ask the LM again"},
    "after_code": {
        "gate.run": "Show the output to the model as it is",
        "gate.edit": "Edit the output before the model sees it",
        "gate.skip": "Do not show the output; the model is told",
        "gate.retry": "Run the block again",
    },
    "before_batch": {
        "gate.run": "Ask all calls of the batch, or as many as you left",
        "gate.edit": "Ask fewer calls of the batch",
        "gate.skip": "Ask none of the batch",
    },
    "before_subcall": {
        "gate.run": "Send the sub-call as it is",
        "gate.edit": "Edit the prompt of the sub-call",
        "gate.skip": "Do not send the sub-call; its code is told",
        "gate.answer": "Answer in place of the sub-LM",
    },
    "after_subcall": {
        "gate.run": "Hand the answer over to the code as it is",
        "gate.edit": "Edit the answer before the code gets it",
        "gate.skip": "Do not hand the answer over; the code is told",
        "gate.retry": "Ask again",
        "gate.answer": "Write the answer yourself",
    },
    "before_final": {
        "gate.run": "Give the final answer as it is",
        "gate.edit": "Edit the final answer",
        "gate.skip": "Do not take the answer; the model goes on",
        "gate.retry": "Ask the LM again",
        "gate.answer": "Write the final answer yourself",
    },
    "at_limit": {"gate.run": "Go on within the limit as it stands", "gate.edit": "Raise the limit"},
}
"""What the keys at the gate do with what is held, where the registry can only say it of all that may be."""
_PASSED = {"gate.step": "Let it pass and hold again after it"}


def meaning(action: Action, session: Session, selection: str | None) -> str:
    """What an action does, in the words of what is held."""
    hold = meant_hold(session, selection)
    if hold is None:
        return action.tooltip
    if hold.has_failed and action.id == "gate.run":
        return "Send the request again"
    passed = _PASSED if hold.checkpoint != "before_code" else {}
    return {**passed, **_HERE[hold.checkpoint]}.get(action.id, action.tooltip)
