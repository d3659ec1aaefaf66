"""`b`: the breakpoints, each a filter: listed with their hits, switched on and off, added, changed, taken away."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.screen import ModalScreen
from textual.widgets import TextArea

from rlm_tui.engine.breakpoints import Breakpoint
from rlm_tui.filter import FilterError, parse_counted
from rlm_tui.session.commands import SetBreakpoint
from rlm_tui.text import plural
from rlm_tui.ui.content.parts import packed
from rlm_tui.ui.host import host_of
from rlm_tui.ui.lines import Line, Piece, line, split, wrap_text
from rlm_tui.ui.styles import FOLDER
from rlm_tui.ui.widgets.bar import Bar, Verb
from rlm_tui.ui.widgets.editor import CodeEditor
from rlm_tui.ui.widgets.key_line import KeyLine
from rlm_tui.ui.widgets.lines_view import LinesView
from rlm_tui.ui.widgets.prompt import PromptEditor

_BACK = Verb("", "Esc", "back")
_OF_ONE = Verb("", "Space", "on / off"), Verb("", "Enter", "edit"), Verb("", "n", "new"), Verb("", "d", "drop"), _BACK
_OF_NONE = Verb("", "Enter", "new"), _BACK
_TYPING = Verb("", "Enter", "keep"), Verb("", "Esc", "leave")
_EXAMPLES = ("~error", '   ~code "llm_query"', "   ~tok >4k", "   ~code llm_query #3")
_NEW = "new"


class _Rows(LinesView):
    """The rows; Space switches one instead of turning the page."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("space", "screen.switch", "on / off", show=False)]


