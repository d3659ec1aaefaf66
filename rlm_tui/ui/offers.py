"""What the start screen can offer: models that were found (never taken by themselves), and the newest saved runs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from rlm_tui import paths
from rlm_tui.errors import RlmTuiError
from rlm_tui.lm.registry import PROVIDERS, check_spec, describe
from rlm_tui.text import one_line

_ENDINGS = (".rlm.jsonl", ".rlm.jsonl.gz", ".rlm.jsonl.zst")


class ModelOffer(NamedTuple):
    """A model that could be chosen: its spec (one that ends in `/` still needs a name) and what it is."""

    spec: str
    words: str

    @property
    def is_whole(self) -> bool:
        """Whether it can be chosen as it is."""
        return not self.spec.endswith("/")


def found_offers(wanted: str = "") -> list[ModelOffer]:
    """The model that was named before, the offline demo, and every provider whose key is in the environment."""
    offers = [ModelOffer(wanted, _words(wanted))] if wanted else []
    offers.append(ModelOffer("offline", _words("offline")))
    for name, provider in PROVIDERS.items():
        key = next((key for key in provider.key_names if provider.hosted and os.environ.get(key, "").strip()), "")
        if key:
            offers.append(ModelOffer(f"{name}/", f"your key in {key}"))
    return list({offer.spec: offer for offer in offers}.values())


def _words(spec: str) -> str:
    try:
        return describe(spec)
    except RlmTuiError as error:
        return str(error)


def check(spec: str) -> str:
    """Why a spec cannot be meant, in one sentence; empty when it can."""
    try:
        check_spec(spec)
    except RlmTuiError as error:
        return str(error)
    return ""


class Recent(NamedTuple):
    """The newest saved runs, a line each, and how many there are beside them."""

    runs: tuple[str, ...] = ()
    more: int = 0


def recent_runs(count: int = 3) -> Recent:
    """The newest saved runs, a line each: how they ended and what was asked."""
    from rlm_tui.trace.saved import glance

    try:
        found = [entry for entry in os.scandir(paths.traces_dir()) if entry.name.endswith(_ENDINGS)]
        newest = sorted(found, key=lambda entry: entry.stat().st_mtime, reverse=True)[:count]
    except OSError:
        return Recent()
    runs = [glance(Path(entry.path)) for entry in newest]
    lines = tuple(f"{run.status:<10} {one_line(run.question or run.problem, 80)}" for run in runs)
    return Recent(lines, len(found) - len(lines))
