"""Reads the small files of a person (settings, themes, prices, scripts): one door, so that none hangs or fills memory.

What is no regular file, or is larger than such a file can be meant to be, is an OSError with its reason as `strerror`.
"""

from __future__ import annotations

import errno
import os
import stat

TYPE_CHECKING = False  # as in typing, whose import would be a tenth of what --help takes
if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

MOST_BYTES = 16 << 20


def read_bytes(path: Path | str, most: int = MOST_BYTES) -> bytes:
    """The content of a regular file of at most `most` bytes; OSError for all else, which is never waited for."""
    with open(open_regular(path), "rb") as file:
        data = file.read(most + 1)  # by what comes, as the kernel's own files tell no true size
    if data is None:
        raise OSError(errno.EAGAIN, "it holds nothing that could be read now", os.fspath(path))
    if len(data) > most:
        raise OSError(errno.EFBIG, f"it is larger than {max(1, most // 1_000_000)} MB", os.fspath(path))
    return data


def open_regular(path: Path | str) -> int:
    """A descriptor of a regular file to read from; OSError for all else."""
    name = os.fspath(path)
    try:  # asked before it is opened, as opening a FIFO or a device can already hang or do something; and after
        _refuse_irregular(os.stat(name).st_mode, name)
    except FileNotFoundError:
        if os.path.islink(name):  # somebody meant a file, so it does not count as absent
            raise OSError(errno.EINVAL, "it is a link to a file that is not there", name) from None
        raise
    except ValueError:  # a NUL in the name
        raise FileNotFoundError(errno.ENOENT, "there can be no file of this name", name) from None
    fd = os.open(name, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        _refuse_irregular(os.fstat(fd).st_mode, name)
    except OSError:
        os.close(fd)
        raise
    return fd


def _refuse_irregular(mode: int, name: str) -> None:
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, "it is a folder, not a regular file", name)
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "it is a pipe, a socket or a device, not a regular file", name)


def read_text(path: Path | str, most: int = MOST_BYTES) -> str:
    """The same as UTF-8 text, without the mark that some editors put before it; ValueError where it is none."""
    return read_bytes(path, most).decode("utf-8-sig")


def read_toml(path: Path | str, most: int = MOST_BYTES) -> dict[str, Any]:
    """The same as a TOML table; ValueError, with the place, where it is none."""
    text = read_text(path, most)
    import tomllib

    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deep") from None


def why(error: OSError | ValueError) -> str:
    """Why a file could not be read, for the middle of a sentence."""
    if isinstance(error, UnicodeDecodeError):
        return "it is no UTF-8 text"
    from rlm_tui.text import one_line

    words = one_line((isinstance(error, OSError) and error.strerror) or str(error), 120)
    return words[:1].lower() + words[1:]
