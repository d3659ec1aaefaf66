"""One question, several providers: the same RLM with other names, side by side.

Names on the command line are asked for real, as in `providers.py openai/gpt-4o-mini anthropic/claude-haiku-4-5`;
without, two scripted stand-ins and the keyword search answer.
"""

import asyncio
import sys

from rlm_tui import ScriptedLM, arun
from rlm_tui.events import Usage
from rlm_tui.lm.scripted import Item

TEXT = "The lamp burns low. " * 500 + "The keeper's name is Ines. " + "The lamp burns low. " * 500
QUESTION = "What is the keeper's name?"
FIND = "```repl\nat = context.find('keeper')\nprint(context[at - 9:at + 30])\n```"
STAND_INS = [
    ScriptedLM(
        [Item(FIND, usage=Usage(900, 40, 0.0002)), Item("FINAL(Ines)", usage=Usage(990, 8, 0.0002))], name="quick/one"
    ),
    ScriptedLM([Item("FINAL(Someone.)", usage=Usage(900, 9, 0.0071))], name="hasty/one"),
    "offline",
]


async def main() -> None:
    """Ask all at once and compare."""
    models = sys.argv[1:] or STAND_INS
    results = await asyncio.gather(*(arun(QUESTION, TEXT, model) for model in models))
    for model, result in zip(models, results, strict=True):
        name = model if isinstance(model, str) else model.name
        cost = "unknown" if result.cost_usd is None else f"${result.cost_usd:.4f}"
        print(f"{name:10} iterations: {result.iterations}  {cost:8} {result.answer}")


asyncio.run(main())
