"""What a terminal sends, made into text that cannot stop the app: any byte, and pastes that hold escapes.

Textual's thread that reads dies of a byte that is no UTF-8, and its parser takes an escape within a bracketed paste for
keys, so that a pasted log in colours would be torn apart and act.
"""

from __future__ import annotations

import sys
from codecs import getincrementaldecoder
from typing import Protocol, cast

from textual.driver import Driver

BEGIN, END = "\x1b[200~", "\x1b[201~"
_ESCAPE = "\x1b"
_SHOWN = "␛"


class Decoder:
    """Bytes of a terminal as text: what is no UTF-8 as `�`, an escape within a paste as `␛`."""

    def __init__(self, _errors: str = "strict") -> None:
        self._utf8 = getincrementaldecoder("utf-8")("replace")
        self._is_paste = False
        self._tail = ""
        """Outside of a paste: the end of what was given out; within one: what may be the beginning of its end."""

    def decode(self, data: bytes, final: bool = False) -> str:
        """The text of the next bytes, as far as it can be told yet."""
        text, out = self._utf8.decode(data, final), list[str]()
        while text:
            part, text = self._pasted(text) if self._is_paste else self._typed(text)
            out.append(part)
        return "".join(out)

    def _typed(self, text: str) -> tuple[str, str]:
        """What comes before a paste and its mark, which may have begun in the text before, and the rest."""
        known = len(self._tail)
        at = (self._tail + text).find(BEGIN)
        if at < 0:
            self._tail = (self._tail + text)[1 - len(BEGIN) :]
            return text, ""
        end = at + len(BEGIN) - known
        self._is_paste, self._tail = True, ""
        return text[:end], text[end:]

    def _pasted(self, text: str) -> tuple[str, str]:
        """What is pasted without escapes, its end as it is, and what comes behind it."""
        text, self._tail = self._tail + text, ""
        at = text.find(END)
        if at >= 0:
            self._is_paste = False
            return text[:at].replace(_ESCAPE, _SHOWN) + END, text[at + len(END) :]
        begun = next((size for size in range(len(END) - 1, 0, -1) if text.endswith(END[:size])), 0)
        self._tail = text[len(text) - begun :]
        return text[: len(text) - begun].replace(_ESCAPE, _SHOWN), ""


class _Reading(Protocol):
    getincrementaldecoder: object


def robust(driver: type[Driver]) -> type[Driver]:
    """The driver with a decoder of ours, where its module (of Textual 8.2) decodes what the terminal sends."""
    module = sys.modules[driver.__module__]
    if hasattr(module, "getincrementaldecoder"):
        cast(_Reading, module).getincrementaldecoder = lambda _encoding: Decoder
    return driver
