"""The one writer of stderr: sentences for a person, and the exit code that goes with an error."""

from __future__ import annotations

import errno
import os
import sys

from rlm_tui.errors import ExitCode, RlmTuiError

_UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF)


def say(text: str) -> None:
    """Write one line of talk to stderr, harmless to any terminal."""
    from rlm_tui.text import safe

    try:
        sys.stderr.write(safe(text) + "\n")
        sys.stderr.flush()
    except (OSError, ValueError):
        return  # nobody listens


def fail(error: BaseException, *, debug: bool = False) -> int:
    """Tell a person what went wrong in one sentence and return the exit code."""
    if debug:
        import traceback

        traceback.print_exception(error)
    if isinstance(error, BrokenPipeError):
        # The reader of our output has gone: no success, and nobody to tell it to. Python would still complain of it
        # when it flushes at exit.
        _drop_stdout()
        return ExitCode.FAILED
    if isinstance(error, OSError) and error.errno in _UNWRITABLE and error.filename is None:
        _drop_stdout()
        why = "stdout is closed" if error.errno == errno.EBADF else str(error.strerror).lower()
        error = RlmTuiError(f"The output cannot be written ({why}); send it elsewhere.")
    if not isinstance(error, RlmTuiError):
        from rlm_tui.crash import unexpected

        error = unexpected(error)
    if not debug:
        for row in error.picture:
            say(f"  {row}")
        say(f"rlm-tui: {error}")
    return error.exit_code


def _drop_stdout() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
