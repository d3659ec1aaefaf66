"""The block that filters the records and computes over all that are left, as a template."""

from __future__ import annotations

from rlm_tui.lm.offline.code import Source, fill, literal
from rlm_tui.lm.offline.plan import Plan

_WORDS = {
    "sum": "sum",
    "average": "average",
    "max": "highest",
    "min": "lowest",
    "lookup": "value",
    "count": "number",
    "most": "count",
    "median": "median",
    "distinct": "number of different values",
}
_HEAD = """\
# Step: compute the «word» over every record that matches
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
_NUMBER = """\
def number(text):  # "$75,000" -> 75000.0, "75k" -> 75000.0; nan where there is no number
    scales = {"k": 1e3, "thousand": 1e3, "million": 1e6, "billion": 1e9}
    found = re.search(r"([-−]?)[$€£]?\\s?(\\d[\\d.,'\\u00a0]*)\\s?(k\\b|thousand|million|billion)?", text.lower())
    if not found:
        return math.nan
    digits = re.sub(r"['\\u00a0]", "", found[2]).strip(".,")
    if decimal_comma:
        digits = digits.replace(".", "").replace(",", ".")
    digits = digits.replace(",", "") if digits.count(".") < 2 else digits.replace(".", "")
    return float(found[1].replace("−", "-") + digits) * scales.get(found[3], 1)

"""
_DISTINCT = """\
groups = Counter(record.get(«label», "") for record in records() if wanted(record))
print("groups:", groups.most_common(10))
final_answer = f"{len(groups)} (different values of «field» in {sum(groups.values())} records«where»)"
"""
_VALUES = """\
chosen = [(record.get(«measure», ""), record.get(«label», "")) for record in records() if wanted(record)]
«commas»«rows»
commas = "," if any("," in text for _, text, _ in rows) and not decimal_comma else ""
symbol = next((sign for _, text, _ in rows for sign in "$€£" if sign in text), "")
print("records that match:", len(chosen), "| with a number:", len(rows), "| first:", chosen[:3])
final_answer = «nothing»
if rows:
"""
_NUMBER_ROWS = "rows = [(amount, text, label) for text, label in chosen if not math.isnan(amount := number(text))]"
_TEXT_ROWS = "rows = [(text, text, label) for text, label in chosen if text]  # dates like 2024-05-31 sort as text"
_AMOUNT = """\
    amount = math.fsum(amount for amount, _, _ in rows)«divided»
    result = f"{symbol}{amount:{commas}.2f}".removesuffix(".00")
"""
_EXTREME = """\
    top = «extreme»(amount for amount, _, _ in rows)
    labels = ", ".join(dict.fromkeys(label for amount, _, label in rows if amount == top))
    text = next(text for amount, text, _ in rows if amount == top)
    result = «result»
"""
_EVIDENCE = """\
    found = [record for record in records() if wanted(record) and record.get(«measure», "") == text]
    more = f", «other»{found[0].get(«evidence», '')}" if len(found) == 1 else ""
    shown = f"«field» {text}{more}; "
