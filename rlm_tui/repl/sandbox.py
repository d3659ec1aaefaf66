"""Which isolation the worker gets, and what it is called; there is no silent downgrade."""

from __future__ import annotations

from typing import NamedTuple

from rlm_tui.errors import UsageError

CHOICES = ("auto", "strong", "none")
NOT_SANDBOXED = "NOT SANDBOXED"
NO_WALLS = "code can read your files and use your network"
"""What that means, as the end of a sentence about somebody's code."""
RUN_IT = "; run it?"
"""The end of a sentence that asks whether code may run."""


class Tier(NamedTuple):
    """An isolation: what it is called, and whether it keeps code from this machine."""

    label: str
    has_walls: bool


def choose(sandbox: str) -> Tier:
    """The tier that `--sandbox` means on this machine; UsageError when it cannot be had."""
    if sandbox not in CHOICES:
        raise UsageError(f"--sandbox {sandbox!r} is not known; use one of {', '.join(CHOICES)}.")
    if sandbox == "strong":
        raise UsageError("--sandbox strong is not available on this machine; use --sandbox none to run unsandboxed.")
    return Tier(NOT_SANDBOXED, has_walls=False)
