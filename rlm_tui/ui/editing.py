"""A text in the person's own editor: a file of its own, which is kept whenever something goes wrong."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rlm_tui import files
from rlm_tui.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rlm_tui.events import Checkpoint

_SUFFIXES: dict[Checkpoint, str] = {"before_code": ".py", "after_code": ".txt"}


def suffix_of(checkpoint: Checkpoint) -> str:
    """How the file of a held text ends, by which an editor knows what it is; what an LM reads or writes is markdown."""
    return _SUFFIXES.get(checkpoint, ".md")


class Edited(NamedTuple):
    """What came back: the text, or why there is none (one sentence, which names the file where it matters)."""

    text: str = ""
    trouble: str = ""


def editor_command(environment: Mapping[str, str]) -> list[str]:
    """The person's editor; UsageError in one sentence when there is none."""
    wanted = environment.get("VISUAL", "").strip() or environment.get("EDITOR", "").strip()
    if not wanted:
        raise UsageError("No editor is set; set $EDITOR to one that waits, such as EDITOR=vim or EDITOR='code --wait'.")
    try:
        command = shlex.split(wanted)
    except ValueError:
        command = []
    if not command or shutil.which(command[0]) is None:
        raise UsageError(f"The editor {wanted!r} is not there; set $EDITOR to one that is.")
    return command


def edit_outside(command: list[str], text: str, suffix: str) -> Edited:
    """Let an editor work on a text and wait for its end. The terminal must be the editor's alone meanwhile.

    Raises UsageError where no file can be made for it.
    """
    path = _file_of(text, suffix)
    with _interrupts_left_to_the_editor():
        try:
            code = subprocess.run([*command, str(path)], check=False).returncode
        except OSError as error:
            path.unlink()
            path.parent.rmdir()
            why = (error.strerror or str(error)).lower()
            return Edited(trouble=f"The editor {command[0]} does not start ({why}); nothing was changed.")
    return _taken(path, text, command[0], code)


def _taken(path: Path, before: str, name: str, code: int) -> Edited:
    try:
        after = files.read_bytes(path).decode()
    except FileNotFoundError:
        with suppress(OSError):  # it may have put its work elsewhere in there
            path.parent.rmdir()
        return Edited(trouble=f"The editor {name} left no file; nothing was changed.")
    except (OSError, UnicodeDecodeError) as error:
        return Edited(
            trouble=f"What the editor left in {path} cannot be read ({files.why(error)}); nothing was changed."
        )
    if after.endswith("\n") and not before.endswith("\n"):
        after = after.removesuffix("\n")  # editors end a file with a new line
    ended = f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
    if code and after != before:
        return Edited(trouble=f"The editor {name} {ended}; nothing was changed, and what it saved is in {path}.")
    path.unlink()
    path.parent.rmdir()
    return Edited(trouble=f"The editor {name} {ended}; nothing was changed.") if code else Edited(after)


def keep(text: str, suffix: str) -> Path:
    """Put a text that has no place any more into a file; returns where."""
    return _file_of(text, suffix)


def too_late(text: str, suffix: str) -> str:
    """The sentence for an edit of what is held no longer, whose text goes into a file; UsageError where none can be."""
    return f"What you edited is no longer held; your text is kept in {keep(text, suffix)}."


def _file_of(text: str, suffix: str) -> Path:
    try:
        path = Path(tempfile.mkdtemp(prefix="rlm-tui-")) / f"held{suffix}"
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(fd, "wb") as file:
            file.write(text.encode("utf-8", "replace"))
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise UsageError(f"No file can be made for the editor ({why}); set TMPDIR to a folder with room.") from None
    return path


@contextmanager
def _interrupts_left_to_the_editor() -> Iterator[None]:
    """Ctrl+C in the editor reaches the whole terminal; it is not meant for us."""
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
