"""A server's own words as a person may read them: servers repeat what they were sent, keys too."""

from __future__ import annotations

from rlm_tui.lm.endpoint import Endpoint
from rlm_tui.lm.proxy import proxy_secrets
from rlm_tui.text import one_line

_LEAST_SECRET = 4
"""Characters of what can be a secret; a shorter key only stands where a server wants none, and would tear words."""


def said(text: object, endpoint: Endpoint, most: int = 200) -> str:
    """What a server, or a proxy before it, says, in one line and without what was sent to it that is secret."""
    words = str(text)
    for secret in sorted({*endpoint.secrets, *proxy_secrets(endpoint)}, key=len, reverse=True):
        if len(secret) >= _LEAST_SECRET:
            words = words.replace(secret, "…")
    return one_line(words, most)
