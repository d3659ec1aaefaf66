"""What to compute over the records: which field, which conditions; decided from what their reading printed."""

from __future__ import annotations

import ast
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TypeAlias

from rlm_tui.lm.offline.question import Operation, Question
from rlm_tui.lm.offline.words import Term

_FREE = re.compile(r"message|msg|text|description|note", re.IGNORECASE)
_LISTING = re.compile(r"\s*(?:who|list|name all|which|show)\b", re.IGNORECASE)
_PEOPLE = ("people", "person", "employee", "worker", "member", "student", "customer", "user", "player")
_GENERIC = ("record", "row", "line", "entr", "item")
_DIFFERENT = re.compile(r"\b(?:different|distinct|unique)\b", re.IGNORECASE)
_DATED = re.compile(r"(\d{4}-\d{2}-\d{2})|\d{1,4}[-/.]\d{1,2}[-/.]\d{2,4}\b")
_NUMERIC = re.compile(r"\W{0,3}\d[\d.,'’]*\W?\w{0,8}")
_IMPLIED = (
    (r"\b(?:cheap|expensive|dear|costl)", r"price|cost|amount|fee"),
    (r"\b(?:old|young)est\b", r"\bage\b"),
    (r"\b(?:heav|light)iest\b", r"weight|mass"),
    (r"\b(?:tall|short|high|low)est\b", r"height"),
    (r"\b(?:long|short)est\b", r"length|duration"),
    (r"\b(?:best|worst)[- ]paid\b", r"salary|wage|pay\b"),
    (r"\b(?:fast|slow)est\b", r"speed|time|duration|\bms\b"),
    (r"\b(?:larg|bigg|small)est\b", r"size|area|population"),
)
"""Superlatives that name no field, and the field that they mean."""
_NO_MEASURE = re.compile(r"(?:^|[\W_])(?:id|no|nr|date|time|year|phone|zip|index|number|#)$|^#|time|Id$", re.IGNORECASE)


