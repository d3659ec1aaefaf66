"""Logs of other engines, read as events of ours: one module a format, told apart by content."""

from __future__ import annotations

from rlm_tui.trace.importers import dspy, fast_rlm, pyrlm, recursive_llm, rlms, rlms_completion
from rlm_tui.trace.importers.base import Importer
from rlm_tui.trace.importers.shape import shapes_of

IMPORTERS: tuple[Importer, ...] = (
    rlms.LOG,
    rlms_completion.COMPLETION,
    recursive_llm.RESULT,
    fast_rlm.LOG,
    pyrlm.TRACE,
    dspy.PREDICTION,
)


def find(head: bytes) -> Importer | None:
    """The importer whose format the first bytes of a file show, or None."""
    shapes = shapes_of(head)
    return next((found for shape in shapes for found in IMPORTERS if found.matches(shape)), None)
