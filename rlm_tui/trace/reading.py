"""What every reader of a trace is, whoever wrote it: events by `seq`, texts, an index, a file to be closed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self, TypeAlias

from rlm_tui.errors import TraceError
from rlm_tui.events import BodyRef, BodyStored, ContextInfo, Text, TraceEvent

Progress: TypeAlias = Callable[[int, int], None]
_MAX_PROBLEMS: Final = 1000


class Problem(NamedTuple):
    """What is not whole about a trace.

    `name` is one of header, torn, damaged, gap, order, packed, unfinished; from recover.py also structure, unreadable.
    `line` (from 1) and `offset` (bytes, unpacked) say where, 0 when it is about the whole file.
    """

    name: str
    message: str
    line: int = 0
    offset: int = 0


class Reading(ABC):
    """Random access to the events of one trace, by `seq`, and to what is not whole about it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problems: list[Problem] = []
        self.complete = False
        """Whether all of it has been indexed."""

    @abstractmethod
    def iter_index(self, progress: Progress | None = None) -> Iterator[tuple[int, TraceEvent]]:
        """Read it and give each event as (seq, event); `progress` is told (bytes done, bytes in all)."""

    @abstractmethod
    def event(self, seq: int) -> TraceEvent:
        """The event numbered `seq`, decoded now; TraceError when the trace has none such, or has lost it."""

    @abstractmethod
    def context(self) -> ContextInfo:
        """The documents of the first run; read without an index."""

    @abstractmethod
    def close(self) -> None:
        """Release the file; a second call does nothing."""

    @abstractmethod
    def __len__(self) -> int: ...

    def index(self) -> None:
        """Read the whole of it now."""
        for _ in self.iter_index():
            pass

    def __iter__(self) -> Iterator[TraceEvent]:
        return (event for _, event in self.iter_index())

    def text(self, text: Text) -> str:
        """The string that a `Text` stands for; TraceError when its body is not in the trace."""
        return text if isinstance(text, str) else stored_text(self.event(text.body), text)

    def _report(self, name: str, message: str, line: int = 0, offset: int = 0) -> None:
        if len(self.problems) < _MAX_PROBLEMS:
            self.problems.append(Problem(name, message, line, offset))
        elif len(self.problems) == _MAX_PROBLEMS:
            self.problems.append(Problem("more", f"There are more than {_MAX_PROBLEMS} problems."))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()


def stored_text(event: TraceEvent, ref: BodyRef) -> str:
    """The text of the `body.stored` event that a reference points to; TraceError when it is something else."""
    if not isinstance(event, BodyStored):
        raise TraceError(f"The event {ref.body}, which should hold a text, holds none.")
    return event.text
