"""Bookmarks and notes of a person, in a file beside the trace; the trace itself is never touched.

`NAME.rlm.jsonl` has `NAME.rlm.notes.json`. Reading it is hostile: a regular file of a bounded size, or a sentence.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Final

import msgspec

from rlm_tui import files, paths, resources
from rlm_tui.errors import TraceError
from rlm_tui.text import scrub

SUFFIX: Final = ".notes.json"
FORMAT: Final = "rlm-tui notes"
VERSION: Final = 1
MAX_NOTE: Final = 20_000  # characters
_MAX_FILE: Final = 16 * 1024 * 1024
_TRACE_SUFFIXES: Final = (".gz", ".zst", ".jsonl")


class Sidecar(msgspec.Struct, frozen=True, kw_only=True):
    """What the file holds: seqs of marked steps, and one note for each node that has one."""

    format: str = FORMAT
    version: int = VERSION
    marks: tuple[int, ...] = ()
    notes: dict[str, str] = {}


class UnreadError(TraceError):
    """The notes are there and may be good, but the system does not give them out."""

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(_bad(path, files.why(error)))
        self.not_yet = not_yet(path, error)


def sidecar_of(trace: Path) -> Path:
    """Where the notes of a trace are: `run.rlm.notes.json` for `run.rlm.jsonl`, packed or not.

    Those of a bundled sample are among the person's own traces, as nothing is written into the installation.
    """
    if trace.parent == resources.folder("sample_traces"):
        trace = paths.traces_dir() / trace.name
    name = trace.name
    for suffix in _TRACE_SUFFIXES:
        name = name.removesuffix(suffix)
    return trace.with_name((name or trace.name) + SUFFIX)


def load_sidecar(path: Path) -> Sidecar:
    """The notes in a file, or none where there is no file.

    Raises TraceError in one sentence when it cannot be read or is no file of notes.
    """
    try:
        raw = files.read_bytes(path, _MAX_FILE)
    except FileNotFoundError:
        return Sidecar()
    except OSError as error:
        raise UnreadError(path, error) from None
    except ValueError as error:
        raise TraceError(_bad(path, files.why(error))) from None
    try:
        found = msgspec.json.decode(raw, type=Sidecar)
    except (msgspec.DecodeError, RecursionError, ValueError):
        raise TraceError(_bad(path, "it is no file of notes")) from None
    if found.format != FORMAT or found.version > VERSION:
        raise TraceError(_bad(path, "a later version of rlm-tui wrote it, or another program"))
    return found


def save_sidecar(path: Path, sidecar: Sidecar) -> None:
    """Put the notes in the place of the old ones, all or nothing; without any the file goes.

    Raises TraceError in one sentence when they cannot be written there.
    """
    try:
        if sidecar.marks or sidecar.notes:
            _replace(path, msgspec.json.format(msgspec.json.encode(_clean(sidecar)), indent=1) + b"\n")
        else:
            path.unlink(missing_ok=True)
    except OSError as error:
        raise TraceError(not_yet(path, error)) from None


def not_yet(path: Path, error: OSError) -> str:
    """That the notes have to wait, as a sentence."""
    return f"Marks and notes cannot be kept in {path} yet ({files.why(error)}); it is tried again until you quit."


def _clean(sidecar: Sidecar) -> Sidecar:
    notes = {node: scrub(text[:MAX_NOTE])[0] for node, text in sidecar.notes.items()}
    return msgspec.structs.replace(sidecar, notes=notes)


def _replace(path: Path, content: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.{os.getpid()}.new")
    fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(fd)
        os.replace(new, path)
    except OSError:
        with contextlib.suppress(OSError):
            new.unlink()
        raise


def _bad(path: Path, why: str) -> str:
    return f"The notes in {path} are passed over: {why}; they stay as they are until you mark or note something."
