"""The recorded run that tests of the screen look at."""

from pathlib import Path

TRACE = Path(__file__).with_name("golden") / "version-1.rlm.jsonl"
