"""What each typed command does: one command for the session, or a look at it."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from rlm_tui import events as ev
from rlm_tui.cli.plain.hits import Hits
from rlm_tui.cli.plain.keeping import Keeping
from rlm_tui.cli.plain.looking import Looking
from rlm_tui.cli.plain.speaker import Speaker
from rlm_tui.errors import RlmTuiError
from rlm_tui.session import commands as cmd
from rlm_tui.text import plural
from rlm_tui.trajectory import Hold
from rlm_tui.ui.editing import edit_outside, editor_command, suffix_of
from rlm_tui.ui.family import Way
from rlm_tui.ui.selecting import held_text, is_held, meant_hold, step_back, step_forward
from rlm_tui.ui.words import FORGET, STOP, UNEDITED

if TYPE_CHECKING:
    from rlm_tui.cli.plain.typed import Typed
    from rlm_tui.engine.breakpoints import Breakpoint

_STOP = f"{STOP} Type yes to stop it."
_FORGET = f"{FORGET} Type yes to forget them."
_WAYS: dict[str, Way] = {"sibling_before": "{", "sibling_after": "}", "parent": "h", "child": "l"}


def _stand(each: Breakpoint) -> str:
    return f"{'on' if each.is_on else 'off'}, {plural(each.hits, 'hit')}."


_BARE = ("gate.run", "gate.go_on", "gate.skip", "gate.step", "gate.into", "gate.out", "gate.turn")


class Doing:
    """The actions of the registry and the commands of the linear mode, by name."""

    def __init__(self, front: Speaker) -> None:
        self._front = front
        self._session = front.session
        self._look = Looking(front.session, front.ui)
        self._hits = Hits(front.session, front.ui)
        self._keep = Keeping(front, self._walk)
        self._model = ""
        self._methods = {**self._at_the_gate(), **self._looking(), **self._taking()}

    def _at_the_gate(self) -> dict[str, Callable[[str], None]]:
        front = self._front
        steps: dict[str, cmd.StepKind] = {"step": "over", "into": "into", "out": "out", "turn": "iteration"}
        return {
            **{f"gate.{name}": self._stepper(kind) for name, kind in steps.items()},
            "gate.run": lambda _: self._release(cmd.Run),
            "gate.skip": lambda _: self._release(cmd.Skip),
            "gate.retry": lambda _: self._release(cmd.Retry),
            "gate.original": lambda _: self._on_hold(cmd.Revert, ev.Edited),
            "gate.go_on": lambda _: self._release(lambda _hold: cmd.Resume()),
            "gate.edit": self._edit,
            "gate.tell": self._tell,
            "gate.inject": self._inject,
            "look.prompt": self._inject,
            "gate.answer": self._answer,
            "gate.ask": self._ask,
            "gate.pause": lambda _: front.send(cmd.Pause()),
            "gate.interrupt": lambda _: self.interrupt(),
            "gate.stop": lambda _: front.confirm(_STOP, lambda: front.send(cmd.Stop(), self._is_gone())),
            "look.breakpoints": self._break,
            "gate.reset": lambda _: front.confirm(_FORGET, self._forget),
        }

    def _looking(self) -> dict[str, Callable[[str], None]]:
        front = self._front
        return {
            "walk.back": lambda _: self._walk(step_back(self._session)),
            "walk.forward": lambda _: self._walk(step_forward(self._session)),
            "walk.first": lambda _: self._walk(self._first()),
            "walk.last": lambda _: self._walk(None),
            "walk.live": lambda _: self._walk(None),
            "pane.calls": lambda _: front.say(self._look.calls()),
            "pane.step": lambda rest: front.say(self._look.step(rest)),
            "show": lambda rest: front.say(self._look.step(rest)),
            "pane.chat": lambda _: front.say(self._look.chat()),
            "pane.repl": lambda _: front.say(self._look.repl()),
            "pane.context": lambda rest: front.say(self._look.context(rest)),
            "pane.vars": lambda _: front.say(self._look.vars()),
            **{f"walk.{name}": self._leader(way) for name, way in _WAYS.items()},
            "look.find": lambda rest: front.say(self._hits.find(rest)),
            "look.next": lambda _: front.say(self._hits.step(1)),
            "look.previous": lambda _: front.say(self._hits.step(-1)),
            "look.filter": lambda rest: front.say(self._look.filter(rest)),
            "look.summary": lambda _: front.say(self._look.summary()),
        }

    def _taking(self) -> dict[str, Callable[[str], None]]:
        front, keep = self._front, self._keep
        return {
            "mark.toggle": lambda _: keep.mark(),
            "mark.next": lambda _: keep.to_mark(1),
            "mark.previous": lambda _: keep.to_mark(-1),
            "mark.note": keep.note,
            "take.copy": keep.copy,
            "take.open": self._open,
            "take.page": lambda rest: keep.open(int(rest) if rest.isdecimal() else self._look.page),
            "take.editor": lambda _: self._edit(""),
            "app.help": lambda _: front.help(),
            "app.quit": lambda _: front.quit(),
            "where": lambda _: front.where(),
            "more": lambda _: front.more(),
            "send": lambda _: front.again(),
            "all": lambda _: front.tell(0, self._session.view.seq),
            "model": self._choose,
        }

    def do(self, meant: Typed) -> None:
        """Do what was typed; what stands behind `run` was meant for what is held, and must not be passed over."""
        if meant.rest and meant.action in _BARE:
            self._front.say([f"note: nothing can stand behind this; edit {meant.rest} changes what is held."])
            return
        self._methods[meant.action](meant.rest)

    def interrupt(self) -> None:
        """Stop the running block, a second time by force; without one say how to quit."""
        if self._session.can(cmd.Interrupt):
            self._front.send(cmd.Interrupt(force=self._session.phase == "interrupting"))
        else:
            self._front.say(["note: nothing runs that could be interrupted; quit ends."])

    def _stepper(self, kind: cmd.StepKind) -> Callable[[str], None]:
        return lambda _: self._release(lambda hold: cmd.Step(hold, kind))

    def _meant(self) -> Hold | None:
        return meant_hold(self._session, self._front.ui.selection)

    def _hold(self) -> int:
        hold = self._meant()
        return hold.id if hold is not None else 0

    def _is_gone(self) -> Callable[[], bool]:
        """Whether what is held now is held no longer."""
        before = self._hold()
        return lambda: not is_held(self._session, before)

    def _is_more(self, kind: type[ev.TraceEvent]) -> Callable[[], bool]:
        """Whether another event of a kind has come, or what was held is gone."""
        before, is_gone = self._session.trajectory.now().count(kind), self._is_gone()
        hold = self._hold()
        return lambda: self._session.trajectory.now().count(kind) > before or (bool(hold) and is_gone())

    def _is_begun(self) -> Callable[[], bool]:
        """Whether a question that was sent has begun, or was stopped before; why one was refused comes as a message."""
        is_there, session = self._is_more(ev.RunStarted), self._session
        return lambda: is_there() or not (session.is_running or session.failure)

    def _release(self, command: Callable[[int], cmd.SessionCommand]) -> None:
        if self._front.ui.stops(self._meant()):
            self._front.say([f"note: {UNEDITED}"])
        else:
            self._front.send(command(self._hold()), self._is_gone())

    def _on_hold(self, command: Callable[[int], cmd.SessionCommand], kind: type[ev.TraceEvent]) -> None:
        self._front.send(command(self._hold()), self._is_more(kind))

    def _edit(self, rest: str) -> None:
        hold = self._meant()
        if hold is None:
            return
        before = held_text(self._session, hold)

        def changed(text: str) -> None:
            why = self._front.ui.refuses(hold, text, before)
            if why or text == before:
                self._front.say([f"note: {why or 'nothing was changed.'}"])
            else:
                self._front.send(cmd.Edit(hold.id, text), self._is_more(ev.Edited))

        if rest and rest != "-":
            changed(rest)
        elif rest or not self._front.is_terminal or not (os.environ.get("VISUAL") or os.environ.get("EDITOR")):
            self._front.write("edit: type the new text of what is held.", changed)
        else:
            self._edit_outside(before, suffix_of(hold.checkpoint), changed)

    def _edit_outside(self, before: str, suffix: str, changed: Callable[[str], None]) -> None:
        try:
            edited = edit_outside(editor_command(os.environ), before, suffix)
        except RlmTuiError as error:
            self._front.say([f"note: {error} Or type: edit -"])
            return
        if edited.trouble:
            self._front.say([f"note: {edited.trouble}"])
        else:
            changed(edited.text)

    def _text(self, rest: str, hint: str, done: Callable[[str], None]) -> None:
        """The text behind a command, or what is written on the next lines."""
        if rest:
            done(rest)
        else:
            self._front.write(hint, done)

    def _tell(self, rest: str) -> None:
        self._text(
            rest,
            "tell: type what the model is to know.",
            lambda text: self._front.send(cmd.Tell(text), self._is_more(ev.Told)),
        )

    def _inject(self, rest: str) -> None:
        self._text(
            rest,
            "inject: type a block of your own for the REPL.",
            lambda text: self._front.send(cmd.Inject(text), self._is_more(ev.CodeFinished)),
        )

    def _answer(self, rest: str) -> None:
        hold = self._hold()
        self._text(
            rest,
            "answer: type it, in place of the LM.",
            lambda text: self._front.send(cmd.Answer(hold, text), self._is_gone()),
        )

    def _ask(self, rest: str) -> None:
        self._text(
            rest,
            "ask: type your question.",
            lambda text: self._front.send(cmd.Start(text.strip(), model=self._model), self._is_begun()),
        )

    def _break(self, rest: str) -> None:
        """Add a breakpoint, switch one by its number, or list them."""
        listed = {str(each.number): each for each in self._session.breakpoints}
        if rest and (known := listed.get(rest)) is None:
            self._front.send(cmd.SetBreakpoint(rest), lambda: len(self._session.breakpoints) > len(listed))
        elif rest and known is not None:
            change = cmd.SetBreakpoint(known.filter, known.number, is_on=not known.is_on)
            self._front.send(change, lambda: known not in self._session.breakpoints)
        rows = [f"breakpoint {each.number}: {each.filter}, {_stand(each)}" for each in listed.values()]
        nothing = "note: there is no breakpoint; b and a filter adds one, b and its number switches it."
        self._front.say([] if rest else rows or [nothing])

    def _forget(self) -> None:
        self._front.send(cmd.Reset(), self._is_more(ev.Reset))

    def _choose(self, rest: str) -> None:
        self._model = rest
        self._front.say([f"model: {rest or 'that of the question before'}, for the next question."])

    def _leader(self, way: Way) -> Callable[[str], None]:
        return lambda _: self._front.say(self._look.lead(way))

    def _open(self, rest: str) -> None:
        """What is held in one's own editor, else the original at its page."""
        if self._session.following and self._meant() is not None and not rest:
            self._edit("")
        else:
            self._keep.open(int(rest) if rest.isdecimal() else self._look.page)

    def keep_again(self) -> None:
        """Write marks and notes that could not be written before."""
        self._keep.again()

    def close(self) -> None:
        """End what goes on by itself."""
        self._hits.close()

    def _first(self) -> int | None:
        steps = self._session.trajectory.steps
        return steps[0].seq if steps else None

    def _walk(self, seq: int | None) -> None:
        """Go to a step and say what happened in it."""
        session = self._session
        self._front.ui.pinned = False
        session.send(cmd.Seek(seq))
        at = session.view.seq
        ends = [step.seq for step in session.trajectory.steps if step.seq < at]
        self._front.tell(ends[-1] if ends else 0, at)
        self._front.where()
