"""Opens whatever is a trace, our own or another engine's, told apart by content."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeAlias

from rlm_tui.trace.foreign import ForeignReader, importer_of
from rlm_tui.trace.reader import MAGIC, TraceReader
from rlm_tui.trace.source import Bounds

Reader: TypeAlias = TraceReader | ForeignReader
_HEAD: Final = 1 << 20  # bytes


def open_trace(path: Path, *, head_only: bool = False, stop: Callable[[], bool] | None = None) -> Reader:
    """A reader for the trace at `path`; TraceError for what is none.

    `head_only`: of a compressed one only the beginning is unpacked; `stop` ends the unpacking early.
    """
    importer, bounds = importer_of(path), Bounds(_HEAD if head_only else None, stop)
    return ForeignReader(path, importer, bounds=bounds) if importer is not None else TraceReader(path, bounds=bounds)


def is_trace(path: str) -> bool:
    """Whether a file is a trace, told from its first bytes, as names lie; a compressed one by its name as well."""
    if path.endswith((".rlm.jsonl.gz", ".rlm.jsonl.zst")):
        return True
    if not os.path.isfile(path) or not os.access(path, os.R_OK):
        return False
    with open(path, "rb") as file:
        if file.read(len(MAGIC)) == MAGIC:
            return True
    return importer_of(Path(path)) is not None
