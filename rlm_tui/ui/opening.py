"""How the app opens: what stands behind the first paint, the session made meanwhile, and what is shown first."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias, cast

from rlm_tui.crash import told
from rlm_tui.errors import RlmTuiError
from rlm_tui.session.base import OPENING, Batch, Capability, LiveText, Origin, Phase, Session, Terms
from rlm_tui.session.notebook import Notebook
from rlm_tui.trajectory import Trajectory, View

if TYPE_CHECKING:
    from rlm_tui.context.document import Document
    from rlm_tui.engine.breakpoints import Breakpoint
    from rlm_tui.session.commands import SessionCommand
    from rlm_tui.session.log import Log
    from rlm_tui.session.setup import Setup

Wanted: TypeAlias = Path | Literal["runs", "before"]
"""What is shown next when an app ends: a saved run, the list of them, or what was open before that."""
_NOT_YET = Capability(False, "It is still being opened.")


class First(NamedTuple):
    """What stands over the panes at first; `query` and `setup` are what the start screen begins with.

    `chosen` is the path of the saved run on which the list of them stands; `returns`: what is shown was chosen there.
    `in_keys`: one left the start screen by a key, so letters are keys when one comes back to it.
    """

    shown: Literal["panes", "start", "summary", "runs"] = "panes"
    query: str = ""
    setup: Setup | None = None
    chosen: str = ""
    returns: bool = False
    in_keys: bool = False


PANES_ALONE = First()


class Opener:
    """Makes the session in a thread, so that the screen stays alive while modules are imported.

    `then` is called in that thread; `made` is the session then, or `failure` says why there is none.
    """

    def __init__(self, make: Callable[[], Session]) -> None:
        self._make = make
        self._thread: threading.Thread | None = None
        self.made: Session | None = None
        self.failure: RlmTuiError | None = None

    def start(self, then: Callable[[], object]) -> None:
        """Begin."""
        self._thread = threading.Thread(target=self._run, args=(then,), name="rlm-tui-open", daemon=True)
        self._thread.start()

    def _run(self, then: Callable[[], object]) -> None:
        try:
            self.made = self._make()
        except Exception as error:  # noqa: BLE001  the end of a thread: nobody above would hear of it
            self.failure = told(error)
        then()

    def close(self) -> None:
        """End the session, also one that is still being made when the person quits."""
        if self._thread is not None:
            self._thread.join()
        if self.made is not None:
            self.made.close()


class Opening:
    """A session of which only the title is known; nothing has happened in it and nothing can be done."""

    log = cast("Log", None)  # nothing has happened, so there is no event that anybody could ask for
    document: Document | None = None
    origin: Origin | None = None
    following = True
    now = 0.0
    phase: Phase = "loading"
    waiting = OPENING
    trouble = ""
    failure: RlmTuiError | None = None
    is_running = False
    unsaved = ""
    asked = ""
    trace_path = ""
    terms = Terms()
    breakpoints: tuple[Breakpoint, ...] = ()

    def __init__(self, title: str) -> None:
        self.title = title
        self.trajectory = Trajectory()
        self.live = LiveText()
        self.notebook = Notebook()
        self.values: dict[str, str] = {}

    @property
    def view(self) -> View:
        """A moment at which nothing has happened."""
        return self.trajectory.now()

    @property
    def keeping(self) -> Capability:
        """There is nothing yet that could be lost."""
        return Capability(True, _NOT_YET.reason)

    def can(self, command: type[SessionCommand], hold: int = 0) -> Capability:  # noqa: ARG002
        """Nothing, yet."""
        return _NOT_YET

    def send(self, command: SessionCommand) -> None:
        """There is nobody to hear it."""

    def drain(self) -> Batch:
        """Nothing has happened."""
        return Batch()

    def wait(self, timeout_s: float = 0.1) -> None:
        """There is nothing to wait for: the session that takes its place is waited for by the app."""

    def close(self) -> None:
        """There is nothing to end."""
