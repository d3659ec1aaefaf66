"""What the keys at the gate do: each turns into one command for the session."""

from __future__ import annotations

from collections.abc import Sequence

from rlm_tui import events as ev
from rlm_tui.errors import UsageError
from rlm_tui.session import commands as cmd
from rlm_tui.trajectory import Hold
from rlm_tui.trajectory.numbers import NUMBERS
from rlm_tui.ui import editing
from rlm_tui.ui.asking import Asking, Purpose
from rlm_tui.ui.bar_words import own_block
from rlm_tui.ui.host import Host
from rlm_tui.ui.selecting import held_elsewhere, held_text, in_reading_order, is_held, meant_hold, open_hold
from rlm_tui.ui.words import FORGET, STOP, UNEDITED

_SEND = "Enter sends · Esc leaves"
_SENT: dict[Purpose, type[cmd.SessionCommand]] = {
    "tell": cmd.Tell,
    "inject": cmd.Inject,
    "answer": cmd.Answer,
    "ask": cmd.Start,
}
_ASKINGS: dict[Purpose, Asking] = {
    "tell": Asking("tell", "Tell the model, with its next message", _SEND),
    "inject": Asking(
        "inject", "A block of your own, in the same REPL", "Enter runs what is complete · Esc leaves", "runs"
    ),
    "answer": Asking("answer", "Your answer, in place of the LM", "Enter new line · F5 sends · Esc leaves", "breaks"),
    "ask": Asking("ask", "Your next question", _SEND),
}


