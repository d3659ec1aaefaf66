"""A client as a session uses it: it tells what its calls cost, and answers equal requests from the cache, if it may."""

from __future__ import annotations

from typing import Any

from rlm_tui.lm import prices
from rlm_tui.lm.base import LM
from rlm_tui.lm.cache import Answers, CachedLM
from rlm_tui.lm.prices import PricedLM
from rlm_tui.lm.registry import endpoint_of, make_lm


def make_fitted(spec: str, *, base_url: str | None = None, answers: Answers | None = None, **wishes: Any) -> LM:
    """Make the client that a spec names, as `make_lm` does, with prices and the cache round a client of a server."""
    lm = make_lm(spec, base_url=base_url, **wishes)
    endpoint = endpoint_of(spec, base_url=base_url, **wishes)
    if endpoint is None:
        return lm
    price = prices.load().of(endpoint)
    if price is not None:
        lm = PricedLM(lm, price)
    return lm if answers is None else CachedLM(lm, endpoint, answers)


def is_unpriced(spec: str, base_url: str | None = None) -> bool:
    """Whether nobody will tell what calls of this model cost, so that no limit of dollars can hold."""
    endpoint = endpoint_of(spec, base_url=base_url)
    return endpoint is not None and not prices.tells_cost(endpoint, prices.load())
