"""One line among a million: the text never reaches the model, only what its code prints does."""

import sys

from rlm_tui import RLM

LINES = 1_000_000
model = sys.argv[1] if sys.argv[1:] else "offline"

lines = [f"{number:07} the river keeps its pace" for number in range(LINES)]
lines[618_034] = "The vault opens with the code 7-3-9-1."
haystack = "\n".join(lines)

result = RLM(model, max_iterations=10).completion("Which code opens the vault?", haystack)
told = sum(len(message.content) for message in result.history)

print(result.answer)
print(f"{len(haystack):,} characters were searched")
print(f"{told:,} characters were said")
