"""The start screen: the document on the left; on the right the question, the model and how to run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical

from rlm_tui.lm.registry import is_server_here
from rlm_tui.session import commands as cmd
from rlm_tui.session.commands import Start
from rlm_tui.session.setup import Setup
from rlm_tui.ui.actions import key_name, key_of
from rlm_tui.ui.lines import indent, line, split
from rlm_tui.ui.offers import OFFLINE, ModelOffer, Recent, check, found_offers, recent_runs
from rlm_tui.ui.screens.full_screen import FullScreen
from rlm_tui.ui.screens.start_rows import (
    FORM,
    MODEL,
    MORE,
    OTHER,
    START,
    STEP,
    Choice,
    choice_rows,
    fact_rows,
    limit_words,
    recent_rows,
    search_news,
)
from rlm_tui.ui.styles import FOLDER
from rlm_tui.ui.verbs import FOOTER_GROUPS, verbs
from rlm_tui.ui.widgets.bar import Bar, Verb
from rlm_tui.ui.widgets.choices_view import ChoicesView
from rlm_tui.ui.widgets.editor import CodeEditor
from rlm_tui.ui.widgets.footer import Footer
from rlm_tui.ui.widgets.frame import PaneWidget
from rlm_tui.ui.widgets.gate_bar import mode_line, rows_of
from rlm_tui.ui.widgets.header import Header, QuestionBar
from rlm_tui.ui.widgets.lines_view import LinesView
from rlm_tui.ui.widgets.prompt import PromptEditor
from rlm_tui.ui.widgets.too_small import TooSmall

if TYPE_CHECKING:  # how servers are found is imported when the screen is drawn
    from rlm_tui.lm.discovery import Probe, Server

_TWO_COLUMNS, _TALL = 110, 48
_PADDING = 2

_IN_QUESTION = "Tab goes on, F5 starts, Esc leaves the question."
_IN_NAME = "Enter takes the name, Esc goes back to the list."
_IN_LIST = "Enter chooses, Tab leads to the question, F5 starts, Esc to the panes."
_OFFLINE = "offline finds the words of the question and understands nothing else."
_NAMELESS = "Type a name as provider/name, or Esc goes back to the list."


class StartScreen(FullScreen):
    """Asks what is missing, offers what was found, and sends one Start."""

    asks = True
    CSS_PATH: ClassVar[Path] = FOLDER / "start.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "back", show=False),
        Binding("f5", "start", "start", show=False),
    ]

    def __init__(self, setup: Setup, query: str = "", choice: Choice | None = None, *, in_keys: bool = False) -> None:
        """`choice` is what was typed and chosen when the screen was left before; `in_keys`: begin in the list."""
        super().__init__()
        self._in_keys = in_keys
        self.choice = choice or Choice(query, setup.model, setup.sub_model, setup.step)
        self._setup = setup
        self._probe: Probe | None = None
        self._servers: list[Server] = []
        self._has_looked = self._is_touched = False
        self._offers = self._found_offers()
        self._recent = Recent()

    def compose(self) -> ComposeResult:
        """Document, form, bars."""
        from rlm_tui.ui.panes import make_pane

        yield Header()
        with Horizontal(id="start"):
            with Vertical(id="start-document"):
                yield QuestionBar(id="start-name")
                yield make_pane("context")
            with Vertical(id="start-form"):
                yield Bar(id="start-ask")
                yield PromptEditor(id="start-question", numbers=False)
                yield Bar(id="start-other-title")
                yield PromptEditor(id="start-other", numbers=False)
                yield ChoicesView(id="start-choices", keep_cursor=True)
                yield Bar(id="start-facts")
        yield Bar(id="start-notice")
        yield Footer()
        yield TooSmall()

    def on_mount(self) -> None:
        """Draw it, with the focus on what is missing."""
        self.query_one("#start-ask", Bar).show_rows(line((" Question", "muted bold")))
        title = line((" Model", "muted bold"), ("  provider/name, scripted:FILE or human · Enter takes it", "dim"))
        self.query_one("#start-other-title", Bar).show_rows(title)
        question = self._question
        question.load(self.choice.query)
        question.move_cursor(question.document.end)
        question.soft_wrap = True
        for editor in self.query(PromptEditor):
            editor.tab_behavior = "focus"
        self._other(False)
        (self._choices if self._in_keys or self.choice.query.strip() else question).focus()
        self.show_all()
        self._choices.move_cursor(1)
        self.call_after_refresh(self._look_round)

    def _look_round(self) -> None:
        self.run_worker(self._find_recent, thread=True)
        self.run_worker(self._find_servers, thread=True)

    def on_unmount(self) -> None:
        """Nothing is looked for any more."""
        if self._probe is not None:
            self._probe.stop()

    def _find_servers(self) -> None:
        from rlm_tui.lm.discovery import Probe

        app, base_url = self.app, self._setup.base_url
        self._probe = Probe({base_url: "openai"} if base_url else None)
        if not self.is_attached:  # it was left meanwhile
            return

        def heard(server: Server | None) -> None:
            app.call_later(self._take_in, server)

        self._probe.run(heard)
        heard(None)

    def _take_in(self, server: Server | None) -> None:
        """A server has answered, or (None) the search is over; a cursor that nobody moved is on the best there is."""
        if server is None:
            self._has_looked = True
        else:
            self._servers.append(server)
        self._offers = self._found_offers()
        if self.is_there:
            self._show_choices()

    def _found_offers(self) -> list[ModelOffer]:
        return found_offers(self._setup.model, self._servers, self._setup.base_url)

    def _find_recent(self) -> None:
        self._recent = recent_runs()
        self.app.call_later(self._show_recent)

    def _show_recent(self) -> None:
        if self.is_there:
            self.show_all()

    @property
    def _question(self) -> PromptEditor:
        return self.query_one("#start-question", PromptEditor)

    @property
    def _choices(self) -> ChoicesView:
        return self.query_one("#start-choices", ChoicesView)

    def _other(self, shown: bool) -> None:
        for name in ("#start-other", "#start-other-title"):
            self.query_one(name).display = shown
        self.call_after_refresh(self._show_facts)

    def on_resize(self) -> None:
        """The document gives way on a narrow screen; on a tall one there is room for a long question."""
        size = self.app.size
        self.set_class(size.width < _TWO_COLUMNS, "narrow")
        self.set_class(size.height >= _TALL, "tall")
        self.query_one(TooSmall).fit(size.width, size.height, self.owner.ui)
        self.call_after_refresh(self.show_all)

    def show_header(self) -> None:
        """Draw the header alone."""
        self.query_one(Header).show(self.owner.session)

    def show_bars(self) -> None:
        """Draw header, notice and footer."""
        owner = self.owner
        ui = owner.sync()
        self.show_header()
        mode = mode_line(ui)
        words, role = (ui.notice, "careful") if ui.notice else (owner.session.trouble, "failed")
        said = rows_of(words or self._hint(), self.app.size.width - mode.cells - 2, role if words else "dim")
        rows = indent(said, 1)
        self.query_one("#start-notice", Bar).show_all([split(rows[0], mode, self.app.size.width), *rows[1:]])
        own = [] if ui.typing or ui.covered else self.own_keys()
        self.query_one(Footer).show([*own, *verbs(owner.session, ui, FOOTER_GROUPS, owner.ui.keymap)])

    def own_keys(self) -> list[Verb]:
        """The keys of the form, as long as one types nothing."""
        tab = Verb("", key_name("tab"), "question")
        return [Verb("", "Enter", "choose"), tab, Verb("", "F5", "start"), Verb("", "Esc", "panes")]

    def _hint(self) -> str:
        if self._question.has_focus:
            return _IN_QUESTION
        if self.query_one("#start-other").has_focus:
            return _IN_NAME
        return _OFFLINE if self._choices.cursor_key == MODEL + OFFLINE else _IN_LIST

    def enter_question(self) -> None:
        """Put the cursor into the question."""
        self._question.focus()

    def show_all(self) -> None:
        """Draw everything."""
        owner = self.owner
        self.choice.is_readable = bool(owner.session.can(cmd.Start))
        self.show_bars()
        self.query_one("#start-name", QuestionBar).show_document(owner.session)
        cast(PaneWidget, self.query_one("#start-document").children[1]).show(owner.session, None)
        self._show_choices()
        self._show_facts()

    def _show_facts(self) -> None:
        """Draw what will hold, and as many of the newest runs as there is room for below the choices."""
        bar, columns = next(iter(self.query("#start-facts").results(Bar)), None), self.app.size.width
        if bar is None:  # the screen closes
            return
        width = (columns if columns < _TWO_COLUMNS else FORM) - _PADDING
        known = fact_rows(*self._dialect(), self._limits(), width=width)
        room = self.query_one("#start-form").content_region.bottom - bar.region.y - len(known)
        facts = known + recent_rows(self._recent, key_of("look.runs", self.owner.ui), room)
        if bar.styles.height is None or bar.styles.height.value != len(facts):
            bar.styles.height = len(facts)
        bar.show_rows(*facts)

    def _show_choices(self) -> None:
        known = [server for server in self._servers if server.is_sure and server.is_here]
        problems = [f"{server.host} {server.problem}" for server in known if server.problem]
        found = sum(len(server.models) for server in self._servers)
        news = "" if self._setup.base_url else search_news(self._has_looked, found, problems)
        rows = choice_rows(self.choice, self._offers, self.owner.session.title, news, self.app.size.height)
        choices = self._choices
        if len(rows) != len(choices.rows):
            choices.styles.height = len(rows)
            self.call_after_refresh(self._show_facts)
        keys = [row.key for row in rows]
        key = choices.cursor_key
        at = keys.index(key) if key in keys[1:] else choices.cursor
        choices.show_rows(rows)
        choices.move_cursor(at if self._is_touched else 1)
        self.show_bars()

    def _limits(self) -> str:
        setup, spec = self._setup, self.choice.sub_model or self.choice.model
        return limit_words(setup.limits, by_slots=setup.fits_width and is_server_here(spec, setup.base_url))

    def _dialect(self) -> tuple[str, str]:
        if not self.choice.model and self._setup.dialect == "auto":
            return "auto", "follows the model"
        config = self._setup.engine_config(self.choice.model, self.choice.sub_model)
        return config.dialect.name, config.dialect_reason

    def on_text_area_changed(self) -> None:
        """The question is what stands in its editor."""
        if self._question.text != self.choice.query:
            self.choice.query = self._question.text
            self.owner.unsay()
        self._show_choices()

    def on_prompt_editor_sent(self, event: PromptEditor.Sent) -> None:
        """Enter in the question goes on to the model; Enter in the name of a model takes it."""
        event.stop()
        other = self.query_one("#start-other", PromptEditor)
        if other.has_focus:
            self._take(other.text.strip())
        elif self.choice.missing:
            self._choices.focus()
        else:
            self.action_start()

    def _take(self, spec: str) -> None:
        why = check(spec, self._setup.base_url) if spec else _NAMELESS
        if why:
            self.owner.say(why)
            return
        self.choice.model = spec
        self.owner.unsay()
        self._other(False)
        self.show_all()
        self._choices.focus()
        self._to_start()

    def _to_start(self) -> None:
        self._is_touched = True
        self._choices.move_cursor(len(self._choices.rows) - 1)

    def on_lines_view_moved(self, event: LinesView.Moved) -> None:
        """From now on the cursor stays on its row, whatever is found."""
        self._is_touched = self._is_touched or event.view is self._choices
        self.show_bars()

    def on_lines_view_entered(self, event: LinesView.Entered) -> None:
        """Choose the row."""
        event.stop()
        self._is_touched = True
        if event.key.startswith(MODEL):
            self._choose(event.key.removeprefix(MODEL))
        elif event.key == OTHER:
            self._spell("")
        elif event.key == MORE:
            self.choice.all_offers = True
            self._show_choices()
        elif event.key == STEP:
            self.choice.step = not self.choice.step
            self._show_choices()
        elif event.key == START:
            self.action_start()

    def _choose(self, spec: str) -> None:
        if spec.endswith("/"):
            self._spell(spec)
        elif spec == self.choice.model:
            self.action_start()
        else:
            self._take(spec)

    def _spell(self, spec: str) -> None:
        self._other(True)
        other = self.query_one("#start-other", PromptEditor)
        other.load(spec)
        other.move_cursor(other.document.end)
        other.focus()

    def on_code_editor_edited(self, event: CodeEditor.Edited) -> None:
        """Esc leaves an editor; what was typed is kept."""
        event.stop()
        self._other(False)
        self._choices.focus()

    def action_start(self) -> None:
        """Ask the question, or say what is missing."""
        why = self.choice.missing
        if why:
            self.owner.say(f"It cannot start yet: {why}." if self.choice.is_readable else self.owner.session.trouble)
            return
        choice = self.choice
        self.owner.send(Start(choice.query.strip(), choice.model, choice.sub_model, choice.step))
        self.owner.main.show_run()
        self.dismiss(None)

    def action_leave(self) -> None:
        """To the panes, without a question."""
        self.dismiss(None)
