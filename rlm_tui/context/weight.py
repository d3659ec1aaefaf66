"""What a document takes in the REPL's memory, said before it is loaded there.

Python holds a text at one, two or four bytes a character, by the widest of them; while it is loaded, the worker holds
its UTF-8 and its decoded pieces as well.
"""

from __future__ import annotations

import re
from itertools import islice

from rlm_tui.context.document import Document, Part
from rlm_tui.text import MEGABYTE, bytes_a_char, one_line, plural, safe, short_bytes

_PIECE = 4 << 20
_WIDEST = re.compile("[^\x00-\uffff]")
_WORKER = 100_000_000  # the interpreter, its threads and its libraries, as the kernel counts them
_MUCH = 0.5
_LARGE = 20_000_000


def weight_words(document: Document) -> str:
    """`61 kB in the REPL`; where a character makes the largest text four times its size, which and where."""
    words = f"{short_bytes(document.weight)} in the REPL"
    widest = max(document.parts, key=lambda part: part.weight, default=None)
    match = _WIDEST.search(widest.text) if widest is not None and widest.width == 4 else None
    if match is None or widest is None:
        return words
    place = widest.place(match.start()).removeprefix(widest.name).strip()
    return f"{words}, 4 bytes a character because of {_named(match.group())} on {place}"


def _named(char: str) -> str:
    return f"{safe(char)} U+{ord(char):X}"


def peak_of(document: Document) -> int:
    """The most bytes that the worker needs to load the document."""
    if all(part.text.isascii() for part in document.parts):
        return _WORKER + 2 * document.weight
    return _WORKER + document.weight + sum(_loading(part.text) for part in document.parts)


def _loading(text: str) -> int:
    pieces = (text[at : at + _PIECE] for at in range(0, len(text), _PIECE))
    return sum(len(piece.encode()) + bytes_a_char(piece) * len(piece) for piece in pieces)


def warnings(document: Document, memory_mb: int) -> list[str]:
    """What to do about a document that takes much of the worker's memory, then what makes a large one wide."""
    wide = document.weight >= _LARGE and any(part.width == 4 for part in document.parts)
    because = [f"The context takes {weight_words(document)}."] if wide else []
    limit, peak = memory_mb * MEGABYTE, peak_of(document)
    if max(2 * document.weight + _WORKER, peak) <= _MUCH * limit:
        return because
    need = -(-2 * peak // (100 * MEGABYTE)) * 100
    fits = "may not fit" if peak > limit else "leaves little room"
    room = f"{fits} in the REPL's {memory_mb} MB; --memory {need} gives it room"
    return [f"The context needs {short_bytes(peak)} to be loaded, which {room}.", *because]


def told(document: Document) -> list[str]:
    """What `run` says of the documents before they are loaded into the REPL."""
    lines = [f"Read {_part_words(part)}." for part in islice(document.parts, 5)]
    more = len(document.parts) - len(lines)
    lines += [f"Read {plural(more, 'more document')}."] if more else []
    return [*lines, f"The context takes {weight_words(document)}.", *document.notes]


def _part_words(part: Part) -> str:
    pages = f"{plural(len(part.pages), 'page')}, " if part.is_paged else ""
    shape = f" ({one_line(part.shape, 100)})" if part.shape else ""
    return f"{one_line(part.name)}: {pages}{plural(len(part.text), 'character')}{shape}"
