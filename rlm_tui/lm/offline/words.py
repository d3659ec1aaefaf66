"""Words: which ones carry a question, which belong together, and the patterns that find their forms in a text."""

from __future__ import annotations

import re
from typing import NamedTuple


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


STOP = _set(
    """a an the this that these those and or but nor so if then than as of in on at by to from for with without
    within about into onto over under between among through during per via up down out off is are was were be been
    being am do does did done has have had having can could may might must shall should will would not no it its
    it's he she they them their his her him we us our you your i me my who whom whose what which when where why
    how there here many much all any each every some one ones please tell give find say says said show list name
    named called call calls known look search answer question document documents text texts context page pages
    file files following given mentioned stated according hidden somewhere exactly only just also very more most
    less least let's lets s t instead again currently now use uses used using get gets know think what's who's
    where's when's whats let need want try rather actually inside contain contains contained appear appears value
    values total sum average mean highest lowest maximum minimum max min largest smallest biggest combined
    together altogether overall mention mentions mentioning counted recorded listed everyone everybody anyone
    anybody someone somebody except excluding outside different distinct unique greatest top was ist sind war
    waren der das den dem des ein eine wer wann wo wie viele welche welcher welches lautet heißt hat und im am zu
    von qui que quel quelle quels est le la les du un une où quand combien de el los las cuál cual qué quién
    cuándo dónde cuántos es il lo che chi quando dove какой какая какое кто что где когда сколько в на и"""
)
"""Words that say how a question is asked, not what it is about."""

FUNCTION = _set(
    """a an the this that these those of in on at by to from for with is are was were be been being has have had it its
    as and which who now currently exactly simply only equal equals reads read says set will would stands stand remains
    remain became become becomes named called known also so namely still thus therefore did does do follows
    following"""
)
"""Words that may stand between the thing asked for and its value without changing what is said."""

COPULA = re.compile(
    r"(?:\b(?:is|are|was|were|be|been|being|equals?|reads?|says|became|becomes|remains?|called|named|has|have|had"
    r"|totals?|numbers?|stands (?:at|for)|means|refers to|consists of|amounts? to|set to|by)\b|[:=→—–|])",
    re.IGNORECASE,
)

DECOY = _set(
    """old former previous prior last earlier past obsolete outdated expired retired fake false wrong incorrect dummy
    example sample placeholder decoy test temporary proposed alleged supposed rejected cancelled next future other
    another second third wasn't isn't not never neither formerly rumoured rumored deprecated imaginary
    fictional"""
)
"""Words beside a value that make it another value than the one asked for, unless the question has them too."""

