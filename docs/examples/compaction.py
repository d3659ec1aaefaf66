"""Compaction: near the model's window the model sums up what it has, and goes on; nothing is lost.

The window here is tiny, so that it happens soon. The trace has every message, and so has `history` in the REPL.
"""

import asyncio
import sys

from rlm_tui import RLM, ScriptedLM, events

DIARY = "\n".join(f"Day {day}: {'rain' if day % 3 else 'sun'}, {day % 7} fish." for day in range(1, 366))
LOOK = "I read on.\n```repl\nprint(context[{0}:{0}+1500])\n```"
TURNS = [
    *(LOOK.format(at) for at in (0, 1500)),
    "Each line is a day with its weather and its catch. Sunny days are every third. Next: add up their fish.",
    """```repl
sunny = [line for line in context.splitlines() if "sun" in line]
fish = sum(int(line.split(", ")[1].split()[0]) for line in sunny)
print(len(sunny), fish, len(history))
```""",
    "FINAL_VAR(fish)",
]
model = sys.argv[1] if sys.argv[1:] else ScriptedLM(TURNS)


async def main() -> None:
    """Show how long each conversation is that the model is sent, and the summary."""
    async for event in RLM(model, window=800).events("How many fish were caught on sunny days?", DIARY):
        match event:
            case events.LmRequested(prior=prior, messages=messages):
                print(f"a request of {prior + len(messages)} messages")
            case events.Compacted(summary=summary, dropped=dropped):
                print(f"{dropped} messages gave way to: {summary}")
            case events.RunFinished(answer=answer):
                print(f"answer: {answer}")


asyncio.run(main())
