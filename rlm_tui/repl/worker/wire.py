"""The frame of the channel, known to both ends: two lengths, a JSON header, a raw payload of UTF-8 texts."""

from __future__ import annotations

import re
from codecs import getincrementaldecoder
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from json import JSONDecoder, JSONEncoder
from struct import Struct
from typing import Any

LENGTHS = Struct("!II")
MAX_HEADER = 8 << 20
MAX_FROM_WORKER = 64 << 20
MAX_TO_WORKER = 1 << 30
MAX_CALLS = 4096
PART_BYTES, PART_TEXTS = 4 << 20, 128
"""What a part of a large batch has at least, so that few bytes are under way and yet enough calls."""
MAX_TEXTS = 1 << 16
"""What a part has at most, so that the host is at no part for long."""
PARTS_AHEAD = 3
_PIECE = 1 << 22
OUT_OF_MEMORY = 77
"""Exit code of a worker that had no memory left to say so."""

_SURROGATES = re.compile("[\ud800-\udfff]")
_to_json = JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_from_json = JSONDecoder().decode


class FrameError(Exception):
    """Bytes on the channel that are no frame."""


def encode(text: str) -> tuple[bytes, int]:
    """UTF-8 of a text and how many lone surrogates gave way to U+FFFD."""
    try:
        return text.encode(), 0
    except UnicodeEncodeError:
        clean, count = _SURROGATES.subn("\ufffd", text)
        return clean.encode(), count


def join(texts: Iterable[str]) -> tuple[list[int], bytes, int]:
    """Many texts as one payload: the byte length of each, the bytes, and how many surrogates were replaced."""
    encoded = [encode(text) for text in texts]
    parts = [part for part, _ in encoded]
    payload = parts[0] if len(parts) == 1 else b"".join(parts)
    return [len(part) for part in parts], payload, sum(count for _, count in encoded)


def parts(texts: Sequence[str]) -> Iterator[slice]:
    """Where to cut a batch, so that a large one is on its way in several frames, none of them too large."""
    start = size = 0
    for index, text in enumerate(texts):
        more = len(text) if text.isascii() else len(text.encode("utf-8", "replace"))
        enough = size >= PART_BYTES and index - start >= PART_TEXTS
        is_full = size + more > MAX_FROM_WORKER // 2 or index - start == MAX_TEXTS
        if index > start and (enough or is_full):
            yield slice(start, index)
            start, size = index, 0
        size += more
    yield slice(start, len(texts))


def split(sizes: Sequence[int], payload: bytes | bytearray) -> list[str]:
    """The texts of a payload; FrameError when the sizes do not fit it."""
    if sum(sizes) != len(payload) or any(size < 0 for size in sizes):
        raise FrameError("the sizes of the texts do not fit the payload")
    view = memoryview(payload)
    ends = list(accumulate(sizes))
    decode = _decode_ascii if payload.isascii() else _decode
    return [decode(view[end - size : end]) for size, end in zip(sizes, ends, strict=True)]


def _decode_ascii(view: memoryview) -> str:
    return str(view, "ascii")


def _decode(view: memoryview) -> str:
    """In pieces, as decoding at once takes up to thirteen bytes for one of a text that is not ASCII."""
    if len(view) <= _PIECE:
        return str(view, "utf-8", "replace")
    decoder = getincrementaldecoder("utf-8")("replace")
    starts = range(0, len(view), _PIECE)
    return "".join([decoder.decode(view[at : at + _PIECE], at + _PIECE >= len(view)) for at in starts])


def pack(header: dict[str, Any], size: int) -> bytes:
    """The front of a frame whose payload has `size` bytes."""
    body = encode(_to_json(header))[0]
    return LENGTHS.pack(len(body), size) + body


def unpack(body: bytes | bytearray) -> dict[str, Any]:
    """The header of a frame."""
    header = _from_json(body.decode())
    if not isinstance(header, dict):
        raise FrameError("a header is not an object")
    return header
