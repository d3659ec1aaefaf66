"""A live run behind the session's door: the engine in its own thread, the trace on disk, the document loading."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Literal

from rlm_tui import events as ev
from rlm_tui.context.document import Document
from rlm_tui.context.load import Loading
from rlm_tui.crash import unexpected
from rlm_tui.errors import RlmTuiError, TraceError
from rlm_tui.session import commands as cmd
from rlm_tui.session.base import FORGOTTEN, YES, Batch, Capability, Origin, Phase, Terms
from rlm_tui.session.cursor import Cursor
from rlm_tui.session.log import EventLog
from rlm_tui.session.outbox import Outbox
from rlm_tui.session.runtime import LoopThread
from rlm_tui.session.setup import Setup
from rlm_tui.session.spill import SpillingLines
from rlm_tui.text import one_line
from rlm_tui.trace.store import MemoryLines
from rlm_tui.trajectory import Hold

if TYPE_CHECKING:  # the engine is imported for the first question: a person sees the first pages sooner
    from rlm_tui.engine.breakpoints import Breakpoint
    from rlm_tui.session.crew import Crew

_PATIENCE_S = 5.0
_PAID = (ev.LmResponded, ev.SubcallFinished)
_SYNCED = (ev.IterationFinished, ev.Held, ev.AnswerGiven, ev.RunFinished)


class LiveSession(Cursor):
    """One document, one REPL, one or several questions; see Session for which thread may call what."""

    origin: Origin | None = None

    def __init__(self, setup: Setup, loading: Loading, *, title: str = "") -> None:
        super().__init__()
        self.setup = setup
        self.loading = loading
        self.title = title
        self.failure: RlmTuiError | None = None
        self._begun = time.monotonic()
        self._outbox = Outbox()
        self._thread = LoopThread("rlm-tui-engine")
        self.log = EventLog(MemoryLines(), self._clock)
        self.log.on_event = self._on_event
        if setup.is_attended:  # else what is printed is data, and a text that is lost must not pass for it
            self.log.on_lost = self._on_lost
        self._damage = ""
        self._crew: Crew | None = None
        self._question: Future[None] | None = None
        self._doing: set[asyncio.Task[Any]] = set()
        self._sent = ""
        self._more: Loading | None = None
        self._is_closed = False
        self._synced = 0.0
        self._seen_version = -1
        if setup.breaks:
            self._hired()  # they are listed before the first question

    def _clock(self) -> float:
        return time.monotonic() - self._begun

    @property
    def now(self) -> float:
        """Seconds since the session began."""
        return self._clock()

    @property
    def document(self) -> Document | None:
        """The document as far as it is loaded."""
        return self.loading.document

    @property
    def breakpoints(self) -> tuple[Breakpoint, ...]:
        """The breakpoints by number, with their hits so far."""
        return self._crew.breakpoints.listed if self._crew is not None else ()

    @property
    def _trace(self) -> SpillingLines | None:
        """The trace that is written; None before the first question, and where none is."""
        lines = self.log.lines
        return lines if isinstance(lines, SpillingLines) else None

    @property
    def trace_path(self) -> str:
        """Where the trace is written, or "" when it is not, or not there any more."""
        path = self._trace.path if self._trace is not None else None
        return str(path) if path is not None else ""

    @property
    def unsaved(self) -> str:
        """That the trace lacks something or is not in its place, as a sentence; "" when it is there and whole."""
        return (self._trace.lacking if self._trace is not None else "") or self._damage

    @property
    def terms(self) -> Terms:
        """How models are asked, as the person set it up."""
        setup = self.setup
        return Terms(setup.base_url, setup.temperature, setup.seed, setup.window, setup.think, setup.constrain)

    @property
    def asked(self) -> str:
        """The question that was sent and waits for the document, or the engine, to be ready."""
        return self._sent if self.phase == "loading" and self.is_running else ""

    @property
    def is_running(self) -> bool:
        """Whether a question is being worked on (also while its parts are made ready)."""
        return self._question is not None and not self._question.done()

    @property
    def phase(self) -> Phase:
        """What the session is doing, by what has been drained."""
        now = self.trajectory.now()
        own, crew = now.own_block(), self._crew
        if own is not None and crew is not None and crew.interrupted == own.id:
            return "interrupting"  # also at a hold and after the answer
        if now.holds():
            return "held"
        if self.is_running and now.started is not None and now.finished is None:
            return "interrupting" if crew is not None and crew.interrupted else "running"
        if self.is_running or not self.loading.finished:
            return "loading"
        return "question" if now.started is None else "finished"

    @property
    def waiting(self) -> str:
        """What is made ready right now, in words; "" when nothing is."""
        if not self.loading.finished:
            progress = self.loading.progress
            total = f" of {progress.total:,}" if progress.total else ""
            return f"reading {progress.done:,}{total} {progress.what}"
        return self._crew.waiting if self.is_running and self._crew is not None else ""

    @property
    def trouble(self) -> str:
        """Why the last question did not begin."""
        return str(self.failure or "") if self.trajectory.now().started is None else ""

    def can(self, command: type[cmd.SessionCommand], hold: int = 0) -> Capability:
        """Whether a command can be carried out at this moment (on the hold named, else the first), or why not."""
        if (check_hold := _AT_HOLDS.get(command)) is not None:
            return check_hold(self, hold)
        check = _CHECKS.get(command)
        return check(self) if check is not None else YES

    def send(self, command: cmd.SessionCommand) -> None:
        """Do or pass on a command; what is wrong with it comes back as a message."""
        if self._is_closed:
            return
        if isinstance(command, cmd.Seek):
            self.seek(command.seq)
            self._outbox.change()
            return
        capability = self.can(type(command), getattr(command, "hold", 0))
        if not capability:
            self._outbox.message(capability.reason)
        elif isinstance(command, cmd.Start):
            self._start(command)
        elif isinstance(command, cmd.Stop):
            self._thread.call(lambda: self._stop(command.why))
        else:
            self._thread.start(self._do(command))
        self._outbox.change()

    def _stop(self, why: str = "") -> None:
        if not (self._crew is not None and self._crew.stop(why)) and self._question is not None:
            self._question.cancel()  # the question was sent and has not begun

    def bring(self, loading: Loading) -> None:
        """A further context for the next question, which the REPL has as `context_1` and so on."""
        self._more = loading

    def _start(self, command: cmd.Start) -> None:
        self.failure, self._sent = None, command.query
        self.seek(None)
        self._question = self._thread.start(self._ask(command))
        self._question.add_done_callback(lambda _: self._outbox.change())  # not before: until then it is running

    async def _ask(self, command: cmd.Start) -> None:
        try:
            more, self._more = self._more, None
            if self._crew is None:
                await asyncio.to_thread(self.loading.join)
            await self._hired().ask(command, self.loading, more)
        except RlmTuiError as error:
            if self.failure is not error:  # a document that cannot be read was told of already
                self._outbox.message(str(error))
            self.failure = error
        except Exception as error:
            self.failure = unexpected(error)
            self._outbox.message(str(self.failure))
            raise

    def _hired(self) -> Crew:
        """Who does the work; on the engine's thread, or before that is started."""
        if self._crew is None:
            from rlm_tui.session.crew import Crew

            self._crew = Crew(self.setup, self.log, self._outbox)
        return self._crew

    async def _show(self, name: str) -> None:
        value = await self._hired().show(name)
        if value is None:
            raise RlmTuiError(f"The REPL has no variable {one_line(name, 60)} now.")
        self.values = {**self.values, name: value}
        self._outbox.change()

    async def _do(self, command: cmd.SessionCommand) -> None:
        if (task := asyncio.current_task()) is not None:
            self._doing.add(task)
            task.add_done_callback(self._doing.discard)
        try:
            await (self._show(command.name) if isinstance(command, cmd.Show) else self._hired().do(command))
        except RlmTuiError as error:
            self._outbox.message(str(error))
        except Exception as error:
            self._outbox.message(str(unexpected(error)))
            raise

    def _on_event(self, event: ev.TraceEvent) -> None:
        """Runs on the engine's thread for every event."""
        if self._crew is not None:
            self._crew.follow(event)
        self._outbox.event(event)
        if isinstance(event, _SYNCED) or (isinstance(event, _PAID) and event.t - self._synced >= 1.0):
            self._synced = event.t
            self._hired().sync()

    def _on_lost(self, error: TraceError) -> None:
        """The trace does not give back what was written; the run goes on, and what is new is shown."""
        if not self._damage and not self._is_closed:
            self._damage = f"The trace {self.trace_path} was damaged or changed while it was written; a part is lost."
            self._outbox.message(f"{self._damage} {error}")

    def drain(self) -> Batch:
        """Fold what has happened since the last call."""
        events, deltas, messages, changed = self._outbox.take()
        self.take(events, deltas, self.now)
        if self.loading.version != self._seen_version:
            self._seen_version, changed = self.loading.version, True
        if self.loading.error is not None and self.failure is None:
            self.failure, told = self.loading.error, str(self.loading.error)
            messages = messages if told in messages else (*messages, told)  # a question that was refused has said it
        return Batch(events, deltas, messages, changed)

    def can_inject(self) -> Capability:
        """A block of the person's own runs between two blocks of the model, also after the answer."""
        return self._can_use_repl("A block runs; yours can run when it is over or was interrupted.")

    @property
    def keeping(self) -> Capability:
        """Whether quitting loses nothing; the reason says what becomes of the run either way."""
        if self._trace is not None and self._trace.lacking:
            advice = " Free the disk before you quit, or they are lost." if self._trace.waiting else ""
            return Capability(self._trace.is_kept, f"{self._trace.lacking}{advice}")
        return Capability(True, "The trace is kept." if self.setup.is_traced else "No trace is saved.")

    def can_show(self) -> Capability:
        """Whether the REPL can be asked for a value now."""
        return self._can_use_repl("A block runs; values can be read when it is over.")

    def _can_use_repl(self, why_not_now: str) -> Capability:
        now = self.trajectory.now()
        if now.started is None:
            return Capability(False, "The REPL starts with the first question.")
        if now.forgotten > now.started.seq:
            return Capability(False, FORGOTTEN)
        busy = self._crew is not None and self._crew.is_block_running
        return Capability(False, why_not_now) if busy else YES

    def can_interrupt(self) -> Capability:
        """Whatever runs can be stopped, also a block of the person's own at a hold or after the answer."""
        busy = self._crew is not None and self._crew.is_busy
        return YES if busy else Capability(False, "No block and no request runs right now.")

    async def _end(self) -> None:
        self._stop()
        if self._crew is not None:
            await self._crew.close()
        if self._doing:  # a worker that is being ended takes a moment, and nothing is left of it then
            await asyncio.wait(self._doing, timeout=_PATIENCE_S)

    def wait(self, timeout_s: float = 0.1) -> None:
        """Block until there may be something to drain."""
        self._outbox.wait(timeout_s)

    def close(self) -> None:
        """Stop the run, end the worker, the threads and the loading, and close the trace."""
        if self._is_closed:
            return
        self._is_closed = True
        self.loading.cancel()
        self.notebook.retry(self.trace_path)
        try:
            if self._thread.is_running:
                self._thread.start(self._end()).result()
        finally:
            self._thread.close()
            self.loading.join()
            self._close_trace()

    def _close_trace(self) -> None:
        """Release the file; the answer stays at hand, as it is said after the end."""
        if self._trace is None:
            return
        over = self.trajectory.now().finished
        with contextlib.suppress(TraceError):
            self.log.text(over.answer if over is not None else None)
        self._trace.close()


