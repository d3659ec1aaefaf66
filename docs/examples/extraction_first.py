"""Extraction first, understanding where it must be: code reads what has a form, a sub-LM only what has none."""

import sys

from rlm_tui import RLM, ScriptedLM

INVOICES = [
    "Invoice 1\nTotal: 120.50\nThank you.",
    "Invoice 2\nTotal: 80.00\nPlease pay soon.",
    "Invoice 3\nWe agreed on a hundred euros less the ten for the delay.",
]
TURNS = [
    """Most invoices name their total; I take it from there and keep the rest for a reader.
```python
import re
totals = {}
for number, text in enumerate(ctx.text.split("Invoice ")[1:], 1):
    found = re.search(r"Total: ([\\d.]+)", text)
    totals[number] = float(found.group(1)) if found else None
print(totals, extract_after("Total:"))
```""",
    """One is left.
```python
unclear = [number for number, total in totals.items() if total is None]
texts = [get for get in ctx.text.split("Invoice ")[1:] if "Total:" not in get]
for number, told in zip(unclear, ask_chunks("What is to be paid? The number alone.", texts)):
    totals[number] = float(told)
result = f"{sum(totals.values()):.2f} euros, {len(unclear)} of {len(totals)} invoices read by a sub-LM"
```""",
    "FINAL_VAR: result",
]
model = sys.argv[1] if sys.argv[1:] else ScriptedLM(TURNS, {"less the ten": "90"})

result = RLM(model, dialect="runtime").completion("What do we owe in all?", INVOICES)

print(result.answer)
print(f"{result.sub_calls} sub-call")
