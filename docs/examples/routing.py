"""Smart routing: a short context goes straight to the model, in one request; a long one becomes a variable as ever.

A REPL pays where a text does not fit. With `route=True` and a known window the engine decides, and says so in a note.
"""

import asyncio
import sys

from rlm_tui import RLM, ScriptedLM, events

FACT = "The bridge was opened in 1932. "
FIND = "```repl\nat = context.find('opened')\nprint(context[at - 20:at + 20])\n```"
CASES = {
    "short": (FACT * 20, ["1932"]),
    "long": ("Nothing was built here. " * 20_000 + FACT, [FIND, "FINAL(1932)"]),
}


async def ask(name: str, text: str, turns: list[str]) -> None:
    """Ask about one text, and show which way it went."""
    model = sys.argv[1] if sys.argv[1:] else ScriptedLM(turns)
    requests = 0
    async for event in RLM(model, window=32_000, route=True).events("When was the bridge opened?", text):
        match event:
            case events.LmRequested():
                requests += 1
            case events.Note(text=note):
                print(f"  {note}")
            case events.RunFinished(answer=answer, via=via):
                print(f"{name}: {answer} by {via}, {len(text):,} characters, requests: {requests}")


async def main() -> None:
    """Both, one after the other."""
    for name, (text, turns) in CASES.items():
        await ask(name, text, turns)


asyncio.run(main())
