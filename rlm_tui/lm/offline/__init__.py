"""A keyword search that plays the RLM protocol without a network: no language model, and it says so."""

from __future__ import annotations

from rlm_tui.lm.offline.model import OfflineLM

__all__ = ["OfflineLM"]
