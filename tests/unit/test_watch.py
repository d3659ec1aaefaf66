"""What one waits for, in words: loading, queued, reading, thinking, writing, with a rate or an estimate."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from rlm_tui.lm.base import Message, Request
from rlm_tui.lm.watch import Pace, Watch


class Screen:
    """What a watch shows, and its clock."""

    def __init__(self, expected_s: float | None = None) -> None:
        self.now = 0.0
        self.words: list[str] = []
        self.text = ""
        self.thoughts = ""
        self.firsts: list[float] = []
        self.watch = Watch(self.show, expected_s=expected_s, on_first=self.firsts.append, clock=lambda: self.now)

    def show(self, sign: str, piece: str) -> None:
        if sign == "waiting":
            self.words.append(piece)
        elif sign == "text":
            self.text += piece
        else:
            self.thoughts += piece


def request(chars: int = 100, role: str = "sub") -> Request:
    return Request((Message("user", "x" * chars),), "m", "root" if role == "root" else "sub")


def test_a_response_is_told_from_loading_to_its_rate() -> None:
    screen = Screen()
    watch = screen.watch
    watch.load()
    watch.read()
    watch.read(0.43)
    screen.now = 2.0
    watch.think("Hm")
    for _ in range(62):
        screen.now += 1 / 31
        watch("token")
    assert screen.words[:5] == ["reading prompt", "loading model", "reading prompt", "reading prompt 43%", "thinking"]
    assert screen.words[-1].startswith("writing 3")
    assert screen.words[-1].endswith(" tok/s")
    assert (screen.text, screen.thoughts) == ("token" * 62, "Hm")
    assert screen.firsts == [2.0]


def test_a_rate_that_varies_is_told_a_few_times_a_second_not_with_every_token() -> None:
    screen = Screen()
    for number in range(400):
        screen.watch("token")
        screen.now += 0.005 + number / 10_000
    rates = screen.words[2:]
    assert screen.words[:2] == ["reading prompt", "writing"]
    assert len(set(rates)) > 20, "it varies, or nothing could be told too often"
    assert len(rates) <= screen.now / 0.25


def test_a_long_answer_says_how_much_of_its_limit_is_used() -> None:
    screen = Screen()
    watch = Watch(screen.show, clock=lambda: screen.now, most=4_096)
    for _ in range(150):
        watch("token")
        screen.now += 0.1
    rates = [words for words in screen.words if "tok/s" in words]
    assert "of" not in rates[0]
    assert rates[-1].startswith("writing 13 tok/s, 18")
    assert rates[-1].endswith(" of ≤ 4.1k")


def test_a_rate_counts_pieces_of_many_tokens_by_their_length() -> None:
    screen = Screen()
    for _ in range(5):
        screen.watch("x" * 400)
        screen.now += 1.0
    assert screen.words[-1] == "writing 125 tok/s"


def test_without_progress_it_says_how_long_it_took_before() -> None:
    assert Screen(8.2).words == ["reading prompt ≈8s"]
    assert Screen(0.2).words == ["reading prompt"]
    screen = Screen(8.2)
    screen.watch.queue()
    screen.watch.read()
    assert screen.words[-1] == "reading prompt ≈8s"


def test_asking_again_while_the_model_loads_changes_no_word() -> None:
    screen = Screen()
    screen.watch.load()
    screen.watch.begin()
    assert screen.words == ["reading prompt", "loading model"]


@settings(deadline=None, max_examples=60)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_progress_is_a_share_whatever_a_server_says(share: float) -> None:
    screen = Screen()
    screen.watch.read(share)
    assert 0 <= int(screen.words[-1].removeprefix("reading prompt ").removesuffix("%")) <= 100


def test_an_estimate_comes_from_earlier_calls_of_the_same_model_and_role() -> None:
    pace = Pace()
    assert pace.expected(request()) is None
    for seconds in (1.0, 2.0, 90.0):
        pace.learn(request(100), seconds)
    assert pace.expected(request(400)) == 8.0
    assert pace.expected(request(100, "root")) is None
    pace.learn(request(100, "root"), 3.0)
    assert pace.expected(request(9_000, "root")) == 3.0, "a server reads only what is new of a growing prompt"


def test_a_plain_callable_gets_the_text_alone() -> None:
    pieces: list[str] = []
    watch = Watch.of(pieces.append)
    watch.think("no")
    watch("yes")
    assert pieces == ["yes"]
    assert Watch.of(watch) is watch
    Watch.of(None)("nobody listens")
