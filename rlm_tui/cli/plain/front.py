"""The linear front end: what happens goes out as lines, what is typed goes in as commands of the same session."""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import chain

from rlm_tui.cli.plain.doing import Doing
from rlm_tui.cli.plain.linear import told
from rlm_tui.cli.plain.lines_in import LinesIn
from rlm_tui.cli.plain.tell import Teller
from rlm_tui.cli.plain.typed import ACTIONS, AT_ONCE, INSTEAD, OWN, Reader, Typed
from rlm_tui.cli.plain.writing import Writing
from rlm_tui.errors import ExitCode
from rlm_tui.session import commands as cmd
from rlm_tui.session.base import Batch, Phase, Session
from rlm_tui.session.signals import told_to_end
from rlm_tui.text import one_line
from rlm_tui.trajectory.numbers import NUMBERS
from rlm_tui.ui.actions import BY_ID, Keymap, reason
from rlm_tui.ui.bar_words import sentence, unsaid
from rlm_tui.ui.content.batches import held_one
from rlm_tui.ui.meanings import meaning
from rlm_tui.ui.selecting import (
    held_elsewhere,
    held_text,
    interesting,
    is_held,
    is_of_subcall,
    is_there,
    meant_hold,
    open_hold,
    quit_question,
)
from rlm_tui.ui.state import UiState
from rlm_tui.ui.words import is_behind, state_of

_BEAT_S = 0.05
_OFFERED = ("gate.", "walk.")
_AMONG_NODES = ("walk.sibling_before", "walk.sibling_after", "walk.parent", "walk.child")
_MOST = 120
_QUOTED = 60
_ON_HOLD = ("gate.run", "gate.answer")
_BESIDE = ("walk.sibling_after", "walk.sibling_before")
_BY_ROW = "show with a row of calls"
_WAITS = ("held", "question", "finished", "replay")
_KEPT = "note: what you typed is kept; send sends it again."
_UNENDED = "note: the text had no line with a full stop alone at its end, so it was not sent."
_NOT_KNOWN = "note: {!r} is no command; help lists them."


