"""Offloading: long outputs become variables, and the model reads their beginning; the same run with and without.

The model below counts its own tokens, as a provider would: four characters make one.
"""

from rlm_tui import RLM, ScriptedLM
from rlm_tui.events import Usage
from rlm_tui.lm.base import OnDelta, Request, Response

LISTING = "\n".join(f"{number:04} {'apple' if number % 5 else 'pear'} {number * 7 % 90} kg" for number in range(900))
TURNS = [
    "```repl\nprint(context[:9000])\n```",
    "```repl\npears = [line for line in context.splitlines() if 'pear' in line]\nprint(pears)\n```",
    "```repl\ntotal = sum(int(line.split()[2]) for line in pears)\nprint(total)\n```",
    "FINAL_VAR(total)",
]


class Metered(ScriptedLM):
    """A scripted model that tells how much it read and wrote."""

    async def complete(self, request: Request, on_delta: OnDelta | None = None) -> Response:
        """Answer, with the usage."""
        response = await super().complete(request, on_delta)
        read = sum(len(message.content) for message in request.messages)
        return Response(response.text, Usage(read // 4, len(response.text) // 4))


print("             answer  tokens in  tokens out")
for offload in (False, True):
    result = RLM(Metered(TURNS), offload=offload).completion("How many kilos of pears?", LISTING)
    name = "with" if offload else "without"
    print(f"{name:12} {result.answer:>6} {result.usage.input_tokens:>10,} {result.usage.output_tokens:>11,}")
