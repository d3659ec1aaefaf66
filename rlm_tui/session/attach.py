"""Finds the document of a recorded run: what a trace names is a hint, and only equal bytes count."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

from rlm_tui import resources
from rlm_tui.events import ContextInfo, ContextPart


def find_document(context: ContextInfo, beside: Path) -> list[str]:
    """The paths of all parts of a context, or [] unless every one is a regular file of equal size and sha256.

    Looked for where the trace says, beside the trace, and among the bundled samples.
    """
    found = [_find(part, beside) for part in context.parts]
    return [path for path in found if path] if found and all(found) else []


def _find(part: ContextPart, beside: Path) -> str:
    name = os.path.basename(part.name)
    places = [part.path or "", str(beside / name), str(resources.folder("sample_traces") / "documents" / name)]
    return next((place for place in places if place and _is_same(place, part)), "")


def _is_same(path: str, part: ContextPart) -> bool:
    if not part.file_sha256:
        return False
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return False
    with os.fdopen(fd, "rb") as file:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode) or status.st_size != part.bytes:
            return False
        return hashlib.file_digest(file, "sha256").hexdigest() == part.file_sha256