class Front:
    """Says a session line by line and does what is typed; `run()` returns when it is over."""

    def __init__(self, session: Session, lines: LinesIn, keymap: Keymap | None = None) -> None:
        self.session = session
        self.ui = UiState(screen="main", keymap=dict(keymap or {}))
        self._reader = Reader(self.ui.keymap)
        self.writing: Writing | None = None
        self._written: Writing | None = None
        self._refused: Writing | None = None
        self.settled: Callable[[], bool] = lambda: True
        """Whether the last command has had its effect; what a pipe brings waits for it."""
        self._lines = lines
        self._teller = Teller(session)
        self._doing = Doing(self)
        self._agreed: Callable[[], None] | None = None
        self._rest: Iterator[str] = iter(())
        self._offered: object = None
        self._code: int | None = None
        self._why = ""
        self._is_interrupted = False
        self._calm: Phase | None = None
        self._meant = 0
        """The hold that commands were last said to mean."""

    def run(self) -> int:
        """Go on until the person quits, the lines end, or a signal says so; returns an ExitCode."""
        with told_to_end(self._end_for), _on_interrupt(self._interrupted):
            self.say([f"rlm-tui: {self.session.title}. help lists the commands."])
            is_busy = False
            try:
                while self._code is None:
                    has_news = self._hear()
                    self._lines.wait(0.0 if has_news or is_busy else _BEAT_S)
                    is_busy = self._obey()
            finally:
                self._doing.keep_again()
                self._doing.close()
                if self._why and self.session.is_running:
                    self.session.send(cmd.Stop(self._why))
            return self._code

    def _end_for(self, why: str) -> None:
        """Leave the loop as a signal asks for it."""
        self._why = why
        self.end(ExitCode.INTERRUPTED)

    def end(self, code: int = ExitCode.OK) -> None:
        """Leave the loop."""
        self._code = code

    def say(self, lines: Iterable[str], most: int = _MOST) -> None:
        """Write lines to stdout; what is too much for once waits for `more`."""
        now, rest = told(iter(lines), most)
        self._rest = rest if len(now) > most else self._rest
        if now:
            sys.stdout.write("\n".join(now) + "\n")
            sys.stdout.flush()

    @property
    def is_terminal(self) -> bool:
        """Whether a person types, so that a screen editor can be opened."""
        return self._lines.is_terminal and sys.stdout.isatty()

    def more(self) -> None:
        """What was left out."""
        rest, self._rest = self._rest, iter(())
        first = next(rest, "note: nothing was left out.")
        self.say(chain([first], rest))

    def write(self, hint: str, done: Callable[[str], None]) -> None:
        """Take the next lines as a text."""
        self.say([f"{hint} A line with a full stop alone ends it; .cancel throws it away."])
        self.writing = Writing(done)

    def confirm(self, sentence: str, then: Callable[[], None]) -> None:
        """Ask before something is lost."""
        self.say([f"question: {sentence}"])
        self._agreed = then

    def send(self, command: cmd.SessionCommand, settled: Callable[[], bool] | None = None) -> None:
        """Hand a command to the session."""
        self._written = None
        self.settled = settled or (lambda: True)
        self.session.send(command)

    def again(self) -> None:
        """Send once more what was refused."""
        if (kept := self._refused) is None:
            self.say(["note: nothing that you typed waits to be sent again."])
        else:
            self._refused = None
            self._give(kept)

    def _give(self, writing: Writing) -> None:
        """Send a text; what a command then refuses is kept."""
        writing.send()
        self._written = writing

    def tell(self, first: int, last: int) -> None:
        """Say the events after `first` up to `last` anew."""
        known = (seq for seq in self.session.trajectory.seqs if first < seq <= last)
        teller = Teller(self.session)
        self.say(line for seq in known for line in teller.tell(self.session.log.event(seq)))

    def _hear(self) -> bool:
        """Take in what happened and say it; when nothing more comes, say where that leaves the person.

        Tells whether there were events, as then more may be there at once.
        """
        before, batch = self.session.phase, self.session.drain()
        for event in batch.events:
            self.say(self._teller.tell(event))
        self._messages(batch)
        if self._is_interrupted:
            self._is_interrupted = False
            self._doing.interrupt()
        # A run ends in its own thread: only between two looks without news do phase and events belong together.
        self._calm = before if not batch.events and before == self.session.phase else None
        if self._calm and self._stands() != self._offered:
            self._offered = self._stands()
            self._arrive()
        return bool(batch.events)

    def _messages(self, batch: Batch) -> None:
        if batch.messages:
            is_refused = self._written is not None and not self.settled()
            self._refused = self._written if is_refused else self._refused
            self.settled = lambda: True
            self.say([*(f"note: {message}" for message in batch.messages), *([_KEPT] if is_refused else [])])

    def _stands(self) -> tuple[object, ...]:
        """What a person is told of anew when it changes: phase, holds, and in a replay the end of the indexing."""
        holds = tuple(hold.id for hold in self.session.trajectory.now().holds())
        return self.session.phase, holds, bool(self.session.waiting)

    def _arrive(self) -> None:
        """Something new waits for the person."""
        phase = self.session.phase
        if phase == "replay" and not self.session.waiting:
            self._doing.do(Typed("show"))
        if phase == "held":
            is_new = not is_held(self.session, self._meant)
            # It was said just now: that is what one looks at, unless it came beside what one chose, which still waits.
            self.ui.pinned = self.ui.pinned and not is_new
            self._look()
            hold = meant_hold(self.session, self.ui.selection)
            if is_new and hold is not None and hold.checkpoint in NUMBERS:
                self.say([sentence(self.session, self.ui)[0]])
            self._offer()
        elif phase in _WAITS and not self.session.waiting:
            self.where(is_told=True)

    def where(self, *, is_told: bool = False) -> None:
        """The state and what can be done; `is_told`: the answer of a run that is over was said just now."""
        state, over = state_of(self.session), self.session.trajectory.now().finished
        end = "" if state.words.rstrip('"”’').endswith((".", "?", "!", "…")) else "."
        if not (is_told and over is not None and over.status == "answered" and self.session.phase == "finished"):
            self.say([f"{state.word.lower()}: {state.words}{end}"])
        self.say([f"note: {left}"] if (left := unsaid(self.session).strip()) else [])
        self._look()
        is_behind_a_hold = self.session.phase == "held" and is_behind(self.session)
        if is_behind_a_hold or held_elsewhere(self.session, self.ui.selection) is not None:
            self.say([f"note: {sentence(self.session, self.ui)[0]}"])
        self._offer()

    def _offer(self) -> None:
        self._say_meant()
        offered = (name for name in ACTIONS if name.startswith(_OFFERED) and name not in _AMONG_NODES)
        can = [self._reader.offer(name) for name in offered if self.allows(name)]
        self.say([f"You can: {', '.join([*dict.fromkeys(can), 'help (?)', 'quit (q)'])}."])

    def _say_meant(self) -> None:
        """Where several wait, which one the commands mean and how another is chosen; nothing where they act on none."""
        now, hold = self.session.trajectory.now(), meant_hold(self.session, self.ui.selection)
        if hold is None or not any(map(self.allows, _ON_HOLD)):
            return
        self._meant, many = hold.id, len(now.holds())
        if many > 1:
            said = one_line(held_text(self.session, hold), _QUOTED)
            beside = _BESIDE if is_of_subcall(self.session, hold) else ()
            ways = [self._reader.offer(name) for name in beside if self.allows(name)][:1]
            which = f"{held_one(now, hold).partition(',')[0]}, “{said}”"
            self.say([f"note: {many} wait; commands mean {which}; {' or '.join([*ways, _BY_ROW])} chooses another."])

    def allows(self, action: str) -> bool:
        """Whether an action of the registry can be done now."""
        self._look()
        return not reason(self.session, self.ui, action)

    def _obey(self) -> bool:
        """Do what was typed, as far as it is time for it; tells whether anything was, as the next line may be next."""
        line = self._lines.next
        is_taken = line is not None and (self._lines.is_terminal or self._is_time(line))
        if is_taken:
            self._take(self._lines.take())
            self._calm = None
        if self._lines.is_over and self._code is None and (self._lines.is_terminal or self._is_waiting()):
            self.say([_UNENDED] if self.writing is not None else [])
            self.end(ExitCode.OK if self._lines.is_terminal else self._outcome())
        return is_taken

    def _is_time(self, line: str) -> bool:
        """Whether a line from a pipe is to be taken now: what is not for a run under way waits for its next halt."""
        if self.writing is not None or self._agreed is not None:
            return True
        meant = self._reader.read(line)
        if meant is not None and meant.action in AT_ONCE and self._calm and self.settled():
            return self.allows(meant.action) or self._is_waiting()
        return self._is_waiting()

    def _is_waiting(self) -> bool:
        return self._calm in _WAITS and self.settled() and not self.session.waiting

    def _outcome(self) -> int:
        """What a script ends with: as the run did, if one was made here."""
        if self.session.phase == "replay":
            return ExitCode.OK
        if self.session.failure is not None:
            return self.session.failure.exit_code
        hold = open_hold(self.session)
        if hold is not None and hold.has_failed:
            return ExitCode.PROVIDER
        if hold is not None and hold.id == self.ui.unedited:
            return ExitCode.USAGE
        finished = self.session.trajectory.now().finished
        return finished.exit_code if finished is not None else ExitCode.OK

    def _take(self, line: str) -> None:
        if self.writing is not None:
            writing = self.writing
            if writing.add(line):
                self.writing = None
                if not writing.is_cancelled:
                    self._give(writing)
        elif self._agreed is not None:
            agreed, self._agreed = self._agreed, None
            if line.strip().lower() in ("yes", "y"):
                agreed()
            else:
                self.say(["note: nothing was done."])
        else:
            self._act(self._reader.read(line), line)

    def _act(self, meant: Typed | None, line: str) -> None:
        if meant is None:
            self.say([_NOT_KNOWN.format(line.strip()[:40])])
            return
        self._doing.keep_again()
        self._look()
        why = INSTEAD.get(meant.action) or (
            reason(self.session, self.ui, meant.action) if meant.action not in OWN else ""
        )
        if why:
            self.say([f"note: {why}"])
        else:
            self._doing.do(meant)
            hold = meant_hold(self.session, self.ui.selection)
            if hold is not None and hold.id != self._meant:
                self._say_meant()

    def _look(self) -> None:
        """What nobody chose to look at is what matters at this moment, as in the app."""
        view = self.session.view
        if not self.ui.pinned or not is_there(view, self.ui.selection):
            self.ui.selection, self.ui.pinned = interesting(view), False

    def quit(self) -> None:
        """Quit; asks while something runs."""
        self._doing.keep_again()
        sentence = quit_question(self.session)
        if sentence:
            self.confirm(f"{sentence} Type yes to quit.", self.end)
        else:
            self.end()

    def help(self) -> None:
        """What can be done now, and why the rest cannot."""
        can = [name for name in ACTIONS if self.allows(name)]
        meant = {name: meaning(BY_ID[name], self.session, self.ui.selection) for name in can}
        self.say(["You can do now:", *(f"  {self._reader.offer(name)}: {words}." for name, words in meant.items())])
        self.say([f"  {name}: {words}." for name, words in OWN.items()])
        cannot = [name for name in ACTIONS if name not in can]
        self.say(["You cannot do now:"] if cannot else [])
        self.say([f"  {BY_ID[name].label}: {reason(self.session, self.ui, name)}" for name in cannot])
        self.say(["Done otherwise in lines:", *(f"  {BY_ID[name].label}: {words}" for name, words in INSTEAD.items())])

    def _interrupted(self) -> None:
        self._is_interrupted = True


@contextlib.contextmanager
def _on_interrupt(act: Callable[[], None]) -> Iterator[None]:
    """Ctrl+C means a block here; `told_to_end` puts the handler of before back."""
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, lambda _number, _frame: act())
    yield


def run_plain(make: Callable[[], Session], keymap: Keymap) -> int:
    """Make a session, say it until it is over, and close it; returns an ExitCode.

    `keymap` is as the settings have it; only single characters can be typed on a line.
    """
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    session = make()
    try:
        return Front(session, LinesIn(), keymap).run()
    finally:
        session.close()
