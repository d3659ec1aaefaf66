"""The screen of a run: bars above and below, the panes between, one selection that moves all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from textual import events
from textual.app import ComposeResult
from textual.containers import Container
from textual.widget import Widget

from rlm_tui.session import commands as cmd
from rlm_tui.ui.actions import key_of
from rlm_tui.ui.asking import Asking, Purpose
from rlm_tui.ui.screens.full_screen import FullScreen
from rlm_tui.ui.state import PANES, Pane
from rlm_tui.ui.verbs import FOOTER_GROUPS, GATE_GROUPS, verbs
from rlm_tui.ui.widgets.footer import Footer
from rlm_tui.ui.widgets.gate_bar import GateBar
from rlm_tui.ui.widgets.header import Header, QuestionBar
from rlm_tui.ui.widgets.rule import Rule
from rlm_tui.ui.widgets.slider import Slider
from rlm_tui.ui.widgets.too_small import TooSmall

if TYPE_CHECKING:
    from rlm_tui.ui.screens.finder import Finder
    from rlm_tui.ui.widgets.calls import Narrowed, NodeSelected
    from rlm_tui.ui.widgets.frame import Frame, PaneWidget
    from rlm_tui.ui.widgets.lines_view import LinesView
    from rlm_tui.ui.widgets.prompt import Prompt
    from rlm_tui.ui.widgets.repl import ReplPane
    from rlm_tui.ui.widgets.vars import VarsPane

_NARROW, _LOW, _QUESTION_FROM = 100, 30, 20
_OF_THE_RUN = frozenset[Pane](("calls", "step", "chat", "repl"))


class MainScreen(FullScreen, inherit_bindings=False):
    """Bars are there at the first paint; panes are imported and mounted after it."""

    _frame: Frame | None = None
    _prompt: Prompt
    finder: Finder

    def __init__(self) -> None:
        super().__init__()
        self._header, self._question, self._slider = Header(), QuestionBar(), Slider()
        self._gate_bar, self._footer, self._too_small = GateBar(), Footer(), TooSmall()

    @property
    def is_ready(self) -> bool:
        """Whether the panes are there."""
        return self._frame is not None

    @property
    def frame(self) -> Frame:
        """The frame with the panes; only once `is_ready`."""
        assert self._frame is not None  # noqa: S101
        return self._frame

    def compose(self) -> ComposeResult:
        """Everything but the panes."""
        yield self._header
        yield self._question
        yield Container(id="body")
        yield self._slider
        yield Rule()
        yield self._gate_bar
        yield self._footer
        yield self._too_small

    def on_mount(self) -> None:
        """Draw the bars."""
        self._fit(self.app.size.width, self.app.size.height)
        self.show_bars()

    async def mount_panes(self) -> None:
        """Import and mount the panes, once what a person sees first is painted."""
        from rlm_tui.ui.panes import make_panes
        from rlm_tui.ui.screens.finder import Finder
        from rlm_tui.ui.widgets.frame import Frame
        from rlm_tui.ui.widgets.prompt import Prompt

        frame, self._prompt, self.finder = Frame(make_panes()), Prompt(), Finder()
        frame.arrange_for(self.owner.ui.recent, zoomed=self.owner.ui.zoomed)
        body = self.query_one("#body")
        if not body.is_attached:  # the person has quit already
            return
        mounting = self.mount(self._prompt, self.finder, after=body), body.mount(frame)
        for mounted in mounting:
            await mounted
        self._frame = frame
        self.call_after_refresh(self._begin_panes)

    def _begin_panes(self) -> None:
        if self.is_current:
            self.enter(self.owner.ui.pane)
        self.show_all()

    @property
    def on_screen(self) -> list[Pane]:
        """The panes that are drawn now."""
        return self.frame.on_screen

    def pane(self, name: Pane) -> Any:
        """The widget of a pane."""
        return self.frame.panes[name]

    def show_all(self) -> None:
        """Draw bars and panes at the session's cursor."""
        self.show_bars()
        self.show_panes()

    def show_header(self) -> None:
        """Draw the header alone: its clock has moved on."""
        self._header.show(self.owner.session, self.owner.ui.selection)

    def show_bars(self) -> None:
        """Draw the bars above and below the panes."""
        owner = self.owner
        session, ui, narrow = owner.session, owner.sync(), self.has_class("narrow")
        self.show_header()
        self._question.show(session)
        self._slider.show(session)
        keymap = owner.ui.keymap
        if self.is_ready:
            self.frame.name_keys({name: key_of(f"pane.{name}", ui) for name in PANES})
        gate, footer = (verbs(session, ui, groups, keymap, narrow=narrow) for groups in (GATE_GROUPS, FOOTER_GROUPS))
        self._gate_bar.show(session, ui, gate)
        self._footer.show(footer)

    def show_panes(self) -> None:
        """Draw the panes that are on screen."""
        owner = self.owner
        if not (self.is_ready and owner.is_open):
            return
        for name in self.frame.on_screen:
            cast("PaneWidget", self.pane(name)).show(owner.session, owner.ui.selection)
        self.frame.mark(owner.ui.pane)

    def enter(self, name: Pane) -> None:
        """Bring a pane onto the screen and give it the focus."""
        self.owner.ui.enter(name)
        self.relayout()
        target = _focus_target(self.pane(name))
        if target is not None:
            target.focus()
        self.show_bars()

    def show_run(self) -> None:
        """Bring up Step where no pane on screen tells what becomes of a question."""
        if self.is_ready and not _OF_THE_RUN.intersection(self.on_screen):
            self.enter("step")

    def relayout(self) -> None:
        """Lay out for the panes that were used last, and draw those that came onto the screen."""
        ui = self.owner.ui
        self.frame.arrange_for(ui.recent, zoomed=ui.zoomed)
        self.frame.mark(ui.pane)
        self.call_after_refresh(self.show_all)

    def ask(self, asking: Asking, text: str | None = None) -> None:
        """Open the prompt at the bottom, with a text to begin with or the draft that was left."""
        self._prompt.ask(asking, text)
        self.owner.ui.asking = asking.purpose

    def keep(self, purpose: Purpose, text: str) -> None:
        """Keep a text for the next time that its prompt is opened."""
        self._prompt.keep(purpose, text)

    def send_prompt(self) -> None:
        """Send what stands in the prompt, or go to what the search found."""
        if self.finder.is_open:
            self.finder.choose()
        else:
            self._prompt.send()

    def find(self) -> None:
        """Open the line of the search."""
        self._prompt.close()
        self.owner.ui.asking = "find"
        self.finder.open()

    def close_prompt(self) -> None:
        """Close the prompt and go back to the pane."""
        if self.finder.is_open:
            self.finder.close(is_given_up=True)
        self._prompt.close()
        self.owner.ui.asking = ""
        self.enter(self.owner.ui.pane)

    def on_screen_suspend(self) -> None:
        """Something stands over the run: its keys act no more, so they are not shown."""
        if self.app.screen_stack:  # else the app ends
            self.show_bars()

    def on_resize(self, event: events.Resize) -> None:
        """Another size may be another layout; what is selected, open and focused stays."""
        self._fit(event.size.width, event.size.height)
        if self.is_ready:
            self.relayout()
        else:
            self.show_bars()

    def _fit(self, width: int, height: int) -> None:
        self.set_class(width < _NARROW or height < _LOW, "narrow")
        self.set_class(height < _QUESTION_FROM, "low")
        self._too_small.fit(width, height, self.owner.ui)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """The pane in which the focus is, is the pane the person is in."""
        is_there = self.is_ready and event.widget is self.focused  # else it has gone on to another pane since
        for name, pane in self.frame.panes.items() if is_there else ():
            if pane is event.widget or pane in event.widget.ancestors:
                self.owner.ui.enter(name)
                self.frame.mark(name)
        self.show_bars()

    def on_descendant_blur(self) -> None:
        """Without a focus, letters are keys."""
        self.show_bars()

    def on_frame_title_clicked(self, event: Frame.TitleClicked) -> None:
        """A click on a title goes to the pane."""
        self.enter(event.pane)

    def on_lines_view_entered(self, event: LinesView.Entered) -> None:
        """Enter on a row that no pane opens."""
        event.stop()
        self.owner.say("There is nothing to open on this row; Enter opens those with ▸.")

    def on_node_selected(self, event: NodeSelected) -> None:
        """The cursor of the tree moves every other pane."""
        self.owner.look_at(event.node_id, pinned=True)

    def on_code_editor_edited(self) -> None:
        """Esc left the editor of what is held."""
        self.owner.finish_edit()
        self.enter("step")

    def on_vars_pane_wanted(self, event: VarsPane.Wanted) -> None:
        """A variable is wanted in full."""
        self.owner.send(cmd.Show(event.name))

    def on_repl_pane_submitted(self, event: ReplPane.Submitted) -> None:
        """A line for the REPL is a block of one's own."""
        self.owner.answered("inject", event.code)

    def on_repl_pane_left(self) -> None:
        """The prompt of the REPL was left: back to where the person was before."""
        self.enter(self.owner.ui.came_from)

    def on_prompt_submitted(self, event: Prompt.Submitted) -> None:
        """The prompt was answered."""
        self.close_prompt()
        self.owner.answered(event.purpose, event.text)

    def on_finder_closed(self) -> None:
        """The search was left, or a hit of it is gone to."""
        if self.owner.ui.asking == "find":
            self.close_prompt()

    def on_prompt_typed(self, event: Prompt.Typed) -> None:
        """What is typed may act at once, and be told to be wrong."""
        event.stop()
        self._prompt.tell(self.owner.typed(event.purpose, event.text))

    def on_narrowed(self, event: Narrowed) -> None:
        """The title of the tree counts on."""
        event.stop()
        self.frame.mark(self.owner.ui.pane)

    def on_prompt_left(self) -> None:
        """The prompt was left; what was typed is kept, but a filter is given up."""
        purpose = self.owner.ui.asking
        self.close_prompt()
        if purpose == "filter":
            self.owner.answered("filter", "")


def _focus_target(pane: Widget) -> Widget | None:
    if pane.focusable:
        return pane
    return next((child for child in pane.query("*") if child.focusable), None)
