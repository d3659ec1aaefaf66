"""A text of several lines from a person: typed up to a lone full stop, or written in their editor."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import tempfile
from collections.abc import Callable

from rlm_tui.errors import UsageError

END, CANCEL = ".", ".cancel"


class Writing:
    """Lines are added until the end is; `done` then gets the text."""

    def __init__(self, done: Callable[[str], None]) -> None:
        self._done = done
        self._lines: list[str] = []

    def add(self, line: str) -> bool:
        """Take a line; tells whether the writing is over."""
        if line.strip() == CANCEL:
            return True
        if line.rstrip() != END:
            self._lines.append(line)
            return False
        self._done("\n".join(self._lines))
        return True


def editor() -> str:
    """The command of the person's editor, or nothing."""
    return os.environ.get("VISUAL", "").strip() or os.environ.get("EDITOR", "").strip()


def in_editor(text: str, command: str) -> str:
    """The text as it is when the editor has ended well; UsageError when it could not be started or did not."""
    with tempfile.TemporaryDirectory(prefix="rlm-tui-") as folder:
        path = os.path.join(folder, "held.py")
        with open(path, "w", encoding="utf-8", errors="replace") as file:
            file.write(text)
        code = _run([*shlex.split(command), path])
        if code != 0:
            how = f"was killed by signal {-code}" if code < 0 else f"ended with {code}"
            raise UsageError(f"The editor {command} {how}; nothing was changed.")
        with open(path, encoding="utf-8", errors="replace") as file:
            after = file.read()
    return after if text.endswith("\n") else after.removesuffix("\n")


def _run(words: list[str]) -> int:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C in the editor is the editor's
    try:
        return subprocess.run(words, check=False).returncode
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise UsageError(f"The editor {words[0]} cannot be started ({why}); set EDITOR, or type: edit -") from None
    finally:
        signal.signal(signal.SIGINT, before)
