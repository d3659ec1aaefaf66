"""What stands behind the first paint: the name of what is opened, while the session itself is still being made."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from rlm_tui.session.base import Batch, Capability, LiveText, Origin, Phase, Terms
from rlm_tui.session.notebook import Notebook
from rlm_tui.trajectory import Trajectory, View

if TYPE_CHECKING:
    from rlm_tui.context.document import Document
    from rlm_tui.session.commands import SessionCommand
    from rlm_tui.session.log import Log

_NOT_YET = Capability(False, "It is still being opened.")


class Opening:
    """A session of which only the title is known; nothing has happened in it and nothing can be done."""

    log = cast("Log", None)  # nothing has happened, so there is no event that anybody could ask for
    document: Document | None = None
    origin: Origin | None = None
    following = True
    now = 0.0
    phase: Phase = "loading"
    waiting = "opening"
    trouble = ""
    trace_path = ""
    terms = Terms()

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

    def can(self, action: str) -> Capability:  # noqa: ARG002
        """Nothing, yet."""
        return _NOT_YET

    def send(self, command: SessionCommand) -> None:
        """There is nobody to hear it."""

    def drain(self) -> Batch:
        """Nothing has happened."""
        return Batch()

    def close(self) -> None:
        """There is nothing to end."""
