"""Candidate answers in a sentence: names, dates, numbers, quoted words and what follows `is`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from rlm_tui.lm.offline.question import Kind
from rlm_tui.lm.offline.words import STOP


class Candidate(NamedTuple):
    """A stretch of a sentence that may be the answer, and how well its form suits the kind asked for (0 to 1)."""

    start: int
    end: int
    text: str
    fit: float


_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)\.?"
)
_DAY = "(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_DATE = re.compile(
    "|".join(
        (
            rf"\b(?:{_DAY},?\s+)?\d{{1,2}}(?:st|nd|rd|th)?\.?\s+(?:of\s+)?{_MONTH}(?:,?\s+\d{{4}})?",
            rf"\b(?:{_DAY},?\s+)?{_MONTH}\s+\d{{1,2}}(?:st|nd|rd|th)?\b(?:,?\s+\d{{4}})?",
            rf"\b{_MONTH}\s+\d{{4}}",
            r"\b\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?)?",
            r"\b\d{1,2}[./]\d{1,2}[./]\d{2,4}(?![.\d])",
            r"\b\d{1,2}:\d{2}(?:\s*[ap]\.?m\b\.?)?",
            r"\b\d{1,2}\s*[ap]m\b",
            r"\b(?:1\d|20)\d{2}(?![\d,])",
            rf"\b{_DAY}",
            r"\b\d+(?:st|nd|rd|th) century",
        )
    ),
    re.IGNORECASE,
)
_UNITS = (
    r"%|°\s?[CFK]?\b|€|£|(?:percent|per cent|k|[kmc]?m²?|km/h|mph|[kmc]?g|lbs?|tons?|tonnes?|[KMG]B|kWh?|USD|EUR)\b",
    r"(?:hundred|thousand|million|billion|trillion)\b(?:\s+(?:dollars|euros|pounds|people|inhabitants))?",
    r"(?:dollar|euro|year|day|hour|minute|second|week|month|met(?:er|re)|kilomet(?:er|re)|mile|lit(?:er|re)|volt)s?\b",
    r"(?:f(?:ee|oo)t|degrees?(?:\s+(?:celsius|fahrenheit|kelvin))?|kelvin|kilograms?)\b",
)
_UNIT = rf"(?:\s?(?:{'|'.join(_UNITS)}))"
_SMALL = (
    "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen"
    "|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|thousand|million|dozen"
)
_NUMBER = re.compile(
    rf"(?<![\w.,-])(?<!\d:)(?:(?:[-−+]?[$€£¥]?|[$€£¥]\s)\d+(?:[.,'’\u00a0\u202f]\d+)*(?!\w|[-:]\d){_UNIT}?"
    rf"|[$€£]?\d+(?:[.,]\d+)*[kKmM]\b|(?:{_SMALL})(?:[- ](?:{_SMALL}))*\b(?!-))",
    re.IGNORECASE,
)
_NO_NAME = re.compile(rf"{_MONTH}|{_DAY}s?|(?:no|every|any|some)(?:body|one|thing)", re.IGNORECASE)
_DATED_NAME = re.compile(rf"(?:{_MONTH}|{_DAY})\s+(?=[A-Z]\w+\s+[A-Z])", re.IGNORECASE)
_REASON = re.compile(
    r"\b(?:because|since (?=[a-z])|due to|owing to|thanks to|on account of|in order to|so that|so as to|for fear)\b"
    r"[^;!?]*?(?=[.;!?](?:\s|$)|$)",
    re.IGNORECASE,
)
_WHEN = re.compile(r"^(?:at|in|on|by|during|after|before)\s+(?:(?:the|an?)\s+)?\w+\s+(?=(?:the|an?)\s)", re.IGNORECASE)
_NO_SUBJECT = "what|which|who|whose|it|he|she|they|this|there|we|you|i|nothing|nobody|to|not|if|for|by|in|of|with"
_CODE = re.compile(
    r"(?<![\w-])(?=[\w-]*\d)(?=[\w-]*[A-Za-z_-])\w[\w]*(?:[-_.:/]\w+)*"
    r"|\b[A-Z]{2,}(?:[-_]\w+)+|\b[A-Z]{4,}\b|\b\w+(?:[-_]\w+){2,}"
)
_PHONE = re.compile(r"(?<![\w+])\+?\(?\d{1,4}\)?(?:[ -]\(?\d{2,6}\)?){2,}(?![\w-])")
_QUOTED = re.compile(r"[\"“„«]([^\"”“»]{1,120})[\"”“»]|(?<!\w)['‘`]([^'’`]{1,80})['’`](?!\w)")
_AFTER = re.compile(
    r"(?:\b(?:is|are|was|were|be|equals|reads|means|stands for|refers to|consists of|called|named|became)\b\s*:?|[:=→])"
    r"\s+(?=\S)",
    re.IGNORECASE,
)
_CLAUSE = re.compile(
    r"[,;](?:\s|$)|[.!?](?:\s|$)|\s(?:and|but|which|who|while|because|although|when|since|so|where)\s|\s[—–-]\s|\s\(|\n|$"
)
_SPOT = re.compile(
    r"\b(?:behind|under(?:neath)?|beneath|inside|beside|below|above|between|near|next to|in front of|in|at|on)\s+"
    r"(?:the|an?|his|her|its|their|my|our)\b[^.,;:!?\n]{2,60}"
)
_LINKS = re.compile(r"of|de|van|von|der|den|da|di|del|la|le|bin|al|the|y|e|und|du|des|dos|&|ibn")


def candidates(sentence: str, kind: Kind) -> Iterator[Candidate]:
    """All stretches of a sentence that could answer a question of a kind; they may overlap."""
    if kind == "reason":
        yield from _found(_REASON, sentence, 1.0)
    elif kind == "time":
        yield from _found(_DATE, sentence, 1.0)
    elif kind in ("person", "place", "name"):
        names = [name for name in _names(sentence, 1.0) if not _NO_NAME.fullmatch(name.text)]
        yield from _lists(sentence, names)
        yield from names
        yield from _quoted(sentence, 0.8)
        if kind == "place":
            yield from _found(_SPOT, sentence, 0.8)
        if kind == "name":
            yield from _clauses(sentence, 0.7)
    elif kind == "number":
        yield from _found(_PHONE, sentence, 1.0)
        yield from _found(_NUMBER, sentence, 1.0)
        yield from _found(_CODE, sentence, 0.85)
    else:
        yield from _quoted(sentence, 1.0)
        yield from _found(_CODE, sentence, 0.95)
        yield from _found(_DATE, sentence, 0.92)
        yield from _found(_NUMBER, sentence, 0.9)
        yield from _clauses(sentence, 0.9)
        yield from _names(sentence, 0.8)


def subjects(sentence: str, verb: str) -> Iterator[Candidate]:
    """What stands before a verb: who or what does it (`The roof leaks.` for `What leaks?`)."""
    for match in re.finditer(verb, sentence, re.IGNORECASE):
        clause = re.split(r"[,;:]\s|\s(?:and|but|that|because|when|while)\s", sentence[: match.start()])[-1].strip()
        clause = _WHEN.sub("", clause)
        first = clause.split(" ")[0].lower()
        if 0 < len(clause.split()) <= 8 and not re.fullmatch(_NO_SUBJECT, first):
            start = sentence.index(clause)
            text = first + clause[len(first) :] if first in ("the", "a", "an", "this", "that") else clause
            yield Candidate(start, start + len(clause), text, 1.0)


def _lists(sentence: str, names: list[Candidate]) -> Iterator[Candidate]:
    """Names that a comma or `and` joins, as one answer; the last two must be joined by `and`."""
    start = 0
    for index, name in enumerate(names):
        gap = sentence[name.end : names[index + 1].start] if index + 1 < len(names) else "."
        if re.fullmatch(r",\s|,?\s(?:and|&)\s", gap):
            continue
        if index > start and re.search(r"\b(?:and|&)\s*$", sentence[: name.start]):
            text = sentence[names[start].start : name.end]
            yield Candidate(names[start].start, name.end, text, 1.0)
        start = index + 1


def _found(pattern: re.Pattern[str], sentence: str, fit: float) -> Iterator[Candidate]:
    for match in pattern.finditer(sentence):
        text = match.group().strip()
        lead = len(match.group()) - len(match.group().lstrip())
        yield Candidate(match.start() + lead, match.start() + lead + len(text), text, fit)


def _quoted(sentence: str, fit: float) -> Iterator[Candidate]:
    for match in _QUOTED.finditer(sentence):
        text = (match.group(1) or match.group(2)).strip().rstrip(".,;")
        yield Candidate(match.start(), match.end(), text, fit)


def _clauses(sentence: str, fit: float) -> Iterator[Candidate]:
    for match in _AFTER.finditer(sentence):
        end = _CLAUSE.search(sentence, match.end())
        stop = end.start() if end else len(sentence)
        text = sentence[match.end() : stop].strip(" \"'“”‘’`*_.")
        text = re.sub(
            r"^(?:(?:the (?:word|phrase|string|number|code|following|city of)|now|currently|an?|the|set to)\b:?\s+)+",
            "",
            text,
        )
        if text and len(text.split()) <= 12 and not text.lower().startswith("not "):
            start = sentence.index(text, match.end())
            yield Candidate(start, start + len(text), text, fit)


def _names(sentence: str, fit: float) -> Iterator[Candidate]:
    tokens = list(re.finditer(r"\w[\w'’.-]*\w|\w\.?|&", sentence))
    index = 0
    while index < len(tokens):
        last = _name_end(tokens, index, sentence)
        if last < index:
            index += 1
            continue
        start, text = tokens[index].start(), sentence[tokens[index].start() : tokens[last].end()]
        text = re.sub(r"['’]s$", "", text)
        if month := _DATED_NAME.match(text):
            start, text = start + month.end(), text[month.end() :]
        lone = index == last and _starts_sentence(sentence, start)
        yield Candidate(start, start + len(text), text, fit * (0.9 if lone else 1.0))
        index = last + 1


def _name_end(tokens: list[re.Match[str]], first: int, sentence: str) -> int:
    """The last token of the name that begins at `first`, or `first - 1` when none does."""
    if not _is_capital(tokens[first].group()) or tokens[first].group().lower() in STOP:
        return first - 1
    last = at = first
    while at + 1 < len(tokens):
        gap = sentence[tokens[at].end() : tokens[at + 1].start()]
        word = tokens[at + 1].group()
        if (
            gap not in (" ", ". ")
            or (gap == ". " and len(tokens[at].group()) > 2)
            or tokens[at].group().endswith(("'s", "’s"))
        ):
            break
        if _is_capital(word):
            last = at + 1
        elif not _LINKS.fullmatch(word) or at != last:
            break
        at += 1
    return last


def _is_capital(word: str) -> bool:
    return word[0].isupper()


def _starts_sentence(sentence: str, start: int) -> bool:
    return not sentence[:start].strip(" \"'“‘(*-")
