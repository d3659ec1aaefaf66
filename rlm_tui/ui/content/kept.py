"""What a person marked and noted on a run, as rows that lead there."""

from __future__ import annotations

from typing import NamedTuple

from rlm_tui.session.notebook import Notebook
from rlm_tui.text import one_line
from rlm_tui.trajectory import Node, View
from rlm_tui.ui.words import iteration_of, step_noun

_NOUNS = {"lm": "response", "subcall": "sub-call", "rlm": "run"}


class Kept(NamedTuple):
    """A mark or a note in words, and the moment and node that it stands at."""

    words: str
    seq: int
    node: str


def kept(notebook: Notebook, view: View) -> list[Kept]:
    """Every mark and note on what is there, in the order of the run."""
    steps = {step.seq: (number, step) for number, step in enumerate(view.tree.steps, 1)}
    marks = [
        Kept(f"◆ step {number}, {step_noun(step.label)}{_of(view, step.node)}", seq, step.node)
        for seq in notebook.marks
        if seq in steps
        for number, step in [steps[seq]]
    ]
    nodes = [(view.node(name), text) for name, text in notebook.notes.items()]
    notes = [
        Kept(f"¶ {_name(view, node)}: {one_line(text, 300)}", node.closed or node.opened, node.id)
        for node, text in nodes
        if node is not None
    ]
    return sorted([*marks, *notes], key=lambda each: each.seq)


def _name(view: View, node: Node) -> str:
    if node.type == "iteration":
        return f"iteration {node.number}" if node.number else node.type
    return f"{_NOUNS.get(node.type, node.type)}{_of(view, node.id)}"


def _of(view: View, node: str) -> str:
    turn = iteration_of(view, node)
    return f" of iteration {turn.number}" if turn is not None and turn.number and turn.id != node else ""
