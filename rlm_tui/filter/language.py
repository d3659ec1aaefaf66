"""The filter language: one small language for view, breakpoints, search and export, in the manner of mitmproxy.

`~error & !~depth >=2`, `~code "llm_query"`, `~cost >0.01 (~out 429 | timeout)`. `!` binds tightest, then `&`, then
`|`; terms that only stand beside each other must all hold, and that binds loosest. Texts are regular expressions
in which case does not matter; a bare word looks into every text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Literal, NamedTuple, NoReturn

from rlm_tui.filter.terms import (
    CHOICES,
    FLAGS,
    MEANS,
    NUMBERS,
    WORD,
    And,
    Choice,
    Expr,
    FilterError,
    Flag,
    Joined,
    Moment,
    Not,
    Number,
    Or,
    Subject,
    Text,
    compiled,
)
from rlm_tui.text import one_line
from rlm_tui.trajectory import Node
from rlm_tui.trajectory.facts import FIELDS, Pair

_MOST_CHARS, _MOST_DEPTH, _MOST_REPEATS, _MOST_PATTERN = 2_000, 40, 100_000, 500
_MOST = 1e15
_NAME = re.compile(r"~([A-Za-z_]*)")
_COMPARISON = re.compile(r"\s*(>=|<=|==|!=|=|>|<)?\s*\$?(\d+(?:\.\d*)?|\.\d+)([A-Za-z]*)")
_QUOTED = re.compile(r""""((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'""", re.DOTALL)
_REPEATS = re.compile(r"\{(\d*),?(\d*)\}")
_COUNT = re.compile(r"#(>=|%|=)?(\d{1,9})$")


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter that was read: what was written, and what it means."""

    source: str
    expr: Expr

    def matches(self, moment: Moment, node: Node, pending: tuple[Pair, ...] = ()) -> bool:
        """Whether a node matches; `pending` are texts that are about to pass there, each with its field."""
        return self.expr.holds(Subject(moment, node, pending))

    @property
    def texts(self) -> list[Text]:
        """The expressions that a match can show: those that no `!` stands before."""
        return list(_positive(self.expr))


def _positive(expr: Expr) -> Iterator[Text]:
    if isinstance(expr, Text):
        yield expr
    elif isinstance(expr, Joined):
        for part in expr.parts:
            yield from _positive(part)


def parse(source: str) -> Filter:
    """Read a filter; FilterError says what is wrong with it, and where."""
    return Filter(source, _Parser(source).whole())


def field_table() -> list[tuple[str, str]]:
    """How each `~name` is written, and what it means."""
    shown: list[tuple[str, str]] = [(f"~{name}", flag.means) for name, flag in FLAGS.items()]
    shown += [(f"~{name} REGEX", means) for name, means in FIELDS.items()]
    shown += [(f"~{name} N", number.means) for name, number in NUMBERS.items()]
    return shown + [(f"~{name} {'|'.join(words)}", f"which {name}") for name, words in CHOICES.items()]


class _Parser:
    """Recursive descent over the characters, so that every fault has its place."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._at = 0
        self._depth = 0

    def whole(self) -> Expr:
        if len(self._source) > _MOST_CHARS:
            self._fail(f"it is longer than {_MOST_CHARS:,} characters", _MOST_CHARS)
        if not self._source.strip():
            self._fail("it is empty; write for example ~error", 0)
        expr = self._beside()
        if self._peek() == ")":
            self._fail("this parenthesis was never opened")
        return expr

    def _fail(self, fault: str, at: int | None = None, end: int | None = None) -> NoReturn:
        raise FilterError(fault, self._source, self._at if at is None else at, end)

    def _peek(self) -> str:
        while self._source[self._at : self._at + 1].isspace():
            self._at += 1
        return self._source[self._at : self._at + 1]

    def _beside(self) -> Expr:
        """Terms beside each other: all of them."""
        parts = [self._any()]
        while self._peek() not in ("", ")"):
            parts.append(self._any())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _any(self) -> Expr:
        return self._joined("|", self._all, Or)

    def _all(self) -> Expr:
        return self._joined("&", self._one, And)

    def _joined(self, sign: str, part: Callable[[], Expr], kind: type[Joined]) -> Expr:
        parts = [part()]
        while self._peek() == sign:
            self._at += 1
            parts.append(part())
        return parts[0] if len(parts) == 1 else kind(tuple(parts))

    def _one(self) -> Expr:
        char, start = self._peek(), self._at
        if char in ("!", "("):
            self._depth += 1
            if self._depth > _MOST_DEPTH:
                self._fail(f"it is nested deeper than {_MOST_DEPTH} levels")
            self._at += 1
            expr = Not(self._one()) if char == "!" else self._closed(start)
            self._depth -= 1
            return expr
        if char == "~":
            return self._named()
        if char == "#":
            self._fail('#3 counts the hits of a breakpoint and stands at its end; to look for a #, write "#3"')
        pattern = self._pattern()
        return Text("", pattern) if pattern is not None else self._fail(_missing(char))

    def _closed(self, start: int) -> Expr:
        if self._peek() == ")":
            self._fail("there is nothing between these parentheses", start, self._at + 1)
        expr = self._beside()
        if self._peek() != ")":
            self._fail("this parenthesis is never closed", start)
        self._at += 1
        return expr

    def _named(self) -> Expr:
        start = self._at
        match = _NAME.match(self._source, start)
        name = match[1].lower() if match else ""
        self._at = match.end() if match else start
        if name in FLAGS:
            return Flag(name)
        if name in NUMBERS:
            return self._number(name)
        if name in CHOICES:
            return self._choice(name)
        if name not in FIELDS:
            self._fail(_unknown(name), start, self._at)
        self._peek()
        pattern = self._pattern()
        if pattern is None:
            near = next((f"did you mean ~{flag}?" for flag in FLAGS if flag.startswith(name)), "quote signs")
            self._fail(f"~{name} wants a text after it, such as ~{name} total; {near}")
        return Text(name, pattern)

    def _number(self, name: str) -> Number:
        match, units = _COMPARISON.match(self._source, self._at), NUMBERS[name].units
        if match is None:
            self._peek()
            self._fail(f"~{name} wants a number after it, such as ~{name} >2")
        if match[3].lower() not in units:
            known = ", ".join(unit for unit in units if unit) or "none"
            self._fail(f"~{name} has no unit {match[3]} (units: {known})", match.start(3), match.end(3))
        value = round(float(match[2]) * units[match[3].lower()], 9)
        if value > _MOST:
            self._fail("this number is too large", match.start(2), match.end(2))
        self._at = match.end()
        op: Any = {"==": "=", None: "="}.get(match[1], match[1])
        return Number(name, op, value)

    def _choice(self, name: str) -> Choice:
        self._peek()
        match = WORD.match(self._source, self._at)
        value = match[0].lower() if match else ""
        if value not in CHOICES[name]:
            end = match.end() if match else None
            self._fail(f"~{name} is one of {', '.join(CHOICES[name])}", self._at, end)
        self._at += len(value)
        return Choice(name, value)

    def _pattern(self) -> str | None:
        """A word or a quoted text, checked as a regular expression; None when neither stands here."""
        quoted, word = _QUOTED.match(self._source, self._at), WORD.match(self._source, self._at)
        if quoted is None and self._source[self._at : self._at + 1] in ("'", '"'):
            self._fail("this quotation mark is never closed")
        if quoted is None and word is None:
            return None
        if quoted is None and word is not None:
            raw, start, end = word[0], word.start(), word.end()
        elif quoted is not None:
            raw, start, end = quoted[quoted.lastindex or 1], quoted.start() + 1, quoted.end()
        self._check(raw, start)
        self._at = end
        return re.sub(r'(\\.)|"', lambda m: m[1] or r"\"", raw, flags=re.DOTALL)

    def _check(self, raw: str, start: int) -> None:
        end = start + len(raw)
        repeats = 1
        for least, most in _REPEATS.findall(raw):
            repeats *= max(1, int((most or least or "1")[:12]))
        if len(raw) > _MOST_PATTERN or repeats > _MOST_REPEATS:
            self._fail("the regular expression is too large; make it simpler", start, end)
        import regex

        try:
            compiled(raw)
        except regex.error as error:
            at, said = start + min(getattr(error, "pos", None) or 0, len(raw)), getattr(error, "msg", "")
            self._fail(f"the regular expression is broken here ({said}); a backslash makes a sign plain", at)
        except (RecursionError, OverflowError, MemoryError):
            self._fail("the regular expression is too large; make it simpler", start, end)


