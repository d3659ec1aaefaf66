"""Documents: loaded in a child process, kept as one canonical text with pages and an outline."""

from rlm_tui.context.document import Document, Heading, Part
from rlm_tui.context.load import Loading, Progress, load_document
from rlm_tui.context.outline import Row, outline_rows
from rlm_tui.context.search import Excerpt, Hit, excerpt, find

__all__ = [
    "Document",
    "Excerpt",
    "Heading",
    "Hit",
    "Loading",
    "Part",
    "Progress",
    "Row",
    "excerpt",
    "find",
    "load_document",
    "outline_rows",
]
