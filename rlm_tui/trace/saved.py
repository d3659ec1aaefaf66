"""The saved runs as a list, each told from as little of its file as will do."""

from __future__ import annotations

import os
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from rlm_tui import events as ev
from rlm_tui.errors import TraceError
from rlm_tui.paths import traces_dir
from rlm_tui.trace.codec import Header, decode, read_header
from rlm_tui.trace.sidecar import sidecar_of
from rlm_tui.trace.source import open_trace_file
from rlm_tui.trace.store import SUFFIX, is_live
from rlm_tui.trace.summary import Tally, run_status

_WHOLE: Final = 8 * 1024 * 1024  # a larger file is listed from its two ends, its counts left unknown
_END: Final = 64 * 1024
_ENDINGS: Final = (SUFFIX, f"{SUFFIX}.gz", f"{SUFFIX}.zst")
_TELLING: Final = tuple(
    b'{"kind":"%b"' % kind.encode()
    for kind in ("run.started", "run.finished", "node.opened", "iteration.started", "subcall.requested")
)


class SavedRun(msgspec.Struct, frozen=True, kw_only=True):
    """One line of `runs`; a count that could not be told cheaply is None, `problem` says why a file has no facts.

    Of several questions the first stands for the file, as in its name, which is answered where any of them is.
    """

    when: str = ""
    status: str = "unreadable"
    question: str = ""
    model: str = ""
    iterations: int | None = None
    sub_calls: int | None = None
    cost_usd: float | None = None
    bytes: int = 0
    path: str = ""
    problem: str = ""
    document: str = ""
    questions: int | None = None
    last: str = ""
    """How the last question ended."""

    @property
    def more(self) -> int:
        """How many more questions than the first there are."""
        return max(0, (self.questions or 1) - 1)

    @property
    def asked(self) -> str:
        """The question, and how many more there are."""
        return f"{self.question} (and {self.more} more)" if self.more else self.question


def saved_runs(directory: Path) -> list[SavedRun]:
    """The traces of a folder, newest first; files that cannot be read are in the list and say so."""
    return newest_first(map(glance, trace_files(directory)))


def trace_files(directory: Path) -> list[Path]:
    """The traces of a folder by name alone, packed ones too, the file that was changed last first; none of no folder.

    Raises TraceError when the folder cannot be read.
    """
    try:
        entries = [entry for entry in os.scandir(directory) if entry.name.endswith(_ENDINGS)]
        entries.sort(key=lambda entry: entry.stat(follow_symlinks=False).st_mtime, reverse=True)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise TraceError(f"The folder of saved runs {directory} cannot be read: {error.strerror}.") from None
    return [Path(entry.path) for entry in entries]


def name_of(path: Path) -> str:
    """What `replay` takes for a trace: its name alone in the folder of saved runs, its path elsewhere."""
    ending = next((ending for ending in _ENDINGS if path.name.endswith(ending)), "")
    return path.name.removesuffix(ending) if path.parent == traces_dir() and ending else str(path)


def named(name: str) -> Path | None:
    """The saved run of a name, packed or not; None where there is none."""
    paths = [traces_dir() / f"{name}{ending}" for ending in _ENDINGS] if os.path.basename(name) == name else []
    return next((path for path in paths if os.path.isfile(path)), None)


def newest_first(runs: Iterable[SavedRun]) -> list[SavedRun]:
    """Runs in the order in which they are listed."""
    return sorted(runs, key=lambda run: (instant(run.when), run.path), reverse=True)


def delete_run(path: Path) -> None:
    """Delete a trace and the notes beside it. Raises TraceError when it is being written or cannot be deleted."""
    if is_live(path):
        raise TraceError(f"{path.name} is being written right now; it can be deleted when its run is over.")
    try:
        path.unlink()
        sidecar_of(path).unlink(missing_ok=True)
    except OSError as error:
        raise TraceError(f"{path.name} cannot be deleted: {(error.strerror or str(error)).lower()}.") from None


def glance(path: Path) -> SavedRun:
    """What a list shows of one trace, from its ends alone when it is large; never an error."""
    try:
        fd = open_trace_file(path).fd
    except TraceError as error:
        return SavedRun(when=_modified(path), path=str(path), problem=str(error))
    try:
        return _glance(fd, path)
    except (TraceError, OSError) as error:
        return SavedRun(when=_modified(path), path=str(path), bytes=os.fstat(fd).st_size, problem=str(error))
    finally:
        os.close(fd)


def _glance(fd: int, path: Path) -> SavedRun:
    size = os.fstat(fd).st_size
    whole = size <= _WHOLE
    data = os.pread(fd, size if whole else _END, 0)
    header = _header(data)
    tail = b"" if whole else os.pread(fd, _END, size - _END)
    tally = Tally()
    for event in _telling(data + b"\n" + tail, header.version):
        tally.take(event)
    started = tally.first or ev.RunStarted(query="", model="", sub_model="", dialect="")
    last = run_status(tally.finished, is_live(path))
    return SavedRun(
        when=header.created or _modified(path),
        status="answered" if tally.answered and last != "running" else last,
        question=_question(started.query, data, header.version),
        model=started.model,
        iterations=tally.iterations if whole else None,
        sub_calls=tally.sub_calls if whole else None,
        cost_usd=tally.usage.cost_usd if tally.finished else None,
        bytes=path.stat().st_size,
        path=str(path),
        document=started.context.name,
        questions=tally.questions if whole else None,
        last=last,
    )


def _header(data: bytes) -> Header:
    line, end, _ = data.removeprefix(BOM_UTF8).partition(b"\n")
    if not end:
        raise TraceError("The trace is cut off inside its first line.")
    return read_header(line)[0]


def _telling(data: bytes, version: int) -> Iterator[ev.TraceEvent]:
    for line in data.split(b"\n"):
        if line.startswith(_TELLING):
            try:
                yield decode(line, version)
            except TraceError:
                continue  # a damaged line; `trace verify` names it


def _question(query: ev.Text, data: bytes, version: int) -> str:
    if isinstance(query, str):
        return query
    for line in data.split(b"\n")[1:]:
        try:
            event = decode(line, version)
        except TraceError:
            return ""
        if event.seq == query.body:
            return event.text if isinstance(event, ev.BodyStored) else ""
    return ""


def instant(when: str) -> float:
    """A date of a list in seconds since 1970; 0 where it is none."""
    try:
        moment = datetime.fromisoformat(when)
    except ValueError:
        return 0.0
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _modified(path: Path) -> str:
    try:
        return datetime.fromtimestamp(os.lstat(path).st_mtime, UTC).isoformat(timespec="seconds")
    except OSError:
        return ""
