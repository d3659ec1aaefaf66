"""The block that filters the records and computes over all that are left, as a template."""

from __future__ import annotations

from rlm_tui.lm.offline.code import Source, fill, literal
from rlm_tui.lm.offline.plan import Plan
from rlm_tui.lm.offline.records import NUMBERS

_WORDS = {
    "sum": "sum",
    "average": "average",
    "max": "highest",
    "min": "lowest",
    "lookup": "value",
    "count": "number",
    "most": "count",
}
_HEAD = """\
# Step 4: compute the «word» over every record that matches
import math, re
from collections import Counter

"""
_COUNT = """\
count = total = 0
for record in records():
    total += 1
    count += bool(wanted(record))
final_answer = f"{count} (of {total} records«where»)"
"""
_MOST = """\
groups = Counter(record.get(«label», "") for record in records() if wanted(record))
print("groups:", groups.most_common(10))
top, count = groups.most_common(1)[0] if groups else ("", 0)
final_answer = f"{top} ({count} of {sum(groups.values())} records«where»)" if groups else «nothing»
"""
_VALUES = """\
chosen = [(record.get(«measure», ""), record.get(«label», "")) for record in records() if wanted(record)]
«commas»values = [(number(text), text, label) for text, label in chosen]
readable = [value for value in values if value[0] is not None]
commas = "," if any("," in text for _, text, _ in readable) and not decimal_comma else ""
symbol = next((sign for _, text, _ in readable for sign in "$€£" if sign in text), "")

def show(amount):
    return f"{symbol}{amount:{commas}.2f}".removesuffix(".00")

print("records that match:", len(chosen), "| readable as a number:", len(readable), "| first:", chosen[:3])
final_answer = «nothing»
if readable:
"""
_EXTREME = """\
    top = BEST(value for value, _, _ in readable)
    labels = ", ".join(dict.fromkeys(label for value, _, label in readable if value == top))
    text = next(text for value, text, _ in readable if value == top)
    result = «order»
"""
_RESULTS = {
    "sum": "    result = show(math.fsum(value for value, _, _ in readable))\n",
    "average": "    result = show(math.fsum(value for value, _, _ in readable) / len(readable))\n",
    "max": _EXTREME.replace("BEST", "max"),
    "min": _EXTREME.replace("BEST", "min"),
}
_END = """\
    left = f"; {len(chosen) - len(readable)} without a number left out" if len(chosen) > len(readable) else ""
    final_answer = f"{result} («word» of «field» over {len(readable)} records«where»{left})"
"""
_LOOKUP = """\
chosen = [record for record in records() if wanted(record)]
print("records that match:", len(chosen), "| first:", chosen[:2])
final_answer = «nothing»
if chosen:
    texts = list(dict.fromkeys(record.get(«measure», "") for record in chosen))
    final_answer = f"{', '.join(texts[:10])} («field»«where»)"
"""


def block(plan: Plan, nothing: str) -> str:
    """The code of step 4."""
    text = _HEAD + (NUMBERS + "\n" if plan.compare or plan.operation in _RESULTS else "")
    text += (_commas(plan) if plan.compare else "") + _wanted(plan) + _body(plan)
    inside = {"where": _where(plan), "field": plan.measure, "word": _WORDS[plan.operation]}
    for name, value in inside.items():
        text = text.replace(f"«{name}»", _inside(value))
    commas = Source("" if plan.compare else _commas(plan))
    names = {"measure": plan.measure, "label": plan.label, "nothing": nothing, "commas": commas}
    return fill(text, **names, order=Source(_order(plan))) + 'print("final_answer:", final_answer)\n'


def _order(plan: Plan) -> str:
    if not plan.label:
        return "text"
    return 'f"{labels}: {text}"' if plan.asks_label else 'f"{text}: {labels}"'


def _body(plan: Plan) -> str:
    simple = {"count": _COUNT, "most": _MOST, "lookup": _LOOKUP}
    return simple.get(plan.operation) or _VALUES + _RESULTS[plan.operation] + _END


def _commas(plan: Plan) -> str:
    """Whether the comma is the decimal sign: told from all values that matter, 1.234,50 or 3,5 but not 1,234."""
    sign = r'decimal_comma = any(re.search(r"\.\d{3},\d|\d,\d{1,2}(?![\d,])", text) for '
    if plan.compare:
        return f"{sign}text in (record.get({literal(plan.measure)}, '') for record in records()))\n\n"
    return f"{sign}text, _ in chosen)\n"


def _wanted(plan: Plan) -> str:
    tests = [
        f"record.get({literal(f)}, '').lower() in {literal(tuple(value.lower() for value in values))}"
        for f, values in plan.equal
    ]
    tests += [f"re.search(r\"{pattern}\", record.get({literal(f)}, '').lower())" for f, pattern, _ in plan.holds]
    if plan.compare:
        sign, limit = plan.compare
        tests.append(f"(number(record.get({literal(plan.measure)}, '')) or 0) {sign} {limit:g}")
    body = "\n        and ".join(tests) or "True"
    return f"def wanted(record):\n    return (\n        {body}\n    )\n\n"


def _where(plan: Plan) -> str:
    parts = [f"{name} = {' or '.join(values)}" for name, values in plan.equal]
    parts += [f"{name} holds {word}" for name, _, word in plan.holds]
    if plan.compare:
        parts.append(f"{plan.measure} {plan.compare[0]} {plan.compare[1]:,g}")
    return f" where {' and '.join(parts)}" if parts else ""


def _inside(text: str) -> str:
    """A text as it can stand inside an f-string in double quotes."""
    return literal(text)[1:-1].replace('"', "”").replace("\\'", "'").replace("{", "(").replace("}", ")")
