"""Several documents at once: `context` is a list of str in the REPL, in the order of the paths."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from rlm_tui import RLM, ScriptedLM

MINUTES = {
    "april.txt": "Ada and Bo met. The roof leaks. Decision: buy a ladder.",
    "may.txt": "Bo and Cy met. The ladder came. Decision: mend the roof.",
    "june.txt": "Ada and Cy met. The roof is dry. Decision: paint the wall.",
}
TURNS = [
    """Each document is one meeting; I pull out what was decided, and who came.
```repl
import re
decisions = [re.search("Decision: (.+)", text).group(1) for text in context]
often = max(("Ada", "Bo", "Cy"), key=lambda name: sum(name in text for text in context[1:]))
print(decisions, often)
```""",
    """```repl
FINAL(f"{' '.join(decisions)} {often} came to both later meetings.")
```""",
]
model = sys.argv[1] if sys.argv[1:] else ScriptedLM(TURNS)

with TemporaryDirectory() as folder:
    for name, text in MINUTES.items():
        (Path(folder) / name).write_text(text)
    paths = [Path(folder) / name for name in MINUTES]
    result = RLM(model).completion("What was decided, and who came to both later meetings?", paths)

print(result.history[0].content)
print("---")
print(result.answer)
