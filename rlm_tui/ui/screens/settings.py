"""The settings: what holds, where it comes from, and its change, saved at once; narrowed by what is typed."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from rlm_tui.config import BY_NAME
from rlm_tui.errors import RlmTuiError
from rlm_tui.ui import preferences
from rlm_tui.ui.actions import BY_ID, key_name, keys_of
from rlm_tui.ui.screens.filtered import FilteredScreen
from rlm_tui.ui.screens.settings_rows import KEY, SETTING, about, said_rows, setting_rows, title_row
from rlm_tui.ui.styles import FOLDER
from rlm_tui.ui.widgets.bar import Bar, Verb, VerbBar
from rlm_tui.ui.widgets.editor import CodeEditor
from rlm_tui.ui.widgets.filter_line import ALL, TYPING, FilterLine
from rlm_tui.ui.widgets.gate_bar import mode_line
from rlm_tui.ui.widgets.lines_view import LinesView
from rlm_tui.ui.widgets.prompt import PromptEditor

_VERBS = (Verb("", "Enter", "change"), Verb("", "x", "default again"), Verb("", "/", "filter"))
_BACK = Verb("", "Esc", "back")
_WRITING = (Verb("", "Enter", "save"), Verb("", "Esc", "leave"))


class SettingsScreen(FilteredScreen):
    """One row a setting; Enter goes to the next choice, or opens the value as text."""

    CSS_PATH: ClassVar[Path] = FOLDER / "settings.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("equals_sign", "back", "back", show=False),
        Binding("x,delete,backspace", "default", "default again", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._editing = self._before = ""
        self._at = 1

    def compose(self) -> ComposeResult:
        """A title, the filter, the rows, what the row under the cursor means, and a line to type in."""
        yield Bar(id="settings-title")
        yield FilterLine(id="settings-filter")
        yield LinesView(id="settings-rows", keep_cursor=True)
        yield Bar(id="settings-about")
        yield PromptEditor(id="settings-value", numbers=False)
        yield VerbBar(id="settings-verbs")

    def on_mount(self) -> None:
        """The rows come once their width is known."""
        self._value.display = False
        self.set_focus(self._rows)

    @property
    def _value(self) -> PromptEditor:
        return self.query_one("#settings-value", PromptEditor)

    def show_all(self) -> None:
        """Draw everything; the cursor stays on its setting."""
        settings, key = preferences.current(self.owner), self._rows.cursor_key
        self.query_one("#settings-title", Bar).show_rows(title_row(settings.file, self.app.size.width))
        rows = setting_rows(settings, self.owner.ui.keymap, self._rows.columns, self._filter.text)
        self._at = next((index for index, row in enumerate(rows) if key and row.key == key), 1)
        self._rows.show_rows(rows)
        self._rows.move_cursor(self._at)
        self.show_bars()

    def show_bars(self) -> None:
        """Draw what the row means, or what was just said, and the keys."""
        ui, width = self.owner.sync(), self.app.size.width
        rows = (
            said_rows(ui.notice, width)
            if ui.notice
            else about(preferences.current(self.owner), self._rows.cursor_key, width)
        )
        self.query_one("#settings-about", Bar).show_all(rows)
        self.query_one("#settings-verbs", VerbBar).show_verbs(self.own_keys(), mode_line(ui), width)

    def own_keys(self) -> list[Verb]:
        """The keys of the list, or of the line in which one types."""
        if self._filter.has_focus:
            return list(TYPING)
        return list(_WRITING) if self._value.has_focus else [*_VERBS, ALL if self._filter.text else _BACK]

    def on_lines_view_resized(self) -> None:
        """Rows are made for the width that there is."""
        self.show_all()

    def on_lines_view_moved(self) -> None:
        """Another row is under the cursor."""
        self.owner.unsay()
        self._skip_headings()
        self.show_bars()

    def _skip_headings(self) -> None:
        """Stand on a setting: on the way down on the next one, on the way up on the one before."""
        rows, at = self._rows.rows, self._rows.cursor
        below = next((index for index in range(at, len(rows)) if rows[index].key), self._at)
        above = next((index for index in range(at, -1, -1) if rows[index].key), below)
        self._at = below if at > self._at or at == 0 else above
        self._rows.move_cursor(self._at)

    def on_lines_view_entered(self, event: LinesView.Entered) -> None:
        """The next choice, or the value as text."""
        event.stop()
        name = event.key.removeprefix(SETTING)
        if event.key.startswith(KEY):
            action = BY_ID[event.key.removeprefix(KEY)]
            self._open(event.key, " ".join(key_name(key) for key in keys_of(action, self.owner.ui.keymap)))
        elif event.key and preferences.choices_of(self.owner, name):
            self._save(event.key, preferences.next_choice(self.owner, name))
        elif event.key:
            value = preferences.current(self.owner)[name]
            self._open(event.key, "" if value is None else BY_NAME[name].shown(value) if value else "")

    def _open(self, key: str, text: str) -> None:
        self._editing, self._before = key, text
        self._value.display = True
        self._value.load(text)
        self._value.move_cursor(self._value.document.end)
        self._value.focus()

    def _close(self) -> None:
        self._editing = ""
        self._value.display = False
        self._rows.focus()

    def on_prompt_editor_sent(self, event: PromptEditor.Sent) -> None:
        """Enter saves what was typed, if that is something else; what cannot be meant stays to be mended."""
        event.stop()
        text = self._value.text.strip()
        if text == self._before or self._save(self._editing, text):
            self._close()

    def on_code_editor_edited(self, event: CodeEditor.Edited) -> None:
        """Esc leaves the value as it is."""
        event.stop()
        self._close()

    def action_default(self) -> None:
        """Take the setting out of the file."""
        if self._rows.cursor_key:
            self._save(self._rows.cursor_key, None)

    def _save(self, key: str, text: str | None) -> bool:
        owner = self.owner
        try:
            if key.startswith(KEY):
                keys = None if text is None else text.split()
                said = preferences.change_keys(owner, key.removeprefix(KEY), keys)
            else:
                said = preferences.change(owner, key.removeprefix(SETTING), text)
        except RlmTuiError as error:
            owner.say(str(error))
            return False
        owner.say(said)
        self.show_all()
        return True

    def on_filter_line_typed(self) -> None:
        """What is typed narrows the list at once; the cursor goes to the first setting that is found."""
        self.owner.unsay()
        if self._filter.text:
            self._rows.move_cursor(0)
        self.show_all()

    def action_back(self) -> None:
        """Back to where one was."""
        self.dismiss(None)
