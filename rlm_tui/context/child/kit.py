"""What every child does: frames out, and limits on itself.

A frame is one byte of kind, four bytes of length, and the payload.
"""

from __future__ import annotations

import os
import resource
import struct

NUMBER = struct.Struct(">I")
PAIR = struct.Struct(">II")
_HEAD = struct.Struct(">cI")
_CPU_SECONDS = 60


def send(out: int, kind: bytes, payload: bytes = b"") -> None:
    """Write one frame whole."""
    view = memoryview(_HEAD.pack(kind, len(payload)) + payload)
    while view:
        view = view[os.write(out, view) :]


def _limit(what: int, soft: int) -> None:
    hard = resource.getrlimit(what)[1]
    soft = soft if hard == resource.RLIM_INFINITY else min(soft, hard)
    try:
        resource.setrlimit(what, (soft, hard))
    except (ValueError, OSError):
        return  # macOS refuses some of them; the parent's clock still holds


def limit_all(memory: int) -> None:
    """No core, no files written, few open, and so many bytes of memory."""
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_NOFILE, 64)
    _limit(resource.RLIMIT_AS, memory)


def limit_next_step() -> None:
    """The next page or document may take a minute of computing."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    _limit(resource.RLIMIT_CPU, int(usage.ru_utime + usage.ru_stime) + _CPU_SECONDS)
