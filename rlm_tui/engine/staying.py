"""Keeps a tool on the host from ending this whole process by `os._exit`: in its thread that is an error like any."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

_leave = os._exit
_tool = threading.local()


class LeavingError(BaseException):
    """A tool wanted to end the process; as a BaseException it passes the tool's own `except Exception`."""


@contextmanager
def staying() -> Iterator[None]:
    """In this thread and process `os._exit` raises LeavingError meanwhile; in others it is as ever."""
    os._exit = _exit
    _tool.pid = os.getpid()
    try:
        yield
    finally:
        _tool.pid = None


def _exit(status: int) -> NoReturn:
    if getattr(_tool, "pid", None) == os.getpid():  # a forked child ends by it rightly
        raise LeavingError(f"called os._exit({status}), which would have ended all of this program")
    _leave(status)
