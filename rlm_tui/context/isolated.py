"""A child process with an empty environment, and the frames that it sends; it is never trusted."""

from __future__ import annotations

import importlib.util
import os
import select
import struct
import subprocess
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import TypeAlias

Frame: TypeAlias = tuple[bytes, bytes]

_HEAD = struct.Struct(">cI")
_MAX_FRAME = 64 << 20
_READ = 1 << 18
_SOON_S, _REST_MS = 0.2, 4  # the first pages at once; later many at a time, as each waking takes the child's time, too


class ChildGoneError(Exception):
    """The child crashed or hung, in a word; or talked nonsense."""


class LongFrameError(ChildGoneError):
    """The child announced a frame of more than 64 MB."""


def site_folders(*modules: str) -> list[str] | None:
    """The folders that hold these top-level modules, for a child that has no sys.path; None when one is missing."""
    specs = [importlib.util.find_spec(module) for module in modules]
    origins = [spec.origin for spec in specs if spec is not None and spec.origin is not None]
    if len(origins) < len(modules):
        return None
    return list(dict.fromkeys(str(_site(Path(origin))) for origin in origins))


def _site(origin: Path) -> Path:
    return origin.parent.parent if origin.name.startswith("__init__.") else origin.parent


def spawned(script: Path, arguments: Sequence[str], fds: Sequence[int]) -> subprocess.Popen[bytes]:
    """Start a child that has these descriptors and nothing else of ours."""
    quiet = subprocess.DEVNULL
    command = [sys.executable, "-I", "-S", "-B", str(script), *arguments]
    return subprocess.Popen(
        command, stdin=quiet, stdout=quiet, stderr=quiet, env={}, pass_fds=fds, start_new_session=True
    )


@contextmanager
def ended(child: subprocess.Popen[bytes]) -> Generator[None]:
    """The child is gone at the end of the block."""
    try:
        yield
    finally:
        child.kill()
        child.wait()


def frames(inlet: int, wake: int, stall_s: float) -> Generator[list[Frame]]:
    """Yield the frames that have arrived; ends when `wake` becomes readable, raises ChildGoneError when nothing comes.

    The end of the document is known by its own frame only, so a caller stops listening there.
    """
    buffer, poll, rest = bytearray(), select.poll(), select.poll()
    poll.register(inlet, select.POLLIN)
    poll.register(wake, select.POLLIN)
    rest.register(wake, select.POLLIN)
    soon = monotonic() + _SOON_S
    while True:
        ready = {fd for fd, _ in poll.poll(stall_s * 1000)}
        if wake in ready:
            return
        data = os.read(inlet, _READ) if ready else b""
        if not data:
            raise ChildGoneError("crashed" if ready else "hung")
        buffer += data
        yield list(_take(buffer))
        if monotonic() > soon and rest.poll(_REST_MS):
            return


def _take(buffer: bytearray) -> Generator[Frame]:
    """Take all whole frames off the front of the buffer."""
    at = 0
    while len(buffer) - at >= _HEAD.size:
        kind, size = _HEAD.unpack_from(buffer, at)
        if size > _MAX_FRAME:
            raise LongFrameError
        if len(buffer) - at < _HEAD.size + size:
            break
        yield kind, bytes(buffer[at + _HEAD.size : at + _HEAD.size + size])
        at += _HEAD.size + size
    del buffer[:at]
