"""Which isolation the worker gets, and what it is called; there is no silent downgrade."""

from __future__ import annotations

from rlm_tui.errors import UsageError

CHOICES = ("auto", "strong", "none")
NOT_SANDBOXED = "NOT SANDBOXED"


def choose(sandbox: str) -> str:
    """The label of the tier that `--sandbox` means on this machine; UsageError when it cannot be had."""
    if sandbox not in CHOICES:
        raise UsageError(f"--sandbox {sandbox!r} is not known; use one of {', '.join(CHOICES)}.")
    if sandbox == "strong":
        raise UsageError("--sandbox strong is not available on this machine; use --sandbox none to run unsandboxed.")
    return NOT_SANDBOXED
