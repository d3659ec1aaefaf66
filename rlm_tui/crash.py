"""Turns a fault of rlm-tui itself into one sentence, and keeps its traceback for whoever looks."""

from __future__ import annotations

import traceback

from rlm_tui import paths
from rlm_tui.errors import RlmTuiError
from rlm_tui.text import safe

_MOST_BYTES = 1_000_000
"""Of a log that is longer, the newest half is kept."""


def told(error: BaseException) -> RlmTuiError:
    """An error as one sentence: its own where it was made for a person, else that of a fault of rlm-tui itself."""
    return error if isinstance(error, RlmTuiError) else unexpected(error)


def unexpected(error: BaseException) -> RlmTuiError:
    """A fault of rlm-tui itself as one sentence; its traceback goes to the crash log, which the sentence names."""
    log = paths.log_file()
    try:
        log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if log.exists() and log.stat().st_size > _MOST_BYTES:
            log.write_bytes(log.read_bytes()[-_MOST_BYTES // 2 :])
        with open(log, "a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(safe("".join(traceback.format_exception(error)), multiline=True))  # a log is looked at, too
        where = f"{log} has the details"
    except OSError:
        where = "--debug shows the details"
    found = RlmTuiError(f"An unexpected {type(error).__name__} stopped this ({error}); {where}.")
    found.__cause__ = error
    return found