def _missing(char: str) -> str:
    if char == "":
        return "something is missing at its end"
    return f"something is missing before this {char}" if char in ")&|" else f"{char} means nothing here"


def _unknown(name: str) -> str:
    near = get_close_matches(name, MEANS, 1, 0.5)
    known = f"did you mean ~{near[0]}?" if near else "there are " + " ".join(f"~{each}" for each in MEANS)
    return f"there is no ~{one_line(name, 20)}, {known}"


class Count(NamedTuple):
    """Which hits of a breakpoint count: the n-th only, from the n-th on, or every n-th."""

    how: Literal["=", ">=", "%"]
    n: int

    def admits(self, hit: int) -> bool:
        """Whether the hit with this number (from 1) holds."""
        return {"=": hit == self.n, ">=": hit >= self.n, "%": hit % self.n == 0}[self.how]


def parse_counted(source: str) -> tuple[Filter, Count | None]:
    """Read the filter of a breakpoint, which may end in `#3` (the third hit), `#>=3` or `#%3` (every third)."""
    match = _COUNT.search(source.rstrip())
    if (
        match is None
        or (match.start() and not source[match.start() - 1].isspace())
        or not source[: match.start()].strip()
    ):
        return parse(source), None
    if not int(match[2]):
        raise FilterError("hits are counted from 1", source, match.start(2), match.end(2))
    how: Any = match[1] or "="
    return Filter(source, parse(source[: match.start()]).expr), Count(how, int(match[2]))