class GateController:
    """The actions `gate.*`; an edit that is open is sent before anything runs."""

    def __init__(self, app: Host) -> None:
        self.app = app
        self._editing: tuple[Hold, str] | None = None
        self._answering: int | None = None
        self._seen = 0
        self._asked: tuple[str, int] | None = None
        """A question that was sent, and how many had begun before it, until it begins itself."""

    def run(self) -> None:
        """Run what is held as it is."""
        if (hold := self._release()) is not None:
            self.app.send(cmd.Run(hold))

    def step(self) -> None:
        """Run what is held and hold again after it."""
        self._step("over")

    def into(self) -> None:
        """Step into requests and sub-calls."""
        self._step("into")

    def out(self) -> None:
        """Hold at the parent's next step."""
        self._step("out")

    def turn(self) -> None:
        """Hold at the code of the next iteration."""
        self._step("iteration")

    def _step(self, kind: cmd.StepKind) -> None:
        if (hold := self._release()) is not None:
            self.app.send(cmd.Step(hold, kind))

    def go_on(self) -> None:
        """Let it run on."""
        if self._is_ready():
            self.app.send(cmd.Resume())

    def skip(self) -> None:
        """Do without what is held."""
        if (hold := self._release()) is not None:
            self.app.send(cmd.Skip(hold))

    def retry(self) -> None:
        """Ask or run again."""
        if (hold := self._release()) is not None:
            self.app.send(cmd.Retry(hold))

    def original(self) -> None:
        """Put the original back."""
        if (hold := self._meant()) is not None:
            self.app.send(cmd.Revert(hold.id))

    def pause(self) -> None:
        """Hold at the next step."""
        self.app.send(cmd.Pause())

    def interrupt(self) -> None:
        """Stop the running block; a second time by force."""
        self.app.send(cmd.Interrupt(force=self.app.session.phase == "interrupting"))

    def stop(self) -> None:
        """End the run, after a question."""
        self.app.confirm(STOP, "stop it", lambda: self.app.send(cmd.Stop()))

    def reset(self) -> None:
        """Forget the conversation and the REPL, after a question."""

        def forget() -> None:
            self.app.send(cmd.Reset())
            self.app.say("Conversation and REPL are forgotten; the next question begins anew.")

        self.app.confirm(FORGET, "forget", forget)

    def tell(self) -> None:
        """Open the prompt for words to the model."""
        self.app.main.ask(_ASKINGS["tell"])

    def inject(self) -> None:
        """Open the prompt for a block of one's own."""
        self.app.main.ask(_ASKINGS["inject"])

    def answer(self) -> None:
        """Open the prompt for an answer in place of the LM, to what is held now."""
        hold = self._meant()
        self._answering = hold.id if hold is not None else None
        self.app.main.ask(_ASKINGS["answer"])

    def ask(self) -> None:
        """Open the prompt for another question, or the start screen when none was asked yet."""
        if self.app.session.trajectory.started:
            self.app.main.ask(_ASKINGS["ask"])
        else:
            self.app.open_start()

    def send(self) -> None:
        """Send what stands in the prompt."""
        self.app.main.send_prompt()

    def submitted(self, purpose: Purpose, text: str) -> None:
        """Send what a prompt was given; what cannot be done now goes back into it."""
        can = self.app.session.can(_SENT[purpose])
        if not can:
            self.app.main.ask(_ASKINGS[purpose], text)
            self.app.say(can.reason)
        elif purpose == "tell":
            self.app.send(cmd.Tell(text))
            self.app.say("It will go out with the model's next message.")
        elif purpose == "inject":
            self.app.send(cmd.Inject(text))
        elif purpose == "ask":
            self._asked = text, len(self.app.session.trajectory.started)
            self.app.ui.pinned = self.app.ui.stays  # what comes of it is what one looks at, not what was found before
            self.app.send(cmd.Start(text.strip()))
            self.app.main.show_run()
        elif self._answering is not None:
            self.app.send(cmd.Answer(self._answering, text))

    def take_back(self) -> None:
        """Put a question that could not start into its prompt again; a person who types meanwhile finds it there."""
        has_begun = self._asked is not None and len(self.app.session.trajectory.started) > self._asked[1]
        if self._asked is None or not (has_begun or self.app.session.failure is not None):
            return
        (text, _), self._asked = self._asked, None
        ui, main = self.app.sync(), self.app.main
        if not has_begun and (ui.typing or ui.asking):
            main.keep("ask", text)
        elif not has_begun:
            main.ask(_ASKINGS["ask"], text)

    def saw(self, events: Sequence[ev.TraceEvent]) -> None:
        """Say what came of a block of the person's own, wherever they look, and bring it into sight."""
        app = self.app
        for event in events if app.session.phase != "replay" else ():
            node = app.session.trajectory.nodes.get(event.node)
            if isinstance(event, ev.CodeFinished) and node is not None and node.by == "user":
                app.main.pane("step").reveal(node.id)
                if "repl" not in app.main.on_screen or not app.session.following:
                    app.say(own_block(app.session.log, event))

    def edit(self) -> None:
        """Open the editor on what is held."""
        from rlm_tui.ui.content.batches import held_one

        session, main = self.app.session, self.app.main
        if (hold := self._meant()) is None:
            return
        text = held_text(session, hold)
        view = session.trajectory.now()
        self.app.look_at(in_reading_order(view, hold.node), pinned=hold != open_hold(session))
        main.enter("step")
        main.pane("step").begin_edit(text, held_one(view, hold))
        if hold.checkpoint in NUMBERS:
            main.pane("step").editor.select_all()  # what is typed takes its place
        self._editing = hold, text
        self.app.ui.editing = True

    def finish_edit(self) -> None:
        """Close the editor; what was changed is sent and stays held."""
        if self._editing is None:
            return
        (hold, before), why = self._editing, self._refused()
        self._editing = None
        self.app.ui.editing = False
        text = self.app.main.pane("step").end_edit()
        if why:
            self.app.say(why)
        elif text != before:
            self.app.send(cmd.Edit(hold.id, text))

    def _refused(self) -> str:
        """Why what stands in the open editor cannot be sent; "" where it can, or none is open."""
        if self._editing is None:
            return ""
        hold, before = self._editing
        return self.app.ui.refuses(hold, self.app.main.pane("step").editor.text, before)

    def bring_up(self) -> None:
        """Show what is held once, so that nothing runs unread; not while a person types or chose to look elsewhere."""
        hold = open_hold(self.app.session)
        if hold is None or hold.id == self._seen:
            return
        app, ui = self.app, self.app.sync()
        is_elsewhere = ui.screen != "main" or ui.typing or ui.stays or not app.session.following
        if is_elsewhere or held_elsewhere(app.session, ui.selection) is not None:
            return
        self._seen = hold.id
        if "step" not in app.main.on_screen:
            app.main.enter("step")

    def check_open(self) -> None:
        """Close the editor or the prompt for an answer when its hold is gone, and say so."""
        self.take_back()
        session = self.app.session
        if self.app.ui.asking == "answer" and not is_held(session, self._answering):
            self.app.main.close_prompt()
            gone = "What you were answering is no longer held; your words are kept for the next answer."
            self.app.say(gone, outlasts=True)
        if self._editing is not None and not is_held(session, self._editing[0].id):
            (hold, before), self._editing = self._editing, None
            self.app.ui.editing = False
            text = self.app.main.pane("step").end_edit()
            self.app.main.enter("step")
            self.app.say(_came_too_late(hold, text, before), outlasts=True)

    def _meant(self) -> Hold | None:
        return meant_hold(self.app.session, self.app.ui.selection)

    def _release(self) -> int | None:
        """Name the hold, once all is ready for its release."""
        hold = self._meant() if self._is_ready() else None
        return hold.id if hold is not None else None

    def _is_ready(self) -> bool:
        """Send an open edit, and look at the newest moment again unless the panes shall stay.

        An edit that cannot be sent stays open and is said, as what it was meant for must not run without it.
        """
        if why := self._refused():
            self.app.say(why)
            return False
        self.finish_edit()
        if self.app.ui.stops(self._meant()):
            self.app.say(UNEDITED)
            return False
        self.app.ui.pinned = self.app.ui.stays
        return True


def _came_too_late(hold: Hold, text: str, before: str) -> str:
    """What is said of an open edit whose hold is gone; what was written is kept in a file."""
    if text == before:
        return "What you had open is no longer held; nothing in it was changed."
    try:
        return editing.too_late(text, editing.suffix_of(hold.checkpoint))
    except UsageError as error:
        return f"What you edited is no longer held; the edit was not sent. {error}"
