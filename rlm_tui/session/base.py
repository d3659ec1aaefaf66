"""The Session protocol: what a front end may know of a run and do to it, live or recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, TypeAlias

from rlm_tui.events import TraceEvent
from rlm_tui.session.commands import SessionCommand
from rlm_tui.trajectory import Trajectory, View

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rlm_tui.context.document import Document
    from rlm_tui.engine.breakpoints import Breakpoint
    from rlm_tui.errors import RlmTuiError
    from rlm_tui.session.log import Log
    from rlm_tui.session.notebook import Notebook

Stream: TypeAlias = Literal["text", "reasoning", "stdout", "waiting"]
Phase: TypeAlias = Literal["loading", "question", "running", "held", "interrupting", "finished", "replay"]

FORGOTTEN = "The REPL was forgotten; the next question starts it anew."
NOT_NAMED = "The trace does not say which document it had"
OPENING = "opening"
"""What a session waits for of which only the title is known."""


class Capability(NamedTuple):
    """Whether something can be done now, and if not, why not."""

    allowed: bool
    reason: str = ""

    def __bool__(self) -> bool:
        return self.allowed


YES = Capability(True)


class Attachment(NamedTuple):
    """How the document of a recorded run stands to what is at hand; `words` say where it is, or why it is not."""

    state: Literal["searching", "found", "differs", "missing", "unchecked", "none"]
    words: str = ""
    paths: tuple[str, ...] = ()


class Origin(NamedTuple):
    """Where a recorded run comes from: its file, what wrote it, and what of it is lost."""

    path: str
    size: int
    app: str
    created: str
    is_live: bool
    problems: tuple[str, ...]
    attachment: Attachment
    sandbox: str = ""
    """The walls round its REPL, as the head of the file has them; empty where it does not tell."""


class Delta(NamedTuple):
    """A piece of text that a node is producing right now, or (`waiting`) what it waits for; never stored."""

    node: str
    stream: Stream
    text: str


class Batch(NamedTuple):
    """What is new since the last drain: events already folded, and the transient text beside them."""

    events: tuple[TraceEvent, ...] = ()
    deltas: tuple[Delta, ...] = ()
    messages: tuple[str, ...] = ()
    """Sentences for the person: a refused command, a trace that could not be written."""
    changed: bool = False
    """Whether anything that is shown may differ (phase, document, cursor), even without events."""


class LiveText:
    """Transient text of open nodes, by node and stream; emptied when their event arrives."""

    def __init__(self, parts: dict[tuple[str, Stream], str] | None = None) -> None:
        self.parts = parts if parts is not None else {}
        self.heard: dict[str, float] = {}
        """When the newest piece of each node came, by the clock of the session."""

    def text(self, node: str, stream: Stream) -> str:
        """What a node has produced so far on a stream."""
        return self.parts.get((node, stream), "")

    def silence(self, node: str, now: float | None) -> float:
        """Seconds since the newest piece of a node; 0 where none has come yet."""
        return max(0.0, now - self.heard.get(node, now)) if now is not None else 0.0


class Terms(NamedTuple):
    """How models are asked, beside what a trace's events tell; None is what the provider does by itself."""

    base_url: str | None = None
    temperature: float | None = None
    seed: int | None = None
    window: int | None = None
    think: bool | None = None
    constrain: bool = False


class Session(Protocol):
    """One run, or several questions in one conversation, behind one door: all that the app, the linear mode and
    `run` need of it, and nothing else of it is theirs.

    All of it belongs to one thread (the front end's), as it all reads what `drain()` has folded there: `send()` too,
    which first asks whether a command can be carried out.
    """

    @property
    def log(self) -> Log:
        """Gives any event back by its seq."""
        ...

    @property
    def trajectory(self) -> Trajectory:
        """All that has been drained, folded."""
        ...

    @property
    def live(self) -> LiveText:
        """The transient text of open nodes."""
        ...

    @property
    def phase(self) -> Phase:
        """What the session is doing, in the words of the states that must look different."""
        ...

    @property
    def waiting(self) -> str:
        """What is made ready right now, in words (`reading 120 of 300 pages`); "" when nothing is."""
        ...

    @property
    def document(self) -> Document | None:
        """The document as far as it is loaded; it may still grow. None: it is not at hand."""
        ...

    @property
    def origin(self) -> Origin | None:
        """Where a recorded run comes from; None for one that is made here."""
        ...

    @property
    def title(self) -> str:
        """The name of what is open: the document's or the trace's file name."""
        ...

    @property
    def trace_path(self) -> str:
        """The file of the trace, or "" when there is none."""
        ...

    @property
    def notebook(self) -> Notebook:
        """A person's marks and notes."""
        ...

    @property
    def values(self) -> Mapping[str, str]:
        """Variables that were fetched in full (Show), as they were then."""
        ...

    @property
    def terms(self) -> Terms:
        """How models are asked in this run."""
        ...

    @property
    def view(self) -> View:
        """The trajectory at the cursor (the end while following)."""
        ...

    @property
    def breakpoints(self) -> tuple[Breakpoint, ...]:
        """The breakpoints by number, with their hits so far."""
        ...

    @property
    def following(self) -> bool:
        """Whether the cursor follows the end."""
        ...

    @property
    def now(self) -> float:
        """Seconds since the start of the run by the session's own clock."""
        ...

    @property
    def trouble(self) -> str:
        """Why the last question did not begin, as a sentence; "" when it did or none was asked."""
        ...

    @property
    def failure(self) -> RlmTuiError | None:
        """What made the last question, or the loading, fail outside the run; None when nothing did."""
        ...

    @property
    def is_running(self) -> bool:
        """Whether a question is being worked on (also while its parts are made ready)."""
        ...

    @property
    def asked(self) -> str:
        """The question that was sent and has not begun yet; "" when none waits."""
        ...

    @property
    def unsaved(self) -> str:
        """That the trace lacks something or is not in its place, as a sentence; "" when it is there and whole."""
        ...

    @property
    def keeping(self) -> Capability:
        """Whether nothing is lost by quitting now, with a sentence in both cases."""
        ...

    def can(self, command: type[SessionCommand], hold: int = 0) -> Capability:
        """Whether a command of this class can be carried out at this moment (on `hold`), and if not, why not."""
        ...

    def send(self, command: SessionCommand) -> None:
        """Ask for something; what was wrong with it comes back as a message in the next batch."""
        ...

    def drain(self) -> Batch:
        """Take in all that has happened since the last call; never blocks."""
        ...

    def wait(self, timeout_s: float = 0.1) -> None:
        """Block until there may be something to drain, or for `timeout_s` seconds."""
        ...

    def close(self) -> None:
        """End everything: tasks, threads, child processes, files. Idempotent; blocks until they are gone."""
        ...
