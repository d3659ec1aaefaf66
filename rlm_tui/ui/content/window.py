"""How full the window of an LM is: `window 6.1k/8k ▇▇▇▇▇▇▁▁`."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator

from rlm_tui import events as ev
from rlm_tui.lm.servers import short_tokens
from rlm_tui.session.base import Session
from rlm_tui.session.log import Log
from rlm_tui.text import short_count
from rlm_tui.trajectory import View
from rlm_tui.trajectory.facts import newest
from rlm_tui.ui.lines import NO_SPAN, Span, span

_BLOCKS = 8
_NEAR = 0.7


def window_note(session: Session, rlm: str = "") -> Span:
    """The tokens of the last exchange, of those that the window holds; empty where either is unknown."""
    view = session.view
    owner = rlm or (view.root.id if view.root is not None else "")
    for request in _newest_requests(view, session.log, owner):
        used = _used(session, request.node)
        if request.window and used is not None:
            share = used / request.window
            return span(_words(used, request.window), "careful bold" if share >= _NEAR else "dim")
    return NO_SPAN


def window_request(view: View, log: Log, rlm: str) -> ev.LmRequested | None:
    """The newest request of an RLM whose window is known."""
    return next((request for request in _newest_requests(view, log, rlm) if request.window), None)


def _newest_requests(view: View, log: Log, rlm: str) -> Iterator[ev.LmRequested]:
    requests = view.tree.requests.get(rlm, [])
    by_now = bisect_right(requests, view.seq, key=lambda request: request[0])
    for seq, *_ in reversed(requests[max(0, by_now - 3) : by_now]):
        request = log.event(seq)
        if isinstance(request, ev.LmRequested):
            yield request


def _used(session: Session, lm: str) -> int | None:
    node = session.view.node(lm)
    response = newest(session.view, session.log, node, ev.LmResponded) if node is not None else None
    return response.usage.tokens if response is not None else None


def _words(used: int, window: int) -> str:
    full = min(_BLOCKS, round(_BLOCKS * used / window))
    return f"window {short_count(used)}/{short_tokens(window)} {'▇' * full}{'▁' * (_BLOCKS - full)}"