def _check_start(session: LiveSession) -> Capability:
    if session.is_running:
        return Capability(False, "A question is being worked on; stop it or wait for its end.")
    unreadable = session.loading.error
    return YES if unreadable is None else Capability(False, str(unreadable))


def _check_reset(session: LiveSession) -> Capability:
    if session.trajectory.now().started is None:
        return Capability(False, "There is nothing to forget: no question was asked yet.")
    return _check_start(session)


def _check_running(session: LiveSession) -> Capability:
    return YES if session.is_running else Capability(False, "Nothing runs.")


def _check_tell(session: LiveSession) -> Capability:
    begins = session.is_running and session.trajectory.now().started is None
    return Capability(False, "The run has not begun yet.") if begins else _check_running(session)


def _check_held(session: LiveSession) -> Capability:
    return YES if session.trajectory.now().holds() else Capability(False, "Nothing is held right now.")


def _named(session: LiveSession, hold: int) -> Hold | None:
    """A hold by its id, else the first; one that is over is refused by the gate itself."""
    holds = session.trajectory.now().holds()
    return next((each for each in holds if each.id == hold or not hold), None)


def _check_checkpoint(action: Literal["skip", "retry", "answer"]) -> Callable[[LiveSession, int], Capability]:
    def check(session: LiveSession, hold: int) -> Capability:
        from rlm_tui.engine.gate import refused

        held = _named(session, hold)
        why = refused(action, held.checkpoint, held.has_failed) if held is not None else ""
        return Capability(False, why) if why else _check_held(session)

    return check


