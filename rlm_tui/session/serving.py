"""Fits a run to the servers that its models are on: the window of a request, and how many sub-calls go at once."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import msgspec

from rlm_tui.engine.config import EngineConfig
from rlm_tui.lm.providers import provider_of
from rlm_tui.lm.window import Served, served
from rlm_tui.session.setup import Setup


async def fitted(config: EngineConfig, setup: Setup) -> EngineConfig:
    """The configuration with what the servers tell, where the person did not say it; takes two seconds at most."""
    names = {name for name in (config.model, config.sub_name) if name not in setup.lms}
    told = dict(zip(names, await asyncio.gather(*(_asked(name, setup) for name in names)), strict=True))
    root, sub = (told.get(name, Served()) for name in (config.model, config.sub_name))
    limits = config.limits
    if setup.fits_width and sub.width is not None:
        limits = msgspec.structs.replace(limits, concurrency=sub.width)
    window = _in_use(config.model, setup.window, root.window)
    is_same = config.sub_name == config.model
    return replace(config, limits=limits, window=window, sub_window=window if is_same else sub.window)


def _in_use(model: str, asked: int | None, told: int | None) -> int | None:
    """The window of a request: what is asked for, but no more than a server has that cannot be asked for another."""
    if asked and told and not provider_of(model).takes_window:
        return min(asked, told)
    return asked or told


async def _asked(name: str, setup: Setup) -> Served:
    return await asyncio.to_thread(served, name, setup.base_url)


async def loaded_window(model: str, setup: Setup) -> int | None:
    """The window of a model that is in memory by now."""
    return (await _asked(model, setup)).window
