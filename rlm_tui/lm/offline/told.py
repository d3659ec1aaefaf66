"""What a person's words during a run come to: another question, words to prefer, hints, or an answer ruled out."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from rlm_tui.lm.offline.words import STOP, words

# A keyword search reads every page anyway: words on where or how to look would only be taken for words to find.
_MANNERS = frozenset(
    re.findall(
        r"\S+",
        """be more very please ok okay good great thanks thank well done go on continue hurry up quick quickly careful
    carefully brief briefly short shortly concise concisely precise precisely exact detail detailed check verify
    double-check focus start begin beginning middle end first half closer close read reading sure evidence quote cite
    hello hi hey too right wrong correct incorrect true really nice better harder thorough thoroughly yes correctly
    chapter chapters section sections paragraph line lines part parts one ones mean meant one's add include explain
    shorter longer simple simply keep going wait stop nothing other result results time rush slow slowly sorry hope
        """,
    )
)
_PLACE = re.compile(r"\b(?:pages?|pp?\.|lines?|chapters?|sections?)\s*\d+(?:\s*(?:-|–|to|and|,)\s*\d+)*", re.IGNORECASE)
_END = r"(?=[,;!?]|\.(?:\s|$)|\s(?:but|look|try|search|go)\b|\s[-–—]\s|$)"
_NOT = re.compile(
    rf"\b(?:not|isn['’]t|wasn['’]t|except|exclude|without)\s+(.+?){_END}"
    r"|(?:^|[,.;!]\s+)([^,.;!]+?)\s+(?:is|was)\s+(?:wrong|incorrect|false)\b",
    re.IGNORECASE,
)
_ABOUT = re.compile(r"^\W*(?:and\s+)?(?:what|how)\s+about\b", re.IGNORECASE)
_MEANT = re.compile(
    r"\b(?:i\s+meant?|namely|specifically|only|just|those)\b(.*)|\bthe\s+((?:[\w-]+\s+){1,3})ones?\b"
    r"|^\W*(?:and\s+)?(?:what|how)\s+about\b(.*)|^\W*(?:the|for|in|of|from|at|with)\b(.*)",
    re.IGNORECASE | re.DOTALL,
)


class Told(NamedTuple):
    """Words of a person: `question` replaces the old one; `preferred` say which of several; `hints` only help to rank;
    `excluded` are no answer."""

    question: str = ""
    preferred: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()

    @property
    def is_usable(self) -> bool:
        """Whether a keyword search can do anything with them."""
        return any(self)


def hear(said: str) -> Told:
    """Sort out what was said."""
    about = _ABOUT.search(said)
    asks = re.search(r"\binstead\b|\?\s*$", said, re.IGNORECASE) and not about
    if asks and _content(said):
        return Told(question=said)
    excluded = tuple(text for match in _NOT.finditer(said) if (text := _ruled_out(match[1] or match[2])))
    rest = _NOT.sub(" ", said)
    meant = _MEANT.search(rest)
    preferred = _content(next(filter(None, meant.groups()), "")) if meant else ()
    hints = tuple(word for word in _content(rest) if word not in preferred)
    return Told("", preferred, hints, excluded)


def hear_all(every: Iterable[str]) -> Told:
    """All that was said so far; another question makes what was said before it void."""
    whole = Told()
    for told in map(hear, every):
        both = zip(whole[1:], told[1:], strict=True)
        whole = told if told.question else Told(whole.question, *(before + now for before, now in both))
    return whole


def _content(text: str) -> tuple[str, ...]:
    found = (word.lower() for word in words(_PLACE.sub(" ", text)))
    return tuple(dict.fromkeys(w for w in found if w not in STOP | _MANNERS and (len(w) > 1 or w.isdigit())))


def _ruled_out(text: str) -> str:
    """The text of an answer without the small words round it; "" when nothing is left."""
    tokens = text.strip(" .\"'“”‘’").split()
    while tokens and tokens[0].lower() in STOP | _MANNERS:
        del tokens[0]
    while tokens and tokens[-1].lower() in STOP | _MANNERS:
        del tokens[-1]
    return " ".join(tokens).strip("\"'“”‘’()") if len(tokens) <= 6 else ""
