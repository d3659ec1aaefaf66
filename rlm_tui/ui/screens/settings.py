"""The settings: what holds, where it comes from, and its change, saved at once."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from rlm_tui.config import BY_NAME
from rlm_tui.errors import RlmTuiError
from rlm_tui.ui import preferences
from rlm_tui.ui.actions import BY_ID, key_name, keys_of
from rlm_tui.ui.screens.full_screen import FullScreen
from rlm_tui.ui.screens.settings_rows import KEY, SETTING, about, said_rows, setting_rows, title_row
from rlm_tui.ui.styles import FOLDER
from rlm_tui.ui.widgets.bar import Bar, Verb, VerbBar
from rlm_tui.ui.widgets.editor import CodeEditor
from rlm_tui.ui.widgets.gate_bar import mode_line
from rlm_tui.ui.widgets.lines_view import LinesView
from rlm_tui.ui.widgets.prompt import PromptEditor

_VERBS = (Verb("", "Enter", "change"), Verb("", "x", "default again"), Verb("", "Esc", "back"))
_TYPING = (Verb("", "Enter", "save"), Verb("", "Esc", "leave"))


class SettingsScreen(FullScreen):
    """One row a setting; Enter goes to the next choice, or opens the value as text."""

    CSS_PATH: ClassVar[Path] = FOLDER / "settings.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,equals_sign", "leave", "back", show=False),
        Binding("x,delete,backspace", "default", "default again", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._editing = self._before = ""
        self._at = 1

    def compose(self) -> ComposeResult:
        """A title, the rows, what the row under the cursor means, and a line to type in."""
        yield Bar(id="settings-title")
        yield LinesView(id="settings-rows", keep_cursor=True)
        yield Bar(id="settings-about")
        yield PromptEditor(id="settings-value", numbers=False)
        yield VerbBar(id="settings-verbs")

    def on_mount(self) -> None:
        """Draw it with the cursor on the first setting."""
        self._value.display = False
        self._rows.focus()

    @property
    def _rows(self) -> LinesView:
        return self.query_one("#settings-rows", LinesView)

    @property
    def _value(self) -> PromptEditor:
        return self.query_one("#settings-value", PromptEditor)

    def show_all(self) -> None:
        """Draw everything."""
        settings = preferences.current(self.owner)
        self.query_one("#settings-title", Bar).show_rows(title_row(settings.file, self.app.size.width))
        self._rows.show_rows(setting_rows(settings, self.owner.ui.keymap, self._rows.columns))
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
        self.query_one("#settings-verbs", VerbBar).show_verbs(_TYPING if ui.typing else _VERBS, mode_line(ui), width)

    def on_lines_view_resized(self) -> None:
        """Rows are made for the width that there is; the first time, the cursor stands on the first setting."""
        is_first = not len(self._rows.rows)
        self.show_all()
        if is_first:
            self._rows.move_cursor(1)
            self.show_bars()

    def on_lines_view_moved(self) -> None:
        """Another row is under the cursor."""
        self.owner.ui.notice = ""
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

    def action_leave(self) -> None:
        """Back to where one was."""
        self.dismiss(None)
