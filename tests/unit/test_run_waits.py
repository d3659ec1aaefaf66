"""What `run` says while nothing happens."""

from __future__ import annotations

from rlm_tui import events as ev
from rlm_tui.cli.waiting import Waits
from rlm_tui.session.base import Batch, Delta


def test_it_says_what_it_waits_for_ever_more_rarely_and_anew_after_news() -> None:
    now = 0.0
    waits = Waits(lambda: now)
    told = Batch(deltas=(Delta("lm", "text", "x"), Delta("lm", "waiting", "writing 31 tok/s")))
    said = {}
    for second in range(100):
        now = float(second)
        said[second] = waits.words(told if second == 3 else Batch())
    assert {second: words for second, words in said.items() if words} == {
        15: "  writing 31 tok/s (15s so far)",
        30: "  writing 31 tok/s (30s so far)",
        60: "  writing 31 tok/s (60s so far)",
    }
    assert waits.words(Batch(events=(ev.Note(text="old"),))) == ""
    now += 20.0
    assert waits.words(Batch(), "reading big.html") == "  reading big.html (20s so far)"
    assert waits.words(Batch(events=(ev.Note(text="news"),))) == ""
    now += 20.0
    assert waits.words(Batch()) == "  running (20s so far)"
