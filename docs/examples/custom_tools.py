"""Tools of your own: financial functions that run in the REPL worker, and a price that is looked up on the host.

Of `npv` and `payback` only the source travels. `price` is marked: it runs in this process, with its keys and network,
and every call is an event that the debugger can hold. The prompt shows signatures and docstrings.
"""

import sys

from rlm_tui import RLM, ScriptedLM, host_tool


def npv(rate: float, flows: list[float]) -> float:
    """Net present value of yearly cash flows; the first is today's."""
    return sum(flow / (1 + rate) ** year for year, flow in enumerate(flows))


def payback(flows: list[float]) -> int | None:
    """The first year in which the flows have paid themselves back, or None."""
    total = 0.0
    for year, flow in enumerate(flows):
        total += flow
        if total >= 0:
            return year
    return None


@host_tool
def price(part: str) -> float:
    """What a part costs today, in euros."""
    return {"panel": 210.0, "inverter": 900.0}[part]


PLAN = "The roof takes 10 panels and 1 inverter. It saves 800 euros a year for 6 years. Money costs 5% a year."
TURNS = [
    """```repl
cost = 10 * price("panel") + price("inverter")
flows = [-cost] + [800] * 6
worth = npv(0.05, flows)
print(cost, worth, payback(flows))
```""",
    """```repl
FINAL(f"It costs {cost:,.0f} euros, is worth {worth:,.0f} more than that, and pays back in year {payback(flows)}.")
```""",
]
model = sys.argv[1] if sys.argv[1:] else ScriptedLM(TURNS)

result = RLM(model, tools=[npv, payback, price]).completion("Is the plan worth it?", PLAN)

print(result.answer)
print(f"{result.sub_calls} calls of host tools")
