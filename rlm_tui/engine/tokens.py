"""How many tokens a conversation has, before the model is asked: an estimate, by a tokenizer where there is one."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

from rlm_tui.lm.base import Message

_CHARS_A_TOKEN = 4
_URL = "https://openaipublic.blob.core.windows.net/encodings/o200k_base.tiktoken"
_LOOKED_AT = 4_000
_COUNTED_WHOLE = 200_000  # characters; a tokenizer takes a second for a few million of them
_FRAME = 4  # what the roles and borders of a message take


def estimate(messages: Iterable[Message]) -> int:
    """The tokens of some messages, as near as can be told from here."""
    return sum(_tokens(message.content) + _FRAME for message in messages)


def _tokens(text: str) -> int:
    return counter()(text) if len(text) <= _COUNTED_WHOLE else estimate_text(text)


def estimate_text(text: str) -> int:
    """The tokens of one text; of a long one by its beginning."""
    head = text[:_LOOKED_AT]
    return counter()(head) * max(1, len(text)) // max(1, len(head))


@cache
def counter() -> Callable[[str], int]:
    """tiktoken's o200k_base where the extra `tokens` is installed and has its table, else a fourth of the characters.

    tiktoken would fetch a missing table from the network, without a time limit; so it is asked only when it has one.
    """
    if not _table().is_file():
        return _fourth
    try:
        import tiktoken

        encoding = tiktoken.get_encoding("o200k_base")
    except (ImportError, OSError, ValueError):  # not installed; or the table is broken and cannot be fetched anew
        return _fourth
    return lambda text: len(encoding.encode_ordinary(text))


def _table() -> Path:
    """Where tiktoken keeps the table once it was fetched (tiktoken.load.read_file_cached)."""
    places = (os.environ.get(name) for name in ("TIKTOKEN_CACHE_DIR", "DATA_GYM_CACHE_DIR"))
    folder = next((place for place in places if place), None)
    name = hashlib.sha1(_URL.encode(), usedforsecurity=False).hexdigest()
    return Path(folder or Path(tempfile.gettempdir()) / "data-gym-cache") / name


def _fourth(text: str) -> int:
    return -(-len(text) // _CHARS_A_TOKEN)
