"""The errors that a person can meet, as one tree, each with its documented exit code; narrower ones stand where raised.

RlmTuiError                 1
├── UsageError              2   a command line or a setting that cannot be meant
│   ├── DocumentError       2   a document that cannot be read
│   └── ToolsError          2   custom tools that cannot be made
├── ProviderError           3   a model endpoint that failed (status, retry_after)
│   ├── ProviderAuthError   3   401, 403, 407 or no key
│   └── ProviderBusyError   3   429, 5xx, a cut connection: worth another try
├── TraceError              5   a trace that cannot be read
└── ReplError               1   the REPL worker cannot be started or used

The message is one sentence: what is wrong, where, and what to do.
"""

from __future__ import annotations

from enum import IntEnum

TYPE_CHECKING = False  # as in typing, whose import would be a tenth of what --help takes
if TYPE_CHECKING:
    from typing import ClassVar


class ExitCode(IntEnum):
    """What the process says when it ends; the README lists what each code means."""

    OK = 0
    FAILED = 1
    USAGE = 2
    PROVIDER = 3
    LIMIT = 4
    TRACE = 5
    INTERRUPTED = 130


class RlmTuiError(Exception):
    """Base of all errors that are shown to a person as one sentence."""

    exit_code: ClassVar[ExitCode] = ExitCode.FAILED

    @property
    def picture(self) -> tuple[str, ...]:
        """Lines that show the fault in what was written, to stand above the sentence."""
        return ()


class UsageError(RlmTuiError):
    """A command line or a setting that cannot be meant."""

    exit_code = ExitCode.USAGE


class DocumentError(UsageError):
    """A document that cannot be read: missing, empty, encrypted, binary, broken."""


class ToolsError(UsageError):
    """Custom tools whose source fails, ends the worker or never ends."""


class ProviderError(RlmTuiError):
    """A model endpoint that failed; `status` is the HTTP status where there was one."""

    exit_code = ExitCode.PROVIDER

    def __init__(self, message: str, *, status: int | None = None, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after


class ProviderAuthError(ProviderError):
    """The endpoint refused the key, or there is none."""


class ProviderBusyError(ProviderError):
    """The endpoint is overloaded or out of reach for now; `retry_after` is in seconds."""


class TraceError(RlmTuiError):
    """A trace that cannot be read."""

    exit_code = ExitCode.TRACE


class ReplError(RlmTuiError):
    """The REPL worker cannot be started or used."""
