"""The host's end of the channel, against any bytes."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rlm_tui.repl.channel import Channel
from rlm_tui.repl.messages import Began, Message, Value
from rlm_tui.repl.worker import wire

HEADER = wire.pack({"op": "value", "id": 7, "is_there": True}, 3)


async def receive(pieces: Iterable[bytes]) -> tuple[list[tuple[Message, bytes]], list[str]]:
    """What a channel makes of bytes that come in pieces, up to their end."""
    ours, theirs = socket.socketpair()
    ended = asyncio.Event()
    messages: list[tuple[Message, bytes]] = []
    ends: list[str] = []

    def on_end(why: str) -> None:
        ends.append(why)
        ended.set()

    channel = Channel(ours, lambda message, payload: messages.append((message, payload)), on_end)
    with theirs:
        for piece in pieces:
            theirs.sendall(piece)
            await asyncio.sleep(0)
    await ended.wait()
    channel.close()
    channel.close()
    return messages, ends


@given(st.lists(st.integers(1, 12), max_size=20))
@settings(deadline=None, max_examples=60)
def test_frames_come_whole_however_they_are_cut(cuts: list[int]) -> None:
    data = (HEADER + b"abc") * 3 + wire.pack({"op": "began", "id": 1}, 0)
    pieces = []
    for cut in cuts:
        pieces.append(data[:cut])
        data = data[cut:]
    messages, ends = asyncio.run(receive([*pieces, data]))
    assert messages == [(Value(7, True), b"abc")] * 3 + [(Began(1), b"")]
    assert ends == [""]


@given(st.binary(max_size=200))
@example(wire.pack({"op": "value", "id": "7", "is_there": True}, 0))
@example(wire.LENGTHS.pack(2, 0) + b"[]")
@settings(deadline=None, max_examples=100)
def test_any_bytes_end_the_channel_once_and_raise_nothing(data: bytes) -> None:
    _, ends = asyncio.run(receive([data]))
    assert len(ends) == 1


def frame(header: bytes) -> bytes:
    return wire.LENGTHS.pack(len(header), 0) + header


@pytest.mark.parametrize("number", ["-1", str(2**53 + 1), str(2**63), "9" * 400, "9" * 5000, "1e3", "true"])
@pytest.mark.parametrize("name", ["id", "first", "start", "total", "sizes"])
def test_a_call_with_a_number_that_no_trace_can_hold_is_a_breach(name: str, number: str) -> None:
    call = {"id": "1", "function": '"llm_query"', "is_batch": "true", "sizes": "[0]", "start": "0"}
    call[name] = f"[{number}]" if name == "sizes" else number
    header = ",".join(f'"{key}":{value}' for key, value in call.items())
    messages, ends = asyncio.run(receive([frame(f'{{"op":"call",{header}}}'.encode())]))
    assert messages == []
    assert len(ends) == 1
    assert name in ends[0]


@pytest.mark.parametrize(
    "header",
    [
        b'{"op":"loaded","id":1,"problem":"\xff"}',
        b'{"op":"loaded","id":1,"problem":"\\ud800"}',
        b'{"op":"began","id":1,"more":' + b"[" * 99_999 + b"]" * 99_999 + b"}",
        b'{"op":"done","id":1,"status":"' + b"x" * 99_999 + b'"}',
    ],
)
def test_a_header_that_cannot_be_decoded_is_a_breach_in_a_few_words(header: bytes) -> None:
    messages, ends = asyncio.run(receive([frame(header)]))
    assert messages == []
    assert len(ends) == 1
    assert 0 < len(ends[0]) <= 200


@pytest.mark.parametrize("lengths", [(wire.MAX_HEADER + 1, 0), (10, wire.MAX_FROM_WORKER + 1), (2**32 - 1, 2**32 - 1)])
def test_a_frame_that_announces_too_much_is_refused_at_once(lengths: tuple[int, int]) -> None:
    messages, ends = asyncio.run(receive([wire.LENGTHS.pack(*lengths)]))
    assert messages == []
    assert ends == ["a frame announces more bytes than any may have"]
