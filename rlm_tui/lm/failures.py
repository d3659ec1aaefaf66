"""HTTP statuses as errors of this app: which are worth another try, and what a person can do about the rest."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from rlm_tui.errors import ProviderAuthError, ProviderBusyError, ProviderError

# 408 and 425 ask for the same request again; 409 is how some gateways say that a slot is taken.
_TRY_AGAIN = frozenset({408, 409, 425, 429})
_MOST_S = 1e9  # decades: what is asked for beyond, with any number of digits, is the same to a person


class ModelLoadingError(ProviderBusyError):
    """The server is there and still loading the model, which takes as long as it takes."""


class TooLongError(ProviderError):
    """The prompt is longer than the window with which the model is served: sent again, it would be refused again."""


class CrowdedError(ProviderBusyError):
    """Requests that share one window did not fit into it together; each alone may."""


def error_for_status(status: int, message: str, retry_after: float | None = None) -> ProviderError:
    """The leaf of the error tree that stands for an HTTP status; `retry_after` is in seconds."""
    if status in (401, 403, 407):
        return ProviderAuthError(message, status=status)
    if status in _TRY_AGAIN or status >= 500:
        return ProviderBusyError(message, status=status, retry_after=retry_after)
    return ProviderError(message, status=status)


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """What a Retry-After header asks for, in seconds from now; it may hold seconds or an HTTP date (RFC 9110)."""
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.replace(".", "", 1).isdigit():
        return min(float(value), _MOST_S)
    try:
        when = parsedate_to_datetime(value)
        when = when if when.tzinfo else when.replace(tzinfo=UTC)
        return min(max(0.0, (when - datetime.now(UTC)).total_seconds()), _MOST_S)
    except (ValueError, OverflowError):  # a year or an offset of twenty digits
        return None
