"""Drives live sessions in tests as a front end does: send, drain, and wait for a condition, never for a time."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from rlm_tui import events as ev
from rlm_tui.context.load import Loading
from rlm_tui.session import commands as cmd
from rlm_tui.session.live import LiveSession
from rlm_tui.session.setup import Setup
from rlm_tui.trajectory import Hold

_E = TypeVar("_E", bound=ev.TraceEvent)
_PATIENCE_S = 30.0


class Driver:
    """A live session with what has been drained of it so far."""

    def __init__(self, session: LiveSession) -> None:
        self.session = session
        self.events: list[ev.TraceEvent] = []
        self.messages: list[str] = []

    def until(self, met: Callable[[], bool]) -> None:
        """Drain until a condition is met; fails when nothing more will come or patience ends."""
        end = time.monotonic() + _PATIENCE_S
        while True:
            batch = self.session.drain()
            self.events += batch.events
            self.messages += batch.messages
            if met():
                return
            assert time.monotonic() < end, f"never met; phase {self.session.phase}, events {self.kinds()[-12:]}"
            self.session.wait(0.05)

    def send(self, command: cmd.SessionCommand) -> None:
        """Send a command."""
        self.session.send(command)

    def start(self, query: str = "What?", **more: Any) -> Driver:
        """Ask the question."""
        self.session.send(cmd.Start(query, **more))
        return self

    def hold(self, checkpoint: ev.Checkpoint) -> Hold:
        """Wait until something is held at a checkpoint and return the hold."""
        self.until(lambda: any(h.checkpoint == checkpoint for h in self.holds()))
        return next(h for h in self.holds() if h.checkpoint == checkpoint)

    def holds(self) -> list[Hold]:
        """What is held now."""
        return self.session.trajectory.now().holds()

    def content(self, hold: Hold) -> str:
        """What a hold was opened with."""
        event = self.session.log.event(hold.seq)
        assert isinstance(event, ev.Held)
        return self.session.log.text(event.content)

    def end(self) -> ev.RunFinished:
        """Wait for the end of the run."""
        self.until(lambda: not self.session.is_running and bool(self.of(ev.RunFinished)))
        return self.of(ev.RunFinished)[-1]

    def of(self, kind: type[_E]) -> list[_E]:
        """All events of a kind so far."""
        return [event for event in self.events if isinstance(event, kind)]

    def kinds(self) -> list[str]:
        """The names of all events so far."""
        return [type(event).__name__ for event in self.events]

    def said(self) -> list[str]:
        """All messages that the root LM was sent, in order."""
        log = self.session.log
        return [log.text(m.content) for request in self.of(ev.LmRequested) for m in request.messages]


def script(folder: Path, root: list[Any], sub: Any = None) -> str:
    """Write a script and return the model spec that plays it."""
    path = folder / "script.json"
    path.write_text(json.dumps({"root": root, "sub": sub if sub is not None else []}))
    return f"scripted:{path}"


@contextmanager
def live(
    folder: Path, root: list[Any], *, sub: Any = None, text: str = "a long text", **setup: Any
) -> Iterator[Driver]:
    """A live session over a small document with a scripted model; closed at the end, whatever happens."""
    document = folder / "document.txt"
    document.write_text(text)
    setup.setdefault("model", script(folder, root, sub))
    setup.setdefault("trace", folder / "run.rlm.jsonl")
    setup.setdefault("sandbox", "none")
    session = LiveSession(Setup(**setup), Loading([str(document)]), title="document.txt")
    session.loading.start()
    try:
        yield Driver(session)
    finally:
        session.close()


def block(code: str) -> str:
    """A response with one repl block."""
    return f"I look.\n```repl\n{code}\n```"
