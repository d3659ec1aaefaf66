"""The FINAL forms at the start of a line: `FINAL(text)`, `FINAL_VAR(name)` and their colon twins."""

from __future__ import annotations

import keyword
import re
from collections import deque
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal, TypeAlias

from rlm_tui.engine.grammar import BOUND, FENCE_LINE, INLINE
from rlm_tui.events import Repair

Refusal: TypeAlias = Literal["", "empty", "name", "code", "cut"]

_STEPS, _OTHERS = bytes.maketrans(b"()", b"\x01\xff"), bytes({*range(256)} - {*b"()"})
_FIRST_PART, _LARGEST_PART = 1 << 8, 1 << 16  # characters
_BLANK_REST = re.compile(r"\s*+\Z")
_TAIL = re.compile(r"[ \t*_`.]*")
_LAST_PAREN = re.compile(r"\)[ \t*_`.]*$", re.MULTILINE)
_LITERAL = re.compile(
    "[ \t\n]*(?P<prefix>[rfbu]{0,2})(?P<quote>'''|\"\"\"|['\"])(?P<body>(?:"
    + "|".join(rf"(?<={q * 3})[^{q}\\]*(?:(?:\\[\s\S]|{q}(?!{q * 2}))[^{q}\\]*)*" for q in "'\"")
    + "|"
    + "|".join(rf"(?<!{q * 3})(?<={q})[^{q}\\]*(?:\\[\s\S][^{q}\\]*)*" for q in "'\"")
    + r"))(?P=quote)[ \t\n]*(?P<end>\)|\Z)",
    re.IGNORECASE,
)
_ESCAPE = re.compile(
    r"\\(?:(?P<char>[\n\\'\"abfnrtv])|x(?P<x>[0-9a-f]{2})|u(?P<u>[0-9a-f]{4})|U(?P<big>[0-9a-f]{8}))", re.IGNORECASE
)
_CHARS = {"\n": "", "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_FIELD = re.compile(r"\{[^{}]+\}")


@dataclass(frozen=True, slots=True)
class Final:
    """What a final form says: the text itself, or the name of a variable."""

    kind: Literal["text", "var"]
    value: str


@dataclass(frozen=True, slots=True)
class FinalForm:
    """A FINAL form as it was found; `final` is None where `refusal` says why it cannot be one.

    `rescue` is what an unbalanced one would be if the provider says that nothing was cut off; `at_end` tells that
    the response ends with it.
    """

    start: int
    end: int
    colon: bool
    is_var: bool
    final: Final | None = None
    refusal: Refusal = ""
    repairs: tuple[Repair, ...] = ()
    at_end: bool = False
    rescue: Final | None = None


@dataclass(frozen=True, slots=True)
class _Argument:
    raw: str
    end: int
    literal: str | None = None
    repairs: tuple[Repair, ...] = ()
    is_code: bool = False


def read_final(text: str, opened: re.Match[str]) -> FinalForm:
    """The FINAL form whose opening `grammar.LINE` matched; reads to its end and no further than it must."""
    is_var, colon = bool(opened["var"]), opened["form"] == ":"
    argument = (
        _after_colon(text, opened.end("final"), is_var) if colon else _in_parens(text, opened.end("final"), is_var)
    )
    if argument is None:
        rescue = None if is_var else _to_the_last(text, opened.end("final"))
        return FinalForm(opened.start(), len(text), colon, is_var, refusal="cut", rescue=rescue)
    final, refusal, repairs = _name(argument) if is_var else _text(argument)
    if opened["mark"] or opened["bold"]:
        repairs = (Repair("final-markup", "markup round FINAL was taken away"), *repairs)
    elif opened["gap"]:
        repairs = (Repair("final-space", "the space between FINAL and what follows was taken away"), *repairs)
    at_end = _BLANK_REST.match(text, argument.end) is not None
    repairs = tuple(dict.fromkeys(argument.repairs + repairs))
    return FinalForm(opened.start(), argument.end, colon, is_var, final, refusal, repairs, at_end)


def _to_the_last(text: str, start: int) -> Final | None:
    inner = text[start:].rstrip(" \t\n*_`.")
    return Final("text", inner[:-1].strip()) if inner.endswith(")") and inner[:-1].strip() else None


def _text(argument: _Argument) -> tuple[Final | None, Refusal, tuple[Repair, ...]]:
    if argument.is_code:
        return None, "code", ()
    value = argument.raw.strip() if argument.literal is None else argument.literal
    return (Final("text", value), "", ()) if value.strip() else (None, "empty", ())


def _name(argument: _Argument) -> tuple[Final | None, Refusal, tuple[Repair, ...]]:
    raw = argument.raw.strip()
    name = raw.strip("\"'`*") if len(raw) < 1000 else raw
    if not name:
        return None, "empty", ()
    if not name.isidentifier() or keyword.iskeyword(name):
        return None, "name", ()
    repairs = (Repair("quoted-name", f"the quotes round the name {name} were taken away"),) if name != raw else ()
    return Final("var", name), "", repairs


def _in_parens(text: str, start: int, is_var: bool) -> _Argument | None:
    literal = None if is_var else _LITERAL.match(text, start)
    if literal and literal["end"]:
        return _unquoted(literal, *_tail(text, literal.end()))
    close = _balance(text, start)
    if close is None or _opens_fence(text, start, close):
        return None
    end, repairs = _tail(text, close + 1)
    if repairs and repairs[0].name == "text-after-final" and not is_var:
        bound = BOUND.search(text, close)
        later = _last_paren(text, close + 1, bound.start() if bound else len(text))
        if later:
            why = Repair(
                "last-parenthesis", "text followed the closing parenthesis; the last one that ends a line was taken"
            )
            return _Argument(text[start : later[0]], later[1], repairs=(why,))
    return _Argument(text[start:close], end, repairs=repairs)


def _after_colon(text: str, start: int, is_var: bool) -> _Argument:
    line_end = text.find("\n", start)
    bound = None if is_var else BOUND.search(text, start)
    token = INLINE.search(text, start, line_end if line_end >= 0 else len(text)) if is_var else None
    ends = [len(text), *(m.start() for m in (bound, token) if m), *([line_end] if is_var and line_end >= 0 else [])]
    raw = text[start : min(ends)].removeprefix("**")
    if not is_var and (literal := _LITERAL.fullmatch(raw)):
        return _unquoted(literal, min(ends), ())
    return _Argument(raw.strip(" \t.") if is_var else raw, min(ends))


def _unquoted(literal: re.Match[str], end: int, repairs: tuple[Repair, ...]) -> _Argument:
    prefix, body = literal["prefix"].lower(), literal["body"]
    if "b" in prefix or ("f" in prefix and _FIELD.search(body)):
        return _Argument(body, end, is_code=True)
    if len(literal["quote"]) == 1 and "\n" in body:
        repairs = (Repair("quoted-lines", "the quotes round several lines were taken away"), *repairs)
    return _Argument(body, end, body if "r" in prefix else _ESCAPE.sub(_unescape, body), repairs)


def _unescape(match: re.Match[str]) -> str:
    if match["char"]:
        return _CHARS.get(match["char"], match["char"])
    code = int(match["x"] or match["u"] or match["big"], 16)
    return chr(code) if code < 0xD800 or 0xDFFF < code <= 0x10FFFF else "\ufffd"


def _balance(text: str, start: int) -> int | None:
    """Where the parenthesis that was opened before `start` closes; read in parts, so that a near one costs little."""
    depth, size = 1, _FIRST_PART
    while start < len(text):
        part = text[start : start + size]
        steps = memoryview(part.encode("ascii", "replace").translate(_STEPS, _OTHERS)).cast("b")
        closing = part.count(")")
        if closing >= depth and 0 in (depths := list(accumulate(steps, initial=depth))):
            closing = (depth + depths.index(0)) // 2  # as many close up to there as were open and have opened
            return start + len(part) - len(part.split(")", closing)[-1]) - 1
        depth += len(steps) - 2 * closing
        start, size = start + size, min(2 * size, _LARGEST_PART)
    return None


def _opens_fence(text: str, start: int, end: int) -> bool:
    """Whether the argument would end inside a fence that opened inside it: then that parenthesis is code."""
    return sum(1 for _ in FENCE_LINE.finditer(text, start, end)) % 2 == 1


def _tail(text: str, start: int) -> tuple[int, tuple[Repair, ...]]:
    """Where a final ends after its parenthesis, and what stood there."""
    match = _TAIL.match(text, start)
    end = match.end() if match else start
    if end < len(text) and text[end] != "\n" and not INLINE.match(text, end):
        return start, (Repair("text-after-final", "text after the closing parenthesis was left out"),)
    marks = text[start:end].strip()
    if not marks:
        return end, ()
    if marks.strip("*_`"):
        return end, (Repair("trailing-stop", "the full stop after the closing parenthesis was taken away"),)
    return end, (Repair("final-markup", "markup round FINAL was taken away"),)


def _last_paren(text: str, start: int, end: int) -> tuple[int, int] | None:
    last = next(iter(deque(_LAST_PAREN.finditer(text, start, end), maxlen=1)), None)
    return (last.start(), last.end()) if last else None
