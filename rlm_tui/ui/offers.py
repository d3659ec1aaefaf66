"""What the start screen can offer: models that were found (never taken by themselves), and the newest saved runs."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rlm_tui import paths
from rlm_tui.errors import RlmTuiError
from rlm_tui.lm.registry import check_spec, describe, keys_found
from rlm_tui.text import one_line, short_bytes
from rlm_tui.ui.states import of_status

if TYPE_CHECKING:
    from rlm_tui.lm.discovery import Server
    from rlm_tui.lm.servers import Model

OFFLINE = "offline"
_ENDINGS = (".rlm.jsonl", ".rlm.jsonl.gz", ".rlm.jsonl.zst")


class ModelOffer(NamedTuple):
    """A model that could be chosen: its spec (one that ends in `/` still needs a name) and what it is."""

    spec: str
    words: str

    @property
    def is_whole(self) -> bool:
        """Whether it can be chosen as it is."""
        return not self.spec.endswith("/")


def found_offers(wanted: str = "", servers: Iterable[Server] = (), base_url: str | None = None) -> list[ModelOffer]:
    """What can be chosen, the best first: the model that was named before, every server's models (those that are loaded
    before the others), every provider whose key is there, and the offline demo.
    """
    offers = [ModelOffer(wanted, _words(wanted, base_url))] if wanted else []
    served = [(server, model) for server in servers for model in server.models]
    served.sort(key=lambda pair: not pair[1].loaded)
    offers += [ModelOffer(server.spec(model), served_words(server, model)) for server, model in served]
    offers += [ModelOffer(f"{name}/", f"your key in {key}") for name, key in keys_found().items()]
    offers.append(ModelOffer(OFFLINE, _words(OFFLINE)))
    return list({offer.spec: offer for offer in reversed(offers)}.values())[::-1]


def served_words(server: Server, model: Model) -> str:
    """A served model in few words: its window, its size (else what it is), whether it is loaded."""
    words = model.window_words
    window = words if " of " in words else f"{words} window" if words else ""  # both do not fit beside a long name
    size = short_bytes(model.bytes) if model.bytes else model.kind
    place = "" if server.is_here else f"at {server.host}"
    return " · ".join(filter(None, (window, size, "loaded" if model.loaded else "", place)))


def _words(spec: str, base_url: str | None = None) -> str:
    try:
        return describe(spec, base_url)
    except RlmTuiError as error:
        return str(error)


def check(spec: str, base_url: str | None = None) -> str:
    """Why a spec cannot be meant, in one sentence; empty when it can."""
    try:
        check_spec(spec, base_url=base_url)
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
    lines = tuple(f"{of_status(run.status).brief[0]:<12} {one_line(run.asked or run.problem, 80)}" for run in runs)
    return Recent(lines, len(found) - len(lines))
