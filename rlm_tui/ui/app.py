"""The app: one session, one selection, one clock; everything that is drawn is asked of the session when it changed."""

from __future__ import annotations

import asyncio
import gc
import sys
import time
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from msgspec import structs
from textual import events
from textual.message import Message
from textual.screen import ModalScreen, Screen
from textual.theme import Theme

from rlm_tui.crash import unexpected
from rlm_tui.errors import ExitCode, RlmTuiError
from rlm_tui.session.base import Session
from rlm_tui.session.commands import SessionCommand, Stop
from rlm_tui.text import safe
from rlm_tui.ui.actions import BY_ID, Keymap, keys_of, reason
from rlm_tui.ui.attention import Attention, How
from rlm_tui.ui.early import InOrder, Typed
from rlm_tui.ui.host import Host
from rlm_tui.ui.hung_up import surviving
from rlm_tui.ui.keymap import bindings, keymap_of
from rlm_tui.ui.notice import Moment, Notices
from rlm_tui.ui.opening import PANES_ALONE, First, Opener, Opening, Wanted
from rlm_tui.ui.pace import Pace
from rlm_tui.ui.palette import ActionProvider
from rlm_tui.ui.screens.full_screen import FullScreen, in_sight
from rlm_tui.ui.screens.main import MainScreen
from rlm_tui.ui.selecting import interesting, is_there, open_hold
from rlm_tui.ui.state import KeyGuard, UiState
from rlm_tui.ui.stopped import Stopped
from rlm_tui.ui.styles import FOLDER, Styles
from rlm_tui.ui.theme import DARK, Fault, first_theme, load_themes
from rlm_tui.ui.theme_file import chosen
from rlm_tui.ui.typed_in import robust
from rlm_tui.ui.widgets.gate_bar import is_typing
from rlm_tui.ui.widgets.too_small import ACT_UNSEEN

if TYPE_CHECKING:
    from textual.driver import Driver
    from textual.filter import LineFilter

    from rlm_tui.config import Settings
    from rlm_tui.ui.asking import Purpose
    from rlm_tui.ui.controllers import Controllers
    from rlm_tui.ui.screens.start_rows import Choice

_FRAME_S = 1 / 30


