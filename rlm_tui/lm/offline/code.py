"""The blocks of the needle search as templates: every value from outside goes in as a literal, never as code."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable

from rlm_tui.lm.offline.words import Term

PROBE = """\
# Step: look at the context before reading any of it
docs = [context] if isinstance(context, str) else [str(part) for part in context]
pages = sum(doc.count("\\f") + 1 for doc in docs)
print("documents:", len(docs), "| characters:", sum(map(len, docs)), "| pages:", pages)
for number, doc in enumerate(docs[:4], start=1):
    print(f"document {number} begins: {doc[:400]!r}")
"""

SEARCH = """\
# Step: find the passages that hold the words of the question, best first (BM25: rare words weigh more)
import math, re
from collections import Counter

docs = [context] if isinstance(context, str) else [str(part) for part in context]
docs = [re.sub(r"-\\n([a-zß-ÿа-яё]\\w*)(?![\\w-])", r"\\1\\n", doc) for doc in docs]  # join words that a line break cut
patterns = «patterns»
stems = «stems»
hits, seen, windows = [], Counter(), 0
for number, doc in enumerate(docs):
    for start in range(0, max(len(doc) - 600, 1), 600):  # windows overlap, so no sentence is cut in all of them
        windows += 1
        text = doc[start : start + 1200].lower()
        if any(stem in text for stem in stems):
            counts = {word: n for word in patterns if (n := len(re.findall(patterns[word], text)))}
            seen.update(counts.keys())
            hits.append((counts, number, start))

def bm25(hit):
    return sum(math.log(1 + windows / seen[word]) * n * 2.2 / (n + 1.2) for word, n in hit[0].items())

«hinted»best = []
for counts, number, start in [hit for hit in sorted(hits, key=«rank», reverse=True)[:80] if hit[0]]:
    rarest = patterns[min(counts, key=seen.get)]
    at = start + re.search(rarest, docs[number][start : start + 1200].lower()).start()
    if len(best) < «keep» and all(number != n or abs(at - a) > 600 for n, a, _ in best):
        best.append((number, at, docs[number][max(0, at - 700) : at + 1300]))
print("windows:", windows, "| with each word:", {word: seen[word] for word in patterns})
for number, at, text in best[:«show»]:
    print(f"passage of document {number + 1} at {at}: {text[max(0, min(at, 700) - 150) :][:«width»]!r}")
"""

HINTED = """\
hints = «hints»

def hinted(hit):  # words that the person told only weigh between passages that hold words of the question
    text = docs[hit[1]][hit[2] : hit[2] + 1200].lower()
    return bm25(hit) * (1 + sum(weight for pattern, weight in hints.values() if re.search(pattern, text)))

"""

SIMPLE_SEARCH = """\
# Step: find in a simpler way the stretches of text that hold the most words of the question
docs = [context] if isinstance(context, str) else [str(part) for part in context]
stems = «stems»
hits = []
for number, doc in enumerate(docs):
    for start in range(0, len(doc), 1000):
        text = doc[max(0, start - 300) : start + 1300]
        hits.append((sum(stem in text.lower() for stem in stems), number, start + 400, text))
hits.sort(key=lambda hit: hit[0], reverse=True)
best = [(number, at, text) for count, number, at, text in hits[:«keep»] if count]
print("windows:", len(hits), "| passages:", len(best))
"""

OCCURRENCES = """\
# Step: count every place where the words stand, as whole words in any case
import re

docs = [context] if isinstance(context, str) else [str(part) for part in context]
docs = [re.sub(r"-\\n([a-zß-ÿа-яё]\\w*)(?![\\w-])", r"\\1\\n", doc) for doc in docs]  # join words that a line break cut
places = [len(re.findall(«pattern», doc, re.IGNORECASE)) for doc in docs]
print("in each document:", places[:20])
final_answer = f"{sum(places)} (times that " + «said» + " stands in the text)"
print("final_answer:", final_answer)
"""

ASK = '''\
# Step: ask a sub-call about each of the best passages
question = «question»
form = """Answer from the passage alone, in three lines:
ANSWER: the shortest answer
SENTENCE: the sentence it stands in, word for word
SURENESS: 0 to 100
or only: NOT FOUND"""
replies = llm_query_batched([f"Question: {question}\\n{form}\\nPassage:\\n{text}" for _, _, text in best])
print("replies:", len(replies))
for (number, at, _), reply in zip(best, replies):
    print(f"document {number + 1} at {at}: {str(reply)[:200]!r}")
'''

COMBINE = """\
# Step: take the surest reply and say where it stands
import re

