"""Old format versions, brought to the current one a step at a time: N to N+1.

A step takes the JSON object of one event line and returns it as the next version has it. Version 1 is the first,
so there is no step yet; the reader already goes through here. Files are never rewritten: a line is upgraded as it
is read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import msgspec

from rlm_tui.errors import TraceError

Step: TypeAlias = Callable[[dict[str, Any]], dict[str, Any]]
STEPS: dict[int, Step] = {}


def upgrade(body: bytes, version: int, target: int) -> bytes:
    """The JSON object of a line of format `version` as format `target` writes it."""
    try:
        record = msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise TraceError(f"The line is not valid JSON: {error}.") from None
    for step in range(version, target):
        if step not in STEPS:
            raise TraceError(f"There is no way from format version {step} to {step + 1}.")
        record = STEPS[step](record)
    return msgspec.json.encode(record)
