"""The saved runs: newest first, narrowed by what is typed; Enter replays one, d deletes it, y copies its path."""

from __future__ import annotations

import time
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from rlm_tui import paths
from rlm_tui.errors import RlmTuiError, TraceError
from rlm_tui.text import one_line, short_bytes
from rlm_tui.trace.saved import SavedRun, delete_run, glance, newest_first, trace_files
from rlm_tui.ui.lines import BLANK, Line, line
from rlm_tui.ui.screens.filtered import FilteredScreen
from rlm_tui.ui.screens.runs_rows import RunRows, about, matching, same_height, title_row
from rlm_tui.ui.styles import FOLDER
from rlm_tui.ui.widgets.bar import Bar, Verb, VerbBar
from rlm_tui.ui.widgets.filter_line import ALL, TYPING, FilterLine
from rlm_tui.ui.widgets.gate_bar import mode_line, rows_of
from rlm_tui.ui.widgets.lines_view import LinesView
from rlm_tui.ui.widgets.too_small import TooSmall

_VERBS = (
    Verb("", "Enter", "replay"),
    Verb("", "/", "filter"),
    Verb("", "d", "delete"),
    Verb("", "y", "copy path"),
)
_LEAVE = Verb("", "Esc", "leave")
_AT_ONCE = 40
"""How many runs are looked at before the list is drawn again."""


class RunsScreen(FilteredScreen):
    """One row a run; the files are read in a thread, and what is known already can be used meanwhile."""

    CSS_PATH: ClassVar[Path] = FOLDER / "runs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("d,delete", "delete", "delete", show=False),
        Binding("y", "copy", "copy the path", show=False),
    ]
    covers = True

    def __init__(self, *, is_first: bool = False, chosen: str = "") -> None:
        """`is_first`: there is nothing below it, so that leaving it ends the app; `chosen`: the path to stand on."""
        super().__init__()
        self._is_first, self._chosen = is_first, chosen
        self._runs: list[SavedRun] = []
        self._shown: dict[str, SavedRun] = {}
        self._trouble, self._is_read = "", False

    def compose(self) -> ComposeResult:
        """Title, filter, rows, what is known of one, keys."""
        yield Bar(id="runs-title")
        yield FilterLine(id="runs-filter")
        yield LinesView(id="runs-rows", keep_cursor=True)
        yield Bar(id="runs-about")
        yield VerbBar(id="runs-verbs")
        yield TooSmall()

    def on_mount(self) -> None:
        """Look at the files behind the first paint."""
        self.set_focus(self._rows)
        self.run_worker(self._read, thread=True)

    @property
    def _run(self) -> SavedRun | None:
        return self._shown.get(self._rows.cursor_key)

    def _read(self) -> None:
        """In a thread: look at each file, the newest first."""
        call, trouble = self.app.call_later, ""
        runs: list[SavedRun] = []
        try:
            for path in trace_files(paths.traces_dir()):
                runs.append(glance(path))
                if len(runs) % _AT_ONCE == 0:
                    call(self._take, newest_first(runs), "", False)
                if not self.is_attached:
                    return
        except RlmTuiError as error:
            trouble = str(error)
        call(self._take, newest_first(runs), trouble, True)

    def _take(self, runs: list[SavedRun], trouble: str, is_read: bool) -> None:
        self._runs, self._trouble, self._is_read = runs, trouble, is_read
        if self.is_there:
            self.show_all()

    def on_resize(self) -> None:
        """Rows are made for the width that there is."""
        self.query_one(TooSmall).fit(self.app.size.width, self.app.size.height, self.owner.ui)
        self.call_after_refresh(self.show_all)

    def show_all(self) -> None:
        """Draw everything; the cursor stays on its run."""
        chosen = self._chosen or self._rows.cursor_key
        found = matching(self._runs, self._filter.text)
        self._shown = {run.path: run for run in found}
        rows = RunRows(found, time.time(), self._rows.columns)
        at = next((index for index, run in enumerate(found) if run.path == chosen), None)
        self._rows.show_rows(rows if found else [BLANK, self._nothing()], cursor=at)
        if self._is_read and at is not None:
            self._chosen = ""
            self._rows.move_cursor(at, centre=True)
        self.show_bars()

    def _nothing(self) -> Line:
        if self._trouble:
            return line((f"  {self._trouble}", "failed"))
        if self._runs:
            return line(("  No saved run has these words; Esc shows all.", "muted"))
        words = (
            "There are no saved runs yet; open or run makes one." if self._is_read else "Looking at the saved runs …"
        )
        return line((f"  {words}", "muted"))

    def show_bars(self) -> None:
        """Draw title, what is known of the run under the cursor or was just said, and the keys."""
        ui, width = self.owner.sync(), self.app.size.width
        title = title_row(len(self._shown), len(self._runs), paths.traces_dir(), width)
        self.query_one("#runs-title", Bar).show_rows(title)
        said = same_height(rows_of(ui.notice, width - 2, "careful")) if ui.notice else about(self._run, width)
        self.query_one("#runs-about", Bar).show_rows(*said)
        self.query_one("#runs-verbs", VerbBar).show_verbs(self.own_keys(), mode_line(ui), width)

    def own_keys(self) -> list[Verb]:
        """The keys of the list, or of the filter while it is typed."""
        ends = ALL if self._filter.text else _LEAVE
        return list(TYPING) if self._filter.has_focus else [*_VERBS, ends]

    def on_lines_view_resized(self, event: LinesView.Resized) -> None:
        """Draw for the new width."""
        event.stop()
        self.show_all()

    def on_lines_view_moved(self, event: LinesView.Moved) -> None:
        """Another run is under the cursor."""
        event.stop()
        self._chosen = ""
        self.owner.unsay()
        self.show_bars()

    def on_lines_view_entered(self, event: LinesView.Entered) -> None:
        """Replay the run."""
        event.stop()
        self._replay()

    def on_filter_line_typed(self) -> None:
        """What is typed narrows the list at once."""
        self._rows.move_cursor(0)
        self.show_all()

    def _replay(self) -> None:
        from rlm_tui.trace.opening import open_trace

        if (run := self._run) is None:
            return
        try:
            if run.problem:
                raise TraceError(run.problem)
            open_trace(Path(run.path), head_only=True).close()
        except RlmTuiError as error:
            self.owner.say(f"It cannot be replayed. {error}")
        else:
            self.owner.replay_instead(Path(run.path))

    def action_delete(self) -> None:
        """Delete the run, after a question that another key answers."""
        if (run := self._run) is None:
            return
        name = f"“{one_line(run.question, 60)}”" if run.question else Path(run.path).name
        sentence = f"Delete the run {name} ({short_bytes(run.bytes)}) with its notes? It cannot be taken back."
        self.owner.confirm(sentence, "delete it", lambda: self._delete(run))

    def _delete(self, run: SavedRun) -> None:
        try:
            delete_run(Path(run.path))
        except RlmTuiError as error:
            self.owner.say(str(error))
            return
        self._runs = [other for other in self._runs if other.path != run.path]
        self.owner.say(f"{Path(run.path).name} is deleted.")
        self.show_all()

    def action_copy(self) -> None:
        """Copy the path of the run."""
        if (run := self._run) is not None:
            self.owner.copy_text(run.path, "the path")

    def action_back(self) -> None:
        """Back to what was open before, or out."""
        if self._is_first:
            self.owner.wanted = "before"
            self.app.exit(0)
        else:
            self.dismiss(None)
