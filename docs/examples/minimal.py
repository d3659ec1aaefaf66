"""The smallest use: one question over one text, in one call.

`offline` is a keyword search that plays the model's part, so this runs without a key or a network. Name a real one to
see it think: python docs/examples/minimal.py openai/gpt-4o-mini
"""

import sys

from rlm_tui import run

model = sys.argv[1] if sys.argv[1:] else "offline"
report = "All quiet at the station. " * 400 + "The magic number is 4217. " + "Nothing else happened. " * 400

result = run("What is the magic number?", context=report, model=model)

print(result.answer)
print(f"{result.status} after {result.iterations} iterations and {result.code_executions} code blocks")
