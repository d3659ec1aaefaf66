"""Text as it is drawn and measured; no other module knows about control characters.

`safe()` is applied where text is drawn, never to text that is stored or edited. One code point becomes
one, so offsets, spans and cursors stay true.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

_REPLACEMENT = "\ufffd"
# C0 without \t and \n, DEL, C1, soft hyphen, zero-width and bidi controls, fillers, BOM, interlinear marks,
# surrogates, noncharacters of the BMP, variation selectors, tags. Everything here can move, hide or reorder a cell.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u2028-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff"
    "\U000e0000-\U000e0fff]"
)
_LINE_BREAKS = re.compile("[\t\n]")
_MAX_MARKS = 2
# Trigrams, hexagrams and counting rods (wide since Unicode 16), circled numbers on squares, tones of skin.
_UNSTEADY = re.compile(
    "[\u2630-\u2637\u268a-\u268f\u3248-\u324f\u4dc0-\u4dff\U0001d300-\U0001d37f\U0001f3fb-\U0001f3ff]"
)
MEGABYTE = 1_000_000
"""What MB means wherever a person reads or gives it."""
_STEP = 1 << 20
_MOST_UNIT = 10**12  # beyond it a number is told by its power of ten
_MOST_TOLD = 10**300  # and beyond this by none, as a float ends there
_MARKS = re.compile("[^\x00-\u02ff]")  # cheap gate: no combining mark stands below U+0300


def _visible(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else _REPLACEMENT


def safe(text: str, *, multiline: bool = False) -> str:
    """Make any text harmless to a terminal, one code point for one.

    With `multiline`, newline and tab pass; otherwise they too become visible. Combining marks beyond two on
    one base are replaced, so that a line keeps its height.
    """
    if text.isascii() and text.isprintable():
        return text
    text = _UNSAFE.sub(_visible, text)
    if not multiline:
        text = _LINE_BREAKS.sub(_visible, text)
    return _cap_marks(text) if _MARKS.search(text) else text


def _cap_marks(text: str) -> str:
    marks = 0
    out: list[str] = []
    for char in text:
        marks = marks + 1 if unicodedata.combining(char) else 0
        out.append(_REPLACEMENT if marks > _MAX_MARKS else char)
    return "".join(out)


def steady(text: str) -> str:
    """The text without what terminals do not agree on how wide it is, for a row whose end must stay where it is.

    Spacing marks (vowel signs of Indic scripts) take no cell in some terminals and one in most; likewise a few symbols.
    """
    if text.isascii():
        return text
    return _UNSTEADY.sub(_REPLACEMENT, "".join(_REPLACEMENT if unicodedata.category(c) == "Mc" else c for c in text))


def scrub(text: str) -> tuple[str, int]:
    """Replace lone surrogates by U+FFFD, as no UTF-8 can hold them; returns the text and how many there were."""
    try:
        text.encode()
    except UnicodeEncodeError:
        clean = re.sub("[\ud800-\udfff]", _REPLACEMENT, text)
        return clean, sum(a != b for a, b in zip(text, clean, strict=True))
    return text, 0


def one_line(text: str, limit: int = 200) -> str:
    """The start of a text as one safe line: white space folded, `…` where it was cut at `limit` characters."""
    folded = " ".join(text[: limit * 4].split())
    cut = len(folded) > limit or len(text) > limit * 4
    return safe(folded[: limit - 1] + "…" if cut else folded)


def plural(count: int, noun: str, many: str | None = None) -> str:
    """`1 page`, `2 pages`, `1,234 pages`."""
    shown = f"{count:,}" if abs(count) < _MOST_TOLD else short_count(count)
    return f"{shown} {noun if count == 1 else many or noun + 's'}"


def short_count(count: int | None) -> str:
    """A count in few cells: 611, 2.1k, 18.2k, 1.2M, 9e18; `–` when unknown."""
    return "–" if count is None else _short(count, ("", "k", "M", "G"))


def _short(number: float, units: tuple[str, str, str, str]) -> str:
    if number < 0:
        return f"-{_short(-number, units)}"
    if not number < _MOST_UNIT:
        return _power(number) + units[0]
    for limit, divisor, unit in ((999_950, 1e3, units[1]), (999_950_000, 1e6, units[2])):
        if number < limit:
            return f"{number / divisor:.1f}{unit}" if number >= 1_000 else f"{number:.0f}{units[0]}"
    return f"{number / 1e9:.1f}{units[3]}"


def _power(number: float) -> str:
    """A number beyond all units by its power of ten, never more than it; what no machine counts to is ∞."""
    if not number < _MOST_TOLD:
        return "∞" if number == number else "–"  # what is not a number is not itself
    digits = str(int(number))
    return f"{digits[0]}e{len(digits) - 1}"


def least_count(count: int | None, *, is_part: bool) -> str:
    """As `short_count`; of a part of what there is, in no more cells: ≥611, ≥2.1k, ≥18k, never more than it."""
    if not is_part or count is None:
        return short_count(count)
    digits = len(str(count)) if 0 <= count < _MOST_UNIT else 0
    step = 10 ** (digits - (3 if digits % 3 == 0 else 2)) if digits > 3 else 1  # digits that are not shown
    return f"≥{short_count(count - count % step).replace('.0', '')}"


def short_bytes(size: int) -> str:
    """A size in few cells: 412 B, 1.2 kB, 3.4 MB, 1.1 GB (powers of 1000)."""
    return _short(size, (" B", " kB", " MB", " GB"))


def short_seconds(seconds: float | None) -> str:
    """A duration in few cells: 4 ms, 4.1s, 75s, 2:05, 1:02:05; `–` when unknown."""
    if seconds is None:
        return "–"
    if seconds < 0.0995:
        return f"{max(0.0, seconds) * 1000:.0f}ms"
    if seconds < 9.95:
        return f"{seconds:.1f}s"
    return f"{seconds:.0f}s" if seconds < 99.5 else clock(seconds)


def worked_words(worked: float | None, held: float) -> str:
    """How long a run took, and how long it was held for a person: `4.1s, and 12s held for a person`."""
    took = short_seconds(worked)
    return f"{took}, and {short_seconds(held)} held for a person" if held >= 1 else took


def clock(seconds: float) -> str:
    """A running clock: 0:12, 2:05, 1:02:05."""
    if not abs(seconds) < _MOST_UNIT:
        return f"{_power(abs(seconds))}s"
    whole = int(seconds)
    hours, rest = divmod(whole, 3600)
    minutes, secs = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{secs:02}" if hours else f"{minutes}:{secs:02}"


def bytes_a_char(text: str) -> int:
    """What Python holds each character of a text at: 1, 2 or 4 bytes, by the widest of them."""
    width = 1
    for at in range(0, 0 if text.isascii() else len(text), _STEP):
        width = max(width, _width(text[at : at + _STEP]))
        if width == 4:
            break
    return width


def _width(piece: str) -> int:
    """By encoding, which runs at the speed of memory."""
    if piece.isascii():
        return 1
    try:
        piece.encode("latin-1")
    except UnicodeEncodeError:
        return 2 if len(piece.encode("utf-16-le", "surrogatepass")) == 2 * len(piece) else 4
    return 1


def short_cost(cost: float | None) -> str:
    """Money in few cells: $0, $0.02, $1.25, <$0.01; `$?` when unknown."""
    if cost is None:
        return "$?"
    if cost == 0:
        return "$0"
    if not cost < _MOST_UNIT:
        return f"${_power(cost)}"
    return "<$0.01" if cost < 0.005 else f"${cost:.2f}"


_THOUGHTS = re.compile(r"\s*<(think|thinking|thought|reasoning)>(.*?)(?:</\1>|\Z)", re.DOTALL | re.IGNORECASE)


def thoughts_and_words(text: str) -> tuple[str, str]:
    """What a response thinks aloud at its beginning, between tags, and the rest."""
    match = _THOUGHTS.match(text)
    return (match[2].strip(), text[match.end() :]) if match else ("", text)


def wordless(text: str, *, has_thought: bool) -> str:
    """What a response is that says nothing outside its code; `has_thought`: it came with reasoning of its own."""
    thoughts, words = thoughts_and_words(text)
    if words.strip():
        return "nothing but code"
    return "nothing: it only thought" if thoughts or has_thought else "nothing: the response is empty"


def has_all(words: Sequence[str], text: str) -> bool:
    """Whether every word stands in a text, wherever; the words are casefolded."""
    folded = text.casefold()
    return all(word in folded for word in words)
