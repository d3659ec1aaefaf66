"""Opens whatever is a trace, our own or another engine's, told apart by content."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TypeAlias

from rlm_tui.trace.foreign import ForeignReader, importer_of
from rlm_tui.trace.reader import MAGIC, TraceReader

Reader: TypeAlias = TraceReader | ForeignReader


def open_trace(path: Path) -> Reader:
    """A reader for the trace at `path`; TraceError for what is none."""
    importer = importer_of(path)
    return ForeignReader(path, importer) if importer is not None else TraceReader(path)


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
