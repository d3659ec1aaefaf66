"""What the keys that belong to the app itself do: help, palette, theme, copy or interrupt, leave, quit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rlm_tui.session import commands as cmd
from rlm_tui.ui.actions import key_of
from rlm_tui.ui.host import Host
from rlm_tui.ui.selecting import child_of, quit_question

if TYPE_CHECKING:
    from rlm_tui.ui.opening import Wanted


class AppController:
    """The actions `app.*`."""

    def __init__(self, app: Host) -> None:
        self.app = app

    def back(self) -> None:
        """Leave what is innermost: editor, prompt, zoom, search, filter, child RLM (to the sub-call that asked it)."""
        app = self.app
        if app.ui.editing:
            app.finish_edit()
            app.main.enter("step")
        elif app.ui.asking:
            app.main.close_prompt()
        elif app.ui.zoomed:
            app.method_of("look.zoom")()
        elif app.ui.typing:
            app.main.enter(app.ui.came_from)
        elif app.ui.searched:
            app.main.finder.close(is_given_up=True)
        elif app.ui.narrowed:
            app.answered("filter", "")
        elif child := child_of(app.session.view, app.ui.selection):
            app.look_at(app.session.trajectory.nodes[child].parent, pinned=True)

    def palette(self) -> None:
        """Every command."""
        from rlm_tui.ui.screens.commands import Commands

        if not isinstance(self.app.screen, Commands):
            self.app.push_screen(Commands())

    def help(self) -> None:
        """The keys that act now."""
        from rlm_tui.ui.screens.help import HelpScreen

        self.app.push_screen(HelpScreen())

    def theme(self) -> None:
        """The theme after this one, round and round."""
        app = self.app
        names = app.theme_names
        app.theme = names[(names.index(app.theme) + 1) % len(names)] if app.theme in names else names[0]
        app.say(f"Theme {app.theme}; the settings ({key_of('app.settings', app.ui)}) keep one.")

    def settings(self) -> None:
        """What can be set, and where it comes from."""
        from rlm_tui.ui.screens.settings import SettingsScreen

        if not any(isinstance(screen, SettingsScreen) for screen in self.app.screen_stack):
            self.app.push_screen(SettingsScreen())

    def quit(self) -> None:
        """Back: out of the zoom, to the list that the run was opened from; else quit."""
        if self.app.ui.zoomed:
            self.app.method_of("look.zoom")()
        else:
            self.leave("runs" if self.app.ui.returns else None)

    def leave(self, wanted: Wanted | None = None) -> None:
        """End the session, for what is wanted next; asks while something runs."""

        def end() -> None:
            self.app.wanted = wanted
            self.app.exit(0)

        session = self.app.session
        session.notebook.retry(session.trace_path)
        is_replaced = isinstance(wanted, Path)
        sentence = quit_question(session, "End it and open the replay?" if is_replaced else "Quit?")
        if sentence:
            self.app.confirm(sentence, "open the replay" if is_replaced else "quit", end)
        else:
            end()

    def copy(self) -> None:
        """Copy a selection, else interrupt a running block, else say how to quit."""
        selected = self.app.screen.get_selected_text()
        if selected:
            self.app.copy_to_clipboard(selected)
        elif self.app.session.can(cmd.Interrupt):
            self.app.method_of("gate.interrupt")()
        else:
            self.app.say(f"Nothing runs that could be interrupted; {key_of('app.leave', self.app.ui)} quits.")

    def suspend(self) -> None:
        """Into the background, as a shell does it."""
        self.app.action_suspend_process()
