"""The worker as a process: started bare below its keeper, ended with all its children."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from rlm_tui.errors import ReplError
from rlm_tui.repl.worker import wire

_PROGRAM = str(Path(__file__).parent / "worker" / "__main__.py")
# glibc reserves 64 MB of address space for each thread's arena, which would use up the memory limit.
_ENVIRONMENT = {"MALLOC_ARENA_MAX": "2"}
_POLL_S = 0.002
_KEEPER_S = 5.0
"""What the keeper may take to end all below it."""


class Child:
    """A running worker process with its channel socket and its two output pipes."""

    def __init__(self, memory_mb: int) -> None:
        self.memory_mb = memory_mb
        self.pid: int | None = None
        """The worker's process id, which is also that of its session and group; it stands below its keeper."""
        self._last_resort: asyncio.TimerHandle | None = None
        self.was_stubborn = False
        """True when it lived on without its channel and had to be ended."""
        self.sock, theirs = socket.socketpair()
        command = [sys.executable, "-I", "-B", "-X", "utf8", _PROGRAM, str(theirs.fileno()), str(memory_mb)]
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
                env=_ENVIRONMENT,
                cwd="/",
            )
        except OSError as exc:
            self.sock.close()
            raise ReplError(f"The REPL worker cannot be started with {sys.executable}: {exc.strerror}.") from exc
        finally:
            theirs.close()
        self._pipes = [pipe for pipe in (self._process.stdout, self._process.stderr) if pipe]

    @property
    def is_alive(self) -> bool:
        """Whether it or anything that it started still runs, whatever its channel says."""
        return self._process.poll() is None

    @property
    def is_ending(self) -> bool:
        """Whether it was killed; it may live on for a moment."""
        return self._last_resort is not None

    @property
    def outputs(self) -> tuple[int, int]:
        """The pipes of its stdout and stderr."""
        return self._pipes[0].fileno(), self._pipes[1].fileno()

    def interrupt(self) -> None:
        """Send SIGINT to the worker; not by way of its keeper, as it must not come after the end of the block."""
        if self.pid is not None and self.is_alive:
            for number in (signal.SIGINT, signal.SIGCONT):  # a block may have stopped its process
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(self.pid, number)

    def kill(self) -> None:
        """Have the worker and on Linux all that it started ended; `end` waits for that."""
        if self._last_resort is None:
            self._last_resort = asyncio.get_running_loop().call_later(_KEEPER_S, self._process.kill)
        for number in (signal.SIGTERM, signal.SIGCONT):  # a block may have stopped the keeper
            self._process.send_signal(number)
        if self.is_alive:  # nor does the end of the worker wait for the keeper
            self._kill_group()

    def _kill_group(self) -> None:
        if self.pid is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)

    async def end(self, patience_s: float = 0.0) -> int:
        """Wait up to `patience_s` for it to end by itself, kill what is left; returns the exit status.

        Cancelled, it kills at once and still waits for the end, which is near: nothing is left behind.
        """
        loop = asyncio.get_running_loop()
        deadline, cancelled = loop.time() + patience_s, False
        while self.is_alive:
            if loop.time() >= deadline and not self.is_ending:
                self.was_stubborn = patience_s > 0
                self.kill()
            try:
                await asyncio.sleep(_POLL_S)
            except asyncio.CancelledError:
                deadline, patience_s, cancelled = loop.time(), 0.0, True
        self._kill_group()  # a block may have ended the keeper first
        if cancelled:
            raise asyncio.CancelledError
        return self._process.returncode

    def release(self) -> None:
        """Close the pipes; the process must have ended."""
        if self._last_resort is not None:
            self._last_resort.cancel()
        for pipe in self._pipes:
            pipe.close()


def name_exit(status: int, memory_mb: int) -> str:
    """What an exit status means, as the rest of a sentence about the worker."""
    if status == wire.OUT_OF_MEMORY:
        return f"ran out of memory ({memory_mb} MB)"
    if status >= 0:
        return f"exited with code {status}"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = "unknown"
    return f"was ended by signal {-status} ({name})"