class RlmTuiApp(Host, inherit_bindings=False):
    """The screen of one session; a callable makes the session after the first paint, which then shows `title`."""

    TITLE = "rlm-tui"
    CSS_PATH: ClassVar[Path] = FOLDER / "app.tcss"
    COMMANDS: ClassVar[set[Any]] = {ActionProvider}

    class Opened(Message):
        """The session has been made, or could not be."""

    def __init__(
        self,
        session: Session | Callable[[], Session],
        *,
        title: str = "",
        first: First = PANES_ALONE,
        settings: Settings | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self.stylesheet = Styles(variables=self.theme_variables)
        self.session: Session = Opening(title) if callable(session) else session
        self._why = ""
        self._opener = Opener(session) if callable(session) else None
        self._is_open = not callable(session)
        self._event_loop: asyncio.AbstractEventLoop | None = None
        self.failure: RlmTuiError | None = None
        self.ui = UiState(returns=first.returns)
        self.guard = KeyGuard()
        self._typed = InOrder(self, self._take)
        self.clock = clock
        self._notices = Notices(self.ui, clock)
        self.main: MainScreen = MainScreen()
        self._first = first
        self._choice: Choice | None = None
        self.wanted: Wanted | None = None
        self._hold: int | None = None
        self._pace = Pace()
        self.settings = settings
        self.attention = Attention(self._write)
        self._use_settings()

    def _use_settings(self) -> None:
        """Keys and themes; UsageError for what cannot be meant, before the screen is taken."""
        self.remap(keymap_of(self.settings) if self.settings else {})
        name = self.settings["theme"] if self.settings else DARK
        first = first_theme(name)
        if first is None:
            self._register_themes()
        else:
            self.register_theme(first)
        where = self.settings.where("theme") if self.settings else ""
        self.theme = first.name if first is not None else chosen(name, self.theme_names, self.faults, where)

    def _register_themes(self) -> None:
        for theme in self.themes_at_hand:
            self.register_theme(theme)

    @cached_property
    def _themes(self) -> tuple[list[Theme], list[Fault]]:
        return load_themes()

    @property
    def themes_at_hand(self) -> list[Theme]:
        """The themes that can be chosen, ours first; most are read after the first paint."""
        return self._themes[0]

    @property
    def faults(self) -> list[Fault]:
        """The theme files that are passed over."""
        return self._themes[1]

    @cached_property
    def controllers(self) -> Controllers:
        """What does the actions; made after the first paint."""
        from rlm_tui.ui.controllers import Controllers

        return Controllers.of(self)

    def get_default_screen(self) -> Screen[Any]:
        """The screen of the run is the first one."""
        return self.main

    def on_mount(self) -> None:
        """Begin to drain the session once the first paint is out."""
        self._event_loop = asyncio.get_running_loop()
        stopped = Stopped(self._event_loop, lambda: self.call_later(self.refresh, layout=True))
        self.app_resume_signal.subscribe(self, lambda _app: stopped.resumed())
        self.call_after_refresh(self._begin)

    @property
    def is_open(self) -> bool:
        """Whether the session is there; before, only its title is."""
        return self._is_open

    @property
    def again(self) -> First | None:
        """How it would stand where one came back to the session, made anew; none where that is not the same."""
        if self._opener is None or self._opener.made is None:
            return None
        if self.session.phase == "replay":
            return self._first
        choice, setup = self._choice, self._first.setup
        if choice is None or setup is None or self.session.trajectory.started or self.session.is_running:
            return None
        chosen = structs.replace(setup, model=choice.model, sub_model=choice.sub_model, step=choice.step)
        return self._first._replace(query=choice.query, setup=chosen, in_keys=True)

    @property
    def _is_up(self) -> bool:
        """Whether a key can reach what it is meant for: the panes, or what stands over them."""
        is_shown = self.is_open and self.main.is_ready and bool(self.screen_stack) and self.screen.is_mounted
        return is_shown and (self.focused is not None or not self.screen.focus_chain)

    @property
    def _top(self) -> Screen[Any] | None:
        """The screen on top; none when the app ends, while a timer or a thread may still have something to say."""
        return self.screen_stack[-1] if self.screen_stack else None

    def _begin(self) -> None:
        gc.enable()
        self.stylesheet.read(FOLDER / "behind.tcss")
        if self._first.shown == "panes":
            self.main.call_later(self.main.mount_panes)
        if self._opener is None:
            self._opened(self.session)
        else:
            self._opener.start(lambda: self.post_message(self.Opened()))

    def on_rlm_tui_app_opened(self) -> None:
        """The session is there, or there is none, or nobody waits for it any more."""
        if not self.screen_stack:
            return
        assert self._opener is not None  # noqa: S101
        if self._opener.made is None:
            self.failure = self._opener.failure
            self.exit()
        else:
            self._opened(self._opener.made)

    def _opened(self, session: Session) -> None:
        self.session, self._is_open = session, True
        self._register_themes()
        for fault in self.faults:
            self.notify(safe(fault.sentence), severity="warning", markup=False)
        self.set_interval(_FRAME_S, self.tick)
        if self._first.shown == "start":
            self.open_start()
        elif self._first.shown == "summary":
            self.open_summary(is_first=True)
        elif self._first.shown == "runs":
            self.open_runs(is_first=True)
        if self._first.shown != "panes":  # what stands over them is seen first
            self.screen.call_after_refresh(self.main.call_later, self.main.mount_panes)
        self.redraw()

    def get_driver_class(self) -> type[Driver]:
        """A terminal that is gone ends the app, also where no signal says so."""
        return surviving(robust(super().get_driver_class()), self.end_soon)

    def end_soon(self, why: str = "The terminal is gone.") -> None:
        """End as a signal asks for it: at once, the terminal as before; safe in a handler and from any thread."""
        self._why = why
        if self._event_loop is None:
            raise KeyboardInterrupt
        self._event_loop.call_soon_threadsafe(self.exit, None, ExitCode.INTERRUPTED)

    def close_session(self) -> None:
        """End the session, also one that was still being made when the person quit."""
        if self._why and self.session.is_running:
            self.session.send(Stop(self._why))
        if self._opener is not None:
            self._opener.close()
            self.failure = self.failure or self._opener.failure
        else:
            self.session.close()

    def _fatal_error(self) -> None:
        """A fault of the app: its traceback goes to the crash log, and the caller of `run_app` gets one sentence."""
        error = sys.exc_info()[1]
        self.failure = unexpected(error) if error is not None else self.failure
        self._close_messages_no_wait()

    def tick(self) -> None:
        """Take in what happened; draw only when something did, or when the clock in the header moved on."""
        if not self.screen_stack:
            return  # it ends: the last frame of the clock may come when the screens are gone
        if self._typed.is_waiting and self._is_up:
            self.call_later(self._typed.open)
        batch = self.session.drain()
        if batch.events or batch.changed:
            how: How = self.settings["attention"] if self.settings else "off"
            self.attention.look(self.session, how, has_focus=self.app_focus)
        if batch.events and self.main.is_ready:
            self.controllers.gate.saw(batch.events)
        self._tell(batch.messages)
        if self._notices.is_past(self._moment()):
            self.unsay()
        self._pace.is_stale = self._pace.is_stale or bool(batch.events or batch.deltas or batch.changed)
        if self._pace.is_stale:
            self._pace.draw(self.redraw)
        elif moved := self._pace.moved(self.session):
            for screen in in_sight(self.screen_stack):
                screen.show_header() if moved == "beat" else screen.show_all()
        if self.main.is_ready:
            self.controllers.gate.bring_up()

    def redraw(self) -> None:
        """Draw what the session shows now, on the screen that is on top."""
        hold = open_hold(self.session)
        if hold is not None and hold.id != self._hold:
            self.guard.hold_appeared(self.clock())
        self._hold = hold.id if hold is not None else None
        view = self.session.view
        if not self.ui.pinned or not is_there(view, self.ui.selection):
            self.ui.selection, self.ui.pinned = interesting(view), False
        if self.main.is_ready:
            self.controllers.gate.check_open()
        for screen in in_sight(self.screen_stack):
            screen.show_all()

    def sync(self) -> UiState:
        """The state of the front end, with what Textual knows of it."""
        on_main = self._top is self.main and self.main.is_ready
        self.ui.screen = "main" if on_main else "start" if _asks(self._top) else "other"
        self.ui.covered = isinstance(self._top, ModalScreen)
        self.ui.typing = is_typing(self.focused if self._top is not None else None)
        return self.ui

    @property
    def ui_below(self) -> UiState:
        """The state of the front end below the palette."""
        on_main = self.main in self.screen_stack[-2:] and self.main.is_ready
        self.ui.screen = "start" if any(map(_asks, self.screen_stack[-2:])) else "main" if on_main else "other"
        self.ui.typing = False
        return self.ui

    async def on_event(self, event: events.Event) -> None:
        """Keys are taken in one after the other; the rest as it comes."""
        if not isinstance(event, Typed) or event.is_forwarded:
            await super().on_event(event)
        elif self.screen_stack:  # else it ends: nothing is there that a key could mean
            is_urgent = isinstance(event, events.Key) and event.key in keys_of(BY_ID["app.leave"], self.ui.keymap)
            await self._typed.take(event, self.clock(), is_up=self._is_up, is_urgent=is_urgent)

    async def _take(self, typed: Typed, pressed_at: float) -> None:
        """Every key passes the guard first, wherever it goes; what counts is when it was pressed."""
        if isinstance(typed, events.Key):
            self.guard.saw(typed.key, pressed_at, typing=self.sync().typing)
        if not self.screen.has_class("tiny") or self._acts_unseen(typed):
            await super().on_event(typed)

    def _acts_unseen(self, typed: Typed) -> bool:
        """Whether it may act where the terminal is too small to show on what."""
        keymap = self.ui.keymap
        return isinstance(typed, events.Key) and any(typed.key in keys_of(BY_ID[name], keymap) for name in ACT_UNSEEN)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys that are taken from the panes act only where they mean something; else the pane has them."""
        if action != "act":
            return True
        wanted = BY_ID[str(parameters[0])]
        if not wanted.priority or wanted.id == "app.leave":
            return True
        ui = self.sync()
        return not ui.typing and bool(wanted.enabled(self.session, ui))

    def action_act(self, action_id: str) -> None:
        """A key of an action was pressed."""
        ui = self.sync()
        if action_id == "app.back" and ui.notice and not BY_ID[action_id].enabled(self.session, ui):
            return  # what was said is more than that there is nothing to leave
        if BY_ID[action_id].is_gate and open_hold(self.session) is not None and not self.guard.allows:
            self.say("Too soon after the hold; press it again.")
        else:
            self.perform(action_id)

    def action_perform(self, action_id: str) -> None:
        """An action was clicked."""
        self.perform(action_id)

    def action_slide(self, x: int, width: int) -> None:
        """The slider was clicked."""
        self.controllers.walk.slide(x, width)

    def perform(self, action_id: str) -> None:
        """Do an action, or say why it cannot be done."""
        why = reason(self.session, self.sync(), action_id)
        if why:
            self.say(why)
            return
        self.unsay()
        self._pace.is_stale = True
        self.method_of(action_id)()

    def method_of(self, action_id: str) -> Callable[[], None]:
        """What does an action: `gate.run` is `run` of the controller `gate`."""
        controller, _, name = action_id.partition(".")
        method: Callable[[], None] = getattr(getattr(self.controllers, controller), name)
        return method

    def copy_text(self, text: str, name: str) -> None:
        """Copy a text and say what was copied."""
        self.controllers.take.copy_text(text, name)

    def copy_to_clipboard(self, text: str) -> None:
        """Copy what an editor selected, as everything else is copied."""
        self.controllers.take.copy_text(text, "the selection")

    def _tell(self, messages: Sequence[str]) -> None:
        """Tell messages of the session in a corner of the panes; where that would cover what is read, in the bar."""
        if messages and isinstance(self.screen, FullScreen) and (self.screen.covers or self.screen.asks):
            self.say(" ".join(messages))
            return
        for message in messages:
            self.notify(safe(message), markup=False)

    def say(self, notice: str, *, outlasts: bool = False) -> None:
        """Say something in the gate bar for a few seconds; `outlasts`: also when something else waits by then."""
        self._notices.say(notice, self._moment(), outlasts=outlasts)
        for screen in in_sight(self.screen_stack):
            screen.show_bars()

    def _moment(self) -> Moment:
        hold = open_hold(self.session)
        return Moment(self.session.phase, hold.id if hold is not None else 0, self._top)

    def unsay(self) -> None:
        """Take back what was said last."""
        if self.ui.notice:
            self._notices.clear()
            self._pace.is_stale = True

    def finish_edit(self) -> None:
        """Close the editor of what is held; what was changed is sent and stays held."""
        self.controllers.gate.finish_edit()

    def answered(self, purpose: Purpose, text: str) -> None:
        """Do what a prompt asked for with what was written."""
        if purpose == "note":
            self.controllers.mark.noted(text)
        elif purpose == "filter":
            self.controllers.look.narrowed(text)
        else:
            self.controllers.gate.submitted(purpose, text)

    def typed(self, purpose: Purpose, text: str) -> str:
        """Do what can be done while a text is typed; returns what is wrong with it, or nothing."""
        fault = self.controllers.look.narrow(text) if purpose == "filter" else ""
        return "" if fault == self.ui.notice else fault  # what the bar says whole need not stand there, cut off, too

    def go_to(self, seq: int, node: str) -> None:
        """Go to a moment, and look at a node of it (none: at what is looked at there by itself)."""
        self.controllers.walk.to(seq, node)

    def send(self, command: SessionCommand) -> None:
        """Hand a command to the session; what it changes comes back with the next batch."""
        self.session.send(command)

    def look_at(self, node_id: str | None, *, pinned: bool) -> None:
        """Select a node for every pane."""
        self.ui.selection, self.ui.pinned = node_id, pinned
        self.main.show_all()

    def remap(self, keymap: Keymap) -> None:
        """Give actions other keys, by id; Textual's names of keys."""
        self.ui.keymap = dict(keymap)
        self._bindings = bindings(keymap)
        if self.is_running:
            self.refresh_bindings()
            self.redraw()

    def get_line_filters(self) -> Sequence[LineFilter]:
        """What is drawn passes these; with NO_COLOR it has no colour left, where Textual would draw greys."""
        if not self.no_color:
            return super().get_line_filters()
        from rlm_tui.ui.colourless import filter_of

        return [filter_of(self.current_theme)]

    def on_descendant_focus(self) -> None:
        """Over the panes, too, letters may be text now, or keys: the bar below says which."""
        if self.screen is not self.main:
            for screen in in_sight(self.screen_stack):
                screen.show_bars()

    def watch_app_focus(self, focus: bool) -> None:
        """The person is back at this window."""
        if focus:
            self.attention.clear()

    def on_unmount(self) -> None:
        """The window keeps no title of ours."""
        self.attention.clear()

    def _write(self, sequence: str) -> None:
        """Send something to the terminal that draws nothing."""
        if self._driver is not None:
            self._driver.write(sequence)

    def confirm(self, sentence: str, verb: str, then: Callable[[], None]) -> None:
        """Ask before something is lost."""
        from rlm_tui.ui.screens.dialogs import Confirm

        if isinstance(self.screen, Confirm):  # it is asked already
            return
        self.push_screen(Confirm(sentence, verb), lambda agreed: then() if agreed else None)

    def open_start(self) -> None:
        """Ask for question and model; what was typed and chosen there before stands there again."""
        from rlm_tui.session.setup import Setup
        from rlm_tui.ui.screens.start import StartScreen

        if isinstance(self.screen, StartScreen):
            self.screen.enter_question()
            return
        in_keys = self._first.in_keys and self._choice is None
        start = StartScreen(self._first.setup or Setup(), self._first.query, self._choice, in_keys=in_keys)
        self._choice = start.choice
        self.push_screen(start)

    def open_summary(self, *, is_first: bool = False) -> None:
        """Show what the run comes to; closed, the panes are drawn as they stand then."""
        from rlm_tui.ui.screens.summary import SummaryScreen

        self.push_screen(SummaryScreen(is_first=is_first), lambda _: self.redraw())

    def open_runs(self, *, is_first: bool = False) -> None:
        """Show the saved runs."""
        from rlm_tui.ui.screens.runs import RunsScreen

        if not any(isinstance(screen, RunsScreen) for screen in self.screen_stack):
            self.push_screen(RunsScreen(is_first=is_first, chosen=self._first.chosen), lambda _: self.redraw())

    def replay_instead(self, path: Path) -> None:
        """End this session, after a question where something is lost, and replay a saved run in its place."""
        self.controllers.app.leave(path)


def _asks(screen: Screen[Any] | None) -> bool:
    """Whether the question is written on a screen."""
    return isinstance(screen, FullScreen) and screen.asks