def _check_released(session: LiveSession, hold: int = 0) -> Capability:
    """Running on as it is needs something that can run: where the person is the LM, only an answer will do."""
    from rlm_tui.engine.gate import NEEDS_ANSWER

    held = _named(session, hold)
    needs = held is not None and held.needs_answer
    return Capability(False, NEEDS_ANSWER) if needs else _check_held(session)


def _check_resume(session: LiveSession) -> Capability:
    return _check_released(session) if session.trajectory.now().holds() else _check_running(session)


_AT_HOLDS: dict[type[cmd.SessionCommand], Callable[[LiveSession, int], Capability]] = {
    cmd.Run: _check_released,
    cmd.Step: _check_released,
    cmd.Skip: _check_checkpoint("skip"),
    cmd.Retry: _check_checkpoint("retry"),
    cmd.Answer: _check_checkpoint("answer"),
}
"""What is asked of the hold that a command names."""
_CHECKS: dict[type[cmd.SessionCommand], Callable[[Any], Capability]] = {
    cmd.Start: _check_start,
    cmd.Reset: _check_reset,
    cmd.Stop: _check_running,
    cmd.Pause: _check_running,
    cmd.Tell: _check_tell,
    cmd.Resume: _check_resume,
    cmd.Edit: _check_held,
    cmd.Revert: _check_held,
    cmd.Inject: LiveSession.can_inject,
    cmd.Interrupt: LiveSession.can_interrupt,
    cmd.Show: LiveSession.can_show,
}
