"""The process above the worker: it reaps what blocks leave alone, and it ends when nothing of theirs is left.

On Linux it adopts every orphan below it, so that none outlives the session and no `os.wait()` of a block meets one.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import time
from contextlib import suppress
from typing import NoReturn

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
_ROUND_S = 0.001


def part(channel_fd: int) -> None:
    """Fork: this returns in the child, which is to be the worker; the parent keeps it and ends as it ended.

    To the parent SIGTERM means to end all.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    _prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    worker = os.fork()
    if worker:
        for fd in (1, 2, channel_fd):  # held here, they would seem open when the worker is gone
            os.dup2(0, fd)
        _Keeper(worker).keep()
    os.setsid()
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _prctl(option: int, value: int) -> None:
    with suppress(OSError, AttributeError):  # Linux only
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


class _Keeper:
    """Waits for signals about one worker."""

    def __init__(self, worker: int) -> None:
        self._worker = worker
        self._status: int | None = None

    def keep(self) -> NoReturn:
        """Serve until the worker has ended or is to end, then end all that it started."""
        while self._status is None:
            if signal.sigwait((signal.SIGCHLD, signal.SIGTERM)) == signal.SIGTERM:
                break
            self._reap()
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._worker, signal.SIGKILL)
        while self._reap():
            for pid in _stopped():
                _send(pid, signal.SIGKILL)
            time.sleep(_ROUND_S)
        _leave_with(self._status or 0)

    def _reap(self) -> bool:
        """Whether there still is anything below this process that has not ended."""
        with suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                if ended[0] == self._worker:
                    self._status = ended[1]
            return True
        return False


def _stopped() -> list[int]:
    """All that descend from this process, also in sessions of their own; stopped, so that none starts another."""
    found = _children(os.getpid())
    for pid in found:  # grows
        _send(pid, signal.SIGSTOP)
        found += _children(pid)
    return found


def _children(pid: int) -> list[int]:
    tasks = f"/proc/{pid}/task"
    with suppress(OSError):
        return [int(child) for task in os.listdir(tasks) for child in _read(f"{tasks}/{task}/children").split()]
    return []


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _send(pid: int, number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def _leave_with(status: int) -> NoReturn:
    if os.WIFSIGNALED(status):
        with suppress(OSError):  # SIGKILL has no handler
            signal.signal(os.WTERMSIG(status), signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, signal.valid_signals())
        os.kill(os.getpid(), os.WTERMSIG(status))
    os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