_FAMILIES = (
    "write wrote written writes writing author authors authored",
    "born birth birthplace birthday birthdate",
    "die died dies death dead",
    "earn earns earned salary salaries wage wages paid pay pays",
    "price prices priced cost costs",
    "build built builds building builder constructed construction",
    "begin began begins begun start starts started",
    "found founded founder founders founding establish established",
    "located location situated lies lie stands",
    "live lives lived resides reside home",
    "buy bought buys purchase purchased",
    "win won wins winner winners",
    "lead led leads leader leads headed head heads",
    "open opened opens opening inaugurated inauguration",
    "make made makes maker manufactured",
    "hold held holds took take takes taken",
    "paint painted painter paints painting",
    "discover discovered discoverer discovery discovers",
    "invent invented inventor invention invents",
    "design designed designer designs architect",
    "direct directed director directs",
    "compose composed composer composes",
    "teach taught teacher teaches",
    "marry married wife husband spouse marries",
    "leave left leaves departure departed departs",
    "arrive arrived arrives arrival",
    "happen happened happens occurred occur took",
    "old age aged ages",
    "tall height high",
    "long length",
    "deep depth",
    "wide width",
    "heavy weigh weighs weight weighed",
    "far distance",
    "fast speed",
    "people inhabitants population residents",
    "ceo chief executive",
    "phone telephone",
    "error errors erroneous",
    "warn warning warnings warns",
    "sell sold sells selling",
    "send sent sends",
    "ship shipped ships",
    "sign signed signs signature",
    "speak spoke spoken speaks",
    "child children",
    "city cities",
    "department dept division",
    "quantity qty",
    "amount amt",
    "temperature temp",
    "employee employees staff worker workers",
    "total totals sum altogether combined overall totalled totaled totalling",
    "average mean averages averaged",
    "highest maximum largest biggest greatest tallest most max record top oldest longest latest",
    "lowest minimum smallest least min cheapest youngest shortest fewest",
    "country countries",
)
_IRREGULAR = """
    give gave given, go goes went gone, come comes came, see sees saw seen, find finds found, keep keeps kept,
    tell told, send sent, drink drank drunk, eat ate eaten, run ran, sing sang sung, swim swam, fall fell fallen,
    grow grew grown, know knew known, steal stole stolen, break broke broken, choose chose chosen, drive drove
    driven, fly flew flown, hide hid hidden, ride rode ridden, bring brought, think thought, catch caught, fight
    fought, bury buried, lose lost, meet met, shoot shot, sit sat, sleep slept, spend spent, wear wore worn, throw
    threw thrown, hang hung hanged, rise rose risen, sink sank sunk, ring rang rung, draw drew drawn, feel felt,
    stick stuck, strike struck, tear tore torn, win won"""
_KIN = {word: tuple(family.split()) for family in _FAMILIES for word in family.split()}
for _forms in _IRREGULAR.split(","):
    _KIN.update({_form: (*_KIN.get(_form, ()), *_forms.split()) for _form in _forms.split()})
_SUFFIXES = ("ations", "ation", "ments", "ment", "ings", "ing", "ied", "ies", "ed", "es", "s", "e", "y")


class Term(NamedTuple):
    """A word that carries a question: its text, stems to look for quickly, a pattern for lower-case text, a weight."""

    word: str
    stems: tuple[str, ...]
    pattern: str
    weight: float = 1.0


def words(text: str) -> list[str]:
    """The words of a text as they stand, possessives without their 's, inner hyphens and dots of codes kept."""
    found = re.findall(r"\w+(?:[-'’.@/]\w+)*", text)
    return [re.sub(r"['’]s$", "", word) for word in found]


def has_kin(word: str) -> bool:
    """Whether other words say the same as this one."""
    return word in _KIN


def stem(word: str) -> str:
    """The start of a word that its forms share: engineers, engineering -> engineer; short words stay whole."""
    low = word.lower()
    for suffix in _SUFFIXES:
        if low.endswith(suffix) and len(low) - len(suffix) >= 4 and not low.endswith("ss"):
            return low[: -len(suffix)]
    return low


def term(word: str, weight: float = 1.0) -> Term:
    """A Term with the forms and the kin of a word (wrote: author); words of up to three letters match whole."""
    low = word.lower()
    kin = _KIN.get(low, ())
    base = stem(low)
    forms = [_form(low, base)]
    stems = [base]
    for other in kin:
        if not re.fullmatch(forms[0], other):
            forms.append(re.escape(other))
            stems.append(other)
    body = forms[0] if len(forms) == 1 else f"(?:{'|'.join(forms)})"
    return Term(low, tuple(stems), rf"\b{body}\b", weight)


def _form(low: str, base: str) -> str:
    if len(low) <= 3 or not low.isalpha():
        return re.escape(low).replace(r"\-", "-") + ("s?" if low.isalpha() else "")
    return re.escape(base) + r"\w{0,5}"


def phrase(first: Term, second: Term) -> Term:
    """Two terms that stand side by side in the question, as a term of its own."""
    low = f"{first.word} {second.word}"
    left, right = first.pattern.removesuffix(r"\b"), second.pattern.removeprefix(r"\b")
    return Term(low, first.stems, rf"{left}\W+{right}")
