"""What a sub-call answers: the likeliest value in a passage, the sentence it stands in, and how sure that is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

from rlm_tui.lm.offline.candidates import Candidate, candidates, subjects
from rlm_tui.lm.offline.question import Question
from rlm_tui.lm.offline.words import COPULA, DECOY, FUNCTION, STOP, Term

_THRESHOLD = 0.42
_UNSURE = 0.4
_ABBREVIATION = re.compile(
    r"(?:\b(?:Dr|Mr|Mrs|Ms|Prof|St|No|Nos|vs|etc|e\.g|i\.e|ca|Fig|Jr|Sr|Inc|Ltd|Co|approx)|\b[A-Z])\.$"
)
_END = re.compile(r"[.!?。！？][\"'”’)\]]*(?:\s+|$)|\n\s*\n|\n(?=\s*[-*•|#])|(?<=[:;,])\n(?=\s*\d{1,3}[.)]\s)")
_POINTS_BACK = re.compile(r"\W*(?:\w+\W+){0,3}?(?:it|its|he|she|they|his|her|their|this|that|these|there)\b")
_LONG = 2000  # no sentence is longer: what is, is a table or noise, and reading it costs its square
_SHORT = 0.65  # of the widest line round it: a line that ends before that ends its paragraph
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


class Finding(NamedTuple):
    """An answer read out of a passage; sureness is 0 to 1."""

    value: str
    sentence: str
    sureness: float


class _Sentence(NamedTuple):
    text: str
    before: str  # the sentence before it, for words that only it has


def extract(question: Question, passage: str) -> Finding | None:
    """The surest value for a question in a passage, or a sentence that has all its words, or None."""
    best: Finding | None = None
    whole: Finding | None = None
    for sentence in _sentences(passage):
        covered = _coverage(question, sentence)
        if covered**2 < _THRESHOLD or _is_ruled_out(question, sentence.text):
            continue
        wish = _wish(question, sentence)
        for candidate in _candidates(question, sentence.text):
            sure = covered**2 * _affinity(question, sentence.text, candidate)
            if sure >= _THRESHOLD and (best is None or sure * wish > best.sureness + 1e-9):
                best = Finding(candidate.text, _shown(sentence.text, candidate), sure * wish)
        if whole is None and _speaks_of_it(question, sentence.text):
            whole = Finding(sentence.text, sentence.text, _UNSURE * wish)
    return best or whole


def _candidates(question: Question, sentence: str) -> Iterator[Candidate]:
    found = candidates(sentence, question.kind)
    if question.verb:
        found = chain(found, subjects(sentence, question.verb.pattern))
    return (c for c in found if not any(_holds(c.text, text) for text in question.excluded))


def _holds(value: str, text: str) -> bool:
    return bool(re.search(rf"(?<!\w){re.escape(text)}(?!\w)", value, re.IGNORECASE))


def _is_ruled_out(question: Question, sentence: str) -> bool:
    """Whether a sentence speaks of what a person does not mean: `not the blue one`."""
    return any(text.isalpha() and text.islower() and _holds(sentence, text) for text in question.excluded)


def _wish(question: Question, sentence: _Sentence) -> float:
    """Less than 1 for a sentence without the words that a person prefers, never 0."""
    low = f"{sentence.before} {sentence.text}".lower()
    missing = sum(not re.search(term.pattern, low) for term in question.preferred)
    return 0.55 ** (missing / len(question.preferred)) if missing else 1.0


def _speaks_of_it(question: Question, sentence: str) -> bool:
    """Whether one sentence has all of several words of a question, and none that makes it another thing."""
    low = sentence.lower()
    own = {word for word in _WORD.findall(low) if word not in STOP}
    if question.operation or len(question.terms) < 2 or len(sentence) > 400 or sentence.endswith("?"):
        return False
    if not all(re.search(term.pattern, low) for term in question.terms) or re.search(r"\b(?:not|never)\b|n't\b", low):
        return False
    spans = [m.span() for term in question.terms for m in re.finditer(term.pattern, low)]
    return _company(question, low, spans) > 0.7 and any(not _asked(question.terms, word) for word in own)


def _shown(sentence: str, candidate: Candidate) -> str:
    """The sentence, or of a long one the words round the candidate."""
    if len(sentence) <= 300:
        return sentence
    start = sentence.rfind(" ", 0, max(0, candidate.start - 150)) + 1
    end = sentence.find(" ", min(len(sentence), candidate.end + 120))
    return sentence[start : end if end > 0 else len(sentence)]


def mend(text: str) -> str:
    """Join words that a line break hyphenated, save in words with more hyphens, and drop soft hyphens."""
    text = text.replace("\u00ad\n", "").replace("\u00ad", "")
    text = re.sub(r"-[ \t]*\n[ \t]*([a-zß-ÿа-яё]\w*)(?![\w-])", r"\1", text)
    return re.sub(r"(?<=\w)-\n(?=\w)", "-", text)


def _sentences(passage: str) -> list[_Sentence]:
    texts = _parts(_paragraphs(mend(passage).replace("\r", "").replace("\f", "\n")))
    return [_Sentence(text, before) for text, before in zip(texts, ["", *texts], strict=False)]


def _paragraphs(text: str) -> str:
    """Put a blank line where a short line without a full stop is followed by a capital: headings, lists, labels."""
    lines = text.split("\n")
    out: list[str] = []
    for index, (line, following) in enumerate(zip(lines, [*lines[1:], ""], strict=True)):
        width = max(map(len, lines[max(0, index - 3) : index + 4])) * _SHORT
        ends = len(line) < width and following[:1].isupper() and not line.rstrip().endswith((",", ";", "-"))
        out.append(line + "\n" if ends else line)
    return "\n".join(out)


def _parts(text: str) -> list[str]:
    parts: list[str] = []
    start = 0
    for match in _END.finditer(text):
        piece = text[start : match.end()]
        if match.group()[0] == "." and (
            _ABBREVIATION.search(piece.rstrip()) or text[match.end() : match.end() + 1].islower()
        ):
            continue
        parts.append(piece)
        start = match.end()
    parts.append(text[start:])
    lines = [line for part in parts for line in _own_lines(part)]
    pieces = [line[start : start + _LONG] for line in lines for start in range(0, len(line), _LONG)]
    return [" ".join(piece.split()) for piece in pieces if piece.strip()]


def _own_lines(part: str) -> list[str]:
    """The lines of a part each by itself when they are `key: value` lines, else the part as a whole."""
    lines = part.split("\n")
    keyed = sum(bool(re.match(r"[\w.-][\w .-]{0,39}\s*[:=]\s*\S", line.lstrip())) for line in lines)
    return lines if keyed >= 2 or len(part) > 600 else [part]


def _coverage(question: Question, sentence: _Sentence) -> float:
    """How much of the question's weight the sentence has; what only the sentence before has counts half."""
    low = sentence.text.lower()
    before = sentence.before.lower() if _POINTS_BACK.match(low) else ""
    got = 0.0
    for term in question.weighed:
        if re.search(term.pattern, low):
            got += term.weight
        elif re.search(term.pattern, before):
            got += term.weight * 0.8
    if question.qualifier and not re.search(question.qualifier.pattern, low):
        return 0.0
    if not any(re.search(term.pattern, low) for term in question.terms):
        return 0.0
    return got / sum(term.weight for term in question.weighed)