_Hold: TypeAlias = tuple[str, str, str]
_Equal: TypeAlias = tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class Profile:
    """What the reading saw: how many records, the first one, and where words stand: (word, field, value, times)."""

    count: int = 0
    example: dict[str, str] = field(default_factory=dict)
    matches: tuple[tuple[str, str, str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """A computation: `equal` holds (field, values), `holds` (field, pattern, word), `compare` (sign, number)."""

    operation: Operation
    measure: str = ""
    label: str = ""
    equal: _Equal = ()
    holds: tuple[_Hold, ...] = ()
    compare: tuple[str, float] | None = None
    asks_label: bool = False
    negated: bool = False
    """The records for which `equal` does not hold."""
    by_text: bool = False
    """Compare the texts themselves: dates that begin with the year."""
    evidence: str = ""
    """A further field of the record that is answered."""
    evidence_name: str = ""
    """How that field is named before its value."""

    @property
    def shown(self) -> str:
        """The field whose values are the answer."""
        return (
            self.label
            if self.operation == "distinct" or (self.operation == "lookup" and self.compare)
            else self.measure
        )

    @property
    def may_be_empty(self) -> bool:
        """Whether perhaps no record fulfils all conditions, so that there is nothing to compute over."""
        return (
            self.operation not in ("count", "distinct") and len(self.equal) + bool(self.compare) + len(self.holds) > 1
        )


def profile(output: str) -> Profile:
    """Read back what the reading of the records printed; an empty Profile when that is not there."""
    try:
        count = re.search(r"^records: (\d+)$", output, re.MULTILINE)
        example = re.search(r"^example: (\{.*\})$", output, re.MULTILINE)
        matches = re.search(r"^matches: (\[.*\])$", output, re.MULTILINE)
        if not (count and example and matches):
            return Profile()
        return Profile(int(count[1]), ast.literal_eval(example[1]), tuple(ast.literal_eval(matches[1])))
    except (ValueError, SyntaxError):
        return Profile()


def named(question: Question, columns: tuple[str, ...] | list[str]) -> list[str]:
    """The columns that the question names, in the order of the question."""
    return [column for term in question.terms for column in columns if _names(term, column)]


def asks_for_a_list(question: Question) -> bool:
    """Whether a question may be answered by the names of records: who, which, list."""
    return bool(_LISTING.match(question.text))


def _names(term: Term, column: str) -> bool:
    low = re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", column).lower()
    return bool(re.search(term.pattern, low))


def make(question: Question, seen: Profile) -> Plan | None:
    """A Plan that the records bear out, or None when the question is about something else."""
    if seen.count < 2 or not seen.example:
        return None
    operation = _operation(question, seen)
    equal, covered = _equal(question, list(question.terms), seen)
    if operation == "count" and covered == {question.counted} and _times(seen, question.counted) == 1:
        return _of_one_record(seen, equal)
    measure = _measure(question, operation, seen, equal)
    label = _label(question, operation, _apart(seen, measure, equal if operation == "lookup" else ()))
    kinds = _distinct_field(question, seen, is_whole=not (equal or question.compare))
    if operation == "count" and kinds and not (question.compare and kinds == measure):
        operation, label = "distinct", kinds
    if operation == "lookup" and not measure and asks_for_a_list(question):
        measure = label
    open_terms = [word for word in question.terms if word.word not in covered]
    holds = _holds(question, open_terms, seen, skip_weak=bool(equal or question.compare))
    dated = _DATED.match(seen.example.get(measure, ""))
    asks_label = question.kind in ("person", "name") or _asks_for(question, label)
    others = [(name, value) for name, value in seen.example.items() if name not in (label, measure)]
    evidence, proof = others[0] if others and asks_label else ("", "")
    evidence_name = "" if _is_own_name(evidence, proof) else f"{evidence} "
    negated = question.negated and not any(re.search(r"\b(?:not|no)\b|n't", v.lower()) for _, vs in equal for v in vs)
    by_text = bool(dated and dated.group(1))
    plan = Plan(
        operation, measure, label, equal, holds, question.compare, asks_label, negated, by_text, evidence, evidence_name
    )
    if (
        dated
        and operation not in ("lookup", "count", "most", "distinct")
        and not (plan.by_text and operation in ("max", "min"))
    ):
        return None
    used = {word for _, _, word in holds}
    left = [word for word in open_terms if word.word not in used and not any(_names(word, f) for f in seen.example)]
    return plan if _is_borne_out(plan, question, left, seen) else None


def _operation(question: Question, seen: Profile) -> Operation:
    """What the question asks to compute, now that the fields are known: how many is a sum of a field that counts."""
    asked = question.operation or "lookup"
    if asked == "count" and not question.compare and _counted_field(question, seen):
        return "sum"
    if asked == "sum" and question.counted and not (_counted_field(question, seen) or _has_total(question, seen)):
        return "count"
    top = re.search(r"\bmost (\w+)", question.text.lower()) if asked == "most" else None
    own = [n for n, value in seen.example.items() if top and _NUMERIC.fullmatch(value) and _counts_of(top[1], n)]
    records = [n for n, value in seen.example.items() if _is_own_name(n, value)]
    return "max" if own and named(question, records) else asked


def _distinct_field(question: Question, seen: Profile, *, is_whole: bool) -> str:
    """The field whose different values are counted: `how many departments` where each record has one; the first field
    names the records themselves, so it counts only when all of them are meant."""
    if any(_FREE.search(name) for name in seen.example) and not _DIFFERENT.search(question.text):
        return ""
    names = list(seen.example)[0 if is_whole else 1 :]
    return next((n for n in names if _counts(question, n) and not _is_own_name(n, seen.example[n])), "")


def _is_own_name(field: str, value: str) -> bool:
    """Whether a value is what a record itself is called: `Order 130` in the field Order."""
    return bool(re.match(rf"{re.escape(field)}\W*\w*\d", value, re.IGNORECASE))


def _has_total(question: Question, seen: Profile) -> bool:
    """Whether a sum is asked of a field that the question names beside what it counts."""
    return any(
        _NUMERIC.fullmatch(seen.example[n]) and not _counts(question, n) for n in named(question, [*seen.example])
    )


def _asks_for(question: Question, label: str) -> bool:
    """Whether the noun asked for is the field that names a record: `which order`, `the cheapest order`."""
    noun = re.search(r"\bwhich (\w+)|\b\w+est (\w+)|\bexpensive (\w+)", question.text.lower())
    last = next(filter(None, noun.groups()), "") if noun else ""
    return bool(label and last) and bool(re.search(rf"\b{re.escape(last.rstrip('s'))}s?\b", label.lower()))


def _times(seen: Profile, word: str) -> int:
    return sum(times for found, *_, times in seen.matches if found == word)


def _of_one_record(seen: Profile, equal: _Equal) -> Plan | None:
    """`How many teal` where one record is named teal asks for the number in it, if there is just one."""
    numbers = [name for name, value in seen.example.items() if re.fullmatch(r"\d[\d.,]*", value)]
    return Plan("lookup", numbers[0], "", equal) if len(numbers) == 1 else None


def _is_borne_out(plan: Plan, question: Question, left: list[Term], seen: Profile) -> bool:
    """Whether a plan answers the question, seeing which of its words the records know nothing of."""
    if plan.negated and not plan.equal:
        return False
    if any(word.weight > 1 and not _is_subject(word, question) for word in left):
        return False
    if not plan.measure and (plan.compare or plan.operation not in ("count", "most", "distinct")):
        return False
    if plan.operation == "lookup":
        return bool(plan.equal or plan.compare)
    if plan.operation == "count" and not (plan.equal or plan.holds or plan.compare):
        return all(word.word == question.counted and _are_records(word.word, seen) for word in left)
    return plan.operation != "most" or bool(plan.label)


def _are_records(noun: str, seen: Profile) -> bool:
    """Whether a noun that no field names means the records: rows, entries, and people where there are names."""
    has_names = any(re.search(r"name", name, re.IGNORECASE) for name in seen.example)
    return noun.startswith(_GENERIC) or (has_names and noun.startswith(_PEOPLE))


def _is_subject(term: Term, question: Question) -> bool:
    """Whether a word names what the records are (`all employees`, `of books`), not which of them."""
    return bool(
        re.search(rf"\b(?:many|all|the|of|of the|of all|number of)\s+{re.escape(term.word)}\b", question.text.lower())
    ) and term.word.endswith("s")


def _is_told(term: Term, question: Question) -> bool:
    """Whether a word says which records are meant: a name, or what stands after `mention`, `with`, `about`."""
    lead = r"(?:mention\w*|contain\w*|about|with|including|by|named|called|saying)"
    told = rf"\b{lead}\s+(?:an?\s+|the\s+)?{re.escape(term.word)}"
    return term.weight > 1 or bool(re.search(told, question.text.lower()))


def _equal(question: Question, terms: list[Term], seen: Profile) -> tuple[_Equal, set[str]]:
    """Conditions `field is value` for values made of the question's words alone, and the words they use up."""
    exact: dict[str, dict[str, tuple[str, ...]]] = {}
    asked = " ".join(re.findall(r"\w+", question.text.lower()))
    for literally in (True, False):
        used = {word for values in exact.values() for words in values.values() for word in words}
        for _, name, value, _ in seen.matches:
            parts = re.findall(r"\w+", value.lower())
            hits = tuple(
                t.word
                for t in terms
                for part in parts
                if part == t.word or (not literally and re.fullmatch(t.pattern, part))
            )
            whole = " ".join(parts) in asked if literally else len(hits) == len(parts)
            if parts and whole and hits and not used & set(hits):
                exact.setdefault(name, {})[value] = hits
    return _best_fields(question, exact, seen)


def _best_fields(
    question: Question, exact: dict[str, dict[str, tuple[str, ...]]], seen: Profile
) -> tuple[_Equal, set[str]]:
    fields = named(question, list(exact))
    times = {name: sum(n for _, f, _, n in seen.matches if f == name) for name in exact}
    chosen: list[tuple[str, tuple[str, ...]]] = []
    covered: set[str] = set()
    for name in sorted(exact, key=lambda f: (f not in fields, -max(map(len, exact[f].values())), -times[f])):
        longest = {v: w for v, w in exact[name].items() if not any(set(w) < set(o) for o in exact[name].values())}
        values = {v: w for v, w in longest.items() if not set(w) & covered}
        if values:
            chosen.append((name, tuple(values)))
            covered |= {word for words in values.values() for word in words}
    return tuple(chosen), covered


def _holds(question: Question, terms: list[Term], seen: Profile, *, skip_weak: bool) -> tuple[_Hold, ...]:
    """Conditions `field holds word` for words that stand inside longer values."""
    free_text = any(_FREE.search(name) for name in seen.example)
    out: list[_Hold] = []
    for word in terms:
        times: Counter[str] = Counter()
        for found, name, _, count in seen.matches:
            times[name] += count if found == word.word else 0
        weak = skip_weak or (word.word == question.counted and not free_text)
        if (
            times.total()
            and not any(_names(word, name) for name in seen.example)
            and (_is_told(word, question) or not weak)
        ):
            out.append((times.most_common(1)[0][0], word.pattern, word.word))
    return tuple(out)


def _measure(question: Question, operation: Operation, seen: Profile, equal: _Equal) -> str:
    """The field to compute with: one that the question names, else the only one with numbers."""
    if operation in ("count", "most", "distinct") and not question.compare:
        return ""
    taken = {name for name, _ in equal}
    asked = [name for name in named(question, list(seen.example)) if name not in taken]
    digits = [name for name, value in seen.example.items() if re.search(r"\d", value) and name not in taken]
    numeric = [name for name in digits if not _is_own_name(name, seen.example[name])]
    both = [name for name in asked if name in numeric]
    if operation == "lookup" and not question.compare:
        return next(iter(asked), "")
    if both:
        return min(
            both, key=lambda name: (bool(_NO_MEASURE.search(name)), not _says(question, name), _counts(question, name))
        )
    meant = [field for asks, field in _IMPLIED if re.search(asks, question.text.lower())]
    implied = [name for name in numeric if any(re.search(field, name.lower()) for field in meant)]
    if implied:
        return implied[0]
    plain = [name for name in numeric if not _NO_MEASURE.search(name) and _NUMERIC.fullmatch(seen.example[name])]
    unnamed = all(re.match(r"name|part \d", name) for name in seen.example)
    return plain[0] if len(plain) == 1 and (unnamed or taken) else ""


def _counts(question: Question, name: str) -> bool:
    """Whether a field is named by the noun after `how many`."""
    return _counts_of(question.counted, name)


def _counts_of(noun: str, name: str) -> bool:
    return _singular(noun) in {_singular(word) for word in re.findall(r"[a-z]+", name.lower())}


def _says(question: Question, name: str) -> bool:
    """Whether the question has a word of the field's name as it stands, not only a kindred one."""
    own = {_singular(word) for word in re.findall(r"[a-z]+", name.lower())}
    return any(_singular(term.word) in own for term in question.terms)


def _singular(noun: str) -> str:
    return re.sub(r"ies$", "y", noun).rstrip("s")


def _counted_field(question: Question, seen: Profile) -> str:
    """The field that already counts what is asked: `apples: 7` for `how many apples`."""
    if _DIFFERENT.search(question.text):
        return ""
    numbers = [n for n, value in list(seen.example.items())[1:] if re.fullmatch(r"\d[\d.,]*", value)]
    return next((n for n in numbers if _counts(question, n) and not _NO_MEASURE.search(n)), "")


def _apart(seen: Profile, measure: str, equal: _Equal) -> dict[str, str]:
    """The example record without the fields that cannot name what is asked for."""
    known = {measure, *(name for name, _ in equal)}
    return {name: value for name, value in seen.example.items() if name not in known}


def _label(question: Question, operation: Operation, example: dict[str, str]) -> str:
    """The field that names a record, or the one to group by."""
    fields = named(question, list(example))
    if operation == "most":
        groups = [name for name in fields if not re.fullmatch(r"\W*[\d.,]+\W*", example[name]) or name == fields[0]]
        others = [name for name, value in list(example.items())[1:] if not re.search(r"\d", value)]
        return groups[0] if groups else others[0] if len(others) == 1 else ""
    texts = [name for name, value in example.items() if not re.fullmatch(r"[\W\d]*", value)]
    if question.kind == "person":
        people = [name for name in texts if not _is_own_name(name, example[name])]
        texts = [name for name in people if example[name].istitle()] or people or texts
    asked = [name for name in fields if name in texts]
    naming = [
        name for name in texts if re.search(r"name|title|employee|product|item|city|country", name, re.IGNORECASE)
    ]
    return (asked + naming + texts + [""])[0]
