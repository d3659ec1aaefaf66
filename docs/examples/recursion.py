"""Dividing a task: with `max_depth=2`, `rlm_query` starts a child RLM with a REPL and a conversation of its own."""

import asyncio
import sys

from rlm_tui import RLM, ScriptedLM, events

BOOK = "\f".join(f"Chapter {n}\n" + "A long day passed. " * 200 + f"They counted {n * 3} ships." for n in (1, 2, 3))
ROOT = [
    """Three chapters, each a task of its own.
```repl
chapters = context.split("\\f")
found = rlm_query_batched([f"How many ships are counted here?\\n\\n{chapter}" for chapter in chapters])
total = sum(int(number) for number in found)
print(found)
```""",
    "FINAL_VAR(total)",
]
CHILD = {
    "Output of block": "FINAL_VAR(ships)",
    "You answer a question": "```repl\nships = context.split('counted ')[-1].split()[0]\nprint(ships)\n```",
}
model = sys.argv[1] if sys.argv[1:] else ScriptedLM(ROOT, CHILD)


async def main() -> None:
    """Follow the run as it goes, and draw the tree of RLMs."""
    async for event in RLM(model, max_depth=2).events("How many ships are counted in all?", BOOK):
        if isinstance(event, events.NodeOpened) and event.type == "rlm":
            print("  " * event.depth + ("child RLM" if event.depth else "root RLM"))
        if isinstance(event, events.RunFinished):
            print(event.answer)


asyncio.run(main())
