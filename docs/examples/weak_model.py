"""A weak model put right: `strict` is a dialect for small models, and each slip is answered by one exact sentence.

The script below misbehaves as small models do: it answers in a form that does not count, makes up the output of its own
code, and names a variable that is not there. It arrives all the same.
"""

import asyncio
import sys

from rlm_tui import RLM, ScriptedLM, events

TURNS = [
    "It must be Nemo.\nFINAL(Nemo)",
    "Let me look.\n```repl\nprint(context[-60:])\n```\nOutput:\nThe captain is Nemo.\nFINAL_VAR(captain)",
    "Now I know it.\nFINAL_VAR(captain)",
    "I set it.\n```repl\ncaptain = context.split('captain is ')[1].split('.')[0]\nprint(captain)\n```",
    "FINAL_VAR(captain)",
]
STORY = "The sea was calm. " * 300 + "The captain is Ahab."
model = sys.argv[1] if sys.argv[1:] else ScriptedLM(TURNS)


async def main() -> None:
    """Show what the parser mended and what the model was told."""
    async for event in RLM(model, dialect="strict").events("Who is the captain?", STORY):
        match event:
            case events.IterationStarted(number=number):
                print(f"turn {number}")
            case events.ResponseParsed(repairs=repairs):
                for repair in repairs:
                    print(f"  seen: {repair.name}")
            case events.LmRequested(messages=messages, prior=prior) if prior:
                parts = str(messages[-1].content).split("\n\n")
                nudges = [part for part in parts if not part.startswith(("Output of", "This is turn"))]
                print("\n".join(f"  told: {nudge.splitlines()[0]}" for nudge in nudges))
            case events.RunFinished(answer=answer):
                print(f"answer: {answer}")


asyncio.run(main())
