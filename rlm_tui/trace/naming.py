"""Names for the traces of several questions where a program gave one."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from rlm_tui.trace.store import SUFFIX, refuse_taken

ELSEWHERE = "give another path as trace"


class Names:
    """The path that was given for the first trace, `name-2`, `name-3`, … for those that follow; from any thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._given: set[Path] = set()
        self._lock = threading.Lock()

    def next_free(self) -> Path:
        """The next name; TraceError where the first is taken, as no trace is overwritten."""
        with self._lock:
            path = self._path
            if not self._given:
                refuse_taken(path, ELSEWHERE)
            number = 1
            while path in self._given or os.path.lexists(path):
                number += 1
                path = self._numbered(number)
            self._given.add(path)
            return path

    def _numbered(self, number: int) -> Path:
        name = self._path.name
        stem, suffix = (name[: -len(SUFFIX)], SUFFIX) if name.endswith(SUFFIX) else (self._path.stem, self._path.suffix)
        return self._path.with_name(f"{stem}-{number}{suffix}")
