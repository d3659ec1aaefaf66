"""The parts of a filter: how each is written, and of which nodes it is true."""

from __future__ import annotations

import operator
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias
from unicodedata import east_asian_width

from rlm_tui import events as ev
from rlm_tui.errors import TraceError, UsageError
from rlm_tui.text import safe
from rlm_tui.trajectory import Node, View, facts
from rlm_tui.trajectory.facts import FIELDS, Pair, Said, Source

if TYPE_CHECKING:
    import regex

Problem: TypeAlias = Callable[[View, Source, Node], bool]
Op: TypeAlias = Literal[">", ">=", "<", "<=", "=", "!="]
_PATIENCE_S, _CHARS_PER_S = 0.1, 20e6
_LONG = 2_000
_SHOWN = 72
_COMPARE: dict[Op, Callable[[float, float], bool]] = {
    ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le, "=": operator.eq, "!=": operator.ne,
}  # fmt: skip
WORD = re.compile(r"""[^\s()~'"&|!#][^\s()~'"]*""")
_PLAIN = re.compile(r"[\w.:/*+?^$\\,\[\]{}=-]+")


class FilterError(UsageError):
    """A filter that cannot be meant; `at` and `end` are where the fault stands in `source`, in characters from 0."""

    def __init__(self, fault: str, source: str, at: int, end: int | None = None) -> None:
        self.fault, self.source, self.at = fault, source, min(at, len(source))
        self.end = max(self.at + 1, end if end is not None else 0)
        super().__init__(f"The filter is wrong at column {self.at + 1}: {fault}{'' if fault.endswith('?') else '.'}")

    @property
    def picture(self) -> tuple[str, str]:
        """The filter as it was written, and below it a caret under the fault."""
        begin = max(0, self.at - _SHOWN // 2)
        shown = safe(self.source[begin : begin + _SHOWN])
        before = "".join("  " if east_asian_width(char) in "WF" else " " for char in shown[: self.at - begin])
        return shown, before + "^" * max(1, min(self.end, begin + len(shown)) - self.at)


class SlowFilterError(FilterError):
    """An expression that takes too long on a text; it is stopped rather than waited for."""


class Moment:
    """What a filter looks at: a view, where its texts are found, and what `~problem` means."""

    def __init__(self, view: View, source: Source, is_problem: Problem = facts.has_remark) -> None:
        self.view, self.source, self.is_problem = view, source, is_problem


class Subject(NamedTuple):
    """One node at a moment, and the texts (each with its field) that are about to pass there, if any."""

    moment: Moment
    node: Node
    pending: tuple[Pair, ...] = ()

    @property
    def said(self) -> Iterator[Said]:
        """Every text of the node."""
        yield from facts.said(self.moment.view, self.moment.source, self.node)
        for field, text in self.pending:
            yield Said(field, text, self.moment.view.seq)


class Expr:
    """Base of the parts of a filter; `str()` writes one so that it can be read again."""

    __slots__ = ()

    def holds(self, subject: Subject) -> bool:
        """Whether it is true of a node."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Flag(Expr):
    """`~error`: something that a node is or is not."""

    name: str

    def holds(self, subject: Subject) -> bool:
        """Whether the node is that; what was lost of a trace is not."""
        try:
            return FLAGS[self.name].test(subject)
        except TraceError:
            return False

    def __str__(self) -> str:
        return f"~{self.name}"


@dataclass(frozen=True, slots=True)
class Text(Expr):
    """`~code "llm_query"`, or without a field a bare word: a regular expression found in a text of the node."""

    field: str
    pattern: str

    def holds(self, subject: Subject) -> bool:
        """Whether one of the texts matches."""
        found = (said.text for said in subject.said if self.field in ("", said.field))
        return any(self.search(text) for text in found)

    def search(self, text: str) -> bool:
        """Whether the expression is found; SlowFilterError when that takes too long."""
        return next(self.places(text), None) is not None

    def places(self, text: str) -> Iterator[tuple[int, int]]:
        """From where to where it is found; SlowFilterError when that takes too long."""
        patience = _PATIENCE_S + len(text) / _CHARS_PER_S
        try:
            for match in compiled(self.pattern).finditer(text, timeout=patience, concurrent=len(text) > _LONG):
                yield match.span()
        except (TimeoutError, MemoryError, RecursionError):
            fault = f"the expression takes too long on a text of {len(text):,} characters; make it simpler"
            raise SlowFilterError(fault, str(self), 0, len(str(self))) from None

    def __str__(self) -> str:
        return f"~{self.field} {_quoted(self.pattern)}" if self.field else _quoted(self.pattern)


@dataclass(frozen=True, slots=True)
class Choice(Expr):
    """`~kind code`: one of a few words."""

    name: str
    value: str

    def holds(self, subject: Subject) -> bool:
        """Whether the node is of that kind, or by that author."""
        return self.value == (subject.node.type if self.name == "kind" else subject.node.by)

    def __str__(self) -> str:
        return f"~{self.name} {self.value}"


@dataclass(frozen=True, slots=True)
class Number(Expr):
    """`~tok >4000`: a comparison; a number that is unknown compares with nothing."""

    name: str
    op: Op
    value: float

    def holds(self, subject: Subject) -> bool:
        """Whether the comparison is true."""
        number = NUMBERS[self.name].of(subject)
        return number is not None and _COMPARE[self.op](number, self.value)

    def __str__(self) -> str:
        return f"~{self.name} {self.op}{f'{self.value:.9f}'.rstrip('0').rstrip('.')}"


@dataclass(frozen=True, slots=True)
class Not(Expr):
    """`!`."""

    part: Expr

    def holds(self, subject: Subject) -> bool:
        """Whether the part is false."""
        return not self.part.holds(subject)

    def __str__(self) -> str:
        return f"!{_inside(self.part, (And, Or))}"


@dataclass(frozen=True, slots=True)
class Joined(Expr):
    """Two or more parts; a subclass says how they are joined."""

    parts: tuple[Expr, ...]


class And(Joined):
    """`&`, or only a space: all of two or more."""

    __slots__ = ()

    def holds(self, subject: Subject) -> bool:
        """Whether all parts are true."""
        return all(part.holds(subject) for part in self.parts)

    def __str__(self) -> str:
        return " & ".join(_inside(part, (And, Or)) for part in self.parts)


class Or(Joined):
    """`|`: any of two or more."""

    __slots__ = ()

    def holds(self, subject: Subject) -> bool:
        """Whether any part is true."""
        return any(part.holds(subject) for part in self.parts)

    def __str__(self) -> str:
        return " | ".join(_inside(part, (Or,)) for part in self.parts)


def _inside(part: Expr, weaker: tuple[type[Expr], ...]) -> str:
    return f"({part})" if isinstance(part, weaker) else str(part)


@lru_cache(256)
def compiled(pattern: str) -> regex.Pattern[str]:
    """The regular expression of a pattern; regex.error when it is none."""
    import regex

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of signs that a later version may read otherwise
        return regex.compile(pattern, regex.IGNORECASE | regex.MULTILINE)


def _quoted(pattern: str) -> str:
    return pattern if _PLAIN.fullmatch(pattern) and WORD.fullmatch(pattern) else f'"{pattern}"'


@dataclass(frozen=True, slots=True)
class _Flag:
    means: str
    test: Callable[[Subject], bool]


@dataclass(frozen=True, slots=True)
class _Number:
    means: str
    of: Callable[[Subject], float | None]
    units: Mapping[str, float]


def _seconds(subject: Subject) -> float | None:
    return subject.moment.view.worked(subject.node)


def _is_edited(subject: Subject) -> bool:
    moment, node = subject.moment, subject.node
    return node.by == "user" or facts.is_edited(moment.view, moment.source, node)


def _usage(subject: Subject) -> ev.Usage:
    return subject.moment.view.usage(subject.node)


FLAGS: dict[str, _Flag] = {
    "all": _Flag("everything", lambda _: True),
    "error": _Flag(
        "what failed: a block that raised, a call without an answer",
        lambda s: facts.has_failed(s.moment.view, s.moment.source, s.node),
    ),
    "edited": _Flag("what a person changed or wrote", _is_edited),
    "problem": _Flag(
        "what has a problem, a warning or a limit",
        lambda s: s.moment.is_problem(s.moment.view, s.moment.source, s.node),
    ),
    "running": _Flag("what is not over yet", lambda s: s.moment.view.outcome(s.node) is None),
}
_TOKENS = {"": 1.0, "k": 1e3, "m": 1e6}
NUMBERS: dict[str, _Number] = {
    "depth": _Number("depth in the recursion; the root RLM is 0", lambda s: s.node.depth, {"": 1}),
    "iter": _Number("iteration that it is, or is in", lambda s: facts.iteration_number(s.moment.view, s.node), {"": 1}),
    "block": _Number(
        "number of the block in the run", lambda s: s.node.number or None if s.node.type == "code" else None, {"": 1}
    ),
    "t": _Number("seconds that it took, without those held", _seconds, {"": 1, "s": 1, "ms": 0.001, "min": 60}),
    "tok": _Number("tokens of it and all below it", lambda s: _usage(s).tokens, _TOKENS),
    "in": _Number("input tokens of it and all below it", lambda s: _usage(s).input_tokens, _TOKENS),
    "cost": _Number("dollars that it and all below it cost", lambda s: _usage(s).cost_usd, {"": 1}),
}
CHOICES: dict[str, tuple[str, ...]] = {
    "kind": ("rlm", "iteration", "lm", "code", "subcall"),
    "by": ("model", "user", "engine"),
}
MEANS: dict[str, str] = {
    **{name: flag.means for name, flag in FLAGS.items()},
    **{name: number.means for name, number in NUMBERS.items()},
    **{name: ", ".join(words) for name, words in CHOICES.items()},
    **FIELDS,
}
"""Every `~name`, with what it means."""
