"""A person's bookmarks and notes on a run: in memory, and in the file beside the trace where there is one."""

from __future__ import annotations

import os
from bisect import bisect_left
from pathlib import Path
from typing import TYPE_CHECKING

from rlm_tui.errors import TraceError

if TYPE_CHECKING:
    from rlm_tui.trace.sidecar import Sidecar

UNKEPT = "Your marks and notes could not be written beside the trace: free the disk first, or they are lost."
KEPT_NOW = "Your marks and notes could be written now; none is missing."
_IN_MEMORY = "This run has no trace file, so marks and notes last until you quit."


class Notebook:
    """`marks` are seqs of steps in order, `notes` stand by node id; `version` grows with every change."""

    def __init__(self) -> None:
        self.marks: list[int] = []
        self.notes: dict[str, str] = {}
        self.version = 0
        self.unkept = False
        """Whether something could not be written yet that may be later, when there is room again."""
        self._is_bad = False
        self._known_marks: frozenset[int] = frozenset()
        self._known_notes: dict[str, str] = {}
        """What the file held when it was last read or written: what differs from it was changed here."""

    def open(self, trace: Path) -> str:
        """Take what stands beside a trace; returns what was wrong with it, mostly nothing."""
        from rlm_tui.trace.sidecar import load_sidecar, sidecar_of

        try:
            self._take(load_sidecar(sidecar_of(trace)))
        except TraceError as error:
            self._is_bad = True
            return str(error)
        return ""

    def toggle(self, seq: int) -> bool:
        """Mark a step, or take its mark away; returns whether it is marked now."""
        at = bisect_left(self.marks, seq)
        is_there = self.marks[at : at + 1] == [seq]
        if is_there:
            del self.marks[at]
        else:
            self.marks.insert(at, seq)
        self.version += 1
        return not is_there

    def write(self, node: str, text: str) -> None:
        """Put a note on a node; an empty one takes it away."""
        self.notes.pop(node, None)
        if text.strip():
            self.notes[node] = text.strip()
        self.version += 1

    def beside(self, seq: int, by: int) -> int | None:
        """The mark before or behind a moment; from the last one on round to the first."""
        others = [mark for mark in self.marks if mark != seq]
        if not others:
            return None
        if by > 0:
            return next((mark for mark in others if mark > seq), others[0])
        return next((mark for mark in reversed(others) if mark < seq), others[-1])

    def save(self, trace: str) -> str:
        """Keep everything beside the trace; returns why that cannot be done, mostly nothing.

        What another window has written there meanwhile stays. A file that cannot be read is put aside, as somebody may
        want it.
        """
        if not trace:
            return _IN_MEMORY
        from rlm_tui.trace.sidecar import Sidecar, save_sidecar, sidecar_of

        path, self.unkept = sidecar_of(Path(trace)), True
        try:
            if os.path.exists(path):
                self._merge(path)
            save_sidecar(path, Sidecar(marks=tuple(self.marks), notes=self.notes))
        except TraceError as error:
            return str(error)
        self.unkept = False
        self._known_marks, self._known_notes = frozenset(self.marks), dict(self.notes)
        return ""

    def _merge(self, path: Path) -> None:
        """Make the changes of this window to what the file holds by now."""
        from rlm_tui.trace.sidecar import UnreadError, load_sidecar

        try:
            there = load_sidecar(path)
        except TraceError as error:
            if isinstance(error, UnreadError) and not self._is_bad:
                raise TraceError(error.not_yet) from None  # it could be read before: it is good
            _put_aside(path)
            self._is_bad = False
            return
        marks, notes = set(self.marks), dict(self.notes)
        added, gone = marks - self._known_marks, self._known_marks - marks
        known = self._known_notes
        changed = [node for node in notes.keys() | known.keys() if notes.get(node) != known.get(node)]
        self._take(there)
        self.marks = sorted((set(there.marks) | added) - gone)
        for node in changed:
            self.write(node, notes.get(node, ""))

    def _take(self, found: Sidecar) -> None:
        self.marks, self.notes = sorted(set(found.marks)), dict(found.notes)
        self._known_marks, self._known_notes = frozenset(found.marks), dict(found.notes)
        self.version += 1

    def retry(self, trace: str) -> bool:
        """Write what could not be written, if there is such; whether it is kept now."""
        return self.unkept and not self.save(trace)


def _put_aside(path: Path) -> None:
    try:
        path.rename(path.with_name(f"{path.name}.bad"))
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise TraceError(
            f"The notes in {path} cannot be put aside for yours yet ({why}); it is tried again until you quit."
        ) from None
