"""Data analysis over logs: the model writes the analysis, Python does it, and only the figures are spoken of."""

import sys
from datetime import UTC, datetime, timedelta

from rlm_tui import RLM, ScriptedLM

START = datetime(2026, 3, 1, 8, tzinfo=UTC)
PATHS = ("/search", "/cart", "/pay")


def line(n: int) -> str:
    """What the site wrote in second `n`."""
    status = 500 if n % 3 == 2 and 9000 <= n < 9900 else 200
    return f"{START + timedelta(seconds=n):%H:%M:%S} {PATHS[n % 3]} {status} {n % 97}ms"


LOG = "\n".join(map(line, range(20_000)))
TURNS = [
    "I look at its shape first.\n```repl\nlines = context.splitlines()\nprint(len(lines), lines[0], lines[-1])\n```",
    """Failures by path and by minute, and how slow the slow ones are.
```repl
from collections import Counter
from statistics import quantiles
rows = [line.split() for line in lines]
failed = [row for row in rows if row[2] == "500"]
paths = Counter(row[1] for row in failed)
minutes = sorted({row[0][:5] for row in failed})
slow = quantiles([int(row[3][:-2]) for row in rows], n=100)[94]
print(paths, minutes[0], minutes[-1], slow)
```""",
    """```repl
(path, count), = paths.items()
FINAL(f"{count} requests to {path} failed from {minutes[0]} to {minutes[-1]}; 95% of all took under {slow:.0f} ms.")
```""",
]
model = sys.argv[1] if sys.argv[1:] else ScriptedLM(TURNS)

result = RLM(model).completion("What went wrong this morning, and how slow is the site?", LOG)

print(result.answer)