"""
_RESULTS = {
    "sum": _AMOUNT.replace("«divided»", ""),
    "median": """\
    amounts = sorted(amount for amount, _, _ in rows)
    amount = (amounts[(len(amounts) - 1) // 2] + amounts[len(amounts) // 2]) / 2
    result = f"{symbol}{amount:{commas}.2f}".removesuffix(".00")
""",
    "average": _AMOUNT.replace("«divided»", " / len(rows)"),
    "max": _EXTREME.replace("«extreme»", "max"),
    "min": _EXTREME.replace("«extreme»", "min"),
}
_END = """\
    left = f"; {len(chosen) - len(rows)} without a number left out" if len(chosen) > len(rows) else ""
    final_answer = f"{result} («proof»«word» of «field» over {len(rows)} records«where»{left})"
"""
_LOOKUP = """\
chosen = [record for record in records() if wanted(record)]
print("records that match:", len(chosen), "| first:", chosen[:2])
final_answer = «nothing»
if chosen:
    texts = list(dict.fromkeys(record.get(«shown», "") for record in chosen))
    more = f" and {len(texts) - 20} more" if len(texts) > 20 else ""
    final_answer = f"{', '.join(texts[:20])}{more} («field»«where»)"
"""


def block(plan: Plan, nothing: str, excluded: tuple[str, ...] = ()) -> str:
    """The code that computes; `excluded` are results that the person has ruled out."""
    text = _HEAD + (_NUMBER if plan.compare or plan.operation in _RESULTS else "")
    text += (_commas(plan) if plan.compare else "") + _wanted(plan) + _body(plan)
    inside = {"where": _where(plan), "field": plan.shown, "word": _WORDS[plan.operation], "other": plan.evidence_name}
    for name, value in inside.items():
        text = text.replace(f"«{name}»", _inside(value))
    commas = Source("" if plan.compare else _commas(plan))
    names = {"measure": plan.measure, "label": plan.label, "nothing": nothing, "commas": commas}
    names["rows"] = Source(_TEXT_ROWS if plan.by_text else _NUMBER_ROWS)
    names |= {"shown": plan.shown, "result": Source(_result(plan)), "evidence": plan.evidence}
    return fill(text, **names) + _ruled_out(nothing, excluded) + 'print("final_answer:", final_answer)\n'


def _ruled_out(nothing: str, excluded: tuple[str, ...]) -> str:
    text = "if any(text in final_answer.split(' (')[0].lower() for text in «excluded»):\n    final_answer = «nothing»\n"
    return fill(text, excluded=[text.lower() for text in excluded], nothing=nothing) if excluded else ""


def _result(plan: Plan) -> str:
    """What an extreme answers: the record when it is asked for, else the number with the record behind it."""
    if not plan.label:
        return "text"
    return "labels" if plan.asks_label else 'f"{text}: {labels}"'


def _body(plan: Plan) -> str:
    simple = {"count": _COUNT, "most": _MOST, "lookup": _LOOKUP, "distinct": _DISTINCT}
    if plan.operation in simple:
        return simple[plan.operation]
    proof = bool(plan.label and plan.asks_label and plan.operation in ("max", "min"))
    evidence = _EVIDENCE if proof and plan.evidence else '    shown = f"«field» {text}; "\n' if proof else ""
    return _VALUES + _RESULTS[plan.operation] + evidence + _END.replace("«proof»", "{shown}" if proof else "")


def _commas(plan: Plan) -> str:
    """Whether the comma is the decimal sign: told from all values that matter, 1.234,50 or 3,5 but not 1,234."""
    sign = r'decimal_comma = any(re.search(r"\.\d{3},\d|\d,\d{1,2}(?![\d,])", text) for '
    if plan.compare:
        return f"every = (record.get({literal(plan.measure)}, '') for record in records())\n{sign}text in every)\n\n"
    return f"{sign}text, _ in chosen)\n"


def _wanted(plan: Plan) -> str:
    inside = "not in" if plan.negated else "in"
    tests = [
        f"record.get({literal(f)}, '').lower() {inside} {literal(tuple(value.lower() for value in values))}"
        for f, values in plan.equal
    ]
    tests += [f"re.search(r\"{pattern}\", record.get({literal(f)}, '').lower())" for f, pattern, _ in plan.holds]
    if plan.compare:
        sign, limit = plan.compare
        tests.append(f"number(record.get({literal(plan.measure)}, '')) {sign} {limit!r}")
    return f"def wanted(record):\n    return {_joined(tests)}\n\n"


def _joined(tests: list[str]) -> str:
    if len(tests) < 2:
        return "".join(tests) or "True"
    return "(\n        " + "\n        and ".join(tests) + "\n    )"


def _where(plan: Plan) -> str:
    parts = [f"{name} {'is not' if plan.negated else '='} {' or '.join(values)}" for name, values in plan.equal]
    parts += [f"{name} holds {word}" for name, _, word in plan.holds]
    if plan.compare:
        sign, limit = plan.compare
        parts.append(f"{plan.measure} {sign} {limit:,g}" if limit >= 10_000 else f"{plan.measure} {sign} {limit:g}")
    return f" where {' and '.join(parts)}" if parts else ""


def _inside(text: str) -> str:
    """A text as it can stand inside an f-string in double quotes."""
    return literal(text)[1:-1].replace('"', "”").replace("\\'", "'").replace("{", "(").replace("}", ")")
