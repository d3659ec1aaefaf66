"""Marks, notes, copies and originals in the linear mode: what a person keeps of a run, or takes away."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from rlm_tui.cli.plain.linear import Section
from rlm_tui.cli.plain.speaker import Speaker
from rlm_tui.session.notebook import KEPT_NOW
from rlm_tui.text import plural
from rlm_tui.ui import clipboard, viewers
from rlm_tui.ui.content.batches import split_key
from rlm_tui.ui.copies import Copy, absence, copies
from rlm_tui.ui.selecting import step_chosen, step_here


class Keeping:
    """Does it for the step and the node that are looked at; marks and notes are written at once."""

    def __init__(self, front: Speaker, go: Callable[[int | None], None]) -> None:
        self._front, self._go = front, go
        self._session = front.session

    def mark(self) -> None:
        """Mark the step that is looked at, or take its mark away."""
        step = step_chosen(self._session, self._front.ui)
        if step is not None:
            is_marked = self._session.notebook.toggle(step.seq)
            place = f"step {self._session.trajectory.steps.index(step) + 1}"
            self._keep(f"{place} is {'marked' if is_marked else 'no longer marked'}.")

    def to_mark(self, by: int) -> None:
        """Go to the next mark or the one before."""
        session = self._session
        here = step_here(session)
        seq = session.notebook.beside(here.seq if here else 0, by)
        if seq is None:
            self._front.say(["note: this is the only mark."])
        else:
            self._go(seq)

    def note(self, rest: str) -> None:
        """Write a note on the selected node; `-` takes it away."""
        node = split_key(self._front.ui.selection or "")[0]
        if rest:
            self._noted(node, "" if rest == "-" else rest)
        else:
            self._front.write("note: type your note on this node.", lambda text: self._noted(node, text))

    def _noted(self, node: str, text: str) -> None:
        self._session.notebook.write(node, text)
        self._keep("the note stands on this node." if text.strip() else "there is no note on this node now.")

    def _keep(self, done: str) -> None:
        trouble = self._session.notebook.save(self._session.trace_path)
        self._front.say([f"note: {done} {trouble}".rstrip()])

    def again(self) -> None:
        """Write what could not be written before."""
        if self._session.notebook.retry(self._session.trace_path):
            self._front.say([f"note: {KEPT_NOW}"])

    def copy(self, rest: str) -> None:
        """Say what can be copied, or copy it by its letter."""
        found = copies(self._session, self._front.ui.selection)
        if not rest:
            rows = [f"  {copy.key}: {copy.name}" for copy in found]
            self._front.say(["copy: type y and a letter.", *rows] if rows else ["note: there is nothing to copy yet."])
            return
        chosen = next((copy for copy in found if rest in (copy.key, copy.name)), None)
        if chosen is not None:
            self._front.say(_copied(chosen))
        else:
            why = absence(rest) or f"{rest} is none of the letters that y lists."
            self._front.say([f"note: {why}"])

    def open(self, page: int | None) -> None:
        """The original at a page, in the viewer of the desktop; without one, where it is."""
        document = self._session.document
        paths = [Path(part.path) for part in document.parts if part.path] if document is not None else []
        path = next((path for path in paths if os.path.isfile(path)), None)
        if path is None:
            self._front.say(["note: the original is no file at hand, so it cannot be opened."])
            return
        full, place = path.resolve(), f", page {page}" if page else ""
        found = viewers.viewing(full, page) if viewers.has_display(os.environ) else None
        if found is None:
            self._front.say([f"note: there is no viewer here to open it with; the original is {full}{place}."])
            return
        _, trouble = viewers.start(found.command)
        done = f"did not open: {trouble}" if trouble else f"is open in your viewer{'' if found.at_page else place}"
        self._front.say([f"note: {full.name} {done}."])


def _copied(copy: Copy) -> list[str]:
    """What became of a copy: with a tool of the desktop; without one the text itself is said."""
    text = copy.text()
    tool = clipboard.copy_with_tool(text)
    if tool:
        return [f"note: copied {copy.name}, {plural(len(text), 'character')}, with {tool}."]
    head = "no clipboard tool is at hand, so here it is:"
    return list(Section(copy.name, head=head, body=tuple(text.split("\n"))).lines())