class BreakpointsScreen(ModalScreen[None]):
    """A row for each breakpoint and one for a new one; the line below the rows takes a filter and tells its fault."""

    CSS_PATH: ClassVar[Path] = FOLDER / "dialogs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,b,q", "leave", "close", show=False),
        Binding("n,a", "new", "new", show=False),
        Binding("d,delete,x", "remove", "take away", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._number = 0
        self._is_typing = False

    def compose(self) -> ComposeResult:
        """A title, the rows, the line of a filter, and what is wrong with it."""
        with Container(id="breakpoints"):
            yield Bar(id="breakpoints-title")
            yield _Rows(id="breakpoints-rows", keep_cursor=True)
            editor = PromptEditor(numbers=False)
            editor.id = "breakpoints-filter"
            yield editor
            yield Bar(id="breakpoints-fault")
        yield KeyLine(self.own_keys)

    def on_mount(self) -> None:
        """Draw the rows; with none there is nothing to do but to write the first."""
        self.query_one("#breakpoints-title", Bar).show_rows(line((" Breakpoints", "accent bold")))
        self.query_one(PromptEditor).display = False
        self.draw()
        self._rows.focus()
        self.set_interval(0.2, self.draw)
        if not self._listed:
            self.call_after_refresh(self.action_new)

    @property
    def _rows(self) -> LinesView:
        return self.query_one("#breakpoints-rows", LinesView)

    @property
    def _columns(self) -> int:
        return max(20, self._rows.columns)

    @property
    def _listed(self) -> tuple[Breakpoint, ...]:
        return host_of(self).session.breakpoints

    def draw(self) -> None:
        """The breakpoints as they are by now: they count hits while the run goes on."""
        rows = [_row(each, self._columns) for each in self._listed]
        rows.append(line(("  +  ", "accent bold"), ("a new breakpoint", "muted"), key=_NEW))
        self._rows.styles.height = min(len(rows), 12)
        self._rows.show_rows(rows)
        self.query_one(KeyLine).draw()

    def own_keys(self) -> Sequence[Verb]:
        """The keys of the row, or of the line in which one types."""
        return _TYPING if self._is_typing else _OF_ONE if self._chosen() else _OF_NONE

    def _chosen(self) -> Breakpoint | None:
        key = self._rows.cursor_key
        return next((each for each in self._listed if str(each.number) == key), None)

    def on_lines_view_entered(self, event: LinesView.Entered) -> None:
        """Change the breakpoint of the row, or write a new one."""
        event.stop()
        self._write(self._chosen())

    def on_lines_view_moved(self, event: LinesView.Moved) -> None:
        """Another row has other keys."""
        event.stop()
        self.query_one(KeyLine).draw()

    def action_new(self) -> None:
        """Write a new breakpoint."""
        self._write(None)

    def _write(self, chosen: Breakpoint | None) -> None:
        self._number, self._is_typing = (chosen.number if chosen else 0), True
        editor = self.query_one(PromptEditor)
        editor.display = True
        editor.load(chosen.filter if chosen else "", read_only=False)
        editor.move_cursor(editor.document.end)
        editor.focus()
        self._tell_fault()

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        """A wrong filter says where while it is typed."""
        event.stop()
        if self._is_typing:
            self._tell_fault()

    def _tell_fault(self) -> FilterError | None:
        editor = self.query_one(PromptEditor)
        text, fault = editor.text.strip(), None
        examples: list[Piece] = [(each, "dim") for each in _EXAMPLES]
        rows = [line(" ", *row.spans) for row in packed("Such as", examples, self._columns - 1)]
        if text:
            fault = fault_of(text)
            said = ("", str(fault), "careful") if fault else ("", "Enter keeps it.", "dim")
            rows = wrap_text(f" {said[1]}", self._columns, said[2])
            if fault and fault.source == editor.text and cell_len(text) < self._columns - 1:
                rows = [_caret(fault), *rows]
        self.query_one("#breakpoints-fault", Bar).show_all(rows)
        return fault

    def on_prompt_editor_sent(self, event: PromptEditor.Sent) -> None:
        """Keep the filter, unless it is wrong; an empty one changes nothing."""
        event.stop()
        text = self.query_one(PromptEditor).text.strip()
        if not text or self._tell_fault() is None:
            if text:
                host_of(self).send(SetBreakpoint(text, self._number))
            self._stop_typing()

    def on_code_editor_edited(self, event: CodeEditor.Edited) -> None:
        """Esc leaves the line as it was."""
        event.stop()
        self._stop_typing()

    def _stop_typing(self) -> None:
        self._is_typing = False
        self.query_one(PromptEditor).display = False
        self.query_one("#breakpoints-fault", Bar).show_all([line()])
        self._rows.focus()
        self.draw()

    def action_switch(self) -> None:
        """Switch the breakpoint of the row on or off."""
        chosen = self._chosen()
        if chosen is not None:
            host_of(self).send(SetBreakpoint(chosen.filter, chosen.number, is_on=not chosen.is_on))

    def action_remove(self) -> None:
        """Take the breakpoint of the row away."""
        chosen = self._chosen()
        if chosen is not None:
            host_of(self).send(SetBreakpoint("", chosen.number))

    def on_click(self, event: events.Click) -> None:
        """A click beside the box closes it."""
        if event.widget is self:
            self.action_leave()

    def action_leave(self) -> None:
        """Close; what was set stays."""
        self.dismiss(None)


def fault_of(text: str) -> FilterError | None:
    """What is wrong with a filter of a breakpoint, or nothing."""
    try:
        parse_counted(text)
    except FilterError as error:
        return error
    return None


def _caret(fault: FilterError) -> Line:
    """A row with a mark below the fault, where the filter stands in one row above it."""
    before, end = cell_len(fault.source[: fault.at]), min(fault.end, max(len(fault.source), fault.at + 1))
    return line((f" {' ' * before}{'^' * (end - fault.at)}", "careful"))


def _row(each: Breakpoint, width: int) -> Line:
    mark = ("  ●  ", "careful") if each.is_on else ("  ○  ", "dim")
    left = line(mark, (each.filter, "text" if each.is_on else "dim"), key=str(each.number))
    return split(left, line((f"{'' if each.is_on else 'off · '}{plural(each.hits, 'hit')} ", "dim")), width)
