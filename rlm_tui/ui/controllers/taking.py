"""What `y` and `o` do: copy what is selected, open the original at its page, or what is held in one's own editor."""

from __future__ import annotations

import asyncio
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from textual.app import App, SuspendNotSupported

from rlm_tui.errors import RlmTuiError
from rlm_tui.session import commands as cmd
from rlm_tui.text import plural
from rlm_tui.ui import clipboard, editing, viewers
from rlm_tui.ui.copies import Copy, copies
from rlm_tui.ui.host import Host
from rlm_tui.ui.selecting import held_text, is_held, meant_hold

if TYPE_CHECKING:
    from rlm_tui.trajectory import Hold


class TakeController:
    """The actions `take.*`."""

    def __init__(self, app: Host) -> None:
        self.app = app
        self._viewers: list[subprocess.Popen[bytes]] = []

    def copy(self) -> None:
        """Show what can be copied."""
        from rlm_tui.ui.screens.copy_menu import CopyMenu

        found = copies(self.app.session, self.app.ui.selection)
        if found:
            self.app.push_screen(CopyMenu(found), self._chosen)
        else:
            self.app.say("There is nothing here yet to copy.")

    def _chosen(self, copy: Copy | None) -> None:
        if copy is not None:
            self.copy_text(copy.text(), copy.name)

    def copy_text(self, text: str, name: str) -> None:
        """Copy a text and say what was copied and where to."""
        self.app.run_worker(self._copied(text, name), exclusive=True, group="copy")

    async def _copied(self, text: str, name: str) -> None:
        tool = await asyncio.to_thread(clipboard.copy_with_tool, text)
        if tool:
            where = f"to the clipboard with {tool}"
        else:
            App.copy_to_clipboard(self.app, text)
            where = clipboard.through_terminal(text)
        self.app.say(f"Copied {name}, {plural(len(text), 'character')}, {where}.")

    def open(self) -> None:
        """What is held, in one's own editor; in the Context pane, and where nothing is held, the original."""
        hold = meant_hold(self.app.session, self.app.ui.selection)
        if hold is not None and self.app.session.following and self.app.ui.pane != "context":
            self.editor()
        else:
            self.page()

    def page(self) -> None:
        """The original at the page of the Context pane, in the viewer of the desktop."""
        document = self.app.session.document
        part, page = self.app.main.pane("context").place
        path = document.parts[part].path if document is not None and part < len(document.parts) else None
        if document is None or path is None or not os.path.isfile(path):
            self.app.say("The original is no file at hand, so it cannot be opened.")
            return
        if document.parts[part].kind != "pdf":
            page = None  # what opens a text knows no pages
        full = Path(path).resolve()
        named = full.name + (f" p. {page}" if page else "")
        if viewers.has_display(os.environ):
            self.app.run_worker(self._view(full, page, named), group="view")
        else:
            self.app.say(f"There is no display here to show {named} on; the file is {full}.")

    async def _view(self, path: Path, page: int | None, named: str) -> None:
        found = await asyncio.to_thread(viewers.viewing, path, page)
        if found is None:
            self.app.say(f"Nothing on this machine opens files (xdg-open is missing); the file is {path}.")
            return
        viewer, trouble = await asyncio.to_thread(viewers.start, found.command)
        self._viewers = [each for each in self._viewers if each.poll() is None] + ([viewer] if viewer else [])
        turn = f"; turn to p. {page} there" if page and not found.at_page else ""
        self.app.say(f"{named} did not open: {trouble}." if trouble else f"{named} is open in your viewer{turn}.")

    def editor(self) -> None:
        """What is held, in one's own editor; the edit is sent when the editor ends, and stays held."""
        app = self.app
        if (hold := meant_hold(app.session, app.ui.selection)) is None:
            return
        text = app.main.pane("step").editor.text if app.ui.editing else held_text(app.session, hold)
        suffix = editing.suffix_of(hold.checkpoint)
        try:
            command = editing.editor_command(os.environ)
            app.finish_edit()
            with app.suspend():
                edited = editing.edit_outside(command, text, suffix)
            self._take(hold, text, edited, suffix)
        except SuspendNotSupported:
            app.say("This terminal cannot be handed to an editor; edit here instead.")
        except RlmTuiError as error:
            app.say(str(error))
        app.refresh(layout=True)

    def _take(self, hold: Hold, before: str, edited: editing.Edited, suffix: str) -> None:
        """Send what the editor made of a hold; what came too late or to a bad end is told and kept in a file."""
        app = self.app
        app.tick()  # much may have happened meanwhile
        if edited.trouble:
            app.say(edited.trouble)
        elif edited.text != before and not is_held(app.session, hold.id):
            app.say(editing.too_late(edited.text, suffix))
        elif why := app.ui.refuses(hold, edited.text, held_text(app.session, hold)):
            app.say(why)
        elif edited.text == before:
            app.say("The editor changed nothing.")
        else:
            app.send(cmd.Edit(hold.id, edited.text))
            app.say("Your edit is in place and waits with the rest.")