def _affinity(question: Question, sentence: str, candidate: Candidate) -> float:
    low = sentence.lower()
    spans = [m.span() for term in question.weighed for m in re.finditer(term.pattern, low)]
    if _is_asked(question.weighed, candidate.text):
        return 0.0
    near = max((_closeness(question, sentence, candidate, span) for span in spans), default=0.0)
    return near * candidate.fit * _company(question, low, spans)


def _is_asked(terms: tuple[Term, ...], text: str) -> bool:
    """Whether a candidate only repeats the question."""
    own = [w for w in _WORD.findall(text.lower()) if w not in STOP]
    return not own or all(any(re.fullmatch(t.pattern, w) for t in terms) for w in own)


def _closeness(question: Question, sentence: str, candidate: Candidate, span: tuple[int, int]) -> float:
    """1 when only function words stand between the question's word and the candidate, less with each other word."""
    start, end = span
    if start < candidate.end and end > candidate.start:
        return 0.75
    forward = end <= candidate.start
    gap = sentence[end : candidate.start] if forward else sentence[candidate.end : start]
    extra = [w for w in _WORD.findall(gap.lower()) if w not in FUNCTION and not _asked(question.weighed, w)]
    score = (0.94 if question.kind in ("time", "place", "reason") else 0.86) ** len(extra)
    score *= 0.6 ** sum(w in DECOY and not _asked(question.weighed, w) for w in extra)
    score *= 0.3 if re.search(r"\b(?:not|never)\b|n't\b", gap.lower()) else 1.0
    if COPULA.search(gap):
        return score * (1.0 if forward else 0.97) * _led(question, sentence, candidate)
    return score * _beside(question, gap, forward=forward) * _led(question, sentence, candidate)


def _beside(question: Question, gap: str, *, forward: bool) -> float:
    """How much a value without `is` counts: `47 windows` and `Glennport, the capital` do, `Employee 1` does not."""
    if forward:
        return 0.5 if question.counted else 0.93
    if question.counted and not gap.strip():
        return 0.97
    return 0.93 if question.kind in ("person", "time", "name", "reason") else 0.75


def _led(question: Question, sentence: str, candidate: Candidate) -> float:
    """Where answers stand after in or at, and authors after by."""
    lead = sentence[: candidate.start].rstrip(" \"“'‘").lower()
    if question.kind == "place":
        return (
            1.0
            if candidate.text[:1].islower() or re.search(r"\b(?:in|at|near|on|to|from|outside|of|is|was|:)$", lead)
            else 0.6
        )
    if question.kind == "person" and re.search(r"\b(?:in|at|on|during|from|near)(?: the)?$", lead):
        return 0.5
    behind = sentence[candidate.end : candidate.end + 2]
    if (
        question.kind in ("person", "name")
        and re.search(r"\b(?:the|an?)$", lead)
        and behind[:1] == " "
        and behind[1:].islower()
    ):
        return 0.6 if not COPULA.match(sentence, candidate.end + 1) else 1.0
    return 1.0


def _asked(terms: tuple[Term, ...], word: str) -> bool:
    return any(re.search(t.pattern, word) for t in terms)


def _company(question: Question, low: str, spans: list[tuple[int, int]]) -> float:
    """Less for each word just before the question's words that makes them mean another thing: the old password."""
    score = 1.0
    for start, _ in sorted(spans):
        word = next(iter(_WORD.findall(low[max(0, start - 30) : start])[-1:]), "")
        if (
            word
            and word not in FUNCTION
            and word not in STOP
            and not _asked((*question.weighed, *question.preferred), word)
        ):
            score *= 0.6 if word in DECOY else 0.95
    return max(score, 0.3)
