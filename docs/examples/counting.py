"""Counting what must be understood: a sub-LM reads every piece, code adds up.

A thousand letters do not fit a prompt, and no search word finds an angry one. Each is one sub-call of one batch; they
run side by side, their answers come in order, and the sum is exact because Python makes it.
"""

import sys

from rlm_tui import RLM, ScriptedLM

LETTERS = ["Thank you, it works.", "I waited for weeks!", "Never again.", "Lovely colour."] * 15
TURNS = [
    """Sixty letters: one sub-call each.
```repl
from collections import Counter
moods = llm_query_batched([f"Is this letter happy or angry? One word.\\n\\n{letter}" for letter in context])
counts = Counter(mood.strip().lower() for mood in moods)
print(counts)
```""",
    """```repl
answer["content"] = f"{counts['angry']} of {len(context)} letters are angry."
answer["ready"] = True
```""",
]
JUDGE = {"waited|Never": "angry", ".": "happy"}
model = sys.argv[1] if sys.argv[1:] else ScriptedLM(TURNS, JUDGE)

result = RLM(model, max_concurrent_subcalls=16).completion("How many letters are angry?", LETTERS)

print(result.answer)
print(f"{result.sub_calls} sub-calls in {result.iterations} iterations")
