"""What a question asks for, as far as its words tell: the kind of value, an operation, and the words to look for."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from rlm_tui.lm.offline.told import hear_all
from rlm_tui.lm.offline.words import STOP, Term, has_kin, phrase, term, words

Kind = Literal["person", "time", "place", "number", "name", "reason", "value"]
Operation = Literal["count", "sum", "average", "max", "min", "most", "median", "distinct", "occurrences", "lookup"]

_OPERATIONS: tuple[tuple[Operation, str], ...] = (
    (
        "occurrences",
        r"\bhow (?:many times|often) (?:does|is|do|are)\b.*\b(?:appear|occur|mentioned|used|found|come up|stand)",
    ),
    ("most", r"\bwhich (\w+) (?:\w+ )?(?:the )?most (?:\w+s)\b|\bmost (?:common|frequent)\b"),
    ("median", r"\bmedian\b"),
    ("average", r"\baverage\b|\b(?:the|a) mean\b"),
    ("sum", r"\b(?:total (?!number)|sum of|add up|altogether|combined|in total|(?:put|taken) together)"),
    ("count", r"\b(?:how many|number of|count (?:of|the|all|how))\b|^\s*count\b"),
    ("sum", r"\bhow much\b.*\b(?:all|total)\b|\btotal\b"),
    ("max", r"\b(?:highest|maximum|largest|biggest|greatest|most expensive|oldest|longest|latest|top|the most|max)\b"),
    ("min", r"\b(?:lowest|minimum|smallest|cheapest|youngest|shortest|fewest|the least|least expensive|min)\b"),
)
_QUALIFIERS = {"sum": "total", "average": "average", "max": "highest", "min": "lowest", "median": "median"}
_NUMBER_NOUNS = (
    r"number|amount|price|cost|salary|population|temperature|height|length|width|depth|weight|speed|age|distance|percentage|"
    r"percent|share|score|rate|budget|revenue|profit|pin|code number|size|area|capacity|duration|fee|fine|limit|"
    r"voltage|power|melting point|boiling point|total|sum|average"
)
_MOST_TERMS = 12
_CONTAINERS = frozenset(
    ["log", "logs", "table", "list", "data", "dataset", "store", "shop", "company", "catalog", "catalogue", "inventory"]
)
_CLASSES = (
    r"city|country|town|village|company|person|planet|colou?r|year|date|day|month|time|team|river|mountain|island|language|"
    r"animal|fruit|school|university|department|word|name|character|country|state|place|kind|type|number|percentage|century|acronym|abbreviation|initials|term"
)
_NAME_NOUNS = (
    r"capital|city|town|village|country|river|mountain|island|company|person|author|president|king|queen|captain|"
    r"director|ceo|manager|founder|mayor|street|planet|ship|school|university|team|department|employee|winner|name"
)

_KINDS: tuple[tuple[Kind, str], ...] = (
    ("reason", r"\bwhy\b|\bhow come\b|\b(?:what|which) (?:is |was )?(?:the )?reason\b"),
    ("person", r"\b(?:who|whom|whose)\b"),
    ("time", r"\bwhen\b|\b(?:what|which|on which|in which) (?:year|date|day|month|time|century)\b"),
    ("time", r"\b(?:date|deadline|birthday|anniversary)\b"),
    ("place", r"\bwhere\b"),
    ("number", r"\bhow (?:many|much|old|tall|high|long|deep|far|fast|heavy|large|big|wide|hot|cold)\b"),
    ("name", rf"\bwhich (?:{_NAME_NOUNS})\b"),
)


_COMPARE = re.compile(
    r"\b(over|above|more than|greater than|higher than|older than|at least|under|below|less than|fewer than|lower than"
    r"|cheaper than|younger than|at most|since|after|before)\s+[$€£]?(\d[\d.,]*)(k\b)?",
    re.IGNORECASE,
)
_SIGNS = {"at least": ">=", "at most": "<=", "since": ">="}
_MORE = ("over", "above", "more", "greater", "higher", "older", "after")
_MARK = re.compile(r"\s*\((not|preferably): ([^()]*)\)\s*$")


@dataclass(frozen=True, slots=True)
class Question:
    """A question as understood; `terms` are in its order, `phrases` are neighbours among them."""

    text: str
    kind: Kind
    operation: Operation | None
    terms: tuple[Term, ...]
    phrases: tuple[Term, ...]
    qualifier: Term | None = None
    """The word of the operation (total, highest): a sentence that gives the result by itself has it or its kin."""
    counted: str = ""
    """The noun after `how many`, in lower case."""
    negated: bool = False
    """Whether it asks for those that are not so."""
    compare: tuple[str, float] | None = None
    """A limit that a number is held against: `over $50,000` is (">", 50000.0)."""
    preferred: tuple[Term, ...] = ()
    """What a person said of the thing asked for: the one with these words is meant, if there is one."""
    hints: tuple[Term, ...] = ()
    """Other words of a person: they only help to rank passages."""
    excluded: tuple[str, ...] = ()
    """What a person said is not the answer."""
    verb: Term | None = None
    """The verb of a question about its subject: `leaks` in `what leaks`."""

    @property
    def asked(self) -> str:
        """The question as a sub-call gets it: with marks for what is preferred or ruled out."""
        lists = {"preferably": [term.word for term in self.preferred], "not": self.excluded}
        plain = {name: "; ".join(re.sub(r"[();\n]", " ", text) for text in texts) for name, texts in lists.items()}
        return self.text + "".join(f" ({name}: {texts})" for name, texts in plain.items() if texts)

    @property
    def narrowed(self) -> Question:
        """The question with what is preferred as words of its own."""
        extra = " ".join(term.word for term in self.preferred)
        return replace(self, text=f"{self.text} {extra}", terms=self.terms + self.preferred) if extra else self

    @property
    def searched(self) -> tuple[Term, ...]:
        """Everything that is looked for: the words, then the pairs."""
        return self.terms + self.phrases

    @property
    def weighed(self) -> tuple[Term, ...]:
        """What a sentence that answers the question by itself should have."""
        return (*self.terms, self.qualifier) if self.qualifier else self.terms


def understand(text: str, told: tuple[str, ...] = ()) -> Question:
    """Read a question and what a person said to it; what they ruled out or prefer may also stand in marks behind it."""
    heard = hear_all(told)
    text, marks = _marks(heard.question or text)
    asked = _core(text)
    terms = _terms(_COMPARE.sub(" ", asked)) or _terms(text)
    operation = _operation(asked)
    word = _QUALIFIERS.get(operation or "")
    counted = re.search(r"\b(?:how many|number of) (?:different )?(\w+)", asked.lower())
    return Question(
        text,
        _kind(asked),
        operation,
        terms,
        tuple(phrase(a, b) for a, b in pairwise(terms) if _side(a, b, asked)),
        term(word, 1.5) if word else None,
        counted.group(1) if counted else "",
        bool(re.search(r"\b(?:not|except|excluding|other than|outside|never)\b|n't\b", asked.lower())),
        _comparison(asked),
        _new_terms((*marks.get("preferably", ()), *heard.preferred), terms),
        _new_terms(heard.hints, terms),
        (*marks.get("not", ()), *heard.excluded),
        _verb(asked, terms),
    )


def _verb(text: str, terms: tuple[Term, ...]) -> Term | None:
    """The word right after `who` or `what`, if it is one to look for."""
    match = re.match(r"\W*(?:who|what|which of \w+)\s+(\w+)\b", text.lower())
    return next((term for term in terms if match and term.word == match[1]), None)


def _marks(text: str) -> tuple[str, dict[str, tuple[str, ...]]]:
    """A question without the marks behind it, and what they hold."""
    marks: dict[str, tuple[str, ...]] = {}
    while match := _MARK.search(text):
        marks[match[1]] = tuple(part.strip() for part in match[2].split(";") if part.strip())
        text = text[: match.start()]
    return text, marks


def _new_terms(told: Iterable[str], known: tuple[Term, ...]) -> tuple[Term, ...]:
    fresh = [word for word in dict.fromkeys(told) if not any(re.fullmatch(t.pattern, word.lower()) for t in known)]
    return tuple(term(word, 2.0) for word in fresh[:_MOST_TERMS])


def _comparison(text: str) -> tuple[str, float] | None:
    match = _COMPARE.search(text)
    if match is None:
        return None
    word = match.group(1).lower()
    sign = _SIGNS.get(word) or (">" if word.split()[0] in _MORE else "<")
    return sign, float(match.group(2).strip(".,").replace(",", "")) * (1000 if match.group(3) else 1)


def _core(text: str) -> str:
    """The asking sentences of a long instruction, or all of it."""
    flat = " ".join(text.split())
    asking = [sentence for sentence in re.split(r"(?<=[.?!])\s+", flat) if sentence.endswith("?")]
    return " ".join(asking) if asking and len(flat) > 120 else flat


def _terms(text: str) -> tuple[Term, ...]:
    found: dict[str, Term] = {}
    quoted = set(words(" ".join(re.findall(r"[\"“'‘«]([^\"”'’»]+)[\"”'’»]", text)).lower()))
    for index, word in enumerate(words(text)):
        low = word.lower()
        if len(found) == _MOST_TERMS:
            break
        if low not in found and (low in quoted or (low not in STOP and (len(low) > 1 or low.isdigit()))):
            special = low in quoted or (index > 0 and word[0].isupper()) or _is_complement(low, text)
            found[low] = term(low, _weight(low, text, special=special))
    return tuple(found.values())


def _weight(low: str, text: str, *, special: bool) -> float:
    """How much a word matters: a year or number most, a verb of `who` or `when` more, `city` in `which city` little."""
    lower = text.lower()
    if re.fullmatch(_CLASSES, low) and re.search(rf"\b(?:which|what)\s+{low}\b", lower):
        return 0.3
    if low in _CONTAINERS and re.search(rf"\b(?:in|of) the (?:whole |entire )?{low}\b|\blog\b", lower):
        return 0.3
    if any(c.isdigit() for c in low):
        return 3.0
    if has_kin(low) and re.search(r"\b(?:who|when|where|why)\b", lower):
        return 2.5
    return 2.0 if special else 1.0


def _is_complement(low: str, text: str) -> bool:
    """Whether a word says which one is meant: `of unobtainium`, `for the Paris office`."""
    return bool(re.search(rf"\b(?:of|for|in|at|from|by)\s+(?:(?:the|an?|all)\s+)?{re.escape(low)}\b", text.lower()))


def _side(first: Term, second: Term, text: str) -> bool:
    return bool(re.search(rf"\b{re.escape(first.word)}\W+{re.escape(second.word)}\b", text.lower()))


def _operation(text: str) -> Operation | None:
    low = text.lower()
    return next((name for name, pattern in _OPERATIONS if re.search(pattern, low)), None)


def _kind(text: str) -> Kind:
    low = text.lower()
    for kind, pattern in _KINDS:
        if re.search(pattern, low):
            return kind
    after_verb = re.sub(r"^.*?\b(?:is|are|was|were|which|what)\b", "", low)
    head = re.split(r"\b(?:of|for|in|at|on|that|which|from|to)\b", after_verb)[0].strip(" ?.!:")
    if re.search(rf"(?:{_NUMBER_NOUNS})s?$", head):
        return "number"
    return "name" if re.search(rf"\b(?:{_NAME_NOUNS})\b", head) else "value"
