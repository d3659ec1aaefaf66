"""What the keys that walk and look do: through the trace, through the panes, out of the app."""

from __future__ import annotations

from rlm_tui.filter import FilterError, parse
from rlm_tui.session import commands as cmd
from rlm_tui.ui.actions import key_of
from rlm_tui.ui.asking import Asking
from rlm_tui.ui.family import Way, leads
from rlm_tui.ui.host import Host
from rlm_tui.ui.selecting import held_elsewhere, in_reading_order, step_back, step_forward
from rlm_tui.ui.state import PANES, Pane

_FILTER = Asking("filter", "Show only", "such as ~error or ~tok >4k · Enter keeps · Esc shows all")


class WalkController:
    """The actions `walk.*`: move the cursor of the session through the trace."""

    def __init__(self, app: Host) -> None:
        self.app = app

    def _seek(self, seq: int | None) -> None:
        self.app.ui.pinned = self.app.ui.stays = False
        self.app.unsay()
        self.app.finish_edit()
        self.app.send(cmd.Seek(seq))

    def live(self) -> None:
        """Go to the newest moment and follow it; what is held there and was not shown comes onto the screen."""
        elsewhere = held_elsewhere(self.app.session, self.app.ui.selection) is not None
        self._seek(None)
        if elsewhere:
            self.app.main.enter("step")

    def back(self) -> None:
        """The step before."""
        if (seq := step_back(self.app.session)) is not None:
            self._seek(seq)

    def forward(self) -> None:
        """The step after."""
        self._seek(step_forward(self.app.session))

    left, right, last = back, forward, live

    def first(self) -> None:
        """The first step."""
        steps = self.app.session.trajectory.steps
        if steps:
            self._seek(steps[0].seq)

    def sibling_before(self) -> None:
        """The node before this one."""
        self._lead("{")

    def sibling_after(self) -> None:
        """The node after this one."""
        self._lead("}")

    def parent(self) -> None:
        """What holds the selected node."""
        self._lead("h")

    def child(self) -> None:
        """The first thing below the selected node."""
        self._lead("l")

    def _lead(self, way: Way) -> None:
        if (key := leads(self.app.session.view, self.app.ui.selection, way)) is not None:
            self.app.look_at(key, pinned=True)

    def to(self, seq: int, node: str) -> None:
        """Go to a moment, and look at a node of it (none: at what is looked at there by itself)."""
        self._seek(None if seq >= self.app.session.trajectory.last else seq)
        view = self.app.session.view
        if node and view.node(node) is not None:
            self.app.look_at(in_reading_order(view, node), pinned=True)

    def slide(self, x: int, width: int) -> None:
        """Go to the step nearest to a column of the slider."""
        from rlm_tui.ui.widgets.slider import nearest

        steps = self.app.session.trajectory.steps
        index = nearest(self.app.session, x, width)
        if index is not None:
            self._seek(steps[index].seq if index < len(steps) - 1 else None)


class PaneController:
    """The actions `pane.*`: go to a pane."""

    def __init__(self, app: Host) -> None:
        self.app = app

    def calls(self) -> None:
        """The tree."""
        self._enter("calls")

    def step(self) -> None:
        """The selected step."""
        self._enter("step")

    def chat(self) -> None:
        """The conversation."""
        self._enter("chat")

    def repl(self) -> None:
        """The REPL."""
        self._enter("repl")

    def context(self) -> None:
        """The document."""
        self._enter("context")

    def vars(self) -> None:
        """The variables."""
        self._enter("vars")

    def next(self) -> None:
        """The pane after this one."""
        self._turn(1)

    def previous(self) -> None:
        """The pane before this one."""
        self._turn(-1)

    def _turn(self, by: int) -> None:
        shown = self.app.main.on_screen
        around = shown if len(shown) > 1 else list(PANES)
        here = self.app.ui.pane
        self._enter(around[(around.index(here) + by) % len(around)] if here in around else around[0])

    def _enter(self, pane: Pane) -> None:
        self.app.main.enter(pane)


class LookController:
    """The actions `look.*`: prompt, search and zoom."""

    def __init__(self, app: Host) -> None:
        self.app = app

    def prompt(self) -> None:
        """The prompt of the REPL."""
        before = self.app.ui.pane
        self.app.main.enter("repl")
        self.app.main.pane("repl").focus_prompt()
        self.app.ui.before_prompt = before

    def summary(self) -> None:
        """What the run comes to."""
        self.app.open_summary()

    def runs(self) -> None:
        """The saved runs."""
        self.app.open_runs()

    def find(self) -> None:
        """Open the line that searches every field and the document."""
        self.app.main.find()

    def next(self) -> None:
        """The next hit."""
        self.app.main.finder.step(1)

    def previous(self) -> None:
        """The hit before."""
        self.app.main.finder.step(-1)

    def breakpoints(self) -> None:
        """List the breakpoints, and let them be changed."""
        from rlm_tui.ui.screens.breakpoints import BreakpointsScreen

        self.app.push_screen(BreakpointsScreen())

    def filter(self) -> None:
        """Open the line of the filter; what it finds is shown while it is typed."""
        self.app.main.enter("calls")
        self.app.main.ask(_FILTER, self.app.ui.narrowed)

    def narrow(self, text: str) -> str:
        """Show what a filter finds in the tree of calls; a wrong one is told and shows what the last one found."""
        text = text.strip()
        try:
            meant = parse(text) if text else None
        except FilterError as error:
            return str(error)
        self.app.ui.narrowed = text
        self.app.main.pane("calls").narrow(meant, text)
        return ""

    def narrowed(self, text: str) -> None:
        """Keep the filter that was sent; a wrong one stays in the line."""
        fault = self.narrow(text)
        self.app.unsay()
        self.app.redraw()
        if fault:
            self.app.main.ask(_FILTER, text)
            self.app.say(fault)
        elif self.app.ui.narrowed:
            self.app.say("Only what the filter finds is shown; Esc shows all.")

    def follow(self) -> None:
        """Let the panes show what happens newest, or keep them at the selected node, whatever comes."""
        app = self.app
        if app.session.following and not app.ui.pinned:
            app.look_at(app.ui.selection, pinned=True)
            app.ui.stays = True
            app.say(f"The panes stay at this node; {key_of('look.follow', app.ui)} follows the newest moment again.")
        else:
            app.method_of("walk.live")()
            app.say("The panes follow the newest moment.")

    def zoom(self) -> None:
        """Give the pane the whole body, or take it back."""
        ui = self.app.ui
        ui.zoomed = not ui.zoomed
        if ui.zoomed:
            self.app.say(f"The pane has the whole screen; {key_of('look.zoom', ui)} takes it back.")
        self.app.main.relayout()
