"""What tokens cost: a dated table that comes with the app, and the person's own, which wins; unknown stays unknown."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from rlm_tui import files, paths
from rlm_tui.errors import UsageError
from rlm_tui.events import Usage
from rlm_tui.lm.base import LM, OnDelta, Request, Response, held_to
from rlm_tui.lm.endpoint import Endpoint
from rlm_tui.lm.providers import provider_of
from rlm_tui.text import one_line

_BUNDLED = Path(__file__).with_name("prices.toml")
_MILLION = 1_000_000
_MOST = 1e9
"""Far beyond any price and any window: what a run costs stays a finite number."""


class Price(NamedTuple):
    """US dollars per million tokens; what a provider takes off for input that it had cached is not counted.

    A request whose input has more than `over` tokens is dearer as a whole, as makers list it for large windows.
    """

    input: float
    output: float
    over: float = math.inf
    input_over: float = 0.0
    output_over: float = 0.0

    def of(self, usage: Usage) -> float | None:
        """What a call cost, or None where a count is unknown."""
        if usage.input_tokens is None or usage.output_tokens is None:
            return None
        is_over = usage.input_tokens > self.over
        a, b = (self.input_over, self.output_over) if is_over else (self.input, self.output)
        return (usage.input_tokens * a + usage.output_tokens * b) / _MILLION


_SHAPES = (set(Price._fields[:2]), set(Price._fields))


class Prices:
    """Prices by `provider/model`, exact or with a * at the end."""

    def __init__(self, table: Mapping[str, Price]) -> None:
        self._table = table

    def price(self, name: str) -> Price | None:
        """The price of a model; the exact name goes first, then the longest beginning."""
        if name in self._table:
            return self._table[name]
        fitting = [each for each in self._table if each.endswith("*") and name.startswith(each[:-1])]
        return self._table[max(fitting, key=len)] if fitting else None

    def of(self, endpoint: Endpoint) -> Price | None:
        """The price at an endpoint: a model server of this machine costs nothing, whatever the table says of others."""
        found = self.price(endpoint.name)
        is_free = endpoint.is_local and not provider_of(endpoint.provider).hosted
        return found or (Price(0.0, 0.0) if is_free else None)


def load() -> Prices:
    """The bundled prices and the person's own; UsageError, with the entry, for a file that cannot be meant."""
    table = _read(_BUNDLED)
    own = paths.prices_file()
    return Prices({**table, **(_read(own) if os.path.lexists(own) else {})})


def _read(file: Path) -> dict[str, Price]:
    try:
        content = files.read_toml(file)
    except OSError as error:
        raise UsageError(
            f"The prices {file} cannot be read ({files.why(error)}); mend the file or remove it."
        ) from None
    except ValueError as error:
        raise UsageError(f"The prices {file} are no TOML ({files.why(error)}); mend that place.") from None
    unknown = content.keys() - {"date", "models"}
    models = content.get("models", {})
    if unknown or not isinstance(models, dict):
        raise UsageError(f"The prices {file} hold {', '.join(unknown) or 'no table'}; write them below [models].")
    return {name: _price(file, name, value) for name, value in models.items()}


def _price(file: Path, name: str, value: Any) -> Price:
    numbers = value if isinstance(value, dict) else {}
    if numbers.keys() not in _SHAPES or not all(map(_is_price, numbers.values())):
        raise UsageError(
            f"{file}: the price of {one_line(name, 60)!r} is none; write {{ input = 0.15, output = 0.6 }}, "
            "in US dollars per million tokens."
        )
    return Price(**{key: float(number) for key, number in numbers.items()})


def _is_price(number: object) -> bool:
    return isinstance(number, int | float) and not isinstance(number, bool) and 0 <= number <= _MOST


def tells_cost(endpoint: Endpoint, prices: Prices) -> bool:
    """Whether the cost of a call will be known: by its price, or as the provider sends it."""
    return provider_of(endpoint.provider).tells_cost or prices.of(endpoint) is not None


def price_of(lm: LM) -> Price | None:
    """What calls of an LM cost, or None where the table does not know it."""
    price = getattr(lm, "price", None)
    return price if isinstance(price, Price) else None


class PricedLM:
    """Fills in what a call cost, where the provider does not send it."""

    def __init__(self, lm: LM, price: Price) -> None:
        self._lm = lm
        self.price = price

    @property
    def name(self) -> str:
        """The name of the LM behind it."""
        return self._lm.name

    @property
    def held_to(self) -> str:
        """What the server holds an answer to when it is asked."""
        return held_to(self._lm)

    async def complete(self, request: Request, on_delta: OnDelta | None = None) -> Response:
        """What the LM behind it answers, with its price where the provider tells none."""
        response = await self._lm.complete(request, on_delta)
        usage = response.usage
        if usage.cost_usd is not None:
            return response
        return replace(response, usage=Usage(usage.input_tokens, usage.output_tokens, self.price.of(usage)))

    async def close(self) -> None:
        """Give back the LM behind it."""
        await self._lm.close()
