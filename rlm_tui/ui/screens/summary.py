"""What a recorded run opens on: its summary, and one key to each place that matters."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container

from rlm_tui.ui.content.parts import FOLD
from rlm_tui.ui.content.summary import Place, Summary, answer_place, best_place, place_of, trouble_place
from rlm_tui.ui.lines import Line, Rows, indent, line, split
from rlm_tui.ui.screens.full_screen import FullScreen
from rlm_tui.ui.styles import FOLDER
from rlm_tui.ui.verbs import FOOTER_GROUPS, verbs
from rlm_tui.ui.widgets.bar import Bar, Verb, VerbBar
from rlm_tui.ui.widgets.footer import Footer
from rlm_tui.ui.widgets.gate_bar import mode_line, rows_of
from rlm_tui.ui.widgets.header import Header
from rlm_tui.ui.widgets.lines_view import LinesView
from rlm_tui.ui.widgets.rule import Rule
from rlm_tui.ui.widgets.too_small import TooSmall

_BESIDE, _LOW, _TITLE, _FEWEST = 150, 30, 1, 3
_LOOKED_AT = 200


class SummaryBar(VerbBar):
    """Where Enter leads, and the keys that act on the summary."""

    DEFAULT_CSS = "SummaryBar { height: 2; }"

    def show(self, sentence: str, role: str, keys: list[Verb], mode: Line) -> None:
        """Draw the sentence, whole, the keys, and whether letters are keys."""
        width = self.size.width or self.app.size.width
        said = indent(rows_of(sentence, width - 2, role), 1)
        row = self.verbs_line(keys, width - mode.cells - 1, len(said))
        self.show_all([*said, split(row, mode, width)])


class SummaryScreen(FullScreen):
    """Question, answer, status, cost, the first problem; Enter goes there, and nothing below is drawn meanwhile."""

    CSS_PATH: ClassVar[Path] = FOLDER / "summary.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "panes", show=False),
        Binding("a", "answer", "answer", show=False),
        Binding("e", "trouble", "first problem", show=False),
        Binding("home", "start", "start", show=False, priority=True),
        Binding("end", "end", "end", show=False, priority=True),
        Binding("tab,shift+tab", "turn", "other list", show=False),
        Binding("q", "back", "back", show=False),
    ]
    covers = True

    def __init__(self, *, is_first: bool = False) -> None:
        """`is_first`: the run opens on it, so that `q` leaves the run."""
        super().__init__()
        self._is_first = is_first
        self._facts, self._turns = LinesView(id="summary-facts"), LinesView(id="summary-turns")
        self._header, self._bar, self._footer = Header(), SummaryBar(), Footer()
        self._is_chosen = False
        self._opened: frozenset[str] = frozenset()

    def compose(self) -> ComposeResult:
        """Facts, iterations, bars."""
        yield self._header
        with Container(id="summary"):
            yield self._facts
            with Container(id="summary-below"):
                yield Bar(id="summary-title")
                yield self._turns
        yield Rule()
        yield self._bar
        yield self._footer
        yield TooSmall()

    def on_mount(self) -> None:
        """Draw the bars; the rest once its size is known."""
        self._facts.focus()
        self.show_bars()

    def on_resize(self) -> None:
        """The iterations stand beside the facts where there is room."""
        size = self.app.size
        self.set_class(size.width >= _BESIDE, "-wide")
        self.set_class(size.height < _LOW, "narrow")
        self.query_one(TooSmall).fit(size.width, size.height, self.owner.ui)
        self.call_after_refresh(self.show_all)

    def show_header(self) -> None:
        """Draw the header alone."""
        self._header.show(self.owner.session)

    def show_bars(self) -> None:
        """Draw header, sentence, keys and footer."""
        owner = self.owner
        ui = owner.sync()
        self.show_header()
        self._bar.show(*self._sentence(), [] if ui.covered else self.own_keys(), mode_line(ui))
        footer = verbs(owner.session, ui, FOOTER_GROUPS, owner.ui.keymap)
        self._footer.show(footer if self._is_first else [_back(verb) for verb in footer])

    def show_all(self) -> None:
        """Draw everything, as far as the trace is read."""
        session, dense = self.owner.session, self.has_class("narrow")
        facts = Summary(session, self._facts.columns, self._opened).facts(dense=dense)
        beside = Summary(session, self._turns.columns).turns()
        self._fit(len(facts), len(beside))
        if self._is_chosen:
            self._facts.show_rows(facts)
        else:
            self._facts.show_rows(facts, cursor=_row_of(facts, self._best().key), top=0)
        self._turns.show_rows(beside)
        self.query_one("#summary-title", Bar).show_rows(_title(len(beside)))
        self.show_bars()

    def _fit(self, facts: int, beside: int) -> None:
        """The facts take the rows they need, and leave some to the iterations."""
        room = self.query_one("#summary").size.height
        least = min(beside, _FEWEST) + 1 + _TITLE if beside else 0
        height = "1fr" if self.has_class("-wide") else str(max(_FEWEST, min(facts, room - least)))
        if str(self._facts.styles.height) != height:
            self._facts.styles.height = height

    def _best(self) -> Place:
        session = self.owner.session
        return best_place(session.trajectory.now(), session.log)

    def _sentence(self) -> tuple[str, str]:
        owner = self.owner
        if owner.ui.notice:
            return owner.ui.notice, "careful"
        if owner.session.waiting:
            return f"{owner.session.waiting}; what is here can be looked at meanwhile.", "accent"
        if self._facts.cursor_key.startswith(FOLD) and not self._turns.has_focus:
            return "Enter opens this row, or closes it again.", "text"
        calm = "Nothing here is executed." if owner.session.phase == "replay" else "The run is left as it is."
        return f"Enter goes to {self._chosen().what or 'the place of this row'}. {calm}", "text"

    def _chosen(self) -> Place:
        view = self._turns if self._turns.has_focus else self._facts
        best = self._best()
        place = place_of(view.cursor_key)
        return best if place is None or place.key == best.key else place

    def own_keys(self) -> list[Verb]:
        """Where Enter leads, and the keys to each place that matters."""
        session = self.owner.session
        view, log = session.trajectory.now(), session.log
        keys = [Verb("", "Enter", "go there"), Verb("", "Esc", "panes")]
        keys += [Verb("", "a", "answer")] if answer_place(view, log) else []
        trouble = trouble_place(view, log)
        keys += [Verb("", "e", trouble.what.removeprefix("the "))] if trouble else []
        return [*keys, Verb("", "Home", "start"), Verb("", "End", "end")]

    def _go(self, place: Place | None, missing: str) -> None:
        if place is None:
            self.owner.say("It is not among what is read so far." if self.owner.session.waiting else missing)
            return
        self.dismiss(None)
        self.owner.go_to(place.seq, place.node)
        if place.node:
            self.app.call_later(self.owner.perform, "pane.step")  # the pane that was there may not show the place

    def action_answer(self) -> None:
        """To the iteration that gave the answer."""
        session = self.owner.session
        self._go(answer_place(session.trajectory.now(), session.log), "This run has no answer.")

    def action_trouble(self) -> None:
        """To what went wrong first."""
        session = self.owner.session
        self._go(trouble_place(session.trajectory.now(), session.log), "Nothing failed and nothing was repaired.")

    def action_start(self) -> None:
        """To the first step."""
        steps = self.owner.session.trajectory.steps
        self._go(Place(steps[0].seq, "", "") if steps else None, "There is no step yet.")

    def action_end(self) -> None:
        """To the newest moment."""
        self._go(Place(self.owner.session.trajectory.last, "", ""), "")

    def action_leave(self) -> None:
        """To the panes, where they stood."""
        self.dismiss(None)

    def action_back(self) -> None:
        """Back: out of the run, when it opened on this."""
        if self._is_first:
            self.owner.method_of("app.quit")()
        else:
            self.dismiss(None)

    def action_turn(self) -> None:
        """To the other list."""
        (self._facts if self._turns.has_focus else self._turns).focus()

    def on_lines_view_moved(self, event: LinesView.Moved) -> None:
        """A person looks around: the cursor stays where it was put."""
        event.stop()
        self._is_chosen = True
        self.show_bars()

    def on_lines_view_entered(self, event: LinesView.Entered) -> None:
        """Open or close a fold; else go to the place of the row, or to the best one."""
        event.stop()
        if event.key.startswith(FOLD):
            self._is_chosen, self._opened = True, self._opened ^ {event.key}
            self.show_all()
        else:
            self._go(self._chosen(), "")

    def on_lines_view_resized(self, event: LinesView.Resized) -> None:
        """Draw for the new width."""
        event.stop()
        self.show_all()


def _back(verb: Verb) -> Verb:
    """Over the panes, the key that quits goes back to them."""
    return Verb("", "q", "back") if verb.action == "app.quit" else verb


def _title(count: int) -> Line:
    return line((f"Iterations  {count:,}", "muted bold"), ("   Tab, Enter goes there", "dim")) if count else line()


def _row_of(rows: Rows, key: str) -> int:
    return next((index for index, row in enumerate(rows[:_LOOKED_AT]) if row.key == key), 0)
