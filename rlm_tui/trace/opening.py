"""Opens whatever is a trace, our own or another engine's, told apart by content.

What reads traces is imported only for what may be one, so that nobody else waits for it.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from rlm_tui import files
from rlm_tui.trace.magic import GZIP, MAGIC, OF_NOW, ZSTD

if TYPE_CHECKING:
    from rlm_tui.trace.foreign import ForeignReader
    from rlm_tui.trace.importers.base import Importer
    from rlm_tui.trace.reader import TraceReader

Reader: TypeAlias = "TraceReader | ForeignReader"
_HEAD: Final = 1 << 20  # bytes
_BEGINNING: Final = 4096


def open_trace(path: Path, *, head_only: bool = False, stop: Callable[[], bool] | None = None) -> Reader:
    """A reader for the trace at `path`; TraceError for what is none.

    `head_only`: of a compressed one only the beginning is unpacked; `stop` ends the unpacking early.
    """
    from rlm_tui.trace.source import Bounds

    importer, bounds = _importer(path), Bounds(_HEAD if head_only else None, stop)
    if importer is None:
        from rlm_tui.trace.reader import TraceReader

        return TraceReader(path, bounds=bounds)
    from rlm_tui.trace.foreign import ForeignReader

    return ForeignReader(path, importer, bounds=bounds)


def is_trace(path: str) -> bool:
    """Whether a file is a trace, told from its first bytes, as names lie; a compressed one by its name as well."""
    if path.endswith((".rlm.jsonl.gz", ".rlm.jsonl.zst")):
        return True
    return _beginning(path).startswith(MAGIC) or _importer(Path(path)) is not None


def is_plainly_ours(path: str) -> bool:
    """Whether the first bytes say that it is a trace of ours in the format of now, so that nothing need be imported."""
    return _beginning(path).startswith(OF_NOW)


def _importer(path: Path) -> Importer | None:
    head = _beginning(str(path))
    is_json = head.lstrip()[:1] in (b"{", b"[") or b'\n{"' in head
    if head.startswith(MAGIC) or not (is_json or head.startswith((GZIP, ZSTD))):
        return None
    from rlm_tui.trace.foreign import importer_of

    return importer_of(path)


def _beginning(path: str) -> bytes:
    """The first bytes of a regular file, without a byte order mark; nothing of anything else, which may hang."""
    try:
        with open(files.open_regular(path), "rb") as file:
            return (file.read(_BEGINNING) or b"").removeprefix(codecs.BOM_UTF8)
    except OSError:
        return b""
