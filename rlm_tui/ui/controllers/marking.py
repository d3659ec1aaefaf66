"""What `m`, `M`, `'` and `;` do: bookmarks on steps and notes on nodes, kept beside the trace."""

from __future__ import annotations

from rlm_tui.session import commands as cmd
from rlm_tui.session.notebook import KEPT_NOW
from rlm_tui.trajectory import Step
from rlm_tui.ui.asking import Asking
from rlm_tui.ui.content.batches import split_key
from rlm_tui.ui.host import Host
from rlm_tui.ui.selecting import step_chosen, step_here

_RETRY_S = 2.0
_NOTE = Asking("note", "Your note on this node", "Enter keeps · empty takes it away · Esc leaves")


class MarkController:
    """The actions `mark.*`; what is marked and noted is written at once."""

    def __init__(self, app: Host) -> None:
        self.app = app
        self._node = ""
        self._is_trying = False

    def toggle(self) -> None:
        """Mark the step that is looked at, or take its mark away."""
        if (step := step_chosen(self.app.session, self.app.ui)) is None:
            return
        is_marked = self.app.session.notebook.toggle(step.seq)
        self._keep(f"{self._place(step)} is {'marked' if is_marked else 'no longer marked'}.")

    def next(self) -> None:
        """Go to the next mark; behind the last one to the first."""
        self._go(1)

    def previous(self) -> None:
        """Go to the mark before; before the first one to the last."""
        self._go(-1)

    def _go(self, by: int) -> None:
        session = self.app.session
        here = step_here(session)
        seq = session.notebook.beside(here.seq if here else 0, by)
        if seq is None:
            self.app.say("This is the only mark.")
            return
        self.app.finish_edit()
        self.app.ui.pinned = False
        steps = session.trajectory.steps
        session.send(cmd.Seek(None if steps and seq >= steps[-1].seq else seq))

    def note(self) -> None:
        """Open the prompt for a note on the selected node."""
        self._node = split_key(self.app.ui.selection or "")[0]
        self.app.main.ask(_NOTE, self.app.session.notebook.notes.get(self._node, ""))

    def noted(self, text: str) -> None:
        """Keep what was written."""
        self.app.session.notebook.write(self._node, text)
        self._keep("The note stands on this node." if text.strip() else "There is no note on this node now.")

    def _keep(self, done: str) -> None:
        trouble = self.app.session.notebook.save(self.app.session.trace_path)
        self.app.redraw()
        self.app.say(f"{done} {trouble}".strip() if trouble else done)
        self._try_later()

    def _try_later(self) -> None:
        if self.app.session.notebook.unkept and not self._is_trying:
            self._is_trying = True
            self.app.set_timer(_RETRY_S, self.retry)

    def retry(self) -> None:
        """Write what could not be written before, until there is room for it."""
        self._is_trying = False
        if self.app.session.notebook.retry(self.app.session.trace_path):
            self.app.say(KEPT_NOW)
        self._try_later()

    def _place(self, step: Step) -> str:
        return f"Step {self.app.session.trajectory.steps.index(step) + 1}"
