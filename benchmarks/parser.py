"""How long the parser takes for a response of 1 MB, ordinary and as bad as we know how to make it, against 100 ms.

CPU time, best of some rounds, in the slowest dialect: `PYTHONPATH=. python benchmarks/parser.py`.
"""

from __future__ import annotations

import sys
import time

from rlm_tui.engine.parser import NATIVE, parse

SIZE = 1_000_000
LIMIT_S = 0.100
FENCE, CLOSE = "```repl\n", "\n```\n"
PROSE = "I will look at the document (page 3) and see `x`.\nThen *more* text, <b>bold</b>.\n"
CODE = "for i in range(10):\n    print(f'{i} is \"x\"')  # a comment\n"


def fill(unit: str, before: str = "", after: str = "") -> str:
    """A text of SIZE characters that repeats a unit."""
    return before + unit * ((SIZE - len(before) - len(after)) // len(unit)) + after


RESPONSES = {
    "prose": fill(PROSE),
    "one block of code": fill(CODE, FENCE, CLOSE),
    "parentheses": fill("("),
    "backticks": fill("`"),
    "newlines": fill("\n"),
    "fences": fill("```\n"),
    "headings": fill("### \n"),
    "transcripts": fill(">>> a\n"),
    "labels that are none": fill("result\n"),
    "FINAL(": fill("FINAL(\n"),
    "fences in FINAL": fill("```\na\n", "FINAL("),
    "parentheses in FINAL": fill("(()", "FINAL("),
    "closed parentheses in FINAL": fill("(())", "FINAL("),
    "lists": fill("* \n"),
    "half labels": fill("repl repl r\n"),
    "<think>": fill("<think>"),
    "<think": fill("<think "),
    "</": fill("</"),
    "<|": fill("<|"),
    "<|a": fill("<|a"),
    "<|ab": fill("<|ab"),
    "[a": fill("[a"),
    "quotes in a block": fill("'", FENCE),
    "comments in a block": fill("#\n", FENCE),
    "open triple quotes": fill("x = '''a\n", FENCE),
    "escaped triple quotes": fill('\\"""', FENCE),
    "fences in triple quotes": fill("```\na\n", FENCE + "x = '''"),
    "fences in closed triple quotes": fill("```\na\n", FENCE + "x = '''", "'''" + CLOSE),
}


def cpu_seconds(text: str, dialect: str, rounds: int) -> float:
    """The least CPU time of some readings of one text."""
    times = []
    for _ in range(rounds):
        begun = time.process_time()
        parse(text, dialect)
        times.append(time.process_time() - begun)
    return min(times)


def main(rounds: int) -> int:
    """Time every response in its slowest dialect; 1 when one is over the limit."""
    over = 0
    for name, text in RESPONSES.items():
        took, dialect = max((cpu_seconds(text, dialect, rounds), dialect) for dialect in NATIVE)
        over += took > LIMIT_S
        verdict = "ok" if took <= LIMIT_S else "OVER"
        print(f"{name:32} {took * 1000:6.1f} ms in {dialect:8} limit {LIMIT_S * 1000:.0f} ms {verdict}")
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 3))
