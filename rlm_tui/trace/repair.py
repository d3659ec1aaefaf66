"""A damaged trace as a new file of what is whole; the old one is never touched.

Whole lines are taken as they are. In the place of an event that is lost stands a note that says so (or, where others
refer to it as a text, an empty text that says so), so that numbers stay without gaps and references lead somewhere.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from rlm_tui import events as ev
from rlm_tui.errors import TraceError
from rlm_tui.text import plural
from rlm_tui.trace.codec import encode
from rlm_tui.trace.magic import VERSION
from rlm_tui.trace.reader import TraceReader
from rlm_tui.trace.recover import body_refs
from rlm_tui.trace.store import TraceStore, written_whole

_MOST_FILLED: Final = 100_000
LOST_TEXT: Final = "[this text is lost]"


class Repaired(NamedTuple):
    """What a repair came to: events kept, the numbers of those that were lost, and what was not whole, in words."""

    kept: int
    lost: tuple[int, ...]
    problems: tuple[str, ...]


def repair(path: Path, out: Path) -> Repaired:
    """Write what is whole of a trace to a new file; TraceError for no trace, and for a file that is already there."""
    with TraceReader(path) as reader:
        if reader.header.version != VERSION:
            raise TraceError(f"{path.name} has an older format; rlm-tui trace convert brings it up to date first.")
        seqs, texts = _survey(reader)
        lost = _missing(seqs)
        if len(lost) > _MOST_FILLED:
            raise TraceError(f"{path.name} has lost {len(lost):,} events in a row or more; too much to be repaired.")
        with written_whole(out, reader.header) as store:
            _write(reader, store, seqs, texts)
        return Repaired(len(seqs), lost, tuple(problem.message for problem in reader.problems))


def _survey(reader: TraceReader) -> tuple[list[int], set[int]]:
    """The numbers of the whole events, and those that are referred to as texts."""
    seqs, texts = list[int](), set[int]()
    for seq, event in reader.iter_index():
        seqs.append(seq)
        texts.update(body_refs(event))
    return seqs, texts


def _missing(seqs: list[int]) -> tuple[int, ...]:
    known = set(seqs)
    last = min(seqs[-1], len(seqs) + _MOST_FILLED + 1) if seqs else 0
    return tuple(seq for seq in range(1, last) if seq not in known)


def _write(reader: TraceReader, store: TraceStore, seqs: list[int], texts: set[int]) -> None:
    before, t = 0, 0.0
    for index, seq in enumerate(seqs):
        for missing in range(before + 1, seq):
            store.append(encode(_in_place_of(missing, t, is_text=missing in texts)))
        line = reader.read(index)
        store.append(line if line.endswith(b"\n") else line + b"\n")
        before, t = seq, reader.event(seq).t


def _in_place_of(seq: int, t: float, *, is_text: bool) -> ev.TraceEvent:
    lost: ev.TraceEvent = ev.BodyStored(text=LOST_TEXT)
    if not is_text:
        lost = ev.Note(text=f"Event {seq} is lost: its line was damaged or missing.", level="warning")
    return msgspec.structs.replace(lost, seq=seq, t=t)


def told(repaired: Repaired) -> str:
    """What a repair came to, in a sentence."""
    kept = f"{plural(repaired.kept, 'event')} kept"
    if not repaired.lost:
        return f"{kept}, none lost"
    names = ", ".join(map(str, repaired.lost[:10])) + (", …" if len(repaired.lost) > 10 else "")
    return f"{kept}, {len(repaired.lost):,} lost (number {names})"
