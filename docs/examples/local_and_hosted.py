"""A server on this machine and a hosted one: only the name, or the address, differs.

    python docs/examples/local_and_hosted.py ollama/qwen2.5:7b openai/gpt-4o-mini

Without names, two small servers on this machine stand in for both; what is sent to them is what would be sent.
"""

import sys

from standin import Server

from rlm_tui import RLM

TEXT = "The shop is shut. " * 300 + "It opens on Friday at nine."
QUESTION = "When does the shop open?"
LOOK = "I look at its end.\n```repl\nopening = context[-27:]\nprint(opening)\n```"


def ask(name: str, model: str, dialect: str = "auto", base_url: str | None = None) -> None:
    """Ask one endpoint, and tell what came of it."""
    result = RLM(model, dialect=dialect, base_url=base_url).completion(QUESTION, TEXT)
    print(f"{name}: {result.answer} ({result.iterations} iterations, {result.usage.tokens} tokens)")


if sys.argv[2:]:
    ask("local", sys.argv[1])
    ask("hosted", sys.argv[2])
else:
    with Server([LOOK, "FINAL_VAR(opening)"]) as local:
        ask("local", "small-model", base_url=local.url)
    ready = '```repl\nanswer["content"] = opening\nanswer["ready"] = True\n```'
    with Server([LOOK, ready]) as hosted:
        ask("hosted", "openai/large-model", dialect="rlms", base_url=hosted.url)
    print(f"{len(local.asked)} and {len(hosted.asked)} requests were sent")
