"""The log of a session gives every event back, and keeps in memory no more than was just looked at."""

from __future__ import annotations

import msgspec
import pytest

from rlm_tui import events as ev
from rlm_tui.session import log
from rlm_tui.session.log import Log


class Store:
    """Makes an event when it is asked for one, and remembers that it was."""

    def __init__(self, event: ev.TraceEvent) -> None:
        self.fetched: list[int] = []
        self._event = event

    def fetch(self, seq: int) -> ev.TraceEvent:
        self.fetched.append(seq)
        return msgspec.structs.replace(self._event, seq=seq)

    def look_at(self, source: Log, *seqs: int) -> list[int]:
        """Ask for events; which of them had to be fetched."""
        self.fetched.clear()
        assert [source.event(seq).seq for seq in seqs] == list(seqs)
        return list(self.fetched)


def test_what_was_just_looked_at_is_kept_and_the_oldest_goes() -> None:
    store = Store(ev.Note(text="short"))
    source = Log(store.fetch)
    store.look_at(source, *range(1, 257))
    assert store.look_at(source, *range(1, 257)) == []
    assert store.look_at(source, 257, 2, 1) == [257, 1]


@pytest.mark.parametrize(
    "event",
    [
        ev.BodyStored(text="x" * 10_000),
        ev.ResponseParsed(blocks=("x" * 5_000,), final=ev.Final("text", "x" * 5_000)),
        ev.CodeFinished(status="error", error=ev.CodeError("E", "x" * 5_000, "x" * 5_000)),
    ],
)
def test_of_long_texts_fewer_are_kept_and_always_the_last(
    event: ev.TraceEvent, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(event)
    source = Log(store.fetch)
    monkeypatch.setattr(log, "_CACHED_BYTES", 40_000)
    store.look_at(source, *range(1, 101))
    assert store.look_at(source, 100, 99, 98) == []
    assert store.look_at(source, 95) == [95]
    monkeypatch.setattr(log, "_CACHED_BYTES", 10)
    assert store.look_at(source, 1, 1, 1) == [1]
    store.look_at(source, 2)
    monkeypatch.setattr(log, "_CACHED_BYTES", 40_000)
    store.look_at(source, 3, 4, 5)
    assert store.look_at(source, 3, 4, 5) == []