«names»def place(number, position):
    doc = docs[number]
    name = «name» if len(docs) > 1 else ""
    if "\\f" in doc:
        return f"{name}p. {doc.count(chr(12), 0, position) + 1}"
    return f"{name}line {doc.count(chr(10), 0, position) + 1}"

answers = {}
for (number, at, text), reply in zip(best, replies):
    got = dict(re.findall(r"^\\W*(ANSWER|SENTENCE|SURENESS)[:* ]+(.+)$", str(reply), re.MULTILINE))
    if "ANSWER" in got and "SENTENCE" in got«barred»:
        sureness = int(re.sub(r"\\D", "", got.get("SURENESS", "")) or 50)
        words = r"\\s+".join(re.escape(word) for word in got["SENTENCE"].split())
        inside = re.search(words, text)
        position = max(0, at - 700) + inside.start() if inside else at
        old = answers.get(got["ANSWER"], (0,))
        answers[got["ANSWER"]] = max(old, (sureness, place(number, position), got["SENTENCE"]))
ranked = sorted(answers.items(), key=lambda item: item[1][0], reverse=True)
print("answers:", [(value, facts[0], facts[1]) for value, facts in ranked[:5]])
failed = sum(str(reply).startswith("Error") for reply in replies)
final_answer = «nothing» + (f" ({failed} of {len(replies)} sub-calls failed)" if failed else "")
if len(ranked) > «refused»:
    value, (sureness, where, sentence) = ranked[«refused»]
    perhaps = "" if sureness >= 60 else "Perhaps "
    final_answer = f'{perhaps}{value} ({where}): "{sentence}"'
    if value == sentence:
        final_answer = f"Perhaps: “{sentence}” ({where})"
print("final_answer:", final_answer)
"""


def fill(template: str, **values: object) -> str:
    """Put literals into a template; no value can end a string, a line or a fence."""
    return re.sub(r"«(\w+)»", lambda match: literal(values[match.group(1)]), template)


def literal(value: object) -> str:
    """A value as Python source that can close no fence and open no placeholder."""
    return value if isinstance(value, Source) else repr(value).replace("`", "\\x60").replace("«", "\\xab")


class Source(str):
    """Python source that is put in as it stands."""

    __slots__ = ()


def raw(pattern: str) -> Source:
    """A pattern as a raw string where it can be one."""
    plain = pattern.isprintable() and not re.search(r"[\"`«]|\\$", pattern)
    return Source(f'r"{pattern}"' if plain else literal(pattern))


def mapping(items: dict[str, str]) -> Source:
    """A dict display, some pairs a line."""
    lines = textwrap.wrap(
        " ".join(f"{key}:\0{text}," for key, text in items.items()), 96, break_long_words=False, break_on_hyphens=False
    )
    return Source("{\n    " + "\n    ".join(lines).replace("\0", " ") + "\n}")


def patterns(terms: Iterable[Term]) -> Source:
    """What the search counts: the pattern of each word and pair (patterns hold no quote and no backtick)."""
    return mapping({repr(term.word).replace(" ", "\0"): f'r"{term.pattern}"' for term in terms})


def hints(terms: Iterable[Term], weight: float) -> dict[str, str]:
    """The patterns of words that only help to rank, each with how much."""
    return {repr(term.word): f'(r"{term.pattern}",\0{weight})' for term in terms}


def stems(terms: Iterable[Term]) -> Source:
    """What a window is quickly looked through for: no stem that another one begins."""
    every = sorted({stem for term in terms for stem in term.stems})
    least = [stem for stem in every if not any(stem != other and stem.startswith(other) for other in every)]
    return Source("(" + " ".join(f"{stem!r}," for stem in least) + ")")
