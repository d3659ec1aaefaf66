"""The Step pane: what is selected, in reading order, and the editor for what is held."""

from __future__ import annotations

from itertools import islice

from textual.app import ComposeResult
from textual.containers import Vertical

from rlm_tui.session.base import Session
from rlm_tui.ui.content.batches import split_key
from rlm_tui.ui.content.parts import ANSWER, AT, HELD, NODE, Page, earlier, live_mark, page_of
from rlm_tui.ui.content.step import step
from rlm_tui.ui.content.window import window_note
from rlm_tui.ui.lines import NO_SPAN, Line, Rows, line
from rlm_tui.ui.rows import Window, parting
from rlm_tui.ui.selecting import interesting, step_back
from rlm_tui.ui.widgets.editor import CodeEditor
from rlm_tui.ui.widgets.lines_view import LinesView
from rlm_tui.ui.widgets.reading import Reading

_LOOKED_AT = 2_000
_PARTS = (AT, HELD, ANSWER)


class StepPane(Reading, Vertical):
    """Says, read as, code, output; between `begin_edit` and `end_edit` the held text is in an editor."""

    pane_title = "Step"
    DEFAULT_CSS = """
    StepPane > .step-editor { display: none; height: 1fr; }
    StepPane.-editing > .step-editor { display: block; }
    StepPane .step-title { height: 1; }
    StepPane CodeEditor { height: 1fr; border: none; padding: 0; }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.lines = LinesView(classes="step-lines")
        self.editor = CodeEditor()
        self.title_row = LinesView(classes="step-title")
        self.title_row.can_focus = False
        self._drawn: tuple[object, ...] = ()
        self._rows: Rows = []
        self.pane_note = NO_SPAN
        self._hold = 0
        self._is_over = False
        self._wanted = ""
        self._steps = self._stood = 0

    def compose(self) -> ComposeResult:
        """The rows above, the editor below."""
        yield self.lines
        with Vertical(classes="step-editor"):
            yield self.title_row
            yield self.editor

    @property
    def is_editing(self) -> bool:
        """Whether the editor is open."""
        return self.has_class("-editing")

    def show(self, session: Session, selection: str | None) -> None:
        """Draw what is selected; without a selection, what matters now."""
        chosen = selection if selection is not None else interesting(session.view)
        self.pane_note = window_note(session)
        drawn = self._signature(session, chosen)
        if drawn == self._drawn:
            return
        is_new = chosen != self._selection or session is not self._session
        self._drawn, self._session, self._selection = drawn, session, chosen
        before, is_away = self._rows, self._is_away
        is_walked = self._is_walked(session) and (chosen == interesting(session.view) if is_new else not is_away)
        page = page_of(session, self.lines.columns, self._opened)
        self._rows = step(page, chosen)
        self._draw_rows(to_top=is_new or is_walked)
        holds = session.view.holds()
        newest = holds[0].id if holds else 0
        if is_walked:
            self._bring_up_step(page, earlier(page, step_back(session) or 0), chosen)
        elif newest and newest != self._hold:
            self._bring_up(HELD)
            self._wanted = ""  # what waits comes before what came of one's own block in the same moment
        elif session.view.finished is not None and not self._is_over:
            self._bring_up(ANSWER)
        elif is_new and chosen is not None:
            self._bring_up(f"{AT}{chosen}")
        elif session.following and self._steps < session.view.step_number() and not is_away:
            self._bring_up_news(before)
        self._hold, self._is_over = newest, session.view.finished is not None
        self._steps, self._stood = session.view.step_number(), self._stood if is_away else self.lines.top
        self._reveal()

    def _is_walked(self, session: Session) -> bool:
        return not session.following and self._steps != session.view.step_number()

    @property
    def _is_away(self) -> bool:
        """Whether the person has scrolled to where nothing new will come."""
        return self.lines.top != self._stood and self.lines.top + self.lines.page < len(self._rows)

    def _bring_up_step(self, page: Page, before: Page, chosen: str | None) -> None:
        """Show what the step that one walked to has added to the one before it, from wherever one comes."""
        if page.view.holds()[:1] != before.view.holds()[:1] and page.view.holds():
            self._bring_up(HELD)
        elif page.view.finished is not before.view.finished:
            self._bring_up(ANSWER)
        else:
            self._bring_up_news(step(before, chosen))

    def _bring_up_news(self, before: Rows) -> None:
        """Show what a step has added below the rows in sight; a heading that only says more of itself is not new."""
        rows, top, page = self._rows, self.lines.top, self.lines.page
        first = parting(before, rows, top, _is_other)
        while first < len(rows) and not rows[first].text.strip():
            first += 1
        is_added = len(before) < len(rows) and first < len(rows)
        if is_added and len(rows) > top + page and first >= top + page * 2 // 3:
            self.lines.show_rows(rows, cursor=first, top=max(0, min(first - 1, len(rows) - page)))

    def _draw_rows(self, *, to_top: bool) -> None:
        """All rows; while the editor is open, only those above what is in it. A list has the cursor on its first."""
        rows, start = self._rows, 0 if to_top else None
        if self.is_editing:
            end = self._find(HELD)
            rows = Window(rows, 0, end) if end is not None else rows
            self.lines.styles.height = min(len(rows), max(3, self.size.height // 3)) or 1
        is_list = start == 0 and len(rows) > 1 and rows[1].key.startswith(NODE)
        self.lines.show_rows(rows, cursor=1 if is_list else start, top=start)

    def _find(self, key: str) -> int | None:
        return next((i for i, row in enumerate(islice(iter(self._rows), _LOOKED_AT)) if row.key == key), None)

    def _bring_up(self, key: str) -> None:
        """Scroll to a section, unless its beginning is well in sight."""
        index = self._find(key)
        if index is not None and not self.lines.top <= index < self.lines.top + self.lines.page * 2 // 3:
            self.lines.show_rows(self._rows, cursor=index, top=max(0, index - 1))

    def reveal(self, node: str) -> None:
        """Bring a block into sight with its output, the next time that the pane is drawn."""
        self._wanted, self._drawn = f"{AT}{node}", ()

    def _reveal(self) -> None:
        key, self._wanted = self._wanted, ""
        index = self._find(key) if key else None
        if index is None:
            return
        ends = (i for i, row in enumerate(self._rows[: index + _LOOKED_AT]) if i > index and row.key.startswith(_PARTS))
        end, top, page = next(ends, len(self._rows)), self.lines.top, self.lines.page
        if not top <= index <= end <= top + page:
            self.lines.show_rows(self._rows, top=max(0, index if end - index > page else end - page))

    def _signature(self, session: Session, chosen: str | None) -> tuple[object, ...]:
        view = session.view
        node = view.node(split_key(chosen or "")[0])
        is_open = node is not None and view.outcome(node) is None
        own_runs = view.own_block() is not None
        live = live_mark(session, "text", "reasoning", "stdout", "waiting") if is_open or own_runs else ()
        tick = round(session.now, 1) if own_runs or (is_open and not view.holds()) else 0.0
        place = id(session), view.seq, chosen, session.following, session.notebook.version
        return *place, self.lines.columns, self._opened, live, tick

    def begin_edit(self, text: str, title: str) -> None:
        """Open the editor on a text; `title` says what it is."""
        self.editor.load(text, read_only=False)
        self.title_row.show_rows([line((f"{title}  ", "user bold"), ("Esc keeps the edit", "dim"))])
        self.add_class("-editing")
        self._draw_rows(to_top=False)
        self.editor.focus()

    def end_edit(self) -> str:
        """Close the editor; returns what stands in it."""
        self.remove_class("-editing")
        self.lines.styles.height = "1fr"
        self._draw_rows(to_top=False)
        self.lines.focus()
        return self.editor.text

    def highlight(self, needle: str) -> None:
        """Mark every place where a text stands."""
        self.lines.highlight(needle)


def _is_other(before: Line, after: Line) -> bool:
    """Whether a row is not what stood there, nor the same section with another remark."""
    is_heading = bool(before.spans) and bool(after.spans) and before.spans[0] == after.spans[0]
    return before != after and not (is_heading and after.spans[0].role == "muted bold")
